import Scenarios
import Testing

@testable import Simulation

@Suite struct ShrinkerTests {
    private func document(_ text: String) throws -> StoryDocument {
        try StoryDocument(parsing: Array(text.utf8), file: "s.yaml")
    }

    @Test("what is left is what it takes to fail, and nothing else")
    func smallest() throws {
        let full = try document(
            """
            scenario: s
            users:
              ann: { script: [login, { create: { as: vm } }, { sleep: 4s }, { delete: { deployment: vm } }] }
              bob: { script: [login, logout] }
            cloud: { auth: { tokenTtl: 5m } }
            """)
        let shrunk = Shrinker { candidate in
            let script = candidate[["users", "ann", "script"]]?.items ?? []
            return script.contains { $0["create"] != nil } && script.contains { $0["delete"] != nil }
        }.shrink(full)
        #expect(shrunk.document == ["users": ["ann": ["script": [["create": [:]], ["delete": [:]]]]]])
        #expect(shrunk.attempts < 60)
    }

    @Test("numbers, times and ranges become simple ones")
    func simple() throws {
        let full = try document("{ nth: 7, at: 3723456ms, takes: 2s..9s }")
        let shrunk = Shrinker { candidate in
            candidate["nth"]?.text.flatMap { Int($0) } ?? 0 >= 3 && candidate["at"] != nil
                && candidate["takes"]?.text?.hasSuffix("9s") == true
        }.shrink(full)
        #expect(shrunk.document["nth"] == "3")
        #expect(shrunk.document["takes"] == "9s")
        #expect(shrunk.document["at"] == "1ms")
    }

    @Test("no more stories are played than it may")
    func budget() throws {
        var played = 0
        let shrinker = Shrinker(budget: 5) { _ in
            played += 1
            return false
        }
        let full = try document("[1, 2, 3, 4, 5, 6, 7, 8, 9]")
        #expect(shrinker.shrink(full).document == full)
        #expect(played == 5)
    }
}
