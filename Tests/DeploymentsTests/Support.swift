import Deployments
import Runtime
import Storage
import Synchronization

/// Time that stands still until a test moves it.
final class ManualTime: TimeSource {
    private let elapsed = Mutex(Duration.zero)

    var uptime: Duration { elapsed.withLock { $0 } }
    var now: Timestamp { Desk.start + uptime }

    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
    func advance(by duration: Duration) { elapsed.withLock { $0 += duration } }
}

/// A region's offer; nil for one that does not answer.
struct SmallCatalog: Catalog {
    var offer: RegionCatalog? = DeploymentRequestTests.catalog
    /// What it says when it is asked anew; nil for the same.
    var freshOffer: RegionCatalog?

    var regions: [Region] { [Region(id: "west", name: "West")] }

    func catalog(of regionId: String) async throws -> RegionCatalog? {
        guard let offer else { throw RegionUnavailable(regionId: regionId) }
        return regionId == offer.region.id ? offer : nil
    }

    func freshCatalog(of regionId: String) async throws -> RegionCatalog? {
        if let freshOffer { return freshOffer }
        return try await catalog(of: regionId)
    }
}

/// A store that says for a while that another process holds the write lock.
final class BusyStore: DeploymentStore {
    let inner: any DeploymentStore

    init(_ inner: any DeploymentStore) { self.inner = inner }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value { try await inner.read(body) }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value { throw StoreUnavailable(.busy) }

    func changes() -> AsyncStream<[CommittedChange]> { inner.changes() }
}

/// The service over a new database, with time and crash points in a test's hand.
struct Desk {
    static let start = Timestamp("2026-01-06T10:00:00.000Z")!
    static var surroundings: Surroundings { Surroundings(time: ManualTime(), random: RandomSource(seed: 7)) }

    let time = ManualTime()
    let store: SQLiteDeploymentStore
    private let random = RandomSource(seed: 7)

    init() throws { store = try Self.store() }

    static func store() throws -> SQLiteDeploymentStore {
        let queues = (writing: QueueExecutor(label: "writing"), reading: QueueExecutor(label: "reading"))
        return SQLiteDeploymentStore(
            try SQLiteDatabase(.memory, surroundings: surroundings, executors: queues), surroundings: surroundings)
    }

    func service(
        store: (any DeploymentStore)? = nil, catalog: any Catalog = SmallCatalog(),
        settings: DeploymentService.Settings = .init(), dyingAt point: CrashPoint? = nil
    ) -> DeploymentService {
        let crashPoints = CrashPoints { if $0 == point { throw Crashed(point: $0) } }
        return DeploymentService(
            store: store ?? self.store, catalog: catalog,
            surroundings: Surroundings(time: time, random: random, crashPoints: crashPoints), settings: settings)
    }

    /// Gives a customer the key that the tests' requests name.
    func addKey(of customerId: String = "cus_1", id: String = "key_1") async throws {
        try await store.write {
            try $0.insert(
                SSHKey(
                    id: id, customerId: customerId, name: "k", publicKey: "ssh-ed25519 AAAA", fingerprint: id,
                    createdAt: Self.start))
        }
    }

    func record(_ id: String) async throws -> DeploymentRecord? { try await store.read { try $0.record(id) } }

    func log(_ id: String) async throws -> [String] {
        try await store.read { try $0.events(EventQuery(deploymentId: id, page: 1, pageSize: 100)) }.items.map(
            \.message)
    }

    /// Writes a record as a worker would have left it.
    func leave(_ id: String, _ change: @escaping @Sendable (inout DeploymentRecord) throws -> Void) async throws {
        try await store.write { tx in
            guard let previous = try tx.record(id) else { return }
            var record = previous
            try change(&record)
            try tx.update(record, from: previous, fence: nil, dueAt: nil, events: [])
        }
    }
}
