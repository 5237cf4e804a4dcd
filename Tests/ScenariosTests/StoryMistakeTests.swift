import FakeCloud
import Testing

@testable import Scenarios

/// Mistakes in what users do and in what is expected.
@Suite struct StoryMistakeTests {
    private func mistakes(step: String = "login", expect: String = "{}", more: String = "") -> String {
        let text = """
            scenario: s
            about: a
            users:
              ann:
                script:
                  - { create: { as: vm } }
                  - { open-page: { deployment: vm, tab: t1 } }
                  - mark: here
                  - \(step)
            expect: \(expect)
            \(more)
            """
        do {
            _ = try Scenario(parsing: Array(text.utf8), file: "s.yaml", standardCloud: .standard)
            return ""
        } catch {
            return error.description
        }
    }

    @Test(
        "mistakes in steps are told with their place and what is right",
        arguments: [
            ("at: soon", "9:13: at is a duration with a unit"), ("at: 3h", "9:9: 3h is past the time's limit, 1h"),
            ("wait: { within: 5s }", "9:15: a wait is for a deployment with its status, a mark, a frame on a tab"),
            ("wait: { mark: hree }", "9:9: no mark is called hree; did you mean here?"),
            ("wait: { frame: { type: x } }", "9:15: tab is missing"),
            ("wait: { frame: { type: x }, tab: t2 }", "9:9: no tab is called t2; did you mean t1?"),
            ("wait: { op: heat.stack.mend }", "9:21: unknown op heat.stack.mend; did you mean heat.stack.find?"),
            ("wait: { mark: here, within: 2h }", "9:9: 2h is past the time's limit, 1h"),
            ("request: { method: GTE, path: /me, status: 200 }", "9:28: unknown method GTE; did you mean GET?"),
            ("request: { method: GET, path: /me }", "9:18: status is missing"),
            ("request: { method: GET, path: me, status: 200 }", "9:18: path begins with a slash, not me"),
            (
                "request: { method: GET, path: \"/${wm}\", status: 200 }",
                "9:9: no deployment is called wm; did you mean vm?"
            ),
            ("request: { method: GET, path: /, status: 200, headers: { \"a b\": c } }", "no header of HTTP is a b: c"),
            ("retry: { deployment: wm }", "9:9: no deployment is called wm; did you mean vm?"),
            ("compare-view: { tab: t2 }", "9:9: no tab is called t2; did you mean t1?"),
            ("go-offline: {}", "9:21: for is missing"),
            ("go-ofline: {}", "unknown step go-ofline; did you mean go-offline?"),
        ])
    func steps(step: String, message: String) {
        let found = mistakes(step: step)
        #expect(found.contains(message), "\(found)")
        #expect(found.hasPrefix("s.yaml:9:"))
    }

    @Test(
        "mistakes in what is expected are told with their place and what is right",
        arguments: [
            ("{ always: [{ deployment: vm }] }", "10:20: status is missing"),
            ("{ always: [{ deployment: vm, status: [ACTVE] }] }", "10:47: unknown status ACTVE; did you mean ACTIVE?"),
            ("{ always: [{ deployment: vm, status: ACTIVE, after: 2h }] }", "10:20: 2h is past the time's limit, 1h"),
            ("{ final: [{ tab: t2, status: ACTIVE }] }", "10:19: no tab is called t2; did you mean t1?"),
            ("{ final: [{ tab: t1 }] }", "10:19: status is missing"),
            (
                "{ requests: [{ op: heat.stack.list, count: 1, atLeast: 1 }] }",
                "10:22: a count says count, atMost or atLeast"
            ),
            ("{ requests: [{ op: heat.stack.list, atMost: 1, atLeast: 2 }] }", "10:22: atLeast is more than atMost"),
            ("{ requests: [{ op: heat.stack.list, count: 1, over: 5s }] }", "10:22: over is of an atMost"),
            (
                "{ requests: [{ op: heat.stack.list, region: wset, count: 1 }] }",
                "unknown region wset; did you mean west?"
            ),
            ("{ sometimes: [{ op: heat.stack.list }] }", "10:23: answer is missing"),
            ("{ sometimes: [{ crash: feed.read }] }", "10:23: no server of the story can die at feed.read"),
            ("{ never: [{ frame: { a: { matches: \"[\" } } }] }", "10:44: no regular expression: ["),
            ("{ sockets: [{ tab: t1, sequence: [{ contains: { a: b } }] }] }", "10:55: contains is a list"),
        ])
    func expectations(expect: String, message: String) {
        let found = mistakes(expect: expect)
        #expect(found.contains(message), "\(found)")
        #expect(found.hasPrefix("s.yaml:10:"))
    }

    @Test(
        "what is planned for after the end of the story is a mistake",
        arguments: [
            ("portal: { crash: { at: 2h } }", "11:18"), ("portal: { pause: [{ at: 2h, for: 1s }] }", "11:19"),
            ("portal: { store: [{ at: 2h, for: 1s, how: full }] }", "11:19"),
            ("cloud: { deeds: [{ at: 2h, revokeTokens: true }] }", "11:18"),
            ("time: { jumps: [{ at: 2h, by: 1s }] }", "11:17"),
            ("cloud: { faults: [{ id: a, op: \"*\", delay: 1s, when: { window: { from: 2h } } }] }", "11:19"),
        ])
    func tooLate(more: String, place: String) {
        #expect(mistakes(more: more) == "s.yaml:\(place): 2h is past the time's limit, 1h")
    }

    @Test("a network that fails needs to know how often and for how long")
    func networks() throws {
        let head = "scenario: s\nabout: a\nexpect: {}\nusers: { ann: { network: { drops: "
        func read(_ drops: String) throws(ScenarioErrors) -> Scenario {
            try Scenario(parsing: Array((head + drops + " } } }").utf8), file: "s.yaml", standardCloud: .standard)
        }
        #expect(throws: ScenarioErrors.self) { try read("{ every: 5s }") }
        #expect(throws: ScenarioErrors.self) { try read("{ every: 5s, for: 1s, halfOpen: 0.5 }") }
        let drops = try #require(try read("{ every: 5s..9s, for: 1s, halfOpen: 30% }").users[0].drops)
        #expect(
            drops
                == Scenario.Drops(
                    every: .uniform(.seconds(5), .seconds(9)), duration: .fixed(.seconds(1)), halfOpen: 0.3))
    }

    @Test("of a crowd each has what it makes itself, and all have what somebody else makes")
    func crowd() throws {
        let text = """
            scenario: s
            about: a
            expect: {}
            users:
              ann: { script: [{ create: { as: hers } }, { mark: go }] }
              crowd:
                count: 2
                script: [{ wait: { mark: go } }, { create: { as: own } }, { open-page: { deployment: hers, tab: t } }, { delete: { deployment: own } }]
            """
        let story = try Scenario(parsing: Array(text.utf8), file: "s.yaml", standardCloud: .standard)
        let script = story.users[2].script.map(\.action)
        #expect(script[0] == .waitFor(.mark("go"), within: .seconds(300)))
        #expect(script[2] == .openPage(deployment: "hers", tab: "t-2", pauseAfterFetch: nil))
        #expect(script[3] == .delete(deployment: "own-2"))
    }
}
