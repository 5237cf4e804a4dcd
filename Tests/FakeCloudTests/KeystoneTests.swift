import HTTPTypes
import Hummingbird
import NIOCore
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// What Keystone does beyond the exchanges that were recorded.
struct KeystoneTests {
    private func makeCredential(
        _ bench: Bench, token: String, _ more: [String: JSONValue] = [:]
    ) async throws -> (id: String, secret: String) {
        let members = more.merging(["name": .string(more["name"]?.string ?? "ci")]) { $1 }
        let made = try await bench.call(
            "POST", "/identity/v3/users/\(bench.user("demo"))/application_credentials", token: token,
            ["application_credential": .object(members)])
        #expect(made.status == 201)
        let body = made.json?["application_credential"]
        return (body?["id"]?.string ?? "", body?["secret"]?.string ?? "")
    }

    @Test("a token ends with the credential that it was issued for, if that is sooner")
    func tokenEndsWithCredential() async throws {
        let bench = try Bench()
        let credential = try await makeCredential(
            bench, token: bench.token(), ["expires_at": "2026-01-06T10:10:00"])
        let token = try await bench.signIn(credential: credential.id, secret: credential.secret)
        #expect(token.json?["token"]?["expires_at"] == "2026-01-06T10:10:00.000000Z")
        bench.time.advance(.seconds(601))
        #expect(try await bench.signIn(credential: credential.id, secret: credential.secret).status == 401)
        let seen = try await bench.call("GET", bench.stacks(), token: token.headers[.subjectToken])
        #expect(seen.status == 401)
    }

    @Test("a credential has the roles that were asked for, and no others of its user's")
    func rolesOfCredential() async throws {
        let bench = try Bench()
        let credential = try await makeCredential(
            bench, token: bench.token(), ["roles": [["name": "reader"]]])
        let token = try await bench.signIn(credential: credential.id, secret: credential.secret)
        #expect(token.json?["token"]?["roles"]?.array?.compactMap { $0["name"]?.string } == ["reader"])
        let refused = try await bench.call(
            "POST", "/identity/v3/users/\(bench.user("demo"))/application_credentials", token: try await bench.token(),
            ["application_credential": ["name": "boss", "roles": [["name": "admin"]]]])
        #expect(refused.status == 404)
    }

