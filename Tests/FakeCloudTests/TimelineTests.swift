import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// Whole lives of stacks come out as the real Heat recorded them (Golden/timelines*.json): the same events with the
/// same reasons, those of one resource in the same order, and all of them where one thing happened after the other.
struct TimelineTests {
    struct Life: Sendable, CustomTestStringConvertible {
        let file: String
        /// The key in the file.
        let name: String
        let stack: String
        let template: JSONValue
        var more: [String: JSONValue] = [:]
        /// When the deletions are sent, after the create.
        var deletions: [Duration] = []
        /// Whether nothing happened at the same time as another thing.
        var isSequential = true

        var testDescription: String { name }
    }

    @Test("The events of a stack's life are those that Heat recorded", arguments: lives)
    func eventsAreThoseThatHeatRecorded(life: Life) async throws {
        let bench = try Bench()
        let stack = try await StackOnBench(life.stack, life.template, more: life.more, bench)
        var passed = Duration.zero
        for deletion in life.deletions {
            bench.time.advance(deletion - passed)
            passed = deletion
            _ = bench.engine
            try await stack.delete()
        }
        bench.time.advance(.seconds(300))
        let own = try await stack.get("/events?sort_dir=asc")["events"] ?? .null
        let recorded = try recordedEvents(life)
        var likeness = Likeness()
        likeness.compare(["events": recorded], ["events": .array((own.array ?? []).map(essence))], at: "")
        #expect(likeness.differences == [])
        if life.isSequential { #expect(order(recorded) == order(own)) }
    }

    private func recordedEvents(_ life: Life) throws -> JSONValue {
        let file = try JSONValue(parsing: Golden.text(life.file).utf8)
        let events = try #require(file[life.name]?["events"]?.array)
        return .array(
            events.map { event in
                [
                    "event_time": event[0] ?? .null, "resource_name": event[1] ?? .null,
                    "resource_status": event[2] ?? .null, "resource_status_reason": event[3] ?? .null,
                    "physical_resource_id": event[4] ?? .null,
                ]
            })
    }

    private func essence(_ event: JSONValue) -> JSONValue {
        let keys = [
            "event_time", "resource_name", "resource_status", "resource_status_reason", "physical_resource_id",
        ]
        return .object((event.object ?? [:]).filter { keys.contains($0.key) })
    }

    private func order(_ events: JSONValue) -> [String] {
        (events.array ?? []).map {
            ($0["resource_name"]?.string ?? "") + " " + ($0["resource_status"]?.string ?? "")
        }
    }

    private static let lives: [Life] = {
        let random: JSONValue = .template(["rnd": ["type": "OS::Heat::RandomString", "properties": ["length": 8]]])
        let failing: JSONValue = .tests([
            "a": ["value": "x", "wait_secs": 1], "bad": ["fail": true, "wait_secs": 1, "after": "a"],
        ])
        let bad: JSONValue = .tests(["bad": ["fail": true]])
        let slow: JSONValue = .tests(["slow": ["wait_secs": 150]])
        let main = "timelines.json"
        let more = "timelines_more.json"
        let vm = (try? GoldenExchange.all(in: "heat_vm").first).flatMap { try? JSONValue(parsing: $0.requestBody.utf8) }
        let machine = vm?["template"] ?? .null
        return [
            Life(
                file: main, name: "create ok (a 2s -> b 2s, rnd, val)", stack: "g-ok", template: .slowAndQuick,
                isSequential: false),
            Life(file: main, name: "create one RandomString", stack: "g-l0", template: random),
            Life(file: main, name: "create fails, no rollback", stack: "g-fail", template: failing),
            Life(file: main, name: "create fails, disable_rollback absent", stack: "g-fail-def", template: bad),
            Life(
                file: main, name: "create fails, rollback", stack: "g-roll", template: failing,
                more: ["disable_rollback": false]),
            Life(
                file: main, name: "delete (resource takes 4 s)", stack: "g-del",
                template: .tests(["a": ["action_wait_secs": ["create": 0, "delete": 4]]]),
                deletions: [.seconds(1), .seconds(1)]),
            Life(
                file: main, name: "delete during create (a waits 20 s)", stack: "g-delcreate",
                template: .tests(["a": ["wait_secs": 20]]), deletions: [.seconds(2)]),
            Life(
                file: main, name: "delete of a CREATE_FAILED stack", stack: "g-del-fail", template: bad,
                deletions: [.seconds(1)]),
            Life(
                file: more, name: "timeout_mins=1, resource takes 150 s", stack: "k-timeout", template: slow,
                more: ["timeout_mins": 1]),
            Life(
                file: more, name: "timeout_mins=1 with rollback", stack: "k-timeoutr", template: slow,
                more: ["timeout_mins": 1, "disable_rollback": false]),
            Life(
                file: more, name: "no valid host (6 attempts)", stack: "k-nvh", template: machine,
                more: ["parameters": ["flavor": "m1.huge", "key_name": "gk"]], isSequential: false),
            Life(
                file: "timelines_vm.json", name: "VM with net, subnet, router, port, sg, floating IP, server",
                stack: "h-vm", template: machine, more: ["parameters": ["key_name": "gk"]], isSequential: false),
        ]
    }()
}

/// What the timelines do not say of themselves.
struct StackLifeTests {
    @Test("Events are listed newest first and their times have whole seconds")
    func eventsAreListedNewestFirst() async throws {
        let bench = try Bench(at: "2026-01-06T10:00:00.789Z")
        let stack = try await StackOnBench("s", .slowAndQuick, bench)
        bench.time.advance(.seconds(10))
        let events = try #require(try await stack.get("/events")["events"]?.array)
        let times = events.compactMap { $0["event_time"]?.string }
        #expect(times == times.sorted(by: >))
        #expect(times.last == "2026-01-06T10:00:00Z")
        #expect(events.first?["resource_status_reason"] == "Stack CREATE completed successfully")
    }

