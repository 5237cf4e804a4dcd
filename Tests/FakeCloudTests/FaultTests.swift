import HTTPTypes
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// Rules for faults and what comes of them.
struct FaultTests {
    /// The statuses of so many calls to Keystone's version.
    private func statuses(_ bench: Bench, _ count: Int) async throws -> [Int] {
        var statuses: [Int] = []
        for _ in 0..<count { statuses.append(try await bench.call("GET", "/identity/v3").status) }
        return statuses
    }

    private static func rule(_ id: String, when: String, status: Int = 503) -> String {
        "{ id: \(id), op: keystone.discover, when: { \(when) }, answer: { status: \(status) } }"
    }

    @Test(
        "a rule fires at the requests that it names",
        arguments: [
            ("nth: 2", [2]), ("nth: [1, 4]", [1, 4]), ("first: 2", [1, 2]), ("every: 3", [3, 6]),
            ("afterCount: 4", [5, 6]), ("first: 4, every: 2", [2, 4]),
        ])
    func numbers(when: String, failing: [Int]) async throws {
        let bench = try Bench(.bench(Self.rule("r", when: when)))
        let statuses = try await statuses(bench, 6)
        #expect(statuses.indices.filter { statuses[$0] == 503 }.map { $0 + 1 } == failing)
        #expect(bench.cloud.faults.first?.matched == 6)
        #expect(bench.cloud.faults.first?.fired == failing.count)
    }

    @Test("a window is a while since the rule was armed")
    func window() async throws {
        let bench = try Bench(.bench(Self.rule("r", when: "window: { from: 10s, for: 5s }")))
        #expect(try await statuses(bench, 1) == [200])
        bench.time.advance(.seconds(10))
        #expect(try await statuses(bench, 1) == [503])
        bench.time.advance(.seconds(5))
        #expect(try await statuses(bench, 1) == [200])
    }

    @Test("the first rule that fires wins, and every rule counts for itself")
    func firstWins() async throws {
        let bench = try Bench(
            .bench(Self.rule("a", when: "nth: 1", status: 500), Self.rule("b", when: "first: 2", status: 502)))
        #expect(try await statuses(bench, 3) == [500, 502, 200])
        #expect(bench.cloud.faults.map(\.matched) == [3, 3])
        #expect(bench.cloud.faults.map(\.fired) == [1, 1])
    }

