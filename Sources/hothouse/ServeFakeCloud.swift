import ArgumentParser
import FakeCloud
import Foundation
import Logging
import Runtime
import Scenarios
import ServiceLifecycle
import UnixSignals

struct ServeFakeCloud: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fakecloud",
        abstract: "Run the fake OpenStack on a port, for any client of OpenStack.",
        discussion: """
            It answers as Keystone, Heat, Nova, Glance and Neutron do, and forgets everything when it ends. Write a \
            clouds.yaml with --write-clouds-yaml, or copy the one that it prints.
            """)

    @Option(
        help: ArgumentHelp(
            "A story whose cloud is used; without it, a cloud in which all goes well.", valueName: "file"))
    var scenario: String?
    @Option(
        help: ArgumentHelp("Where to listen: HOST:PORT, or a port on loopback; port 0 picks one.", valueName: "addr"))
    var listen = "127.0.0.1:5000"
    @Option(help: ArgumentHelp("Where to write a clouds.yaml with the cloud `hothouse`.", valueName: "file"))
    var writeCloudsYaml: String?
    @Option(help: ArgumentHelp("How many seconds pass in one of yours.", valueName: "n"))
    var speed = 1.0

    func run() async throws {
        guard speed > 0, speed <= 1000 else {
            throw Failure.input("speed is a number over 0 and up to 1000, not \(speed)")
        }
        let address = try ListenAddress(parsing: listen)
        let story = try scenario.map { try Story.load($0) }
        let surroundings = Surroundings(time: ScaledTime(speed: speed), random: .secure)
        let cloud = try FakeCloud(
            story?.cloud ?? .standard, surroundings: surroundings, baseURL: address.url(port: address.port))
        let logger = Logger(label: "hothouse.fakecloud") { StreamLogHandler.standardError(label: $0) }
        let server = FakeCloudServer(cloud, host: address.host, port: address.port, logger: logger) { port in
            greet(cloud, url: address.url(port: port))
        }
        var configuration = ServiceGroupConfiguration(
            services: [Background { try await cloud.run() }, server], gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "hothouse.services") { _ in SwiftLogNoOpLogHandler() })
        configuration.maximumGracefulShutdownDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as FakeCloudCannotListen {
            throw Failure.environment("\(error)\nChoose another address with --listen.")
        }
    }

    private func greet(_ cloud: FakeCloud, url: String) {
        let text = cloudsYAML(cloud, url: url)
        Terminal.say("A fake OpenStack is listening on \(url), regions \(cloud.regionIds.joined(separator: ", "))")
        if let writeCloudsYaml {
            do {
                try text.write(toFile: writeCloudsYaml, atomically: true, encoding: .utf8)
                Terminal.say("\(writeCloudsYaml) has its credentials: openstack --os-cloud hothouse stack list")
            } catch {
                Terminal.complain("cannot write \(writeCloudsYaml): \(error.localizedDescription)")
            }
        } else {
            Terminal.say("clouds.yaml:\n\n\(text)")
        }
        Terminal.say("Ctrl-C stops it.")
    }

    private func cloudsYAML(_ cloud: FakeCloud, url: String) -> String {
        """
        clouds:
          hothouse:
            auth_type: v3applicationcredential
            auth:
              auth_url: \(url)/identity/v3
              application_credential_id: \(cloud.credentialId)
              application_credential_secret: \(cloud.credentialSecret)
            regions: [\(cloud.regionIds.joined(separator: ", "))]
            region_name: \(cloud.regionIds.first ?? "")
            identity_api_version: 3

        """
    }
}
