import Runtime
import Scenarios

/// Verdicts as JUnit XML, which build servers show: a test case for each run.
public struct JUnitReport {
    private struct Case {
        let name: String
        let file: String
        let seconds: Double
        let failures: [String]
    }

    private var cases: [Case] = []

    public init() {}

    /// - Parameters:
    ///   - file: of the story.
    ///   - took: real time.
    public mutating func add(_ outcome: RunOutcome, of story: Scenario, in file: String, took: Duration) {
        cases.append(
            Case(
                name:
                    "\(outcome.scenario) (\(story.parameters.map { "\($0.name)=\($0.value), " }.joined())seed \(outcome.seed))",
                file: file, seconds: took.inSeconds,
                failures: outcome.hasPassed ? [] : [outcome.failureReport(of: story).joined(separator: "\n")]))
    }

    /// Something that a whole set of runs has failed.
    public mutating func add(_ failures: [RunFailure], of story: Scenario, in file: String) {
        guard !failures.isEmpty else { return }
        cases.append(
            Case(name: "\(story.name) (all runs)", file: file, seconds: 0, failures: failures.map(\.description)))
    }

    public var xml: String {
        let failed = cases.filter { !$0.failures.isEmpty }.count
        let seconds = cases.reduce(0) { $0 + $1.seconds }
        var lines = [
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<testsuite name=\"hothouse\" tests=\"\(cases.count)\" failures=\"\(failed)\" time=\"\(Self.shown(seconds))\">",
        ]
        for item in cases {
            let head =
                "  <testcase name=\"\(Self.escaped(item.name))\" classname=\"\(Self.escaped(item.file))\" time=\"\(Self.shown(item.seconds))\""
            guard !item.failures.isEmpty else {
                lines.append(head + "/>")
                continue
            }
            lines.append(head + ">")
            for failure in item.failures {
                let headline = failure.split(separator: "\n").first.map(String.init) ?? ""
                lines.append(
                    "    <failure message=\"\(Self.escaped(headline))\">\(Self.escaped(failure))</failure>")
            }
            lines.append("  </testcase>")
        }
        return (lines + ["</testsuite>"]).joined(separator: "\n") + "\n"
    }

    private static func shown(_ seconds: Double) -> String { "\((seconds * 1000).rounded() / 1000)" }

    /// Text for an attribute or an element; what XML cannot hold at all becomes a question mark.
    private static func escaped(_ text: String) -> String {
        String(
            text.unicodeScalars.flatMap { scalar -> String in
                switch scalar {
                case "&": "&amp;"
                case "<": "&lt;"
                case ">": "&gt;"
                case "\"": "&quot;"
                case "\n", "\t": String(scalar)
                case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: "?"
                default: String(scalar)
                }
            })
    }
}
