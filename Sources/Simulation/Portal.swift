import Auth
import Deployments
import HTTPAPI
import Logging
import OpenStack
import Runtime
import Storage
import WebSockets
import Workers

/// One server of the portal, put together: what `hothouse serve` runs on a port and a simulation in memory.
public struct Portal: Sendable {
    /// What a portal stands on.
    public struct Ground: Sendable {
        public var database: SQLiteDatabase
        /// In the order in which customers see them, by the ids that they go by.
        public var regions: [(id: String, access: RegionAccess)]
        public var mailer: any Mailer
        public var passwordHasher: PasswordHasher

        public init(
            database: SQLiteDatabase, regions: [(id: String, access: RegionAccess)], mailer: any Mailer,
            passwordHasher: PasswordHasher
        ) {
            self.database = database
            self.regions = regions
            self.mailer = mailer
            self.passwordHasher = passwordHasher
        }
    }

    public let api: PortalAPI
    public let hub: Hub
    public let workers: Workers
    public let auth: AuthService
    public let store: any DeploymentStore
    private let kept: SQLiteDeploymentStore
    private let deployments: DeploymentService
    private let surroundings: Surroundings
    private let logger: Logger

    /// - Parameters:
    ///   - observer: is told of each commit in its turn, before anybody else learns of it.
    ///   - wrap: what stands between the server and its store; nothing in production.
    /// - Throws: `StoreUnavailable`.
    public init(
        on ground: Ground, pages: [Page] = [], site: Site? = nil, control: PortalControl? = nil,
        wireObserver: (any PortalObserver)? = nil, http: HTTPSettings = HTTPSettings(),
        deployments deploymentSettings: DeploymentService.Settings = .init(),
        workers workerSettings: WorkerSettings = WorkerSettings(), surroundings: Surroundings, logger: Logger,
        observer: @escaping @Sendable ([CommittedChange]) -> Void = { _ in },
        wrapping wrap: (any DeploymentStore) -> any DeploymentStore = { $0 }
    ) async throws {
        kept = SQLiteDeploymentStore(ground.database, surroundings: surroundings, observer: observer)
        try await kept.joinFeed()
        let store = wrap(kept)
        let epoch = try await store.read { try $0.epoch() }
        let connections = CloudConnection.all(
            ground.regions.map(\.access), surroundings: surroundings, logger: logger)
        let regions = zip(ground.regions, connections).map { ground, connection in
            CloudRegion(Region(id: ground.id, name: ground.id), connection: connection)
        }
        let catalog = CloudCatalog(
            regions, rules: workerSettings.offer, surroundings: surroundings, logger: logger)
        let auth = AuthService(
            store: SQLiteAuthStore(ground.database), hasher: ground.passwordHasher, mailer: ground.mailer,
            surroundings: surroundings, logger: logger)
        let hub = Hub(
            store: store, surroundings: surroundings,
            sessionEnd: { try await auth.principal(ofSession: $0)?.expiresAt }, logger: logger)
        let workers = Workers(
            store: store, catalog: catalog, regions: regions, surroundings: surroundings, settings: workerSettings,
            logger: logger)
        deployments = DeploymentService(
            store: store, catalog: catalog, surroundings: surroundings, settings: deploymentSettings)
        api = PortalAPI(
            deployments: deployments,
            sshKeys: SSHKeyService(store: store, surroundings: surroundings), catalog: catalog, auth: auth, hub: hub,
            health: Health(store: store, workers: workers, hub: hub), epoch: epoch, pages: pages, site: site,
            control: control,
            observer: wireObserver,
            settings: http,
            surroundings: surroundings, logger: logger)
        self.hub = hub
        self.workers = workers
        self.auth = auth
        self.store = store
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Runs what runs beside the requests, until the task is cancelled or the server dies.
    ///
    /// - Throws: ``Crashed`` in a simulation.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await hub.run() }
            group.addTask { try await workers.run() }
            group.addTask { try await keepHouse() }
            // Whatever ends first ends the server: half of it would be a server that accepts and never acts.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Tells this server's sockets and workers what other processes do in the database, until the task is cancelled.
    public func followOthers() async throws { try await kept.follow() }

    /// Deletes what has expired, now and every hour, until the task is cancelled.
    public func keepHouse() async throws {
        while true {
            do {
                try await auth.purgeExpired()
                try await deployments.purgeExpired()
            } catch let unavailable as StoreUnavailable {
                logger.warning("what has expired was not deleted: \(unavailable)")
            }
            try await surroundings.time.sleep(for: .seconds(3600))
        }
    }
}

/// What `/healthz` and `/readyz` tell.
private struct Health: HealthSource {
    let store: any DeploymentStore
    let workers: Workers
    let hub: Hub

    func checks() async -> [HealthCheck] {
        var database = "ok"
        var resting: Set<String> = []
        do {
            resting = Set(try await store.read { try $0.maintenances() }.map(\.regionId))
        } catch {
            database = "\(error)"
        }
        let regions = workers.health.sorted { $0.key < $1.key }.map { [resting] id, health in
            let status = resting.contains(id) ? "maintenance" : health == .ok ? "ok" : "degraded"
            return HealthCheck(name: "region \(id)", status: status, isNeeded: false)
        }
        return [
            HealthCheck(name: "database", status: database, isNeeded: true),
            HealthCheck(name: "traffic", status: hub.isDraining ? "shutting down" : "ok", isNeeded: true),
        ] + regions
    }
}
