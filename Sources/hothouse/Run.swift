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
    @Option(
        help: ArgumentHelp(
            "A parameter of the stories, instead of its value or values in the file.", valueName: "name=value"))
    var param: [String] = []
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
        let stories = try Story.loadAll(paths, parameters: try parameters())
        let runs = stories.reduce(0) { $0 + $1.reduce(0) { $0 + seeds(of: $1).count } }
        guard runs == 1 || (trace == nil && report == nil && !step) else {
            throw Failure.input(
                "--trace, --report and --step are for one run; \(paths[0]) has \(runs): choose one by --seed and --param"
            )
        }
        var failed: [String] = []
        var junit = JUnitReport()
        for (index, matrix) in stories.enumerated() {
            let count = stories.count > 1 ? "[\(index + 1)/\(stories.count)] " : ""
            if try !runAll(matrix, in: paths[index], until: end, count: count, &junit) {
                failed.append(matrix[0].name)
            }
        }
        if format == .junit { Terminal.say(String(junit.xml.dropLast())) }
        if stories.count > 1, format == .text, failed.isEmpty { Terminal.say("all \(stories.count) stories passed") }
        guard failed.isEmpty else {
            throw Failure.expectation(
                "\(failed.count) of \(stories.count) stories failed: \(failed.joined(separator: ", "))")
        }
    }

    private func parameters() throws -> [String: String] {
        var parameters: [String: String] = [:]
        for text in param {
            guard let split = text.firstIndex(of: "="), split > text.startIndex else {
                throw Failure.input("--param is name=value, not \(text)")
            }
            parameters[String(text[..<split])] = String(text[text.index(after: split)...])
        }
        return parameters
    }

    private func seeds(of story: Scenario) -> [UInt64] {
        seed.map { [$0] } ?? (0..<UInt64(story.seedCount)).map { story.seed + $0 }
    }

    /// Plays a story: each combination of its matrix under each of its seeds.
    ///
    /// - Returns: whether all is as expected.
    private func runAll(
        _ matrix: [Scenario], in path: String, until end: Duration?, count: String, _ junit: inout JUnitReport
    ) throws -> Bool {
        let runs = matrix.flatMap { story in seeds(of: story).map { (story, $0) } }
        var hasPassed = true
        var reached = Reached()
        for (story, seed) in runs {
            let start = SystemTime()
            var outcome = play(story, seed: seed, until: end, isAlone: runs.count == 1)
            let real = start.uptime
            reached.add(outcome)
            if runs.count == 1 { outcome.add(unreached(reached, matrix, until: end)) }
            if let trace { try Story.write(outcome.trace.text, to: trace) }
            if let report { try ReportPage.write(outcome, of: story, to: report) }
            if !outcome.hasPassed { hasPassed = false }
            switch format {
            case .json: Terminal.say("\(JSONValue.object(["file": .string(path)]).merging(outcome.json(of: story)))")
            case .junit: junit.add(outcome, of: story, in: path, took: real)
            case .text where runs.count == 1 || !outcome.hasPassed:
                tell(outcome, of: story, in: path, after: real, count: count)
            case .text: break
            }
        }
        let unreached = runs.count == 1 ? [] : unreached(reached, matrix, until: end)
        junit.add(unreached, of: matrix[0], in: path)
        if format == .text {
            for failure in unreached { Terminal.say("  \(failure)") }
            if runs.count > 1 {
                let verdict = hasPassed && unreached.isEmpty ? "passed" : "FAILED"
                Terminal.say("\(count)\(verdict): \(matrix[0].name) (\(runs.count) runs; \(reached.coverage.summary))")
            }
        }
        return hasPassed && unreached.isEmpty
    }

    /// What no run has reached. One of a set that was chosen need not reach what all of them must.
    private func unreached(_ reached: Reached, _ matrix: [Scenario], until end: Duration?) -> [RunFailure] {
        seed == nil && param.isEmpty && end == nil ? reached.failures(of: matrix) : []
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
        let cell = story.parameters.map { "\($0.name)=\($0.value), " }.joined()
        let facts =
            "\(cell)seed \(outcome.seed), \(seconds(outcome.virtualTime)) virtual in \(seconds(real)), trace \(outcome.trace.hash.prefix(16))"
        Terminal.say("\(count)\(outcome.hasPassed ? "passed" : "FAILED"): \(story.name) (\(facts))")
        guard !outcome.hasPassed else { return }
        for line in outcome.failureReport(of: story) { Terminal.say("  " + line) }
        let parameters = story.parameters.map { " --param \($0.name)=\($0.value)" }.joined()
        Terminal.say("  play it again: hothouse run \(path) --seed \(outcome.seed)\(parameters)")
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
