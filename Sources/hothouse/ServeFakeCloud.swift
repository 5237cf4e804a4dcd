import ArgumentParser
import FakeCloud
import Foundation
import Logging
import Runtime
import Scenarios
import ServiceLifecycle
import Simulation
import UnixSignals

struct ServeFakeCloud: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fakecloud",
        abstract: "Run the fake OpenStack on a port, for any client of OpenStack.",
        discussion: """
            It answers as Keystone, Heat, Nova, Glance and Neutron do, and forgets everything when it ends. Write a \
            clouds.yaml with --write-clouds-yaml, or copy the one that it prints. Its clock, faults and journal are \
            under /_hothouse/ (openapi.json describes them).
            """)

    enum TimeMode: String, ExpressibleByArgument, CaseIterable {
        case real, virtual
    }

    @Option(
        help: ArgumentHelp(
            "A story whose cloud is used; without it, a cloud in which all goes well.", valueName: "file"))
    var scenario: String?
    @Option(help: ArgumentHelp("Projects, users, flavors and images instead of the bundled ones.", valueName: "file"))
    var catalog: String?
    @Option(
        help: ArgumentHelp("Where to listen: HOST:PORT, or a port on loopback; port 0 picks one.", valueName: "addr"))
    var listen = "127.0.0.1:5000"
    @Option(help: ArgumentHelp("Where to write a clouds.yaml with its credentials.", valueName: "file"))
    var writeCloudsYaml: String?
    @Option(help: "real, or virtual: time stands still until POST /_hothouse/clock moves it.")
    var time = TimeMode.real
    @Option(help: ArgumentHelp("How many seconds pass in one of yours.", valueName: "n"))
    var speed = 1.0
    @Flag(help: "Answer /_hothouse/ to other machines too.")
    var remoteControl = false

    func run() async throws {
        guard ControlledTime.speeds.contains(speed) else {
            throw Failure.input("speed is a number from 0.001 to 1000, not \(speed)")
        }
        let address = try ListenAddress(parsing: listen)
        let standard = try catalog.map { try Story.loadCatalog($0) } ?? .standard
        let story = try scenario.map { try Story.load($0, standardCloud: standard) }
        let clock = ControlledTime(speed: speed, isPaused: time == .virtual)
        let surroundings = Surroundings(time: clock, random: .secure)
        let deeds = ServedDeeds(story?.deeds ?? [], time: clock, random: surroundings.random)
        let cloud = try FakeCloud(
            story?.cloud ?? standard, surroundings: surroundings, observer: { deeds.observe($0) })
        let logger = Logger(label: "hothouse.fakecloud") { StreamLogHandler.standardError(label: $0) }
        let control = ControlAPI(
            cloud, clock: clock,
            story: PlayedStory(story, path: scenario, standard: standard, keepsRegions: false),
            allowsRemote: remoteControl)
        let server = FakeCloudServer(
            cloud, control: control, host: address.host, port: address.port, logger: logger
        ) { port in
            greet(cloud, url: address.url(port: port))
        }
        var configuration = ServiceGroupConfiguration(
            services: [
                Background { try await clock.run() }, Background { try await cloud.run() },
                Background { try await deeds.run(on: cloud) }, server,
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "hothouse.services") { _ in SwiftLogNoOpLogHandler() })
        configuration.maximumGracefulShutdownDuration = .seconds(5)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as FakeCloudCannotListen {
            throw Failure.environment("\(error); choose another address with --listen")
        }
    }

    private func greet(_ cloud: FakeCloud, url: String) {
        let text = cloudsYAML(cloud.access, url: url)
        Terminal.say("A fake OpenStack is listening on \(url), regions \(cloud.regionIds.joined(separator: ", "))")
        Terminal.say("Its clock, faults and journal: \(url)/_hothouse/openapi.json")
        if time == .virtual {
            Terminal.say(
                "Time stands still; move it: curl -X POST \(url)/_hothouse/clock -d '{\"action\":\"step\",\"by\":\"30s\"}'"
            )
        }
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

    /// The clouds `hothouse`, by application credential, and by password `hothouse-password` for the same user and
    /// `hothouse-admin` where there is an admin.
    private func cloudsYAML(_ access: CloudAccess, url: String) -> String {
        let regions = access.regions.map(quoted).joined(separator: ", ")
        let common = """
                regions: [\(regions)]
                region_name: \(quoted(access.regions.first ?? ""))
                identity_api_version: 3

            """
        var text = """
            clouds:
              hothouse:
                auth_type: v3applicationcredential
                auth:
                  auth_url: \(url)\(FakeCloud.identityPath)
                  application_credential_id: \(quoted(access.credentialId))
                  application_credential_secret: \(quoted(access.credentialSecret))
            \(common)
            """
        for (name, login) in [("password", access.user), ("admin", access.admin)] {
            guard let login else { continue }
            text += """
                  hothouse-\(name):
                    auth:
                      auth_url: \(url)\(FakeCloud.identityPath)
                      username: \(quoted(login.user))
                      password: \(quoted(login.password))
                      user_domain_name: \(quoted(login.userDomain))
                      project_name: \(quoted(login.project))
                      project_domain_name: \(quoted(login.projectDomain))
                \(common)
                """
        }
        return text
    }

    /// A text as YAML reads it again, whatever is in it.
    private func quoted(_ text: String) -> String { "\(JSONValue.string(text))" }
}
