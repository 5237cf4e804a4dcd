import ArgumentParser
import Foundation
import Logging
import OpenStack
import Runtime
import Workers

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at a real cloud as the portal will use it, and say what is missing.",
        discussion: """
            It signs in, reads the catalog, the offer, the networks and the quotas, has Heat check the template, and \
            with an application credential makes a trust as Heat does, which it removes at once. Exit codes: 0 all is \
            fine, 1 something is missing, 2 the configuration can't be used, 3 nothing answers.
            """)

    @OptionGroup var options: CloudOptions
    @Option(help: "text, or json for programs.")
    var format = OutputFormat.text

    func run() async throws {
        let settings = try options.settings()
        let workers = try CloudDoors.workerSettings(settings)
        let findings = try await settings.withDoors { doors in
            let findings = try await Preflight.findings(
                .full, doors, workers, within: .seconds(240), surroundings: .production)
            if format == .text { show(findings, doors) }
            return findings
        }
        if format == .json {
            let items = findings.map { finding -> JSONValue in
                [
                    "region": .string(finding.regionId), "check": .string(finding.check.rawValue),
                    "verdict": .string(finding.verdict.rawValue), "words": .string(finding.words),
                ]
            }
            Terminal.say("\(JSONValue.object(["findings": .array(items)]))")
        }
        let troubles = findings.filter { $0.verdict == .wrong || $0.verdict == .unreachable }
        if troubles.isEmpty { return }
        throw ExitCode(troubles.contains { $0.verdict == .wrong } ? 1 : 3)
    }

    private func show(_ findings: [Finding], _ doors: CloudDoors) {
        for region in doors.regions {
            Terminal.say("\(region.id): cloud \(region.configuration.cloud) of \(region.configuration.source)")
            Terminal.say("  \(region.access.credential)")
            for finding in findings where finding.regionId == region.id {
                let mark =
                    switch finding.verdict {
                    case .fine: "ok     "
                    case .advice: "advice "
                    case .wrong: "WRONG  "
                    case .unreachable: "SILENT "
                    }
                let check = finding.check.rawValue.padding(toLength: 11, withPad: " ", startingAt: 0)
                Terminal.say("  \(mark) \(check) \(finding.words)")
            }
        }
    }
}
