import Runtime
import Scenarios
import Simulation
import Testing

@Suite struct ExplorerTests {
    /// Few stories, in which much can go wrong.
    private static let names = [
        "lifecycle/first-deployment.yaml", "crashes/crash-in-a-deletion.yaml", "creates/answer-lost-never-done.yaml",
        "creates/answer-lost-and-done.yaml", "cloud/throttled.yaml", "sockets/dropped-socket.yaml",
    ]

    private func explorer(_ seeds: Range<UInt64>, names: [String] = names) throws -> Explorer {
        let stories = try names.map { name in
            try Explorer.Story(StoryDocument(parsing: Array(Library.text(name).utf8), file: name), file: name)
        }
        return Explorer(stories: stories, seeds: seeds)
    }

    /// The run, from 1, in which each is found at the latest; scenarios/README.md says in which it is.
    private static let runs = 120

    @Test("a portal with a deliberate bug is found out", arguments: Mutant.allCases)
    func mutants(mutant: Mutant) async throws {
        var explorer = try explorer(0..<UInt64(Self.runs / Self.names.count))
        explorer.mutant = mutant
        let progress = await explorer.run { _ in true }
        let found = try #require(progress.found, "\(progress.runs) runs found nothing")
        #expect(found.failure.invariant != nil)
    }

    @Test("what was found is played again from its document, and shrunk to a story that fails alone")
    func shrinks() async throws {
        var explorer = try explorer(0..<20)
        explorer.mutant = .dropsTheSnapshot
        let found = try #require(await explorer.run { _ in true }.found)
        let (document, attempts) = explorer.shrink(found)
        #expect(attempts <= 300)
        #expect(document.yaml.count < found.document.yaml.count)
        let story = try Library.story(text: document.yaml)
        let failures = play(story, mutant: explorer.mutant).failures.compactMap(\.invariant)
        #expect(failures.contains(found.failure.invariant ?? ""))
        #expect(play(story).failures.compactMap(\.invariant) == [], "it is the bug that fails")
    }

    @Test("a portal without a bug breaks no invariant, and the same seed is the same run")
    func nothing() async throws {
        let explorer = try explorer(1000..<1004)
        let progress = await explorer.run { _ in true }
        #expect(progress.found.map { "\($0.file) \($0.seed) \($0.failure)" } == nil)
        #expect(progress.runs == 24 && progress.coverage.statuses.count == 6)
        #expect(await explorer.run { _ in true }.coverage == progress.coverage)
    }

    @Test("it ends when nobody wants more")
    func ends() async throws {
        let progress = try await explorer(0..<1_000_000).run { $0.runs < 3 }
        #expect(progress.runs == 3)
    }
}
