import ArgumentParser
import Auth
import Console
import Deployments
import FakeCloud
import Foundation
import HTTPAPI
import Logging
import Runtime
import Scenarios
import ServiceLifecycle
import Simulation
import Storage
import UnixSignals
import WebSockets
import Workers

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the portal, with a fake OpenStack in the same process or against a real one.",
        discussion: """
            Without flags it listens on 127.0.0.1:8080 and keeps its data in ~/.local/share/hothouse. Flags win over \
            HOTHOUSE_… in the environment, the environment over the file of --config. SIGINT and SIGTERM stop it.
            """)

    @Option(
        help: ArgumentHelp(
            "A story whose cloud is used; without it, a cloud in which all goes well.", valueName: "file"))
    var scenario: String?
    @Option(
        help: ArgumentHelp(
            "The real cloud of this name in clouds.yaml, or envvars for OS_… variables; several as ID=NAME,ID=NAME.",
            valueName: "name"))
    var cloud: String?
    @Option(help: ArgumentHelp("In a real cloud, the Heat template instead of `hothouse template`.", valueName: "file"))
    var template: String?
    @Option(help: ArgumentHelp("In a real cloud, the network that VMs are in.", valueName: "name"))
    var privateNetwork: String?
    @Option(
        help: ArgumentHelp(
            "In a real cloud, the network of public addresses; empty for VMs without one.", valueName: "name"))
    var publicNetwork: String?
    @Option(help: ArgumentHelp("Where the data is: a path or sqlite:PATH.", valueName: "url"))
    var database: String?
    @Option(
        help: ArgumentHelp("Where to listen: HOST:PORT, or a port on loopback; port 0 picks one.", valueName: "addr"))
    var listen: String?
    @Option(help: ArgumentHelp("How many seconds pass in one of yours.", valueName: "n"))
    var speed: String?
    @Option(
        help: ArgumentHelp(
            "Where clients reach the portal behind a proxy; an https address makes cookies secure.", valueName: "origin"
        ))
    var publicUrl: String?
    @Option(help: ArgumentHelp("Origins of front ends elsewhere, separated by commas.", valueName: "origins"))
    var allowedOrigins: String?
    @Option(help: ArgumentHelp("How many deployments a customer may have at a time.", valueName: "n"))
    var deploymentsPerCustomer: String?
    @Option(
        help: ArgumentHelp("How many VMs may be in the making in a region at a time.", valueName: "n"))
    var createsAtOnce: String?
    @Option(
        help: ArgumentHelp(
            "Whether stacks with the portal's tag that no deployment in the database has made are deleted (yes), or "
                + "logged (no).", valueName: "yes"))
    var removeOrphans: String?
    @Option(
        help: ArgumentHelp(
            "Which instance types customers see: names or patterns such as m1.* or !m1.huge, separated by commas.",
            valueName: "names"))
    var instanceTypes: String?
    @Option(help: ArgumentHelp("Which images customers see, in the same way.", valueName: "names"))
    var images: String?
    @Option(
        help: ArgumentHelp(
            "Where the built web console is; it is found by itself beside the build.", valueName: "folder"))
    var console: String?
    @Option(help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
    var logLevel: String?
    @Option(help: ArgumentHelp("A YAML file with these settings.", valueName: "file"))
    var config: String?

    static let demo = (email: "demo@hothouse.test", password: "hothouse-demo")

    func run() async throws {
        let given = [
            "scenario": scenario, "cloud": cloud, "template": template, "privateNetwork": privateNetwork,
            "publicNetwork": publicNetwork, "database": database, "listen": listen, "speed": speed,
            "publicUrl": publicUrl, "allowedOrigins": allowedOrigins,
            "deploymentsPerCustomer": deploymentsPerCustomer, "createsAtOnce": createsAtOnce,
            "removeOrphans": removeOrphans, "instanceTypes": instanceTypes, "images": images, "console": console,
            "logLevel": logLevel,
        ]
        let settings = try ServeSettings(
            flags: given.compactMapValues { $0 }, environment: ProcessInfo.processInfo.environment, file: config)
        let logger = try Self.logger(level: settings.logLevel)
        if settings.clouds.isEmpty {
            do {
                try await serveFake(settings, logger: logger)
            } catch let unavailable as JournalUnavailable {
                throw Failure.environment("\(unavailable)")
            }
        } else {
            try await serveCloud(settings, logger: logger)
        }
    }

    private func serveFake(_ settings: ServeSettings, logger: Logger) async throws {
        let story = try settings.scenarioPath.map { try Story.load($0) }
        let database = try Self.openDatabase(settings)
        if !settings.listen.isLoopback { try await refuseDemoAccount(in: database, settings) }
        let journal = try FileCloudJournal(path: settings.databasePath + ".cloud.jsonl", logger: logger)
        let newest = [try await database.newestInstant(), try FakeCloud.newestInstant(in: journal)].compactMap { $0 }
            .max()
        let clock = ControlledTime(speed: settings.speed, notBefore: newest)
        let surroundings = Surroundings(time: clock, random: .secure)
        let trace = ServedTrace(time: clock)
        let deeds = ServedDeeds(story?.deeds ?? [], time: clock, random: surroundings.random)
        let cloud = try FakeCloud(
            story?.cloud ?? .standard, surroundings: surroundings, journal: journal,
            observer: { call in
                trace.observe(call)
                deeds.observe(call)
            })
        let transport = InProcessCloud(cloud)
        let outbox = Outbox(logger: logger)
        let demo = settings.listen.isLoopback ? Self.demo : nil
        let portalControl = PortalControl(outbox: outbox, timeline: trace)
        let console = ServedConsole(
            settings: settings, demo: demo, hasControlRoom: settings.listen.isLoopback, logger: logger)
        let portal = try await Portal(
            on: Portal.Ground(
                database: database, regions: transport.regions(), mailer: outbox,
                passwordHasher: Self.passwordHasher(surroundings)),
            pages: console.pages, site: console.site, control: portalControl, wireObserver: trace,
            http: settings.http, deployments: settings.deployments, workers: settings.workers,
            surroundings: surroundings, logger: logger,
            observer: { changes in
                trace.observe(changes)
                deeds.observe(changes)
            })
        if let demo { try await portal.auth.seedAccount(email: demo.email, password: demo.password, name: "Demo") }

        let control = ControlAPI(
            cloud, clock: clock,
            story: PlayedStory(story, path: settings.scenarioPath, standard: .standard, keepsRegions: true))
        let server = PortalServer(
            api: portal.api, host: settings.listen.host, port: settings.listen.port, logger: logger,
            beside: { request, address in
                guard ControlAPI.owns(request), !PortalControl.owns(request) else { return nil }
                return try await control.respond(to: request, from: address)
            },
            onListening: { port in
                greet(settings, port: port, cloud: cloud, story: story, demo: demo)
            })
        // Ended in the reverse order: sockets first, the cloud last.
        let behind: [any Service] = [
            Background { try await clock.run() }, Background { await transport.run() },
            Background { try await cloud.run() },
            Background { try await deeds.run(on: cloud) { trace.noteDeed($0, in: $1) } },
        ]
        try await serve(portal, on: server, behind: behind)
    }

    /// Serves until a signal.
    func serve(_ portal: Portal, on server: PortalServer, behind cloud: [any Service]) async throws {
        let services: [any Service] =
            cloud + [
                Background { try await portal.hub.run() }, Background { try await portal.keepHouse() },
                Background { try await portal.followOthers() }, portal.workers,
                server, Drain(hub: portal.hub),
            ]
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "hothouse.services") { _ in SwiftLogNoOpLogHandler() })
        configuration.maximumGracefulShutdownDuration = .seconds(15)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let error as CannotListen {
            throw Failure.environment("\(error); choose another address with --listen")
        }
    }

    static func openDatabase(_ settings: ServeSettings) throws -> SQLiteDatabase {
        do {
            return try SQLiteDatabase(
                .file(settings.databasePath), surroundings: .production,
                executors: (QueueExecutor(label: "database.writing"), QueueExecutor(label: "database.reading")))
        } catch let unavailable as DatabaseUnavailable {
            throw Failure.environment("\(unavailable); choose another place with --database")
        }
    }

    /// An account whose password everybody knows is for this machine alone.
    func refuseDemoAccount(in database: SQLiteDatabase, _ settings: ServeSettings) async throws {
        guard try await SQLiteAuthStore(database).read({ try $0.user(email: Self.demo.email) }) != nil else { return }
        throw Failure.input(
            "\(settings.databasePath) has the account \(Self.demo.email), whose password everybody knows; "
                + "choose another place with --database")
    }

    static func passwordHasher(_ surroundings: Surroundings) -> PasswordHasher {
        PasswordHasher(.production, on: QueueExecutor(label: "passwords"), random: surroundings.random)
    }

    private func greet(
        _ settings: ServeSettings, port: Int, cloud: FakeCloud, story: Scenario?,
        demo: (email: String, password: String)?
    ) {
        Terminal.say("Hothouse is listening on \(settings.listen.url(port: port))")
        Terminal.say("  data     \(settings.databasePath)")
        let name = story.map { "of the story \($0.name)" } ?? "in which all goes well"
        Terminal.say("  cloud    a fake OpenStack \(name), regions \(cloud.regionIds.joined(separator: ", "))")
        if settings.speed != 1 { Terminal.say("  time     \(settings.speed) times as fast") }
        if let demo { Terminal.say("  sign in  \(demo.email), password \(demo.password)") }
        Terminal.say("Ctrl-C stops it.")
    }

    private static func logger(level: String) throws -> Logger {
        guard let level = Logger.Level(rawValue: level) else {
            let known = Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")
            throw Failure.input("logLevel is one of \(known), not \(level)")
        }
        var logger = Logger(label: "hothouse") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}

/// A part that runs beside the requests and simply ends at a shutdown.
struct Background: Service {
    let work: @Sendable () async throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await work()
            } catch is CancellationError {}
        }
    }
}

/// Closes the sockets before the server ends (semantics.md S8.14).
private struct Drain: Service {
    let hub: Hub

    func run() async throws {
        try await gracefulShutdown()
        Terminal.say("Stopping.")
        await hub.drain()
    }
}
