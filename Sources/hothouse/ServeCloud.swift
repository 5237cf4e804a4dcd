import Auth
import Deployments
import Foundation
import HTTPAPI
import Logging
import OpenStack
import Runtime
import Simulation
import Storage
import Workers

// Production: the same server against a real OpenStack.

extension Serve {
    func serveCloud(_ settings: ServeSettings, logger: Logger) async throws {
        let workerSettings = try CloudDoors.workerSettings(settings)
        try await settings.withDoors { try await serve(settings, $0, workerSettings, logger: logger) }
    }

    private func serve(
        _ settings: ServeSettings, _ doors: CloudDoors, _ workerSettings: WorkerSettings, logger: Logger
    ) async throws {
        let surroundings = Surroundings.production
        let database = try Self.openDatabase(settings)
        try await refuseDemoAccount(in: database, settings)
        try await Preflight(doors, workerSettings, surroundings: surroundings).run()
        let console = ServedConsole(settings: settings, demo: nil, hasControlRoom: false, logger: logger)
        let portal = try await Portal(
            on: Portal.Ground(
                database: database, regions: doors.regions.map { ($0.id, $0.access) }, mailer: Outbox(logger: logger),
                passwordHasher: Self.passwordHasher(surroundings)),
            pages: console.pages, site: console.site, http: settings.http, deployments: settings.deployments,
            workers: workerSettings, surroundings: surroundings, logger: logger)
        let server = PortalServer(
            api: portal.api, host: settings.listen.host, port: settings.listen.port, logger: logger
        ) { port in
            let names = settings.clouds.map(\.name).joined(separator: ", ")
            Terminal.say("Hothouse is listening on \(settings.listen.url(port: port))")
            Terminal.say("  data     \(settings.databasePath)")
            Terminal.say("  cloud    \(names), regions \(doors.regions.map(\.id).joined(separator: ", "))")
            Terminal.say("Ctrl-C stops it.")
        }
        try await serve(portal, on: server, behind: [])
    }
}

extension ServeSettings {
    var http: HTTPSettings {
        var http = HTTPSettings()
        http.publicURL = publicURL
        http.allowedOrigins = allowedOrigins
        return http
    }

    var deployments: DeploymentService.Settings {
        var deployments = DeploymentService.Settings()
        deployments.deploymentsPerCustomer = deploymentsPerCustomer
        return deployments
    }

    var workers: WorkerSettings {
        var workers = WorkerSettings()
        workers.createsAtOnce = createsAtOnce
        workers.offer = offer
        workers.removesUnknownStacks = removesOrphans
        return workers
    }
}
