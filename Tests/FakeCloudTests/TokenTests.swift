import HTTPTypes
import Runtime
import Testing

@testable import FakeCloud

/// Tokens end, at Keystone at once and with the other services when those ask again.
struct TokenTests {
    private func status(_ path: String, _ token: String, on bench: Bench) async throws -> Int {
        let headers: HTTPFields = [
            HTTPField.Name("X-Auth-Token")!: token, HTTPField.Name("X-Subject-Token")!: token,
        ]
        return try await bench.send("GET", path, headers: headers).status
    }

    private let keystone = "/identity/v3/auth/tokens"
    private let nova = "/compute/\(Bench.region)/v2.1/flavors"
    private let glance = "/image/\(Bench.region)/v2/images"

    @Test("A token is good until it expires, and no longer with any service that has seen it")
    func tokenExpires() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        bench.time.advance(.seconds(3599))
        #expect(try await status(nova, token, on: bench) == 200)
        bench.time.advance(.seconds(1))
        #expect(try await status(nova, token, on: bench) == 401)
        #expect(try await status(keystone, token, on: bench) == 401)
    }

    @Test("A revoked token is refused at once, but for five minutes not by a service that has seen it")
    func revokedTokenIsRefused() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        #expect(try await status(nova, token, on: bench) == 200)
        let headers: HTTPFields = [
            HTTPField.Name("X-Auth-Token")!: token, HTTPField.Name("X-Subject-Token")!: token,
        ]
        #expect(try await bench.send("DELETE", keystone, headers: headers).status == 204)
        #expect(try await status(keystone, token, on: bench) == 401)
        #expect(try await status(glance, token, on: bench) == 401)
        #expect(try await status(nova, token, on: bench) == 200)
        bench.time.advance(.seconds(301))
        #expect(try await status(nova, token, on: bench) == 401)
    }

    @Test("When all tokens are revoked no service takes one any more")
    func allTokensAreRevoked() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        #expect(try await status(nova, token, on: bench) == 200)
        try bench.cloud.perform(.revokeTokens)
        #expect(try await status(nova, token, on: bench) == 401)
        #expect(try await status(nova, try await bench.token(), on: bench) == 200)
    }

    @Test("A token without a scope opens no project")
    func unscopedTokenOpensNoProject() async throws {
        let bench = try Bench()
        let body: JSONValue = [
            "auth": [
                "identity": [
                    "methods": ["password"],
                    "password": [
                        "user": ["name": "demo", "domain": ["id": "default"], "password": "hothouse-demo"]
                    ],
                ]
            ]
        ]
        let answer = try await bench.send("POST", keystone, body: body.utf8)
        #expect(answer.status == 201)
        let token = try #require(answer.headers[HTTPField.Name("X-Subject-Token")!])
        let project = bench.engine.identity.users[0].assignments[0].project.id
        #expect(try await status("/heat/\(Bench.region)/v1/\(project)/stacks", token, on: bench) == 403)
    }
}
