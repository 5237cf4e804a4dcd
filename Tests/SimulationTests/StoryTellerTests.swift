import Runtime
import Scenarios
import Testing

@testable import Simulation

@Suite struct StoryTellerTests {
    private static let id = "dep_01KE9BZHQ3CSEZ54374A0DXCW5"

    private func story(limit: String = "1h") throws -> Scenario {
        try Library.story(
            text: """
                scenario: told
                about: It is told.
                time: { limit: \(limit) }
                users:
                  ann: { script: [login, create: { as: vm }, open-page: { deployment: vm, tab: t1 }] }
                expect: {}
                """)
    }

    /// What is printed for lines of a trace, once a deployment is called vm.
    private func told(
        _ lines: [(t: Int, actor: String, kind: String, fields: [String: JSONValue])], limit: String = "1h"
    ) throws -> [String] {
        var teller = StoryTeller(try story(limit: limit))
        var texts: [String] = []
        let named: [String: JSONValue] = ["deployment": .string(Self.id), "label": "vm"]
        for (index, line) in ([(0, "story", "named", named)] + lines).enumerated() {
            texts += teller.tell(
                Trace.Line(t: line.0, n: index + 1, actor: line.1, kind: line.2, fields: line.3))
        }
        return texts + teller.finish()
    }

    private func call(_ operation: String, _ status: Int = 200, stack: JSONValue = nil) -> [String: JSONValue] {
        ["op": .string(operation), "status": .integer(status), "stack": stack]
    }

    @Test("a deployment is called what the story calls it, and columns are aligned")
    func labels() throws {
        let path = "/deployments/" + Self.id
        let data: JSONValue = ["status": "ERROR", "revision": 3, "lastError": ["code": "NO_CAPACITY", "message": "x"]]
        #expect(
            try told([
                (12_345, "ann", "http", ["method": "GET", "path": .string(path), "status": 200]),
                (12_345, "store", "commit", ["deployment": .string(Self.id), "data": data]),
                (
                    61_000, "cloud/west", "call",
                    call("heat.stack.create", 201, stack: .string("vm-" + Self.id.lowercased()))
                ),
                (
                    61_001, "ann/t1", "frame",
                    ["frame": ["type": "subscribed", "deploymentId": .string(Self.id)], "sentAfter": 1]
                ),
                (61_002, "ann/t1", "closed", ["code": 4001]),
            ]) == [
                "+00:12.345  ann         GET /deployments/vm → 200",
                "+00:12.345  store       commits vm: ERROR (NO_CAPACITY), revision 3",
                "+01:01.000  cloud/west  heat.stack.create vm → 201",
                "+01:01.001  ann/t1      ← subscribed vm",
                "+01:01.002  ann/t1      its socket is closed with 4001",
            ])
    }

    @Test("reads of the cloud in a row are one line of their kind, and nothing else is folded")
    func folding() throws {
        #expect(
            try told([
                (1000, "cloud/west", "call", call("heat.stack.list")),
                (1100, "cloud/east", "call", call("heat.stack.list")),
                (3000, "cloud/west", "call", call("heat.stack.list")),
                (5000, "cloud/west", "call", call("heat.stack.list", 503)),
                (7000, "cloud/west", "call", call("heat.stack.list")),
                (8000, "cloud/west", "call", call("heat.stack.delete", 204)),
                (8001, "cloud/west", "call", call("heat.stack.delete", 204)),
                (9000, "cloud/west", "call", call("heat.stack.list")),
            ]) == [
                "+00:01.000  cloud/west  heat.stack.list → 200 ×3, the last at +00:07.000",
                "+00:01.100  cloud/east  heat.stack.list → 200",
                "+00:05.000  cloud/west  heat.stack.list → 503",
                "+00:08.000  cloud/west  heat.stack.delete → 204",
                "+00:08.001  cloud/west  heat.stack.delete → 204",
                "+00:09.000  cloud/west  heat.stack.list → 200",
            ])
    }

    @Test("times of a long story are as wide as its limit")
    func longStory() throws {
        let lines = try told(
            [(1, "server", "starts", [:]), (7_200_000, "server", "starts", [:])], limit: "4h")
        #expect(lines == ["+000:00.001  server      starts", "+120:00.000  server      starts"])
    }

    @Test("the report of a failure has its place, what was expected and seen, and the last lines of the actor")
    func report() throws {
        let text = """
            scenario: fails
            about: It fails.
            users:
              ann:
                script:
                  - login
                  - create: { as: vm }
                  - open-page: { deployment: vm, tab: t1 }
                  - wait: { deployment: vm, status: ERROR, within: 10s }
            expect:
              final:
                - { cloud: west, liveStacks: 0 }
            """
        let story = try Library.story(text: text)
        let outcome = play(story)
        let report = outcome.failureReport(of: story)
        #expect(!outcome.hasPassed)
        #expect(
            report[0...3] == [
                "story.yaml:9:9: vm after 10s", "  expected  ERROR", "  found     PROVISIONING",
                "  the last of ann/t1:",
            ])
        #expect(report[4...].prefix { $0.hasPrefix("    +") }.count == 6)
        // With the first failure, what all the others did last.
        let others = report.firstIndex(of: "  the last of the others:").map { report[($0 + 1)...] } ?? []
        let actors = others.prefix { $0.hasPrefix("    +") }.map { $0.split(separator: " ")[1] }
        #expect(actors.count(where: { $0 == "store" }) == 2 && actors.contains("ann") && actors.contains("cloud/west"))
        #expect(!actors.contains("ann/t1") && report.count(where: { $0 == "  the last of the others:" }) == 1)
        #expect(report.contains("story.yaml:12:7: live stacks in west"))
        #expect(report.contains("  found     1 (vm CREATE_COMPLETE)"))
        let failure = try #require(outcome.json(of: story)["failures"]?[0])
        #expect(failure["place"] == ["file": "story.yaml", "line": 9, "column": 9])
        #expect(failure["expected"] == "ERROR" && failure["found"] == "PROVISIONING" && failure["invariant"] == .null)
        #expect(outcome.json(of: story)["passed"] == false)
        #expect(outcome.json(of: story)["traceHash"]?.string == outcome.trace.hash)
    }
}
