import FakeCloud
import Runtime
import Testing

@testable import Scenarios

@Suite struct StorySourceTests {
    private static let head = "scenario: s\nabout: It is short.\nexpect: {}\n"

    /// Files by their paths; the story is `stories/s.yaml`.
    private func stories(
        _ text: String, parts: [String: String] = [:], overrides: [String: String] = [:]
    ) throws(ScenarioErrors) -> [Scenario] {
        let parts = StoryParts { path in
            guard let text = parts[path] else { throw StoryParts.Unreadable("no such file") }
            return Array(text.utf8)
        }
        return try Scenario.all(
            parsing: Array((Self.head + text).utf8), file: "stories/s.yaml", standardCloud: .standard, parts: parts,
            overrides: overrides)
    }

    private func mistakes(
        _ text: String, parts: [String: String] = [:], overrides: [String: String] = [:]
    ) -> String {
        do {
            _ = try stories(text, parts: parts, overrides: overrides)
            return ""
        } catch {
            return error.description
        }
    }

    @Test("a part is found by its path from the story; its mappings are merged, its lists joined, the rest overridden")
    func parts() throws {
        let parts = [
            "parts/a.yaml":
                "use: [b.yaml]\nusers: { ann: { verified: false } }\ncloud: { faults: [{ id: a, op: heat.stack.list, answer: { status: 500 } }] }",
            "parts/b.yaml": "time: { limit: 5m }\nseed: 4\nusers: { bob: {} }",
        ]
        let story = try #require(
            try stories(
                """
                use: [../parts/a.yaml]
                seed: 9
                users: { ann: { arrives: 3s } }
                cloud: { faults: [{ id: own, op: heat.stack.show, answer: { status: 500 } }] }
                """, parts: parts
            ).first)
        #expect(story.seed == 9 && story.limit == .seconds(300))
        #expect(story.users.map(\.name) == ["bob", "ann"])
        #expect(story.users[1].isVerified == false && story.users[1].arrives == .fixed(.seconds(3)))
        #expect(story.cloud.faults.map(\.id) == ["a", "own"])
    }

    @Test("a mistake in a part is told with the part's file, line and column")
    func mistakeInPart() {
        let parts = [
            "stories/p.yaml": "users: {}\nclod: {}", "stories/q.yaml": "a: [", "stories/r.yaml": "use: [x.yaml]",
        ]
        #expect(
            mistakes("use: [p.yaml]", parts: parts).contains(
                "stories/p.yaml:2:1: unknown key clod; did you mean cloud?"))
        #expect(mistakes("use: [q.yaml]", parts: parts).hasPrefix("stories/q.yaml:"))
        #expect(
            mistakes("use: [r.yaml]", parts: parts) == "stories/r.yaml:1:7: cannot read stories/x.yaml: no such file")
    }

    @Test("what cannot be used is refused with its place")
    func refusedParts() {
        let loop = ["stories/a.yaml": "use: [b.yaml]", "stories/b.yaml": "use: [a.yaml]"]
        #expect(mistakes("use: [a.yaml]", parts: loop) == "stories/b.yaml:1:7: stories/a.yaml uses itself")
        #expect(mistakes("use: [s.yaml]") == "stories/s.yaml:4:7: stories/s.yaml uses itself")
        #expect(
            mistakes("use: [/etc/passwd]")
                == "stories/s.yaml:4:7: a part is named by its path from this file, not /etc/passwd")
        #expect(mistakes("use: a.yaml") == "stories/s.yaml:4:6: use is a list of files")
        let many = Dictionary(uniqueKeysWithValues: (0..<40).map { ("stories/p\($0).yaml", "users: {}") })
        let use = "use: [\((0..<40).map { "p\($0).yaml" }.joined(separator: ", "))]"
        #expect(mistakes(use, parts: many).contains("a story uses at most 32 parts"))
        // Each part twice the one before: 2^30 values.
        var bomb = ["stories/p0.yaml": "users: {}"]
        for number in 1..<30 { bomb["stories/p\(number).yaml"] = "use: [p\(number - 1).yaml, p\(number - 1).yaml]" }
        #expect(mistakes("use: [p29.yaml]", parts: bomb).contains("a story uses at most 32 parts"))
    }

    @Test("a story that is no file has no parts")
    func noFile() {
        #expect(throws: ScenarioErrors.self) {
            try Scenario(
                parsing: Array((Self.head + "use: [a.yaml]\nusers: {}").utf8), file: "body", standardCloud: .standard)
        }
    }

    @Test("parameters are put in, as texts in texts and as values of any kind; what is none stays")
    func parameters() throws {
        let story = try #require(
            try stories(
                """
                params: { who: ann, limit: 7m, slow: { lognormal: { p50: 1s, p99: 9s } }, count: 3 }
                time: { limit: "${limit}" }
                seeds: { from: 1, count: "${count}" }
                users:
                  x: { network: { rtt: "${slow}" }, script: [login, { create: { as: vm, name: "vm of ${who}" } }] }
                  y: { script: [login, { send: { tab: t, text: "${vm} ${who}" } }, { open-page: { deployment: vm, tab: t } }] }
                """
            ).first)
        #expect(story.limit == .seconds(420) && story.seedCount == 3)
        #expect(story.users[0].roundTrip == .lognormal(median: .seconds(1), p99: .seconds(9)))
        guard case .create(let creation) = story.users[0].script[1].action else { return #expect(Bool(false)) }
        #expect(creation.name == "vm of ann")
        #expect(story.users[1].script[1].action == .send(tab: "t", text: "${vm} ann", times: 1))
    }

    @Test("a matrix makes a story of each combination, with the steps that are for it")
    func matrix() throws {
        let found = try stories(
            """
            matrix: { speed: [fast, slow], deletes: [true, false] }
            users:
              ann:
                arrives: "${arrival}"
                script:
                  - login
                  - { only-if: { speed: slow }, sleep: 5s }
                  - unless: { deletes: false }
                    do: [{ sleep: 1s }, { only-if: { speed: [slow, slower] }, do: [logout] }]
            params: { arrival: 2s }
            """)
        #expect(
            found.map { $0.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: " ") } == [
                "speed=fast deletes=true", "speed=fast deletes=false", "speed=slow deletes=true",
                "speed=slow deletes=false",
            ])
        #expect(found.map { $0.users[0].script.count } == [2, 1, 4, 2])
        #expect(found[2].users[0].script.last?.action == .logout && found.allSatisfy(\.isOfSet))
        let one = try stories(
            "matrix: { a: [1s, 2s] }\nusers: { x: { arrives: \"${a}\" } }", overrides: ["a": "9s"])
        #expect(one.map { $0.users[0].arrives } == [.fixed(.seconds(9))])
    }

    @Test(
        "mistakes with parameters are told with their place and the nearest right word",
        arguments: [
            ("params: { a: 1 }\nusers: {}", "4:11: nothing uses the parameter a"),
            ("params: { a: 1 }\nmatrix: { a: [1] }\nusers: {}", "5:11: a is in params and in matrix"),
            ("matrix: { a: 1 }\nusers: {}", "4:14: a is a list of values, of which each makes runs of its own"),
            ("matrix: { a: [] }\nusers: {}", "4:14: a is a list of values"),
            ("params: { \"a b\": 1 }\nusers: {}", "4:11: a parameter has a name of letters, digits, - and _, not a b"),
            (
                "params: { speed: 1 }\nusers: { x: { script: [{ only-if: { sped: 1 }, do: [login] }] } }",
                "5:37: no parameter is called sped; did you mean speed?"
            ),
            ("users: { x: { script: [{ only-if: {}, do: [login] }] } }", "4:35: which parameter has which value?"),
            (
                "params: { a: 1 }\nusers: { x: { script: [{ only-if: { a: 1 }, do: [login], sleep: 1s }] } }",
                "5:58: sleep belongs into the list that do has"
            ),
            (
                "params: { a: 1 }\nusers: { x: { script: [{ only-if: { a: 1 } }] } }",
                "5:24: only-if and unless are of something: it is missing, or a do"
            ),
        ])
    func mistakesWithParameters(text: String, message: String) {
        #expect(mistakes(text).contains("stories/s.yaml:\(message)"), "\(mistakes(text))")
    }

    @Test("an override of what is no parameter, and a matrix that is too large, are refused")
    func refusedMatrix() {
        #expect(
            mistakes("params: { speed: 1s }\nusers: { x: { arrives: \"${speed}\" } }", overrides: ["sped": "1"])
                .contains("no parameter is called sped; did you mean speed?"))
        let values = "[\((0..<200).map(String.init).joined(separator: ", "))]"
        #expect(mistakes("matrix: { a: \(values), b: \(values) }\nusers: {}").contains("more than 10000 combinations"))
    }

    @Test("a few lines that stand for very much are refused")
    func bombs() {
        let list = "[" + (0..<1000).map { _ in "1" }.joined(separator: ",") + "]"
        let uses = (0..<500).map { _ in "\"${a}\"" }.joined(separator: ",")
        #expect(mistakes("params: { a: \(list) }\nusers: [\(uses)]").contains("more than 100000 values"))
        let long = String(repeating: "x", count: 100_000)
        let texts = (0..<500).map { _ in "\"-${a}-\"" }.joined(separator: ",")
        #expect(mistakes("params: { a: \(long) }\nusers: [\(texts)]").contains("more than 16 MiB of text"))
    }

    @Test("a seed leaves out of the swarm what its chance says, and nothing else")
    func swarm() throws {
        let story = try #require(
            try stories(
                """
                swarm: { often: 75%, kill: 50% }
                users: {}
                cloud:
                  faults:
                    - { id: often, op: heat.stack.list, answer: { status: 500 } }
                    - { id: always, op: heat.stack.list, answer: { status: 500 } }
                portal: { crash: { id: kill, at: 5s } }
                """
            ).first)
        let planned = (1...400).map { story.planned(seed: $0) }
        let often = planned.count { $0.cloud.faults.contains { $0.id == "often" } }
        let kills = planned.count { !$0.crashes.isEmpty }
        #expect((260...340).contains(often) && (160...240).contains(kills))
        #expect(planned.allSatisfy { $0.cloud.faults.contains { $0.id == "always" } })
        #expect(story.planned(seed: 7).crashes == story.planned(seed: 7).crashes)
        #expect(
            mistakes(
                "swarm: { oftn: 75% }\nusers: {}\ncloud: { faults: [{ id: often, op: heat.stack.list, delay: 1s }] }"
            )
            .contains("4:16: no fault, deed, crash, pause or failure of the store is called oftn; did you mean often?"))
        #expect(mistakes("swarm: { a: 0% }\nusers: {}").contains("4:13: a is a percentage over 0%"))
    }
}
