import FakeCloud
import Runtime
import Testing

@testable import Scenarios

/// What is wrong with a story of one line more than the smallest, which is its fourth.
func mistakes(inStory line: String) -> String {
    let text =
        "scenario: s\nabout: a\nusers: { ann: { script: [login, { create: { as: vm } }] } }\n\(line)\nexpect: {}\n"
    do {
        _ = try Scenario(parsing: Array(text.utf8), file: "s.yaml", standardCloud: .standard)
        return ""
    } catch {
        return error.description
    }
}

func story(_ line: String) throws -> Scenario {
    let text =
        "scenario: s\nabout: a\nusers: { ann: { script: [login, { create: { as: vm } }] } }\n\(line)\nexpect: {}\n"
    return try Scenario(parsing: Array(text.utf8), file: "s.yaml", standardCloud: .standard)
}

@Suite struct CloudMistakeTests {
    @Test(
        "mistakes in the cloud of a story are told with their place and what is right",
        arguments: [
            ("cloud: { deeds: [{ at: 5s }] }", "4:18: a deed is one of revokeTokens, "),
            ("cloud: { deeds: [{ revokeTokens: true }] }", "4:18: a deed has an at or a when"),
            (
                "cloud: { deeds: [{ at: 5s, revokeTokens: false }] }",
                "4:18: revokeTokens is true where it is said at all"
            ),
            ("cloud: { deeds: [{ at: 5s, suspendStack: wm }] }", "4:18: no deployment is called wm; did you mean vm?"),
            ("cloud: { deeds: [{ at: 5s, suspendStck: vm }] }", "unknown key suspendStck; did you mean suspendStack?"),
            (
                "cloud: { deeds: [{ at: 5s, suspendStack: vm, reason: x }] }",
                "4:18: reason is of failStack and breakServer"
            ),
            ("cloud: { deeds: [{ at: 5s, hideRegion: wset }] }", "4:40: unknown hideRegion wset; did you mean west?"),
            ("cloud: { deeds: [{ at: 5s, quotas: { prots: 1 } }] }", "4:38: unknown key prots; did you mean ports?"),
            (
                "cloud: { deeds: [{ at: 5s, deleteStack: vm, stopServer: vm }] }",
                "4:18: a deed is one of revokeTokens, "
            ),
            (
                "cloud: { deeds: [{ when: { op: heat.stack.mend }, revokeTokens: true }] }",
                "4:32: unknown op heat.stack.mend; did you mean heat.stack.find?"
            ),
            (
                "cloud: { deeds: [{ when: { after: 5s }, revokeTokens: true }] }",
                "4:26: when is about a deployment with its status, or about calls of an op"
            ),
            ("cloud: { auth: { clockSkew: soon } }", "4:29: clockSkew is a duration with a unit (2s, -30s), not soon"),
            ("time: { jumps: [{ at: 5s }] }", "4:17: by is missing"),
            ("time: { jumps: [{ at: 5s, by: 3 }] }", "4:31: by is a duration with a unit (2s, -30s), not 3"),
            ("cloud: { latency: { het: 5s } }", "4:21: unknown operation het; did you mean heat?"),
            (
                "cloud: { lifecycles: { OS::Nova::Sever: { create: 5s } } }",
                "unknown resource type OS::Nova::Sever; did you mean OS::Nova::Server?"
            ),
            ("cloud: { stacks: [{ match: { nth: 1, chance: 5% } }] }", "4:28: nth under chance"),
            ("cloud: { stacks: [{ match: { chance: 5 } }] }", "4:38: chance is a percentage over 0%"),
            (
                "cloud: { stacks: [{ match: { instanceType: smal } }] }",
                "4:44: unknown instanceType smal; did you mean small?"
            ),
            (
                "cloud: { faults: [{ id: a, op: \"*\", delay: 1s, when: { rate: { limit: 3 } } }] }",
                "4:62: in is missing"
            ),
            ("portal: { drain: [{ restartAfter: 3s }] }", "4:19: at is missing"),
            ("portal: { drain: [{ at: 3s, instance: 2 }] }", "4:19: there is no server 2: instances is 1"),
            ("portal: { drain: [{ at: 3h }] }", "4:19: 3h is past the time's limit, 1h"),
            ("cloud: { stacks: [{ match: { image: debian } }] }", "4:37: unknown image debian"),
        ])
    func mistakes(line: String, message: String) {
        let found = ScenariosTests.mistakes(inStory: line)
        #expect(found.contains(message), "\(found)")
        #expect(found.hasPrefix("s.yaml:4:"))
    }

    @Test("the latency of an operation is its own, else its service's, else the region's, else that of all regions")
    func latency() throws {
        let regions = try story(
            "cloud: { latency: { default: 1s, heat: 2s }, regions: { a: {}, b: { latency: { heat.stack.list: 3s, nova: 4s } } } }"
        ).cloud.regions
        #expect(regions.map(\.id) == ["a", "b"])
        func latencies(_ operation: String) -> [Spread] { regions.map { $0.latency(of: operation) } }
        #expect(latencies("glance.image.list") == [.fixed(.seconds(1)), .fixed(.seconds(1))])
        #expect(latencies("heat.stack.list") == [.fixed(.seconds(2)), .fixed(.seconds(3))])
        #expect(latencies("nova.flavor.list") == [.fixed(.seconds(1)), .fixed(.seconds(4))])
        #expect(try story("cloud: { latency: { default: 7s } }").cloud.regions.map(\.id) == ["west", "east"])
    }

    @Test("deeds, skews and jumps are read as they are written")
    func values() throws {
        let scenario = try story(
            "cloud: { auth: { clockSkew: -90s }, deeds: [{ id: d, when: { op: heat.stack.list, nth: 3, after: 1s }, breakServer: vm, reason: fire }] }\ntime: { jumps: [{ at: 1s..2s, by: -1h }] }"
        )
        #expect(scenario.cloud.clockSkew == .seconds(-90) && scenario.clockJumps.map(\.by) == [.seconds(-3600)])
        let deed = try #require(scenario.deeds.first)
        #expect(deed.id == "d" && deed.moment == .called("heat.stack.list", nth: 3, after: .fixed(.seconds(1))))
        #expect(deed.act == .server(.breakServer, deployment: "vm", reason: "fire"))
    }
}
