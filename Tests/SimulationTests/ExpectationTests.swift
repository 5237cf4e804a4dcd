import Scenarios
import Simulation
import Testing

/// Expectations that do not come out, each told with what was found instead.
@Suite struct ExpectationTests {
    private func report(steps: String = "", expect: String, more: String = "") throws -> String {
        let text = """
            scenario: s
            about: a
            users:
              ann:
                script:
                  - login
                  - create: { as: vm }
                  - open-page: { deployment: vm, tab: t1 }
                  - wait: { deployment: vm, status: ACTIVE, within: 5m }
                  \(steps)
            expect: \(expect)
            \(more)
            """
        return play(try Library.story(text: text)).report
    }

    @Test(
        "what holds passes",
        arguments: [
            "{ always: [{ deployment: vm, status: [REQUESTED, PROVISIONING, ACTIVE] }] }",
            "{ always: [{ deployment: vm, status: ACTIVE, after: 5m }] }", "{ final: [{ tab: t1, status: ACTIVE }] }",
            "{ sockets: [{ tab: t1, sequence: [contains: [{ type: subscribed }, { data: { status: ACTIVE } }]] }] }",
            "{ requests: [{ op: heat.stack.create, region: west, answer: 201, count: 1 }] }",
            "{ requests: [{ op: heat.stack.create, region: east, count: 0 }, { op: heat.stack.create, answer: 409, count: 0 }] }",
            "{ requests: [{ op: heat.stack.list, atMost: 5, over: 5s }, { op: heat.stack.list, atLeast: 2 }] }",
            "{ never: [{ frame: { data: { status: { matches: \"^ERR\" } } } }] }",
        ])
    func holds(expect: String) throws {
        #expect(try report(expect: expect) == "")
    }

    @Test(
        "what does not hold is told",
        arguments: [
            (
                "{ always: [{ deployment: vm, status: [REQUESTED, ACTIVE] }] }",
                "vm is always one of these: expected REQUESTED or ACTIVE, got PROVISIONING"
            ),
            ("{ final: [{ tab: t1, status: DELETED }] }", "what t1 shows: expected DELETED, got ACTIVE"),
            (
                "{ sockets: [{ tab: t1, sequence: [contains: [{ data: { status: ACTIVE } }, { type: subscribed }]] }] }",
                "got nothing more"
            ),
            (
                "{ requests: [{ op: heat.stack.create, answer: 409, count: 1 }] }",
                "heat.stack.create → 409: how often: expected 1, got 0"
            ),
            ("{ requests: [{ op: heat.stack.list, atMost: 1, over: 10s }] }", "expected at most 1 in 10s"),
            ("{ requests: [{ op: heat.stack.create, atLeast: 3 }] }", "expected at least 3, got 1"),
            ("{ never: [{ frame: { data: { status: { matches: \"^ACT\" } } } }] }", "a frame that never comes"),
        ])
    func doesNotHold(expect: String, message: String) throws {
        let found = try report(expect: expect)
        #expect(found.contains(message), "\(found)")
        #expect(found.hasPrefix("story.yaml:11:"))
    }

    @Test(
        "a step that does not come out is told",
        arguments: [
            (
                "- wait: { tab: t1, frame: { type: nonsense }, within: 5s }",
                "not seen within 5s: expected a frame {\"type\":\"nonsense\"} on t1"
            ),
            (
                "- wait: { op: heat.stack.create, count: 2, within: 5s }",
                "not seen within 5s: expected 2 × heat.stack.create, got 1"
            ),
            ("- request: { method: GET, path: /me, status: 500 }", "the status of the GET /me: expected 500, got 200"),
            (
                "- request: { method: GET, path: /me, status: 200, answer: { name: bob } }",
                "the answer to GET /me: expected {\"name\":\"bob\"}"
            ),
            ("- retry: { deployment: vm }", "the status of the retry: expected 202, got 409"),
        ])
    func failedSteps(step: String, message: String) throws {
        let found = try report(steps: step, expect: "{}")
        #expect(found.contains("story.yaml:10:9: \(message)"), "\(found)")
    }

    @Test("a page that shows something else than HTTP is told: here one that reads nothing while the VM goes")
    func comparedView() throws {
        let steps =
            "- stall-socket: { tab: t1, for: 9s }\n      - delete: { deployment: vm }\n      - compare-view: { tab: t1 }"
        let found = try report(steps: steps, expect: "{}", more: "time: { limit: 20m }")
        #expect(found.contains("t1 shows another status than HTTP: expected \"DELETING\", got \"ACTIVE\""), "\(found)")
    }

    @Test("an expectation that nothing was there for fails a set of runs, and one alone")
    func neverEvaluated() throws {
        let text = """
            scenario: s
            about: a
            users: { ann: { script: [login, { create: { as: vm } }, { wait: { deployment: vm, status: ACTIVE } }] } }
            expect: { final: [{ given: { deployment: vm, status: ERROR }, cloud: west, liveStacks: 7 }] }
            """
        let story = try Library.story(text: text)
        let outcome = play(story)
        var reached = Reached()
        reached.add(outcome)
        #expect(outcome.hasPassed)
        #expect(
            reached.failures(of: [story]).map(\.description) == ["story.yaml:4:19: never looked at: vm was not ERROR"])
    }

    @Test("a fault of a set need fire in one of its runs only, one of a run alone in it")
    func faultsOfSets() throws {
        func story(_ seeds: String) throws -> Scenario {
            try Library.story(
                text: """
                    scenario: s
                    about: a
                    \(seeds)
                    cloud: { faults: [{ id: luck, op: heat.stack.create, when: { chance: 40% }, delay: 1s }] }
                    users: { ann: { script: [login, { create: { as: vm } }, { wait: { deployment: vm, status: ACTIVE } }] } }
                    expect: {}
                    """)
        }
        let (alone, set) = (try story("seed: 1"), try story("seeds: { from: 1, count: 8 }"))
        var reached = Reached()
        var unused = 0
        for seed in 1...8 as ClosedRange<UInt64> {
            if !play(alone, seed: seed).hasPassed { unused += 1 }
            let outcome = play(set, seed: seed)
            #expect(outcome.hasPassed)
            reached.add(outcome)
        }
        #expect((1...7).contains(unused) && reached.failures(of: [set]) == [])
        var never = Reached()
        let quiet = (1...8 as ClosedRange<UInt64>).filter { !play(alone, seed: $0).hasPassed }
        for seed in quiet { never.add(play(set, seed: seed)) }
        #expect(never.failures(of: [set]).map(\.message) == ["the rule luck never fired"])
    }
}
