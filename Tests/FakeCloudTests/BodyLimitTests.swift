import HTTPTypes
import Runtime
import Testing

@testable import FakeCloud

/// What each service says of a body that is too large.
struct BodyLimitTests {
    private static func headers(_ token: String, _ size: Int) -> HTTPFields {
        [.authToken: token, .accept: "application/json", .contentType: "application/json", .contentLength: "\(size)"]
    }

    private static func body(_ size: Int) -> [UInt8] {
        Array(("{\"a\": \"" + String(repeating: "x", count: size - 9) + "\"}").utf8)
    }

    @Test(
        "Keystone, Nova and Cinder refuse what is larger than oslo.middleware's limit, before they look who asks",
        arguments: [
            ("/identity/v3/auth/tokens", 400), ("/compute/RegionOne/v2.1/servers", 401),
            ("/volume/RegionOne/v3/volumes", 401),
        ])
    func osloLimit(path: String, otherwise: Int) async throws {
        let bench = try Bench()
        let most = 114_688
        let accepted = try await bench.send("POST", path, headers: Self.headers("x", most), body: Self.body(most))
        #expect(accepted.status == otherwise)
        let refused = try await bench.send(
            "POST", path, headers: Self.headers("x", most + 1), body: Self.body(most + 1))
        #expect(refused.status == 413)
        #expect(
            try JSONValue(parsing: refused.body) == [
                "code": "413 Request Entity Too Large", "title": "Request Entity Too Large",
                "message": "Request is too large. Larger than max_request_body_size (114688).<br /><br />\n\n\n",
            ])
    }

    @Test("Heat says how large a JSON body is and how large it may be")
    func heatLimit() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        let most = 1_048_576
        let accepted = try await bench.send(
            "POST", bench.stacks(), headers: Self.headers(token, most), body: Self.body(most))
        #expect(try JSONValue(parsing: accepted.body)["error"]?["message"] == "No template specified")
        let refused = try await bench.send(
            "POST", bench.stacks(), headers: Self.headers(token, most + 7), body: Self.body(most + 7))
        #expect(refused.status == 400)
        let error = try JSONValue(parsing: refused.body)["error"]
        #expect(error?["type"] == "RequestLimitExceeded")
        #expect(
            error?["message"]
                == "Request limit exceeded: JSON body size (1048583 bytes) exceeds maximum allowed size (1048576 bytes)."
        )
    }
}
