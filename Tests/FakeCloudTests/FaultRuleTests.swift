import Runtime
import Scenarios
import Testing

/// How rules are read.
struct FaultRuleTests {
    private func rule(_ text: String, others: [String] = []) throws -> FaultRule {
        try FaultRule(parsing: text, file: "rule", regions: ["west"], others: others)
    }

    @Test("JSON and YAML say the same")
    func jsonIsYAML() throws {
        let json =
            #"{"id": "a", "op": ["heat.stack.*"], "when": {"chance": "2.5%", "per": "region"}, "answer": {"pick": [{"weight": 3, "status": 503}, {"weight": 1, "reset": "mid-body"}]}}"#
        let yaml = """
            id: a
            op: [heat.stack.*]
            when: { chance: 2.5%, per: region }
            answer: { pick: [{ weight: 3, status: 503 }, { weight: 1, reset: mid-body }] }
            """
        var (left, right) = (try rule(json), try rule(yaml))
        #expect(left.source == right.source)
        right.place = left.place
        #expect(left == right)
        left.operations = []
        #expect(left != right)
        #expect(right.operations.count == 5)
        #expect(!right.isForAll)
        #expect(right.when.chance == 0.025)
        #expect(right.answers.map(\.weight) == [3, 1])
    }

    @Test(
        "mistakes are told with their place",
        arguments: [
            ("op: heat.stack.creat", "1:14: unknown operation heat.stack.creat; did you mean heat.stack.create?"),
            ("op: \"hat.*\"", "unknown operation hat.*"),
            ("op: \"*\", when: { nth: 2, chance: 10% }", "nth under chance"),
            ("op: \"*\", answer: { pick: [{ weight: 0, status: 500 }] }", "the weights sum to 0"),
            ("op: \"*\", where: { region: wst }", "unknown region wst; did you mean west?"),
            ("op: \"*\", when: { window: { from: 5s, to: 3s } }", "the window ends before it begins"),
            ("op: \"*\", when: { window: { to: 3s, for: 3s } }", "a to or a for, not both"),
            ("op: \"*\", when: { chance: 10 }", "chance is a percentage"), ("op: \"*\"", "r does nothing"),
            ("op: \"*\", layer: true, answer: { status: 500 }", "a layer has a delay and nothing else"),
            ("op: \"*\", effect: { late: 3s }", "late needs an answer"),
            ("op: \"*\", effect: applied, answer: { refuse: true }", "has no effect"),
            ("op: \"*\", effect: sometimes", "effect is none, applied or { late: 20s }"),
            ("op: \"*\", answer: { reset: later }", "unknown reset later"),
            ("op: \"*\", answer: { html: a, text: b }", "an answer has one of"),
            ("op: \"*\", answer: { refuse: true, status: 500 }", "a connection that ends before the answer has none"),
            ("op: \"*\", answer: { error: Timeout }", "error is of the service's own body for a status from 400 on"),
            ("op: \"*\", answer: {}", "the answer says nothing"), ("op: \"*\", delay: 3", "delay is a duration"),
            ("op: \"*\", dely: 3s", "unknown key dely; did you mean delay?"),
            ("op: \"*\", answer: { headers: { \"a b\": c } }", "no header of HTTP"),
        ])
    func mistakes(text: String, message: String) {
        let errors = #expect(throws: ScenarioErrors.self) { try rule("{ id: r, \(text) }") }
        #expect(errors?.description.contains(message) == true, "\(errors?.description ?? "")")
    }

    @Test("an id is there once")
    func idsAreUnique() {
        let errors = #expect(throws: ScenarioErrors.self) {
            try rule("{ id: r, op: \"*\", delay: 1s }", others: ["r"])
        }
        #expect(errors?.description.contains("there is a rule r already") == true)
    }
}
