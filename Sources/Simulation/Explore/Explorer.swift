import FakeCloud
import Runtime
import Scenarios
import Synchronization

/// Plays stories again and again, each time otherwise, until an invariant breaks.
///
/// The runs are independent of one another, so they go on side by side; each is single-threaded, and depends on its
/// story and its seed alone.
public struct Explorer: Sendable {
    /// A story that is explored.
    public struct Story: Sendable {
        public let file: String
        /// The story as it is for a seed, nil where that is none.
        let told: @Sendable (_ seed: UInt64) -> (document: StoryDocument, scenario: Scenario)?

        /// - Throws: ``ScenarioErrors``.
        public init(_ document: StoryDocument, file: String) throws(ScenarioErrors) {
            self.file = file
            let scenario = try Scenario(parsing: Array(document.yaml.utf8), file: file, standardCloud: .standard)
            told = { _ in (document, scenario) }
        }

        private init(generated file: String) {
            self.file = file
            told = { seed in
                let document = Workload.document(seed: seed)
                let scenario = try? Scenario(
                    parsing: Array(document.yaml.utf8), file: file, standardCloud: .standard)
                return scenario.map { (document, $0) }
            }
        }

        /// Another story for every seed, that nobody wrote.
        public static let generated = Story(generated: Workload.name)
    }

    /// A run that broke something.
    public struct Found: Sendable {
        public let file: String
        public let seed: UInt64
        public let failure: RunFailure
        /// What was played: a scenario file.
        public let document: StoryDocument
        /// The number of its run, from 1.
        public let run: Int
    }

    /// How far it has come.
    public struct Progress: Sendable {
        public var runs = 0
        public var virtualTime = Duration.zero
        public var coverage = Coverage()
        /// The earliest run that failed.
        public var found: Found?

        public init() {}
    }

    public var stories: [Story]
    public var seeds: Range<UInt64>
    /// How many runs go on at the same time.
    public var jobs = 1
    public var mutant: Mutant?

    public init(stories: [Story], seeds: Range<UInt64>) {
        self.stories = stories
        self.seeds = seeds
    }

    /// Explores until something fails, the seeds are used up, or nobody wants more.
    ///
    /// - Parameter goesOn: is told of the progress after each run, from any thread; false ends the exploration.
    public func run(_ goesOn: @escaping @Sendable (Progress) -> Bool) async -> Progress {
        let tally = Tally(total: Int(seeds.upperBound - seeds.lowerBound) * stories.count)
        await withDiscardingTaskGroup { group in
            for _ in 0..<max(1, jobs) {
                group.addTask { [self] in
                    while !Task.isCancelled, let index = tally.next() {
                        let progress = tally.add(attempt(index))
                        if !goesOn(progress) || progress.found != nil { tally.end() }
                    }
                }
            }
        }
        return tally.progress
    }

    /// What all jobs have done together.
    private final class Tally: Sendable {
        private struct State {
            var begun = 0
            var progress = Progress()
        }

        private let total: Int
        private let state = Mutex(State())

        init(total: Int) {
            self.total = total
        }

        /// The number of the next run, from 0; nil where there is none.
        func next() -> Int? {
            state.withLock { state in
                guard state.begun < total else { return nil }
                state.begun += 1
                return state.begun - 1
            }
        }

        /// No run begins any more.
        func end() {
            state.withLock { $0.begun = total }
        }

        func add(_ attempt: Attempt) -> Progress {
            state.withLock { state in
                state.progress.runs += 1
                state.progress.virtualTime += attempt.outcome.virtualTime
                state.progress.coverage.add(attempt.coverage)
                if let found = attempt.found, state.progress.found.map({ found.run < $0.run }) ?? true {
                    state.progress.found = found
                }
                return state.progress
            }
        }

        var progress: Progress { state.withLock { $0.progress } }
    }

    private struct Attempt {
        let outcome: RunOutcome
        let coverage: Coverage
        let found: Found?
    }

    /// One run in so many is played twice.
    private static let repetition = 16

    /// Seeds go round all stories.
    private func attempt(_ index: Int) -> Attempt {
        let story = stories[index % stories.count]
        let seed = seeds.lowerBound + UInt64(index / stories.count)
        let played = Self.play(story, seed: seed, mutant: mutant)
        var coverage = Coverage()
        coverage.add(played.outcome.trace)
        var failure = played.failure
        if failure == nil, (index + 1) % Self.repetition == 0 {
            let again = Self.play(story, seed: seed, mutant: mutant).outcome
            failure = Self.difference(played.outcome, again)
        }
        let found = failure.map {
            Found(file: story.file, seed: seed, failure: $0, document: played.document, run: index + 1)
        }
        return Attempt(outcome: played.outcome, coverage: coverage, found: found)
    }

    /// Plays what a seed makes of a story.
    ///
    /// - Returns: what was played, and the first thing that must not be: in the story as it is any failure, in one
    ///   that was varied the breach of an invariant or a run without an end.
    static func play(
        _ story: Story, seed: UInt64, mutant: Mutant?
    ) -> (document: StoryDocument, outcome: RunOutcome, failure: RunFailure?) {
        guard let (original, told) = story.told(seed) else {
            preconditionFailure("a workload is a story: seed \(seed)")
        }
        if let varied = Variation.vary(original, of: told, seed: seed),
            let scenario = try? Scenario(parsing: Array(varied.yaml.utf8), file: story.file, standardCloud: .standard)
        {
            let outcome = Simulation.play(scenario, mutant: mutant)
            return (varied, outcome, outcome.breach)
        }
        var document = original
        document["seed"] = "\(seed)"
        let outcome = Simulation.play(told, seed: seed, mutant: mutant)
        return (document, outcome, outcome.failures.first)
    }

    /// M1: the same story and seed are the same trace.
    static func difference(_ one: RunOutcome, _ other: RunOutcome) -> RunFailure? {
        guard
            let differs = zip(one.trace, other.trace).first(where: { $0 != $1 })?.0.n
                ?? (one.trace.count == other.trace.count ? nil : min(one.trace.count, other.trace.count) + 1)
        else { return nil }
        return RunFailure("the same story and seed are two traces, from line \(differs) on", invariant: "M1")
    }

    /// Takes a story that fails apart until nothing can be left out.
    ///
    /// - Returns: a scenario file that fails in the same way, and how many were played to find it.
    public func shrink(_ found: Found) -> (document: StoryDocument, attempts: Int) {
        let shrinker = Shrinker { candidate in
            guard
                let scenario = try? Scenario(
                    parsing: Array(candidate.yaml.utf8), file: found.file, standardCloud: .standard)
            else { return false }
            // A failure that came early comes early in a smaller story.
            let mostLines = (found.failure.line ?? 95_000) + 5000
            let outcome = Simulation.play(scenario, mostLines: mostLines, mutant: mutant)
            if found.failure.invariant == "M1" {
                return Self.difference(outcome, Simulation.play(scenario, mostLines: mostLines, mutant: mutant)) != nil
            }
            return outcome.failures.contains { $0.isLike(found.failure) }
        }
        return shrinker.shrink(found.document)
    }
}

extension RunOutcome {
    /// The first thing that must not be, whatever the story expects.
    fileprivate var breach: RunFailure? {
        failures.first { $0.invariant != nil } ?? failures.first { $0.place == nil }
    }
}

extension RunFailure {
    /// Whether two failures are of the same kind.
    fileprivate func isLike(_ other: RunFailure) -> Bool {
        invariant == other.invariant && (invariant != nil || (place == nil) == (other.place == nil))
    }
}
