import Runtime
import Testing

@testable import FakeCloud

/// Queries as clients write them.
struct QueryTests {
    @Test("A filter's name may be encoded, and a plus in its value is a space")
    func encodedNames() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        let networks = "/network/\(Bench.region)/v2.0/networks"
        let outside = try await bench.call("GET", networks + "?router%3Aexternal=True", token: token)
        #expect(outside.json?["networks"]?.array?.map { $0["name"]?.string } == ["public"])
        _ = try await bench.call("POST", networks, token: token, ["network": ["name": "my own"]])
        for name in ["my+own", "my%20own"] {
            let found = try await bench.call("GET", networks + "?name=" + name, token: token)
            #expect(found.json?["networks"]?.array?.count == 1, "\(name)")
        }
    }
}