    @Test("A server that finds no host is tried six times, with the stack in progress until the last has failed")
    func serverIsTriedSixTimes() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("k-nvh", .server, bench)
        var failures: [Timestamp] = []
        for _ in 0..<1000 {
            bench.time.advance(.milliseconds(100))
            let record = bench.engine.stacks(in: Bench.region)[0]
            let failed = record.events.filter { $0.resource == "server" && $0.status == "CREATE_FAILED" }
            if failed.count > failures.count { failures.append(bench.time.now) }
            #expect((record.status == "CREATE_FAILED") == (failed.count == 6))
        }
        #expect(try await stack.get("")["stack"]?["stack_status"] == "CREATE_FAILED")
        #expect(failures.count == 6)
        // A second to delete what failed and one to try again, and Heat's rest between the two.
        for (index, pair) in zip(failures, failures.dropFirst()).enumerated() {
            let rest = (pair.1 - pair.0).inSeconds - 2
            #expect((Double(1 << (index + 1))...Double(1 << (index + 1)) + 2.2).contains(rest), "attempt \(index + 2)")
        }
    }

    @Test("Outputs are null or the logical name while the stack is in progress, and errors while it is deleted")
    func outputsFollowTheStack() async throws {
        let bench = try Bench()
        let template = JSONValue.template(
            [
                "a": [
                    "type": "OS::Heat::TestResource", "properties": ["value": "v", "wait_secs": 2],
                    "depends_on": "first",
                ], "first": ["type": "OS::Heat::TestResource", "properties": ["wait_secs": 1]],
            ],
            outputs: ["attribute": ["value": ["get_attr": ["a", "output"]]], "id": ["value": ["get_resource": "a"]]])
        let stack = try await StackOnBench("s", template, bench)
        #expect(try await stack.outputs() == ["attribute": .null, "id": "a"])
        bench.time.advance(.seconds(4))
        #expect(try await stack.outputs()["attribute"] == "v")
        try await stack.delete()
        let shown = try await stack.get("")["stack"]?["outputs"]?.array ?? []
        #expect(shown.count == 2)
        for output in shown {
            #expect(output["output_value"] == .null)
            #expect(output["output_error"] == "The specified reference \"a\" (in unknown) is incorrect.")
        }
    }

    @Test("What is being made when another resource fails goes on to its own end")
    func siblingsOfAFailureGoOn() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", .tests(["bad": ["fail": true], "slow": ["wait_secs": 5]]), bench)
        bench.time.advance(.seconds(1))
        #expect(try await stack.get("")["stack"]?["stack_status"] == "CREATE_FAILED")
        #expect(try await stack.get("/resources/slow")["resource"]?["resource_status"] == "CREATE_IN_PROGRESS")
        bench.time.advance(.seconds(5))
        #expect(try await stack.get("/resources/slow")["resource"]?["resource_status"] == "CREATE_COMPLETE")
        #expect(try await stack.get("")["stack"]?["stack_status"] == "CREATE_FAILED")
    }

    @Test("For two seconds after DELETE_COMPLETE the name is taken and the stack is listed; then it is struck off")
    func nameIsTakenForTwoSecondsMore() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", .tests(["a": [:]]), bench)
        bench.time.advance(.seconds(1))
        try await stack.delete()
        bench.time.advance(.milliseconds(1900))
        #expect(try await stack.statuses() == ["DELETE_COMPLETE"])
        #expect(try await stack.createAgain() == 409)
        bench.time.advance(.milliseconds(200))
        #expect(try await stack.statuses() == [])
        #expect(try await stack.get("")["stack"]?["deletion_time"]?.string != nil)
        #expect(try await stack.createAgain() == 201)
    }

    @Test("A stack that vanishes is DELETE_COMPLETE, and its addresses are free again")
    func vanishedStackGivesItsAddressesBack() async throws {
        var scenario = CloudScenario.bench
        scenario.stackRules = [StackRule(name: "vm-*", vanishesAfter: .fixed(.seconds(30)))]
        let bench = try Bench(scenario)
        let port = JSONValue.template(
            ["port": ["type": "OS::Neutron::Port", "properties": ["network": "private"]]],
            outputs: ["ip": ["value": ["get_attr": ["port", "fixed_ips", 0, "ip_address"]]]])
        let stack = try await StackOnBench("vm-1", port, bench)
        bench.time.advance(.seconds(10))
        let address = try await stack.outputs()["ip"]
        #expect(address?.string != nil)
        bench.time.advance(.seconds(30))
        #expect(try await stack.get("")["stack"]?["stack_status"] == "DELETE_COMPLETE")
        let next = try await StackOnBench("vm-2", port, bench)
        bench.time.advance(.seconds(10))
        #expect(try await next.outputs()["ip"] == address)
    }
}
