import ArgumentParser
import FakeCloud
import Foundation
import Runtime
import Scenarios
import Simulation
import Synchronization

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play stories under virtual time and judge them.",
        discussion: """
            Each line of the story has the virtual time since its start. The same file and seed give the same trace, \
            byte for byte. Exit code 1 means that an expectation or an invariant failed. scenarios/README.md is the \
            page of the language, of this output and of the trace.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, junit
    }

    @Argument(help: "Scenario files, or folders of them.")
    var files: [String]
    @Option(help: ArgumentHelp("Instead of the stories' own seeds.", valueName: "n"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("Write the canonical trace, JSON Lines, to a file.", valueName: "file"))
    var trace: String?
    @Option(help: ArgumentHelp("Write a page that shows the run on a time axis.", valueName: "file"))
    var report: String?
    @Option(
        help: ArgumentHelp(
            "End the run at this virtual time (90s, 5m): what was still to come is not judged.", valueName: "time"))
    var until: String?
    @Flag(help: "Wait for the return key before each line of the story.")
    var step = false
    @Flag(help: "Print verdicts only.")
    var quiet = false
    @Option(help: "For people, for programs (one JSON object for each run), or for build servers (JUnit XML).")
    var format = Format.text

    func run() throws {
        let end = try until.map { text in
            guard let duration = Duration(unit: text) else {
                throw Failure.input("--until is a duration such as 90s or 5m, not \(text)")
            }
            return duration
        }
        let paths = try Story.files(files)
        guard paths.count == 1 || (trace == nil && report == nil && !step) else {
            throw Failure.input("--trace, --report and --step are for one story; \(paths.count) were given")
        }
        let stories = try Story.loadAll(paths)
        var failed: [String] = []
        var junit = JUnitReport()
        for (index, story) in stories.enumerated() {
            let count = stories.count > 1 ? "[\(index + 1)/\(stories.count)] " : ""
            if try !runAll(story, in: paths[index], until: end, count: count, &junit) { failed.append(story.name) }
        }
        if format == .junit { Terminal.say(String(junit.xml.dropLast())) }
        if stories.count > 1, format == .text, failed.isEmpty { Terminal.say("all \(stories.count) stories passed") }
        guard failed.isEmpty else {
            throw Failure.expectation(
                "\(failed.count) of \(stories.count) stories failed: \(failed.joined(separator: ", "))")
        }
    }

    /// Plays a story under each of its seeds.
    ///
    /// - Returns: whether all is as expected.
    private func runAll(
        _ story: Scenario, in path: String, until end: Duration?, count: String, _ junit: inout JUnitReport
    ) throws -> Bool {
        let seeds = seed.map { [$0] } ?? (0..<UInt64(story.seedCount)).map { story.seed + $0 }
        var hasPassed = true
        var coverage = Coverage()
        for seed in seeds {
            let start = SystemTime()
            let outcome = play(story, seed: seed, until: end, isAlone: seeds.count == 1)
            let real = start.uptime
            coverage.add(outcome.trace)
            if let trace { try Story.write(outcome.trace.text, to: trace) }
            if let report { try ReportPage.write(outcome, of: story, to: report) }
            if !outcome.hasPassed { hasPassed = false }
            switch format {
            case .json: Terminal.say("\(JSONValue.object(["file": .string(path)]).merging(outcome.json))")
            case .junit: junit.add(outcome, of: story, in: path, took: real)
            case .text where seeds.count == 1 || !outcome.hasPassed:
                tell(outcome, of: story, in: path, after: real, count: count)
            case .text: break
            }
        }
        // One seed alone need not reach what a set of them must.
        let unreached =
            seeds.count < story.seedCount || end != nil
            ? [] : story.expectations.sometimes.compactMap { $0.failure(in: coverage) }
        junit.add(unreached, of: story, in: path)
        if format == .text {
            for failure in unreached { Terminal.say("  \(failure)") }
            if seeds.count > 1 {
                let verdict = hasPassed && unreached.isEmpty ? "passed" : "FAILED"
                Terminal.say("\(count)\(verdict): \(story.name) (\(seeds.count) seeds; \(coverage.summary))")
            }
        }
        return hasPassed && unreached.isEmpty
    }

    private func play(_ story: Scenario, seed: UInt64, until end: Duration?, isAlone: Bool) -> RunOutcome {
        guard !quiet, format == .text, isAlone else { return Simulation.play(story, seed: seed, until: end) }
        Terminal.say("\(story.name): \(story.about)")
        let teller = Mutex(StoryTeller(story))
        let waits = Mutex(step)
        @Sendable func say(_ text: String) {
            Terminal.say("  " + text)
            // The run stands still meanwhile; the end of the input lets it go on by itself.
            if waits.withLock({ $0 }), readLine() == nil { waits.withLock { $0 = false } }
        }
        let outcome = Simulation.play(story, seed: seed, until: end) { line in
            for text in teller.withLock({ $0.tell(line) }) { say(text) }
        }
        for text in teller.withLock({ $0.finish() }) { say(text) }
        return outcome
    }

    private func tell(_ outcome: RunOutcome, of story: Scenario, in path: String, after real: Duration, count: String) {
        let facts =
            "seed \(outcome.seed), \(seconds(outcome.virtualTime)) virtual in \(seconds(real)), trace \(outcome.trace.hash.prefix(16))"
        Terminal.say("\(count)\(outcome.hasPassed ? "passed" : "FAILED"): \(story.name) (\(facts))")
        guard !outcome.hasPassed else { return }
        for line in outcome.failureReport(of: story) { Terminal.say("  " + line) }
        Terminal.say("  play it again: hothouse run \(path) --seed \(outcome.seed)")
    }

    private func seconds(_ duration: Duration) -> String {
        let thousandths = Int((duration.inSeconds * 1000).rounded())
        return "\(thousandths / 1000).\(String(1000 + thousandths % 1000).dropFirst()) s"
    }

}

extension JSONValue {
    /// An object with the members of two.
    fileprivate func merging(_ other: JSONValue) -> JSONValue {
        .object((object ?? [:]).merging(other.object ?? [:]) { $1 })
    }
}
