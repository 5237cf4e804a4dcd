import ArgumentParser
import FakeCloud
import Foundation
import OpenStack
import Scenarios

// What several commands are told in the same way.

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

/// A real cloud, as the portal would use it: the same flags, environment and file as those of `serve`.
struct CloudOptions: ParsableArguments {
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

    /// - Throws: ``Failure``, also where no cloud is named.
    func settings() throws -> ServeSettings {
        let given = [
            "cloud": cloud, "template": template, "privateNetwork": privateNetwork, "publicNetwork": publicNetwork,
        ]
        let settings = try ServeSettings(
            flags: given.compactMapValues { $0 }, environment: ProcessInfo.processInfo.environment, file: config)
        guard !settings.clouds.isEmpty else {
            throw Failure.input("name a cloud of clouds.yaml with --cloud; the fake cloud is no real one")
        }
        return settings
    }
}

extension ServeSettings {
    /// The regions that a portal with these settings has.
    ///
    /// - Throws: ``Failure``.
    func regionIds() async throws -> [String] {
        guard clouds.isEmpty else { return try await withDoors { $0.regions.map(\.id) } }
        let story = try scenarioPath.map { try Story.load($0) }
        return (story?.cloud ?? .standard).regions.map(\.id)
    }

    /// Opens the doors to the real clouds, and closes them after a body.
    ///
    /// - Throws: ``Failure`` where the configuration of a cloud is wrong, and what the body throws.
    func withDoors<Value>(_ body: (CloudDoors) async throws -> Value) async throws -> Value {
        let doors = try CloudDoors(clouds, environment: ProcessInfo.processInfo.environment)
        do {
            let value = try await body(doors)
            await doors.close()
            return value
        } catch {
            await doors.close()
            throw error
        }
    }
}
