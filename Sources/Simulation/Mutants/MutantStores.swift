import Deployments
import Runtime
import Synchronization

/// A store whose reads or whose writes are not what they should be.
struct MutantStore: DeploymentStore {
    let inner: any DeploymentStore
    var reading: @Sendable (any DeploymentQueries) -> any DeploymentQueries = { $0 }
    var writing: @Sendable (any DeploymentTransaction) -> any DeploymentTransaction = { $0 }

    init(
        inner: any DeploymentStore,
        reading: @escaping @Sendable (any DeploymentQueries) -> any DeploymentQueries
    ) {
        self.inner = inner
        self.reading = reading
    }

    init(
        inner: any DeploymentStore,
        writing: @escaping @Sendable (any DeploymentTransaction) -> any DeploymentTransaction
    ) {
        self.inner = inner
        self.writing = writing
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        try await inner.read { [reading] in try body(reading($0)) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        try await inner.write { [writing] in try body(writing($0)) }
    }

    func changes() -> AsyncStream<[CommittedChange]> { inner.changes() }
}

final class ForgettingToAdopt: ForwardingTransaction {
    override func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws {
        var record = record
        if previous.work.stackId == nil, record.work.lookUps > previous.work.lookUps, record.work.stackId != nil {
            record.work.stackId = nil
            record.work.create = previous.work.create
        }
        try super.update(record, from: previous, fence: fence, dueAt: dueAt, events: drafts)
    }
}

/// Whose socket the running task serves.
enum SocketOwner {
    @TaskLocal static var customerId: String?
}

final class OwnedByAnybody: ForwardingQueries {
    override func record(_ id: String) throws -> DeploymentRecord? {
        guard var record = try super.record(id), let customerId = SocketOwner.customerId else {
            return try super.record(id)
        }
        let real = record.deployment
        record.deployment = Deployment(
            id: real.id, customerId: customerId, name: real.name, regionId: real.regionId, spec: real.spec,
            status: real.status, runtime: real.runtime, lastError: real.lastError, revision: real.revision,
            createdAt: real.createdAt, updatedAt: real.updatedAt)
        return record
    }
}

final class LosingWakeUps: ForwardingTransaction {
    private let random: RandomSource

    init(_ inner: any DeploymentTransaction, random: RandomSource) {
        self.random = random
        super.init(inner)
    }

    override func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws {
        let isLost = random.index(below: 20) == 0
        try super.update(record, from: previous, fence: fence, dueAt: isLost ? nil : dueAt, events: drafts)
    }
}

final class ForgettingKeys: ForwardingTransaction {
    override func idempotencyRecord(_ key: IdempotencyKey, at now: Timestamp) throws -> IdempotencyRecord? { nil }
}

final class ForgettingDeletes: ForwardingTransaction {
    private let bornAt: Timestamp

    init(_ inner: any DeploymentTransaction, bornAt: Timestamp) {
        self.bornAt = bornAt
        super.init(inner)
    }

    override func claimDue(_ claim: WorkClaim) throws -> ClaimedRecord? {
        while let claimed = try super.claimDue(claim) {
            let since = claimed.record.work.deletingSince
            if claimed.record.desired == .present || since.map({ $0 >= bornAt }) ?? true { return claimed }
        }
        return nil
    }
}

final class Unfenced: ForwardingTransaction {
    override func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws {
        try super.update(record, from: previous, fence: nil, dueAt: dueAt, events: drafts)
    }
}

final class LosingEvents: ForwardingTransaction {
    private let random: RandomSource

    init(_ inner: any DeploymentTransaction, random: RandomSource) {
        self.random = random
        super.init(inner)
    }

