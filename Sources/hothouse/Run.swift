import ArgumentParser
import FakeCloud
import Foundation
import Runtime
import Scenarios
import Simulation

struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play stories under virtual time and judge them.",
        discussion: """
            Each line of the story has the virtual time since its start. The same file and seed give the same trace, \
            byte for byte. Exit code 1 means that an expectation or an invariant failed.
            """)

    @Argument(help: "Scenario files, or folders of them.")
    var files: [String]
    @Option(help: ArgumentHelp("Instead of the stories' own seeds.", valueName: "n"))
    var seed: UInt64?
    @Option(help: ArgumentHelp("Write the canonical trace, JSON Lines, to a file.", valueName: "file"))
    var trace: String?
    @Option(
        help: ArgumentHelp(
            "End the run at this virtual time (90s, 5m): what was still to come is not judged.", valueName: "time"))
    var until: String?
    @Flag(help: "Print verdicts only.")
    var quiet = false

    func run() throws {
        let end = try until.map { text in
            guard let duration = Duration(unit: text) else {
                throw Failure.input("--until is a duration such as 90s or 5m, not \(text)")
            }
            return duration
        }
        let paths = try Story.files(files)
        guard trace == nil || paths.count == 1 else {
            throw Failure.input("--trace is for one story; \(paths.count) were given")
        }
        let stories = try paths.map { (path: $0, story: try Story.load($0)) }
        var failed = 0
        for (path, story) in stories {
            if !quiet { Terminal.say("\(story.name): \(story.about)") }
            let start = SystemTime()
            let isQuiet = quiet
            let outcome = play(story, seed: seed, until: end) { line in
                if !isQuiet { Terminal.say("  \(line)") }
            }
            if let trace { try write(outcome.trace.text, to: trace) }
            let facts =
                "seed \(outcome.seed), \(seconds(outcome.virtualTime)) virtual in \(seconds(start.uptime)), trace \(outcome.trace.hash.prefix(16))"
            if outcome.hasPassed {
                Terminal.say("passed: \(story.name) (\(facts))")
            } else {
                failed += 1
                Terminal.say("FAILED: \(story.name) (\(facts))")
                for failure in outcome.failures { Terminal.say("  \(failure)") }
                Terminal.say("  play it again: hothouse run \(path) --seed \(outcome.seed)")
            }
        }
        guard failed == 0 else { throw Failure.expectation("\(failed) of \(stories.count) stories failed") }
    }

    private func seconds(_ duration: Duration) -> String {
        let tenths = Int((duration.inSeconds * 1000).rounded())
        return "\(tenths / 1000).\(String(1000 + tenths % 1000).dropFirst()) s"
    }

    private func write(_ text: String, to path: String) throws {
        do {
            try text.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            throw Failure.environment("cannot write \(path): \(error.localizedDescription)")
        }
    }
}
