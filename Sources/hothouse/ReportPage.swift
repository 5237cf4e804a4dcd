import Console
import Foundation
import Runtime
import Scenarios
import Simulation

/// `hothouse run --report`: a run as one HTML page, drawn by the console's own code.
enum ReportPage {
    /// - Throws: ``Failure`` where the console was not built, or the file cannot be written.
    static func write(_ outcome: RunOutcome, of story: Scenario, to path: String) throws {
        let run: JSONValue = [
            "scenario": .string(story.name), "about": .string(story.about), "seed": .string(String(outcome.seed)),
            "failures": .array(outcome.hasPassed ? [] : outcome.failureReport(of: story).map { .string($0) }),
            "trace": .array(outcome.trace.map(\.json)),
        ]
        let executable = Bundle.main.executableURL ?? URL(fileURLWithPath: ".")
        var missing: ConsoleBundleMissing?
        for folder in ConsoleBundle.usualFolders(executable: executable) {
            let page: String
            do {
                page = try ConsoleBundle.report(folder: folder, run: "\(run)")
            } catch {
                missing = missing ?? error
                continue
            }
            do {
                return try page.write(toFile: path, atomically: true, encoding: .utf8)
            } catch {
                throw Failure.environment("cannot write \(path): \(error.localizedDescription)")
            }
        }
        throw Failure.environment(
            "\(missing?.description ?? "no web console")\nThe report is drawn by it: build it with \(Console.buildCommand), which needs \(Console.buildPackages)."
        )
    }
}