    @Test("chance is drawn from the seed, and a rule more does not move the others")
    func chance() async throws {
        let lucky = Self.rule("lucky", when: "chance: 30%")
        let alone = try await statuses(try Bench(.bench(lucky)), 200)
        let again = try await statuses(try Bench(.bench(lucky)), 200)
        let other = try await statuses(try Bench(.bench(lucky), seed: 2), 200)
        let both = try await statuses(
            try Bench(.bench(Self.rule("more", when: "chance: 50%", status: 500), lucky)), 200)
        #expect(alone == again)
        #expect(alone != other)
        let failing = alone.filter { $0 == 503 }.count
        #expect((30...90).contains(failing))
        for (one, two) in zip(alone, both) where two != 500 { #expect(one == two) }
    }

    @Test("requests are counted for each stack apart where the rule says so")
    func perStack() async throws {
        let bench = try Bench(
            .bench("{ id: r, op: heat.stack.create, when: { nth: 1, per: stack }, answer: { status: 500 } }"))
        let token = try await bench.token()
        var statuses: [Int] = []
        for name in ["a", "b", "a", "b"] { statuses.append(try await bench.create(name, token: token).status) }
        #expect(statuses == [500, 500, 201, 201])
    }

    @Test("a rule can be for one stack, or for one region")
    func targets() async throws {
        let bench = try Bench(
            .bench(
                "{ id: r, op: \"heat.*\", where: { stack: \"x-*\" }, answer: { status: 500 } }",
                "{ id: s, op: \"*\", where: { region: RegionOne }, when: { nth: 4 }, answer: { status: 502 } }"))
        let token = try await bench.token()
        #expect(try await bench.create("x-1", token: token).status == 500)
        #expect(try await bench.create("y-1", token: token).status == 201)
        #expect(try await bench.call("GET", bench.stacks(), token: token).status == 200)
        // The fourth call to the region, whatever it is for; those to Keystone are to none.
        #expect(try await bench.call("GET", "/compute/RegionOne/v2.1", token: token).status == 502)
    }

    @Test(
        "what becomes of the request is what the rule says, or what the answer means",
        arguments: [
            ("answer: { status: 504 }", 504, false), ("answer: { status: 504 }, effect: applied", 504, true),
            ("answer: { truncate: 10 }", 201, true), ("answer: { truncate: 10 }, effect: none", 201, false),
            ("effect: none", 201, false), ("delay: 1s", 201, true),
        ])
    func effects(rule: String, status: Int, isThere: Bool) async throws {
        let bench = try Bench(.bench("{ id: r, op: heat.stack.create, \(rule) }"))
        let token = try await bench.token()
        #expect(try await bench.create("vm", token: token).status == status)
        #expect(bench.stackNames == (isThere ? ["vm"] : []))
    }

    @Test("a late effect comes so long after the answer, before what happens later")
    func lateEffect() async throws {
        let bench = try Bench(
            .bench(
                "{ id: r, op: heat.stack.create, when: { nth: 1 }, effect: { late: 20s }, answer: { status: 504 } }"))
        let token = try await bench.token()
        #expect(try await bench.create("vm", token: token).status == 504)
        bench.time.advance(.seconds(19))
        #expect(bench.stackNames == [])
        bench.time.advance(.seconds(60))
        #expect(bench.stackNames == ["vm"])
        #expect(bench.engine.stacks(in: Bench.region).first?.createdAt == Timestamp("2026-01-06T10:00:20Z"))
        #expect(try await bench.create("vm", token: token).status == 409)
    }

    @Test("a request that was only tried leaves nothing in the journal")
    func rehearsalIsNotWrittenDown() async throws {
        let journal = MemoryJournal()
        let bench = try Bench(
            .bench("{ id: r, op: heat.stack.create, when: { nth: 1 }, effect: none }"), journal: journal)
        let token = try await bench.token()
        _ = try await bench.create("vm", token: token)
        #expect(try journal.entries().isEmpty)
        _ = try await bench.create("vm", token: token)
        #expect(try journal.entries().count == 1)
    }

    @Test("delays of layers add up with a rule that comes after")
    func layers() async throws {
        let bench = try Bench(
            .bench(
                "{ id: slow, op: keystone.discover, delay: 3s, layer: true }",
                "{ id: slower, op: keystone.discover, delay: 4s, layer: true }",
                "{ id: broken, op: keystone.discover, delay: 1s, answer: { status: 503 } }"))
        #expect(try await statuses(bench, 1) == [503])
        #expect(bench.time.uptime == .seconds(8))
        #expect(bench.cloud.calls.first?.faults == ["slow", "slower", "broken"])
    }

    @Test(
        "answers are spoilt in all ways",
        arguments: [
            ("html: \"<h1>no</h1>\", status: 502", 502, "text/html; charset=utf-8", "<h1>no</h1>"),
            ("text: hello", 200, "text/plain; charset=utf-8", "hello"),
            ("json: { a: [1, true] }, status: 418", 418, "application/json", "{\"a\":[1,true]}"),
            ("empty: true", 200, "application/json", ""), ("truncate: 11", 200, "application/json", "{\"version\":"),
            ("headers: { Content-Type: text/html }, truncate: 0", 200, "text/html", ""),
        ])
    func answers(answer: String, status: Int, type: String, body: String) async throws {
        let bench = try Bench(.bench("{ id: r, op: keystone.discover, answer: { \(answer) } }"))
        let found = try await bench.call("GET", "/identity/v3")
        #expect(found.status == status)
        #expect(found.headers[.contentType] == type)
        #expect(found.text == body)
    }

    @Test("a refusal can say when to come back")
    func retryAfter() async throws {
        let bench = try Bench(
            .bench("{ id: r, op: \"*\", answer: { status: 429, retryAfter: 1500ms } }"))
        #expect(try await bench.call("GET", "/identity/v3").headers[.retryAfter] == "2")
    }

    @Test("garbage is of the length that was asked for, and another each time")
    func garbage() async throws {
        let bench = try Bench(.bench("{ id: r, op: \"*\", answer: { garbage: 40 } }"))
        let (one, two) = (
            try await bench.call("GET", "/identity/v3").body, try await bench.call("GET", "/identity/v3").body
        )
        #expect(one.count == 40)
        #expect(one != two)
    }

    @Test("every service has an error of its own for a status", arguments: [400, 403, 404, 409, 429, 500, 503, 504])
    func dialects(status: Int) async throws {
        let bench = try Bench(.bench("{ id: r, op: \"*\", answer: { status: \(status) } }"))
        for (path, key) in [
            ("/identity/v3", "error"), ("/heat/RegionOne", "title"), ("/compute/RegionOne/v2.1", ""),
            ("/network/RegionOne/v2.0/networks", "NeutronError"), ("/image/RegionOne/v2/images", "title"),
        ] {
            let answer = try await bench.call("GET", path)
            #expect(answer.status == status)
            let body = answer.json?.object ?? [:]
            #expect(!body.isEmpty)
            if status != 503 { #expect(key.isEmpty || body[key] != nil, "\(path): \(answer.text)") }
        }
    }

    @Test(
        "connections end without an answer",
        arguments: [
            ("refuse: true", BrokenConnection.Effect.impossible, false, 0),
            ("reset: before-request", .possible, false, 0), ("reset: before-answer", .possible, true, 0),
            ("hang: 60s", .possible, false, 60),
        ])
    func breakages(answer: String, effect: BrokenConnection.Effect, isThere: Bool, seconds: Int) async throws {
        let bench = try Bench(.bench("{ id: r, op: heat.stack.create, answer: { \(answer) } }"))
        let token = try await bench.token()
        let broken = await #expect(throws: BrokenConnection.self) { try await bench.create("vm", token: token) }
        #expect(broken?.effect == effect)
        #expect(broken?.sent == nil)
        #expect(bench.stackNames == (isThere ? ["vm"] : []))
        #expect(bench.time.uptime == .seconds(seconds))
        let call = try #require(bench.cloud.calls.last)
        #expect(call.status == nil)
        #expect(call.faults == ["r"])
    }

    @Test("a connection can end in the middle of an answer")
    func midBody() async throws {
        let bench = try Bench(.bench("{ id: r, op: keystone.discover, answer: { reset: mid-body } }"))
        let broken = await #expect(throws: BrokenConnection.self) { try await bench.call("GET", "/identity/v3") }
        let (head, body) = try #require(broken?.sent)
        #expect(head.status == .ok)
        #expect(Int(head.headerFields[.contentLength] ?? "").map { $0 / 2 } == body.count)
    }

    @Test("where Keystone is away, a service knows only the tokens that it has seen")
    func keystoneOutage() async throws {
        let bench = try Bench()
        let (seen, unseen) = (try await bench.token(), try await bench.token())
        #expect(try await bench.call("GET", bench.stacks(), token: seen).status == 200)
        bench.cloud.arm(
            try FaultRule(
                parsing: "{ id: down, op: \"keystone.*\", answer: { refuse: true } }", file: "rule", regions: [],
                others: []))
        #expect(try await bench.call("GET", bench.stacks(), token: seen).status == 200)
        #expect(try await bench.call("GET", bench.stacks(), token: unseen).status == 503)
        #expect(try await bench.create("vm", token: seen).status == 500)
        bench.cloud.disarm("down")
        #expect(try await bench.call("GET", bench.stacks(), token: unseen).status == 200)
        #expect(bench.stackNames == [])
    }
}
