import Runtime
import Scenarios
import Testing

@testable import Simulation

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

    @Test("stories that nobody wrote are another for every seed, the same for the same, and break nothing")
    func generated() async throws {
        let documents = (0..<40).map { Workload.document(seed: $0) }
        #expect(Set(documents.map(\.yaml)).count == 40)
        #expect(documents[7] == Workload.document(seed: 7))
        let steps = documents.flatMap { document in
            document["users"]?.members.flatMap { $0.value["script"]?.items ?? [] } ?? []
        }
        let verbs = Set(steps.compactMap { $0.text ?? $0.members.first?.key })
        #expect(verbs.isSuperset(of: ["create", "open-page", "delete", "list", "drop-socket", "logout", "wait"]))
        #expect(Set(documents.compactMap { $0[["portal", "instances"]]?.text }) == ["1", "2"])
        let progress = await Explorer(stories: [.generated], seeds: 0..<6).run { _ in true }
        #expect(progress.found.map { "\($0.seed) \($0.failure)" } == nil)
        #expect(progress.runs == 6)
    }

    @Test("two runs that are not the same trace are a failure, which names the line")
    func differs() throws {
        let story = try Library.story("lifecycle/first-deployment.yaml")
        let (one, other) = (play(story, seed: 1, until: .seconds(5)), play(story, seed: 2, until: .seconds(5)))
        #expect(Explorer.difference(one, one) == nil)
        let failure = try #require(Explorer.difference(one, other))
        #expect(failure.invariant == "M1" && failure.message.contains("from line"))
        let shorter = play(story, seed: 1, until: .seconds(4))
        #expect(Explorer.difference(one, shorter)?.message.hasSuffix("from line \(shorter.trace.count + 1) on") == true)
    }

    @Test("what no run reached is listed by its name")
    func missing() throws {
        var coverage = Coverage()
        #expect(coverage.missing.contains("REQUESTED→PROVISIONING") && coverage.missing.contains("close 4100"))
        coverage.add(play(try Library.story("lifecycle/first-deployment.yaml")).trace)
        #expect(!coverage.missing.contains("REQUESTED→PROVISIONING") && !coverage.missing.contains("DELETED"))
        #expect(coverage.missing.contains("http.create.committed") && coverage.missing.contains("NO_CAPACITY"))
    }

    @Test("it ends when nobody wants more")
    func ends() async throws {
        let progress = try await explorer(0..<1_000_000).run { $0.runs < 3 }
        #expect(progress.runs == 3)
    }
}