    @Test("two credentials of a user have different names")
    func credentialNamesAreUnique() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        _ = try await makeCredential(bench, token: token)
        let again = try await bench.call(
            "POST", "/identity/v3/users/\(bench.user("demo"))/application_credentials", token: token,
            ["application_credential": ["name": "ci"]])
        #expect(again.status == 409)
    }

    @Test("credentials are listed, and another's are not")
    func credentialsAreListed() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        _ = try await makeCredential(bench, token: token)
        let path = "/identity/v3/users/\(bench.user("demo"))/application_credentials"
        let all = try await bench.call("GET", path, token: token).json?["application_credentials"]?.array ?? []
        #expect(all.compactMap { $0["name"]?.string } == ["portal", "ci"])
        #expect(all.allSatisfy { $0["secret"] == nil })
        let named = try await bench.call("GET", path + "?name=ci", token: token)
        #expect(named.json?["application_credentials"]?.array?.count == 1)
        #expect(try await bench.call("GET", path, token: bench.token("other")).status == 403)
    }

    @Test("a password token can be had for another scope, a credential's cannot")
    func rescoping() async throws {
        let bench = try Bench()
        func again(_ token: String) async throws -> Bench.Answer {
            try await bench.signIn(
                ["methods": ["token"], "token": ["id": .string(token)]],
                scope: ["project": ["id": .string(bench.project("demo"))]])
        }
        let unscoped = try await bench.signIn([
            "methods": ["password"],
            "password": ["user": ["name": "demo", "domain": ["name": "Default"], "password": "hothouse-demo"]],
        ])
        #expect(unscoped.json?["token"]?["project"] == nil)
        let scoped = try await again(unscoped.headers[.subjectToken] ?? "")
        #expect(scoped.status == 201)
        #expect(scoped.json?["token"]?["project"]?["name"] == "demo")
        #expect(scoped.json?["token"]?["methods"] == ["password", "token"])
        #expect(try await again(bench.portalToken()).status == 403)
    }

    @Test("operators list who there is; others may not")
    func directory() async throws {
        let bench = try Bench()
        let (admin, demo) = (try await bench.token("admin"), try await bench.token())
        for (part, expected) in [
            ("users", ["demo", "other", "admin"]), ("projects", ["demo", "other", "admin", "service"]),
            ("domains", ["Default"]),
        ] {
            let list = try await bench.call("GET", "/identity/v3/" + part, token: admin)
            #expect(list.json?[part]?.array?.compactMap { $0["name"]?.string } == expected)
            #expect(try await bench.call("GET", "/identity/v3/" + part, token: demo).status == 403)
        }
        let found = try await bench.call("GET", "/identity/v3/users?name=other", token: admin)
        #expect(found.json?["users"]?.array?.count == 1)
        let roles = try await bench.call(
            "GET", "/identity/v3/role_assignments?include_names&user.id=\(bench.user("demo"))", token: admin)
        #expect(roles.json?["role_assignments"]?.array?.count == 3)
    }

    @Test("services call themselves what the client called them")
    func baseURLIsTheClients() async throws {
        let bench = try Bench()
        for (authority, scheme, expected) in [
            ("10.1.2.3:49152", nil, "http://10.1.2.3:49152"), ("cloud.example", "https", "https://cloud.example"),
            ("bad host", nil, "http://localhost"),
        ] {
            var head = HTTPRequest(method: .get, scheme: "http", authority: authority, path: "/identity/v3")
            head.headerFields[HTTPField.Name("X-Forwarded-Proto")!] = scheme
            let response = try await bench.cloud.respond(
                to: Request(head: head, body: RequestBody(buffer: ByteBuffer())))
            let body = try await response.text()
            #expect(body.contains("\"href\":\"\(expected)/identity/v3/\""), "\(body)")
        }
    }

    @Test("tokens that have expired are not kept")
    func expiredTokensAreDropped() {
        var store = TokenStore()
        let user = Identity.User(
            name: "u", id: "u", domain: Identity.Domain(name: "d", id: "d"), password: "", assignments: [])
        func token(_ number: Int, life: Int) -> IssuedToken {
            let instant = Timestamp(milliseconds: Int64(number) * 1000)
            return IssuedToken(
                value: "t\(number)", methods: [], auditIds: [], issuedAt: instant, expiresAt: instant + .seconds(life),
                user: user, project: nil, roles: [], credentialId: nil)
        }
        for number in 0..<10_000 { store.add(token(number, life: number.isMultiple(of: 2) ? 100 : 5)) }
        #expect(store.count < 60)
        #expect(store.token("t9990", at: Timestamp(milliseconds: 9_999_000)) != nil)
        #expect(store.token("t9990", at: Timestamp(milliseconds: 10_090_000)) == nil)
        store.revoke("t9990")
        #expect(store.token("t9990", at: Timestamp(milliseconds: 9_999_000)) == nil)
    }

    @Test("a strict Keystone makes Heat refuse creates of application credentials, and nothing else")
    func strictKeystone() async throws {
        var scenario = CloudScenario.bench
        scenario.allowsTrusts = false
        let bench = try Bench(scenario)
        let (portal, demo) = (try await bench.portalToken(), try await bench.token())
        let refused = try await bench.create("vm-1", token: portal)
        #expect(refused.status == 500)
        #expect(refused.json?["error"] == ["type": "RemoteError", "traceback": .null])
        #expect(bench.stackNames == [])
        #expect(try await bench.create("1", token: portal).status == 400)
        #expect(try await bench.create("vm-2", token: demo).status == 201)
        #expect(try await bench.call("GET", bench.stacks(), token: portal).status == 200)
        #expect(bench.stackNames == ["vm-2"])
    }

    @Test("a credential that was made is there after a restart, one that was deleted is not")
    func credentialsSurviveRestart() async throws {
        let journal = MemoryJournal()
        let first = try Bench(journal: journal)
        let token = try await first.token()
        let kept = try await makeCredential(first, token: token)
        let deleted = try await makeCredential(first, token: token, ["name": "gone"])
        _ = try await first.call(
            "DELETE", "/identity/v3/users/\(first.user("demo"))/application_credentials/\(deleted.id)", token: token)
        let second = try Bench(seed: 2, at: "2026-01-06T11:00:00Z", journal: journal)
        #expect(try await second.signIn(credential: kept.id, secret: kept.secret).status == 201)
        #expect(try await second.signIn(credential: deleted.id, secret: deleted.secret).status == 404)
    }
}

extension Response {
    func text() async throws -> String {
        let collector = BodyCollector()
        try await body.write(collector)
        return String(decoding: collector.bytes, as: UTF8.self)
    }
}
