import ArgumentParser
import Foundation
import Runtime
import Scenarios
import Simulation
import Synchronization

struct Explore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play stories again and again, each time otherwise, until an invariant breaks.",
        discussion: """
            Each seed makes another run of a story: another interleaving, other networks and latencies, faults of the \
            cloud, deaths of the server, and things that nobody planned. What fails is told with the command that \
            plays it again, and shrunk to a scenario file that fails alone. Exit code 1 means that something failed. \
            scenarios/README.md tells more.
            """)

    @Argument(
        help:
            "Scenario files, or folders of them; 'generated' for stories that nobody wrote (default: scenarios/ and those)."
    )
    var files: [String] = []
    @Option(help: ArgumentHelp("Which seeds, each for every story: '0..<1000', or one.", valueName: "a..<b"))
    var seeds = "0..<1000000"
    @Option(help: ArgumentHelp("End after this much real time (60s, 10m).", valueName: "time"))
    var budget: String?
    @Option(help: ArgumentHelp("How many runs at the same time (default: one a core).", valueName: "n"))
    var jobs: Int?
    @Option(
        help: ArgumentHelp(
            "The file of past failures: they are played first, and new ones are added.", valueName: "file"))
    var failures = "explore-failures.txt"
    @Option(help: ArgumentHelp("The folder that shrunk scenarios are written to.", valueName: "folder"))
    var out = "."
    @Option(
        help: ArgumentHelp(
            "Explore a portal with a deliberate bug, to see that it is found, or with each, for the table: \(mutants), \(all).",
            valueName: "name"))
    var mutant: String?
    @Option(help: "For people, or for programs: one JSON object at the end, and nothing else.")
    var format = Run.Format.text

    private static let mutants = Mutant.allCases.map(\.rawValue).joined(separator: ", ")
    private static let all = "all"

    private func stories(_ path: String) throws -> [Explorer.Story] {
        if path == Explorer.Story.generated.file { return [.generated] }
        return try Story.files([path]).map { path in
            do {
                return try Explorer.Story(Story.document(path), file: path)
            } catch let errors as ScenarioErrors {
                throw Failure.input(errors.description)
            }
        }
    }

    /// Each mutant is looked for this often, each time with other seeds, in at most so many seeds of each story.
    private static let (searches, seedsOfASearch) = (5, 20 as UInt64)

    /// Prints the table of the documentation: a row for each mutant.
    private func tellMutants(_ explorer: Explorer) async throws {
        Terminal.say("| mutant | what is wrong | found in run: median of \(Self.searches) searches, and latest | by |")
        Terminal.say("| --- | --- | --- | --- |")
        var missed: [String] = []
        for mutant in Mutant.allCases {
            var explorer = explorer
            explorer.mutant = mutant
            var runs: [Int] = []
            var rules: Set<String> = []
            for search in 0..<Self.searches {
                let first = UInt64(search) * 1_000_000
                explorer.seeds = first..<first + Self.seedsOfASearch
                let progress = await explorer.run { _ in true }
                runs.append(progress.found?.run ?? .max)
                rules.insert(progress.found.map { $0.failure.invariant ?? "an expectation" } ?? "nothing")
            }
            runs.sort()
            func shown(_ run: Int) -> String { run == .max ? "none" : "\(run)" }
            let found = "\(shown(runs[Self.searches / 2])), \(shown(runs[Self.searches - 1]))"
            let by = rules.sorted().joined(separator: ", ")
            Terminal.say("| `\(mutant.rawValue)` | \(mutant.sentence) | \(found) | \(by) |")
            if runs[Self.searches / 2] == .max { missed.append(mutant.rawValue) }
        }
        guard missed.isEmpty else { throw Failure.expectation("not found: \(missed.joined(separator: ", "))") }
    }

    func run() async throws {
        let stories = try (files.isEmpty ? ["scenarios", Explorer.Story.generated.file] : files).flatMap(stories)
        guard !stories.isEmpty else { throw Failure.input("no story to explore") }
        var explorer = Explorer(stories: stories, seeds: try seedRange())
        explorer.jobs = jobs ?? ProcessInfo.processInfo.activeProcessorCount
        if mutant == Self.all { return try await tellMutants(explorer) }
        if let mutant {
            guard let known = Mutant(rawValue: mutant) else {
                throw Failure.input("no mutant is called \(mutant); known are \(Self.mutants)")
            }
            explorer.mutant = known
        }
        let limit = try budget.map { text in
            guard let limit = Duration(unit: text) else {
                throw Failure.input("--budget is a duration such as 60s or 10m, not \(text)")
            }
            return limit
        }
        let clock = SystemTime()
        if let found = await replayPast(explorer) { return try conclude(found, explorer, Explorer.Progress(), clock) }
        let toldAt = Mutex(Duration.zero)
        say("exploring \(stories.count) \(stories.count == 1 ? "story" : "stories"), \(explorer.jobs) at the same time")
        let progress = await explorer.run { progress in
            let now = clock.uptime
            let isDue = toldAt.withLock { toldAt in
                guard now - toldAt >= .seconds(5) else { return false }
                toldAt = now
                return true
            }
            if isDue { say(summary(progress, after: now)) }
            return limit.map { now < $0 } ?? true
        }
        try conclude(progress.found, explorer, progress, clock)
    }

    private func seedRange() throws -> Range<UInt64> {
        // One seed needs no quotes in a shell.
        if let only = UInt64(seeds), only < .max { return only..<only + 1 }
        let ends = seeds.split(separator: "..<", omittingEmptySubsequences: false).map { UInt64($0) }
        guard ends.count == 2, let first = ends[0], let end = ends[1], first < end, end - first < 1 << 40 else {
            throw Failure.input("--seeds is a range such as 0..<1000, or one seed, not \(seeds)")
        }
        return first..<end
    }

    /// Lines of `FILE SEED INVARIANT`.
    private var pastFailures: [(file: String, seed: UInt64)] {
        let text = (try? String(contentsOfFile: failures, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let parts = line.split(separator: " ")
            guard parts.count >= 2, let seed = UInt64(parts[1]) else { return nil }
            return (String(parts[0]), seed)
        }
    }

    private func replayPast(_ explorer: Explorer) async -> Explorer.Found? {
        for past in pastFailures {
            guard let story = explorer.stories.first(where: { $0.file == past.file }) else { continue }
            var replay = explorer
            replay.stories = [story]
            replay.seeds = past.seed..<past.seed + 1
            say("a past failure: \(past.file), seed \(past.seed)")
            if let found = await replay.run({ _ in true }).found { return found }
        }
        return nil
    }

    private func conclude(
        _ found: Explorer.Found?, _ explorer: Explorer, _ progress: Explorer.Progress, _ clock: SystemTime
    ) throws {
        if progress.runs > 0 { say(summary(progress, after: clock.uptime)) }
        guard let found else {
            tell(progress, nil, nil)
            if progress.runs > 0, !progress.coverage.missing.isEmpty {
                say("  never reached: \(progress.coverage.missing.joined(separator: ", "))")
            }
            return say("nothing was found")
        }
        say("FAILED in run \(found.run): \(found.file), seed \(found.seed): \(found.failure)")
        let mutantOption = mutant.map { " --mutant \($0)" } ?? ""
        say("  play it again: hothouse explore \(found.file) --seeds \(found.seed)\(mutantOption)")
        if mutant == nil, !pastFailures.contains(where: { $0.file == found.file && $0.seed == found.seed }) {
            let known = (try? String(contentsOfFile: failures, encoding: .utf8)) ?? ""
            let line = "\(found.file) \(found.seed) \(found.failure.invariant ?? "-")\n"
            try Story.write(known + line, to: failures)
        }
        let (document, attempts) = explorer.shrink(found)
        let name = (found.file.split(separator: "/").last.map(String.init) ?? "story")
            .replacing(".yaml", with: "").replacing(".yml", with: "")
        let path = "\(out)/explored-\(name)-\(found.seed).yaml"
        try Story.write("# \(found.failure)\n\(document.yaml)", to: path)
        say("  shrunk to \(path) in \(attempts) runs: hothouse run \(path)")
        tell(progress, found, path)
        throw Failure.expectation("\(found.file), seed \(found.seed): \(found.failure)")
    }

    private func summary(_ progress: Explorer.Progress, after real: Duration) -> String {
        let perSecond = real > .zero ? Double(progress.runs) / real.inSeconds : 0
        let virtual = progress.virtualTime.inSeconds / 3600
        func short(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
        return
            "  \(progress.runs) runs in \(short(real.inSeconds)) s, \(short(perSecond)) seeds/s, \(short(virtual)) h virtual; \(progress.coverage.summary)"
    }

    private func say(_ line: String) {
        if format == .text { Terminal.say(line) }
    }

    private func tell(_ progress: Explorer.Progress, _ found: Explorer.Found?, _ path: String?) {
        guard format == .json else { return }
        let failure: JSONValue =
            found.map {
                [
                    "file": .string($0.file), "seed": .string(String($0.seed)),
                    "invariant": JSONValue($0.failure.invariant), "text": .string($0.failure.description),
                    "shrunk": JSONValue(path),
                ]
            } ?? .null
        let report: JSONValue = [
            "runs": .integer(progress.runs), "coverage": progress.coverage.json, "failure": failure,
        ]
        Terminal.say("\(report)")
    }
}
