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
        case text, json
    }

    @Argument(help: "Scenario files, or folders of them.")
    var files: [String]
    @Option(help: ArgumentHelp("Instead of the stories' own seeds.", valueName: "n"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("Write the canonical trace, JSON Lines, to a file.", valueName: "file"))
    var trace: String?
    @Option(help: ArgumentHelp("Write a page that shows the run on a time line to a file, HTML.", valueName: "file"))
    var report: String?
    @Option(
        help: ArgumentHelp(
            "End the run at this virtual time (90s, 5m): what was still to come is not judged.", valueName: "time"))
    var until: String?
    @Flag(help: "Print verdicts only.")
    var quiet = false
    @Option(help: "For people, or for programs: one JSON object for each story, and nothing else.")
    var format = Format.text

    func run() throws {
        let end = try until.map { text in
            guard let duration = Duration(unit: text) else {
                throw Failure.input("--until is a duration such as 90s or 5m, not \(text)")
            }
            return duration
        }
        let paths = try Story.files(files)
        for (flag, file) in [("--trace", trace), ("--report", report)] where file != nil && paths.count != 1 {
            throw Failure.input("\(flag) is for one story; \(paths.count) were given")
        }
        let stories = try Story.loadAll(paths)
        var failed: [String] = []
        for (index, story) in stories.enumerated() {
            let start = SystemTime()
            let outcome = play(story, until: end)
            if let trace { try Story.write(outcome.trace.text, to: trace) }
            if let report { try ReportPage.write(outcome, of: story, to: report) }
            if !outcome.hasPassed { failed.append(story.name) }
            switch format {
            case .json: Terminal.say("\(JSONValue.object(["file": .string(paths[index])]).merging(outcome.json))")
            case .text:
                let count = stories.count > 1 ? "[\(index + 1)/\(stories.count)] " : ""
                tell(outcome, of: story, in: paths[index], after: start.uptime, count: count)
            }
        }
        if stories.count > 1, format == .text, failed.isEmpty { Terminal.say("all \(stories.count) stories passed") }
        guard failed.isEmpty else {
            throw Failure.expectation(
                "\(failed.count) of \(stories.count) stories failed: \(failed.joined(separator: ", "))")
        }
    }

    private func play(_ story: Scenario, until end: Duration?) -> RunOutcome {
        guard !quiet, format == .text else { return Simulation.play(story, seed: seed, until: end) }
        Terminal.say("\(story.name): \(story.about)")
        let teller = Mutex(StoryTeller(story))
        let outcome = Simulation.play(story, seed: seed, until: end) { line in
            for text in teller.withLock({ $0.tell(line) }) { Terminal.say("  " + text) }
        }
        for text in teller.withLock({ $0.finish() }) { Terminal.say("  " + text) }
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
