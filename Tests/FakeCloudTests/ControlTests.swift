import HTTPTypes
import Hummingbird
import NIOCore
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// The control API.
struct ControlTests {
    /// A cloud whose time stands still, with its control API.
    private struct Room {
        let cloud: FakeCloud
        let clock: ControlledTime
        let control: ControlAPI

        init(
            _ scenario: CloudScenario = .standard, keepsRegions: Bool = false, allowsRemote: Bool = false
        ) throws {
            clock = ControlledTime(isPaused: true)
            cloud = try FakeCloud(
                scenario, surroundings: Surroundings(time: clock, random: RandomSource(seed: 1)))
            control = ControlAPI(
                cloud, clock: clock,
                story: PlayedStory(nil, path: nil, standard: .standard, keepsRegions: keepsRegions),
                allowsRemote: allowsRemote)
        }

        func ask(
            _ method: HTTPRequest.Method, _ path: String, _ body: String = "", headers: HTTPFields = [:],
            from address: String = "127.0.0.1", host: String = "localhost:5000"
        ) async throws -> (status: Int, body: JSONValue) {
            let head = HTTPRequest(
                method: method, scheme: "http", authority: host, path: ControlAPI.root + path,
                headerFields: headers)
            let response = try await control.respond(
                to: Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body))), from: address)
            return (response.status.code, (try? JSONValue(parsing: try await response.text().utf8)) ?? .null)
        }

        @discardableResult
        func signIn() async throws -> Int {
            let access = cloud.access
            let body: JSONValue = [
                "auth": [
                    "identity": [
                        "methods": ["application_credential"],
                        "application_credential": [
                            "id": .string(access.credentialId), "secret": .string(access.credentialSecret),
                        ],
                    ]
                ]
            ]
            let head = HTTPRequest(
                method: .post, scheme: "http", authority: "localhost", path: "/identity/v3/auth/tokens",
                headerFields: [.contentType: "application/json"])
            let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body.utf8)))
            return try await cloud.respond(to: request).status.code
        }
    }

    @Test("the description names the routes that there are, and no others")
    func documentIsComplete() {
        let described = (ControlAPI.document["paths"]?.object ?? [:]).flatMap { path, operations in
            (operations.object ?? [:]).map { method, operation in
                "\(method.uppercased()) \(path): \(operation["summary"]?.string ?? "")"
            }
        }
        let routed = ControlAPI.routes.map { route in
            let path = route.path.replacing(/:([a-z]+)/) { "{\($0.1)}" }
            return "\(route.method.rawValue) \(path): \(route.summary)"
        }
        #expect(described.sorted() == routed.sorted())
    }

    @Test("every reference of the description leads somewhere")
    func referencesAreGood() {
        let text = "\(ControlAPI.document)"
        for match in text.matches(of: /#\/components\/schemas\/([A-Za-z]+)/) {
            #expect(ControlAPI.document["components"]?["schemas"]?[String(match.1)] != nil, "\(match.1)")
        }
    }

    @Test("time is paused, stepped and let run; calls are answered while it stands still")
    func clock() async throws {
        let room = try Room()
        let before = room.clock.now
        #expect(try await room.signIn() == 201)
        #expect(room.clock.now == before)
        let stepped = try await room.ask(.post, "/clock", #"{"action": "step", "by": "90s"}"#)
        #expect(stepped.status == 200)
        #expect(stepped.body["state"] == "paused")
        #expect(room.clock.now == before + .seconds(90))
        #expect(try await room.ask(.post, "/clock", #"{"action": "speed", "speed": 2.5}"#).body["speed"] == 2.5)
        #expect(try await room.ask(.post, "/clock", #"{"action": "resume"}"#).body["state"] == "running")
        #expect(try await room.ask(.post, "/clock", #"{"action": "step", "by": "1s"}"#).status == 409)
        #expect(try await room.ask(.post, "/clock", #"{"action": "pause"}"#).body["state"] == "paused")
        #expect(try await room.ask(.get, "/clock").body["state"] == "paused")
    }

    @Test(
        "nonsense is refused in words",
        arguments: [
            (HTTPRequest.Method.post, "/clock", "{", 400), (.post, "/clock", #"{"action": "stop"}"#, 422),
            (.post, "/clock", #"{"action": "step"}"#, 422), (.post, "/clock", #"{"action": "step", "by": "5"}"#, 422),
            (.post, "/clock", #"{"action": "step", "by": "0s"}"#, 422),
            (.post, "/clock", #"{"action": "speed", "speed": 0}"#, 422),
            (.post, "/clock", #"{"action": "pause", "by": "5s"}"#, 422), (.post, "/faults", "{ id: a }", 422),
            (.delete, "/faults/none", "", 404), (.get, "/requests?limit=-1", "", 400),
            (.get, "/requests?operation=heat.nothing", "", 400), (.get, "/requests?colour=red", "", 400),
            (.get, "/requests?after=x", "", 400),
            (.put, "/scenario", "scenario: x", 422), (.get, "/nothing", "", 404), (.delete, "/clock", "", 405),
        ])
    func nonsense(method: HTTPRequest.Method, path: String, body: String, status: Int) async throws {
        let answer = try await Room().ask(method, path, body)
        #expect(answer.status == status)
        #expect(answer.body["detail"]?.string?.isEmpty == false)
        #expect(answer.body["title"]?.string?.isEmpty == false)
    }

    @Test("rules are armed and disarmed, and tell how often they fired")
    func faults() async throws {
        let room = try Room()
        let rule = #"{"id": "a", "op": "keystone.token.issue", "when": {"first": 2}, "answer": {"status": 503}}"#
        #expect(try await room.ask(.post, "/faults", rule).status == 201)
        #expect(try await room.ask(.post, "/faults", rule).status == 422)
        var statuses: [Int] = []
        for _ in 0..<3 { statuses.append(try await room.signIn()) }
        #expect(statuses == [503, 503, 201])
        let listed = try await room.ask(.get, "/faults").body["items"]?[0]
        #expect(listed?["fired"] == 2)
        #expect(listed?["matched"] == 3)
        #expect(listed?["origin"] == "control")
        #expect(listed?["rule"] == (try JSONValue(parsing: rule.utf8)))
        #expect(try await room.ask(.delete, "/faults/a").status == 204)
        #expect(try await room.ask(.get, "/faults").body["items"] == [])
    }

    @Test("calls are counted and shown, without secrets")
    func requests() async throws {
        let room = try Room()
        for _ in 0..<3 { try await room.signIn() }
        _ = try await room.ask(.get, "/clock")
        let counted = try await room.ask(.get, "/requests?operation=keystone.token.issue&status=201&limit=1").body
        #expect(counted["count"] == 3)
        #expect(counted["items"]?.array?.count == 1)
        let call = try #require(counted["items"]?[0])
        #expect(call["number"] == 3)
        #expect(call["path"] == "/identity/v3/auth/tokens")
        #expect(call["effect"] == "applied")
        let text = "\(call)"
        #expect(!text.contains(room.cloud.access.credentialSecret))
        #expect(!text.contains("gAAAAA"))
        #expect(text.contains("***"))
        #expect(try await room.ask(.get, "/requests?operation=heat.*").body["count"] == 0)
        #expect(try await room.ask(.get, "/requests?path=/identity/*").body["count"] == 3)
        #expect(try await room.ask(.get, "/requests?status=404").body["count"] == 0)
        #expect(try await room.ask(.get, "/requests?region=west").body["count"] == 0)
        #expect(try await room.ask(.get, "/requests?method=post").body["count"] == 3)
        #expect(try await room.ask(.get, "/requests?method=GET").body["count"] == 0)
        #expect(try await room.ask(.get, "/requests?stack=*").body["count"] == 0)
        let late = try await room.ask(.get, "/requests?after=1").body
        #expect(late["count"] == 2)
        #expect(late["items"]?.array?.map { $0["number"] } == [2, 3])
    }

    @Test(
        "secrets are masked wherever a body was cut",
        arguments: [
            (#"{"secret": "abc", "a": 1}"#, #"{"secret": "***", "a": 1}"#),
            (#"{"password":"a\"bc"}"#, #"{"password":"***"}"#), (#"{"secret": "ab"#, #"{"secret": "***""#),
            (#"{"secret": "ab\"#, #"{"secret": "***""#),
            (#"{"token": {"id": "gAAAAAxyz"}}"#, #"{"token": {"id": "***"}}"#),
            (#"{"id": "plain"}"#, #"{"id": "plain"}"#),
        ])
    func masking(text: String, masked: String) {
        #expect(Masking.masked(text) == masked)
    }

    @Test("a reset empties the cloud and sets the rules' counters back")
    func reset() async throws {
        var scenario = CloudScenario.standard
        scenario.faults = [
            try FaultRule(
                parsing: "{ id: once, op: keystone.token.issue, when: { nth: 1 }, answer: { status: 500 } }",
                file: "rule", regions: [], others: [])
        ]
        let room = try Room(scenario)
        _ = try await room.ask(.post, "/faults", #"{"id": "live", "op": "heat.*", "delay": "1s"}"#)
        #expect(try await room.signIn() == 500)
        #expect(try await room.signIn() == 201)
        #expect(try await room.ask(.post, "/reset").body["faults"] == ["once"])
        #expect(try await room.ask(.get, "/requests").body["count"] == 0)
        #expect(try await room.signIn() == 500)
    }

    @Test("another story is played")
    func story() async throws {
        let story = """
            scenario: strict
            about: Application credentials may not make trusts.
            cloud:
              auth: { allowTrusts: false }
              regions: { north: {} }
            users: { a: { script: [login] } }
            expect: {}
            """
        let room = try Room()
        #expect(try await room.ask(.get, "/scenario").body["scenario"] == .null)
        let played = try await room.ask(.put, "/scenario", story)
        #expect(played.status == 200)
        #expect(played.body["scenario"] == "strict")
        #expect(played.body["source"]?.string == story)
        #expect(room.cloud.regionIds == ["north"])
        #expect(!room.cloud.scenario.allowsTrusts)
        let portal = try Room(keepsRegions: true)
        #expect(try await portal.ask(.put, "/scenario", story).status == 422)
        #expect(portal.cloud.regionIds == ["west", "east"])
    }

    @Test("other machines and pages of other sites get nothing")
    func strangers() async throws {
        let room = try Room()
        #expect(try await room.ask(.get, "/clock", from: "10.0.0.7").status == 403)
        #expect(try await room.ask(.get, "/clock", from: "::1").status == 200)
        #expect(try await room.ask(.get, "/clock", from: "").status == 403)
        #expect(try await room.ask(.get, "/clock", headers: [.origin: "http://evil.test"]).status == 403)
        #expect(try await room.ask(.get, "/clock", headers: [.origin: "http://localhost:5000"]).status == 200)
        let site = HTTPField.Name("Sec-Fetch-Site")!
        #expect(try await room.ask(.get, "/clock", headers: [site: "cross-site"]).status == 403)
        #expect(try await room.ask(.get, "/clock", headers: [site: "same-origin"]).status == 200)
    }

    @Test("other machines may use it under any name where they are let in, pages of other sites may not")
    func guests() async throws {
        let room = try Room(allowsRemote: true)
        #expect(try await room.ask(.get, "/clock", from: "10.0.0.7", host: "fake.test:5000").status == 200)
        let foreign = try await room.ask(
            .get, "/clock", headers: [.origin: "http://evil.test"], from: "10.0.0.7", host: "fake.test:5000")
        #expect(foreign.status == 403)
    }

    @Test(
        "a name that leads here is not this machine's",
        arguments: [
            ("evil.test:5000", 403), ("127.0.0.1.evil.test", 403), ("127.0.0.1:5000", 200), ("[::1]:5000", 200),
            ("localhost", 200), ("", 403),
        ])
    func rebinding(host: String, status: Int) async throws {
        #expect(try await Room().ask(.get, "/clock", host: host).status == status)
    }
}
