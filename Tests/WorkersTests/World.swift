import Deployments
import Logging
import OpenStack
import Runtime
import Storage
import Synchronization

@testable import Workers

/// A store, a Heat and workers that can be killed and started again.
final class World: Sendable {
    let stage = Stage()
    let heat: SmallHeat
    let store: SQLiteDeploymentStore
    let database: SQLiteDatabase
    let instanceId: String
    private let random = RandomSource(seed: 7)
    /// Where the workers die, and at which pass.
    let death = Mutex<(point: CrashPoint, passes: Int)?>(nil)

    init() async throws {
        let surroundings = Surroundings(time: stage, random: random)
        heat = SmallHeat(stage)
        database = try SQLiteDatabase(
            .memory, surroundings: surroundings, executors: (writing: stage, reading: stage))
        store = SQLiteDeploymentStore(database, surroundings: surroundings)
        instanceId = try await store.read { try $0.instanceId() }
    }

    private var surroundings: Surroundings {
        Surroundings(
            time: stage, random: random,
            crashPoints: CrashPoints { point in
                let isDead = self.death.withLock { death in
                    guard death?.point == point else { return false }
                    death?.passes -= 1
                    guard death?.passes == 0 else { return false }
                    death = nil
                    return true
                }
                if isDead { throw Crashed(point: point) }
            })
    }

    func region(_ id: String, by transport: any CloudTransport) -> CloudRegion {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let credential = CloudCredential(identityURL: "http://keystone", applicationCredentialId: "a", secret: "b")
        return CloudRegion(
            Region(id: id, name: "One"),
            connection: CloudConnection(
                region: "RegionOne",
                session: CloudSession(credential, transport: transport, surroundings: surroundings, logger: logger),
                transport: transport, surroundings: surroundings))
    }

    /// - Parameters:
    ///   - store: what the workers see of the store.
    ///   - clouds: what the regions `r1`, `r2` and so on are reached by.
    func workers(
        settings: WorkerSettings = WorkerSettings(), store: (any DeploymentStore)? = nil,
        clouds: [any CloudTransport]? = nil
    ) -> Workers {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let regions = (clouds ?? [heat]).enumerated().map { index, transport in
            region("r\(index + 1)", by: transport)
        }
        let catalog = CloudCatalog([], surroundings: surroundings, logger: logger)
        return Workers(
            store: store ?? self.store, catalog: catalog, regions: regions, surroundings: surroundings,
            settings: settings, logger: logger)
    }

    /// Runs workers while a body looks on and acts. Where they crash, they are started again at once.
    func run(
        _ settings: WorkerSettings = WorkerSettings(), store: (any DeploymentStore)? = nil,
        clouds: [any CloudTransport]? = nil, _ body: @Sendable (World) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: stage) {
                while true {
                    do {
                        try await self.workers(settings: settings, store: store, clouds: clouds).run()
                    } catch is Crashed {}
                }
            }
            try await body(self)
            group.cancelAll()
        }
    }

    static func record(
        _ id: String = "dep_1", in regionId: String = "r1", of customerId: String = "c"
    ) -> DeploymentRecord {
        DeploymentRecord(
            deployment: Deployment(
                id: id, customerId: customerId, name: "web", regionId: regionId,
                spec: .init(instanceTypeId: "m1.small", imageId: "debian-12", storageGiB: 20, sshKeyId: "k"),
                runtime: .init(sshUser: "debian"), createdAt: Stage.start, updatedAt: Stage.start),
            desired: .present, work: .init(stackName: "vm-" + id, sshPublicKey: "ssh-ed25519 AAAA"))
    }

    func ask(for id: String = "dep_1", in regionId: String = "r1", of customerId: String = "c") async throws {
        let record = Self.record(id, in: regionId, of: customerId)
        try await store.write { try $0.insert(record, events: [EventDraft(.info, "Deployment requested")]) }
    }

    private var service: DeploymentService {
        DeploymentService(
            store: store, catalog: CloudCatalog([], surroundings: surroundings, logger: Logger(label: "test")),
            surroundings: surroundings)
    }

    var operators: OperatorService { OperatorService(store: store, surroundings: surroundings) }

    func delete(_ id: String = "dep_1") async throws { _ = try await service.delete(id, of: "c") }
    func retry(_ id: String = "dep_1") async throws { _ = try await service.retry(id, of: "c") }

    func stored(_ id: String = "dep_1") async throws -> DeploymentRecord {
        try await store.read { try $0.record(id)! }
    }

    func deployment(_ id: String = "dep_1") async throws -> Deployment { try await stored(id).deployment }

    /// Changes a worker's notes behind its back.
    func rewrite(
        _ id: String = "dep_1", _ change: @escaping @Sendable (inout DeploymentRecord.Work) -> Void
    ) async throws {
        let now = stage.now
        try await store.write { tx in
            guard let previous = try tx.record(id) else { return }
            var record = previous
            change(&record.work)
            try tx.update(record, from: previous, fence: nil, dueAt: now, events: [])
        }
    }

    /// Whether a worker could begin with a deployment now.
    func isFree(_ id: String = "dep_1") async throws -> Bool {
        let claim = WorkClaim(
            regionId: "r1", owner: "test", now: stage.now, leaseFor: .seconds(1), createsAtOnce: 100)
        return try await store.write { tx in
            try tx.postpone(id, until: claim.now)
            defer { try? tx.release(owner: claim.owner) }
            while let claimed = try tx.claimDue(claim) {
                if claimed.record.deployment.id == id { return true }
            }
            return false
        }
    }

    func log(_ id: String = "dep_1") async throws -> [String] {
        let query = EventQuery(deploymentId: id, page: 1, pageSize: 100)
        return try await store.read { try $0.events(query) }.items.map(\.message)
    }

    /// Lets time pass until a deployment has come to a status, and returns it.
    func reaches(
        _ status: Deployment.Status, _ id: String = "dep_1", atMost limit: Duration = .seconds(7200)
    ) async throws -> Bool {
        try await stage.play(atMost: limit) { try await deployment(id).status == status }
    }
}
