import Deployments
import Foundation
import Runtime
import Storage
import Synchronization

/// Wall time in a test's hand.
final class ManualTime: TimeSource {
    private let elapsed = Mutex(Duration.zero)
    static let start = Timestamp("2026-01-06T10:00:00.000Z")!

    var uptime: Duration { elapsed.withLock { $0 } }
    var now: Timestamp { Self.start + uptime }

    func sleep(for duration: Duration) async throws { try Task.checkCancellation() }
    func advance(by duration: Duration) { elapsed.withLock { $0 += duration } }
}

/// A new folder that goes away with this object.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/hothouse-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

/// A store on a new database, in memory or in a file.
struct Shelf {
    let folder: TemporaryFolder
    let time: ManualTime
    let location: SQLiteDatabase.Location
    let surroundings: Surroundings
    let database: SQLiteDatabase
    let store: SQLiteDeploymentStore

    static let start = ManualTime.start

    init(inFile: Bool = false, busyTimeout: Duration = .seconds(5)) throws {
        folder = try TemporaryFolder()
        time = ManualTime()
        location = inFile ? .file(folder.file("hothouse.sqlite")) : .memory
        surroundings = Surroundings(time: time, random: RandomSource(seed: 7))
        database = try open(location, surroundings, busyTimeout: busyTimeout)
        store = SQLiteDeploymentStore(database, surroundings: surroundings)
    }

    static func record(
        _ id: String, of customerId: String = "cus_1", in regionId: String = "west", at second: Int = 0,
        status: Deployment.Status = .requested
    ) -> DeploymentRecord {
        let createdAt = start + .seconds(second)
        return DeploymentRecord(
            deployment: Deployment(
                id: id, customerId: customerId, name: "web", regionId: regionId,
                spec: .init(instanceTypeId: "small", imageId: "debian", storageGiB: 10, sshKeyId: "key_1"),
                status: status, createdAt: createdAt, updatedAt: createdAt),
            desired: .present, work: .init(stackName: "vm-" + id, sshPublicKey: "ssh-ed25519 AAAA"))
    }

    func add(_ records: DeploymentRecord..., events: [EventDraft] = []) async throws {
        try await store.write { tx in
            for record in records { try tx.insert(record, events: events) }
        }
    }

    func record(_ id: String) async throws -> DeploymentRecord? { try await store.read { try $0.record(id) } }

    /// Takes a transition in a transaction of its own.
    func apply(
        _ transition: Transition, to id: String, events: [EventDraft] = [], dueAt: Timestamp? = nil,
        _ change: @escaping @Sendable (inout DeploymentRecord) -> Void = { _ in }
    ) async throws {
        let now = time.now
        try await store.write { tx in
            guard let previous = try tx.record(id) else { return }
            var record = previous
            try record.apply(transition, at: now)
            change(&record)
            try tx.update(record, from: previous, fence: nil, dueAt: dueAt, events: events)
        }
    }

    func write(events drafts: [EventDraft], of id: String) async throws {
        try await store.write { tx in
            guard let record = try tx.record(id) else { return }
            try tx.update(record, from: record, fence: nil, dueAt: nil, events: drafts)
        }
    }

    /// Claims one after the other, until there is none.
    func claim(
        _ owner: String, at second: Int, in regionId: String = "west", limit: Int = 10, createsAtOnce: Int = 100
    ) async throws -> [ClaimedRecord] {
        let claim = WorkClaim(
            regionId: regionId, owner: owner, now: Self.start + .seconds(second), leaseFor: .seconds(30),
            createsAtOnce: createsAtOnce)
        var claimed: [ClaimedRecord] = []
        while claimed.count < limit, let next = try await store.write({ try $0.claimDue(claim) }) {
            claimed.append(next)
        }
        return claimed
    }
}

func open(
    _ location: SQLiteDatabase.Location, _ surroundings: Surroundings, busyTimeout: Duration = .seconds(5)
) throws -> SQLiteDatabase {
    try SQLiteDatabase(
        location, surroundings: surroundings,
        executors: (QueueExecutor(label: "writing"), QueueExecutor(label: "reading")), busyTimeout: busyTimeout)
}