    override func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws {
        let isLost = random.index(below: 20) == 0
        try super.update(record, from: previous, fence: fence, dueAt: dueAt, events: isLost ? [] : drafts)
    }
}

final class CountingAll: ForwardingQueries {
    override func deployments(_ query: DeploymentQuery) throws -> DeploymentPage {
        let page = try super.deployments(query)
        let regions = try super.regionsWithWork()
        let all = try regions.flatMap { try super.work(in: $0) }
        return DeploymentPage(items: page.items, total: max(page.total, all.count))
    }
}

/// Notes what a transaction would change, for a store that tells of it too early or remembers it too long.
final class RecordingTransaction: ForwardingTransaction {
    private(set) var records: [DeploymentRecord] = []

    override func insert(_ record: DeploymentRecord, events drafts: [EventDraft]) throws {
        try super.insert(record, events: drafts)
        records.append(record)
    }

    override func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws {
        try super.update(record, from: previous, fence: fence, dueAt: dueAt, events: drafts)
        if record.deployment != previous.deployment { records.append(record) }
    }
}

/// Tells first and commits then.
struct HastyStore: DeploymentStore {
    let inner: any DeploymentStore
    let feed: Feed
    private let early = Feed()

    private struct Rehearsed: Error {
        let changes: [CommittedChange]
    }

    init(inner: any DeploymentStore, feed: Feed) {
        self.inner = inner
        self.feed = feed
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        try await inner.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        do {
            // A transaction that fails leaves nothing.
            try await inner.write { tx in
                let recording = RecordingTransaction(tx)
                _ = try body(recording)
                throw Rehearsed(changes: recording.records.map { .updated($0.deployment) })
            }
        } catch let rehearsed as Rehearsed {
            if !rehearsed.changes.isEmpty { early.publish(rehearsed.changes) }
        }
        return try await inner.write(body)
    }

    /// States come early; events, and what others commit, at their time.
    func changes() -> AsyncStream<[CommittedChange]> {
        let (stream, mailbox) = AsyncStream<[CommittedChange]>.makeStream()
        early.tell(mailbox)
        feed.tell(mailbox)
        return stream
    }
}

/// Reads what was committed a second ago.
final class LaggingStore: DeploymentStore {
    private static let lag = Duration.seconds(1)

    private let inner: any DeploymentStore
    private let time: any TimeSource
    /// What this server committed, by deployment, oldest first.
    private let history = Mutex<[String: [(at: Duration, record: DeploymentRecord)]]>([:])

    init(inner: any DeploymentStore, time: any TimeSource) {
        self.inner = inner
        self.time = time
    }

    private func lagging(_ id: String) -> DeploymentRecord? {
        let instant = time.uptime - Self.lag
        return history.withLock { history in
            let known = history[id] ?? []
            return (known.last { $0.at <= instant } ?? known.first)?.record
        }
    }

    private final class Lagging: ForwardingQueries {
        private let lookUp: (String) -> DeploymentRecord?

        init(_ inner: any DeploymentQueries, lookUp: @escaping (String) -> DeploymentRecord?) {
            self.lookUp = lookUp
            super.init(inner)
        }

        override func record(_ id: String) throws -> DeploymentRecord? { try lookUp(id) ?? super.record(id) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        guard SocketOwner.customerId != nil else { return try await inner.read(body) }
        return try await inner.read { queries in try body(Lagging(queries) { self.lagging($0) }) }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        let (value, records) = try await inner.write { tx -> (Value, [DeploymentRecord]) in
            let recording = RecordingTransaction(tx)
            return (try body(recording), recording.records)
        }
        let now = time.uptime
        history.withLock { history in
            for record in records { history[record.deployment.id, default: []].append((now, record)) }
        }
        return value
    }

    func changes() -> AsyncStream<[CommittedChange]> { inner.changes() }
}

/// Does not hear of every transaction.
struct LossyStore: DeploymentStore {
    let inner: any DeploymentStore
    let feed: Feed
    let random: RandomSource

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        try await inner.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        try await inner.write(body)
    }

    func changes() -> AsyncStream<[CommittedChange]> {
        let (stream, mailbox) = AsyncStream<[CommittedChange]>.makeStream()
        feed.tell(mailbox) { [random] in random.index(below: 30) == 0 ? [] : $0 }
        return stream
    }
}
