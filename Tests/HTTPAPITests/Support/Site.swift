import AsyncHTTPClient
import Auth
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
import Testing
import WebSockets
import Workers

/// A portal of a test's own: on a port of loopback, over a new database, with a fake cloud in which all goes well
/// and fast.
struct Site: Sendable {
    struct Options: Sendable {
        var http = HTTPSettings()
        var connections = ConnectionLimits()
        /// In memory where nil.
        var databasePath: String?
        var busyTimeout = Duration.seconds(5)
        /// Without workers every deployment stays as it is.
        var works = true
        var stackRules: [StackRule] = []
    }

    let port: Int
    let client: HTTPClient
    let time: TickingTime
    let portal: Portal
    let database: SQLiteDatabase
    let outbox: Outbox
    private let services: ServiceGroup

    var store: any DeploymentStore { portal.store }
    var origin: String { "http://127.0.0.1:\(port)" }

    /// Serves while a body runs, then shuts down as at a signal.
    static func serve<Value: Sendable>(
        _ options: Options = Options(), _ body: (Site) async throws -> Value
    ) async throws -> Value {
        let time = TickingTime()
        let (ports, mailbox) = AsyncStream<Int>.makeStream()
        let outbox = Outbox(logger: .quiet)
        let (portal, database, parts) = try await assemble(options, time: time, outbox: outbox)
        let server = PortalServer(
            api: portal.api, host: "127.0.0.1", port: 0, limits: options.connections, logger: .quiet
        ) { mailbox.yield($0) }
        // In the order of `hothouse serve`.
        let all: [any Service] = parts + [server, Drain(hub: portal.hub)]
        var configuration = ServiceGroupConfiguration(services: all, logger: .quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(60)
        let services = ServiceGroup(configuration: configuration)

        async let _: Void = time.run()
        async let running: Void = services.run()
        var numbers = ports.makeAsyncIterator()
        let port = try #require(await numbers.next())
        // A client of its own: a shared one may keep connections to a server that had the same port before.
        let client = HTTPClient(eventLoopGroupProvider: .singleton)
        let result: Result<Value, any Error>
        do {
            result = .success(
                try await body(
                    Site(
                        port: port, client: client, time: time, portal: portal, database: database, outbox: outbox,
                        services: services)))
        } catch {
            result = .failure(error)
        }
        try await client.shutdown()
        await services.triggerGracefulShutdown()
        let value = try result.get()
        try await running
        return value
    }

    private static func assemble(
        _ options: Options, time: TickingTime, outbox: Outbox
    ) async throws -> (Portal, SQLiteDatabase, [any Service]) {
        let surroundings = Surroundings(time: time, random: .secure)
        let database = try SQLiteDatabase(
            options.databasePath.map { .file($0) } ?? .memory, surroundings: surroundings,
            executors: (QueueExecutor(label: "writing"), QueueExecutor(label: "reading")),
            busyTimeout: options.busyTimeout)
        var scenario = CloudScenario.standard
        scenario.lifecycles = [:]
        scenario.stackRules = options.stackRules
        for index in scenario.regions.indices {
            scenario.regions[index].latency = .fixed(.zero)
            scenario.regions[index].operationLatency = [:]
        }
        let cloud = try FakeCloud(scenario, surroundings: surroundings)
        let transport = InProcessCloud(cloud)
        var workers = WorkerSettings()
        workers.pollInterval = .milliseconds(200)
        let portal = try await Portal(
            on: Portal.Ground(
                database: database, regions: transport.regions(), mailer: outbox,
                passwordHasher: PasswordHasher(
                    .simulation, on: QueueExecutor(label: "passwords"), random: surroundings.random)),
            http: options.http, workers: workers, surroundings: surroundings, logger: .quiet)
        let parts: [any Service] = [
            Part { await transport.run() }, Part { try await cloud.run() }, Part { try await portal.hub.run() },
        ]
        return (portal, database, parts + (options.works ? [portal.workers] : []))
    }

    /// Begins the shutdown while the test goes on.
    func shutDown() async {
        await services.triggerGracefulShutdown()
    }
}

private struct Part: Service {
    let work: @Sendable () async throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do {
                try await work()
            } catch is CancellationError {}
        }
    }
}

private struct Drain: Service {
    let hub: Hub

    func run() async throws {
        try await gracefulShutdown()
        await hub.drain()
    }
}

/// The path of a database in a folder that is gone after the test.
func withDatabasePath<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let folder = FileManager.default.temporaryDirectory.path + "/hothouse-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder + "/portal.sqlite")
}

/// Waits until something holds.
func eventually(
    _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool
) async throws {
    for _ in 0..<6000 {
        if try await holds() { return }
        try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record(what, sourceLocation: sourceLocation)
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
