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

    @Option(
        help: ArgumentHelp(
            "The name in clouds.yaml, or envvars for OS_… variables; several as ID=NAME,ID=NAME.", valueName: "name"))
    var cloud: String?
    @Option(help: ArgumentHelp("The Heat template instead of `hothouse template`.", valueName: "file"))
    var template: String?
    @Option(help: ArgumentHelp("The network that VMs are in.", valueName: "name"))
    var privateNetwork: String?
    @Option(
        help: ArgumentHelp("The network of public addresses; empty for VMs without one.", valueName: "name"))
    var publicNetwork: String?
    @Option(help: ArgumentHelp("A YAML file with these settings.", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("text, or json for programs.", valueName: "format"))
    var format = "text"

    func run() async throws {
        guard ["text", "json"].contains(format) else { throw Failure.input("--format is text or json, not \(format)") }
        let given = [
            "cloud": cloud, "template": template, "privateNetwork": privateNetwork, "publicNetwork": publicNetwork,
        ]
        let environment = ProcessInfo.processInfo.environment
        let settings = try ServeSettings(
            flags: given.compactMapValues { $0 }, environment: environment, file: config)
        guard !settings.clouds.isEmpty else {
            throw Failure.input("name a cloud of clouds.yaml with --cloud; the fake cloud has nothing to look at")
        }
        let workers = try CloudDoors.workerSettings(settings)
        let doors = try CloudDoors(settings.clouds, environment: environment)
        let findings = try await Preflight.findings(
            .full, doors, workers, within: .seconds(240), surroundings: .production)
        await doors.close()
        if format == "json" {
            let items = findings.map { finding -> JSONValue in
                [
                    "region": .string(finding.regionId), "check": .string(finding.check.rawValue),
                    "verdict": .string(finding.verdict.rawValue), "words": .string(finding.words),
                ]
            }
            Terminal.say(String(decoding: JSONValue.object(["findings": .array(items)]).utf8, as: UTF8.self))
        } else {
            show(findings, doors)
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
