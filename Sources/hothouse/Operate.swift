import ArgumentParser
import Deployments
import Foundation
import Logging
import OpenStack
import Runtime
import Storage
import Workers

/// Which database an operator's command is for: the same flags, environment and file as those of `serve`.
struct DatabaseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The cloud that the portal serves, as given to `hothouse serve`.", valueName: "name"))
    var cloud: String?
    @Option(help: ArgumentHelp("Where the portal's data is: a path or sqlite:PATH.", valueName: "url"))
    var database: String?
    @Option(help: ArgumentHelp("The YAML file of `hothouse serve`.", valueName: "file"))
    var config: String?

    func settings() throws -> ServeSettings {
        let given = ["cloud": cloud, "database": database]
        return try ServeSettings(
            flags: given.compactMapValues { $0 }, environment: ProcessInfo.processInfo.environment, file: config)
    }

    /// Runs a body on the store of a portal, which may be running.
    func withStore<Value>(_ body: (any DeploymentStore, ServeSettings) async throws -> Value) async throws -> Value {
        let settings = try settings()
        guard FileManager.default.fileExists(atPath: settings.databasePath) else {
            throw Failure.environment(
                "there is no database \(settings.databasePath); name the portal's with --database or --cloud")
        }
        let store = SQLiteDeploymentStore(try Serve.openDatabase(settings), surroundings: .production)
        do {
            return try await body(store, settings)
        } catch let unavailable as StoreUnavailable {
            throw Failure.environment("\(unavailable)")
        }
    }
}

struct MaintenanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "maintenance",
        abstract: "Leave a region alone for a while, or show which ones are.",
        discussion: """
            While a region is in maintenance nothing is made in it and no call goes to it: requests for new VMs are \
            refused, deletions wait, and what happens there does not count. Running servers learn of it by themselves.
            """)

    enum Action: String, ExpressibleByArgument, CaseIterable {
        case on, off, show
    }

    @Argument(help: "on, off or show.")
    var action = Action.show
    @Option(help: ArgumentHelp("The region; needed for on and off.", valueName: "id"))
    var region: String?
    @Option(help: ArgumentHelp("With on: a sentence that customers are told.", valueName: "text"))
    var message: String?
    @OptionGroup var options: DatabaseOptions

    func run() async throws {
        try await options.withStore { store, settings in
            let operators = OperatorService(store: store, surroundings: .production)
            switch action {
            case .show:
                let all = try await operators.maintenances()
                if all.isEmpty { Terminal.say("No region is in maintenance.") }
                for maintenance in all {
                    let message = maintenance.message.map { ": \($0)" } ?? ""
                    Terminal.say("\(maintenance.regionId) since \(maintenance.since)\(message)")
                }
            case .on:
                let region = try named()
                let known = try await settings.regionIds()
                guard known.contains(region) else {
                    throw Failure.input("there is no region \(region); known are \(known.joined(separator: ", "))")
                }
                try await operators.beginMaintenance(of: region, message: message)
                Terminal.say("\(region) is in maintenance; end it with `hothouse maintenance off --region \(region)`.")
            case .off:
                let region = try named()
                guard try await operators.endMaintenance(of: region) else {
                    throw Failure.input("\(region) is not in maintenance")
                }
                Terminal.say("\(region) is served again.")
            }
        }
    }

    private func named() throws -> String {
        guard let region else { throw Failure.input("say which region with --region") }
        return region
    }
}

struct Abandon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Give up a deletion that the cloud can't carry out.",
        discussion: """
            The deployment becomes DELETED for its customer, and the portal no longer tries. What is left of its stack \
            is yours to clear away; `hothouse orphans` goes on showing it.
            """)

    @Argument(help: ArgumentHelp("The deployment's id.", valueName: "dep_…"))
    var deployment: String
    @OptionGroup var options: DatabaseOptions

    func run() async throws {
        try await options.withStore { store, _ in
            let left: (regionId: String, stacks: [DeploymentRecord.ReplacedStack])
            do {
                left = try await OperatorService(store: store, surroundings: .production).abandon(deployment)
            } catch let refusal as OperatorService.Refusal {
                throw Failure.input("\(refusal)")
            }
            Terminal.say("\(deployment) is DELETED.")
            for stack in left.stacks {
                let id = stack.id.map { " (\($0))" } ?? ""
                Terminal.say("Yours in region \(left.regionId): stack \(stack.name)\(id)")
            }
        }
    }
}

struct Orphans: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the stacks in a cloud that carry a portal's tag and belong to no deployment.",
        discussion: """
            leftover: its deployment is deleted, or has another stack; the running portal removes these by itself. \
            unknown: the database has no such deployment. abandoned: given up by `hothouse abandon`. foreign: another \
            portal's, never removed. Exit codes: 0 none, or all were removed, 1 there are some, 3 a region does not \
            answer.
            """)

    @Flag(help: "Delete those that are listed, but for foreign ones.")
    var remove = false
    @Option(help: "text, or json for programs.")
    var format = OutputFormat.text
    @OptionGroup var options: DatabaseOptions

    func run() async throws {
        let (found, silent) = try await options.withStore { store, settings in
            guard !settings.clouds.isEmpty else { throw Failure.input("name the portal's cloud with --cloud") }
            return try await settings.withDoors { try await search($0, store) }
        }
        if format == .json { Terminal.say("\(JSONValue.array(found.map(\.json)))") }
        for region in silent { Terminal.complain("region \(region) does not list its stacks") }
        if !silent.isEmpty { throw ExitCode(3) }
        if found.contains(where: { !$0.isGone }) { throw ExitCode(1) }
        if found.isEmpty, format == .text { Terminal.say("No orphans.") }
    }

    private struct Line {
        let region: String
        let found: OrphanSearch.Found
        var isGone = false
        var trouble: String?

        var json: JSONValue {
            [
                "region": .string(region), "kind": .string(found.kind.rawValue), "stack": .string(found.id),
                "name": .string(found.name), "status": .string(found.status),
                "deployment": found.deploymentId.map(JSONValue.string) ?? .null, "removed": .bool(isGone),
                "error": trouble.map(JSONValue.string) ?? .null,
            ]
        }

        var text: String {
            let end = isGone ? "  removed" : trouble.map { "  not removed: \($0)" } ?? ""
            return "\(region)  \(found.kind.rawValue)  \(found.name) (\(found.id))  \(found.status)\(end)"
        }
    }

    /// - Returns: what was found, and the regions that do not answer.
    private func search(
        _ doors: CloudDoors, _ store: any DeploymentStore
    ) async throws -> (found: [Line], silent: [String]) {
        let silence = Logger(label: "hothouse.orphans") { _ in SwiftLogNoOpLogHandler() }
        let connections = CloudConnection.all(
            doors.regions.map(\.access), surroundings: .production, logger: silence)
        var lines: [Line] = []
        var silent: [String] = []
        for (region, connection) in zip(doors.regions, connections) {
            let search = OrphanSearch(
                in: CloudRegion(Region(id: region.id, name: region.id), connection: connection), store: store)
            guard let found = try await search.find() else {
                silent.append(region.id)
                continue
            }
            for orphan in found {
                var line = Line(region: region.id, found: orphan)
                if remove, orphan.isRemovable {
                    line.trouble = try await search.remove(orphan)
                    line.isGone = line.trouble == nil
                }
                if format == .text { Terminal.say(line.text) }
                lines.append(line)
            }
        }
        return (lines, silent)
    }
}
