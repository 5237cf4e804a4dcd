import Runtime

/// The port to storage. A transaction's body is synchronous and holds the rules; the adapter makes it atomic.
public protocol DeploymentStore: Sendable {
    /// Runs a body on a consistent view of what is committed.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any DeploymentQueries) throws -> Value) async throws
        -> Value

    /// Runs a body in one transaction: all of it is committed, or nothing where it throws.
    ///
    /// - Throws: what the body throws, or ``StoreUnavailable``.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value

    /// The one sequence of committed changes, in commit order, from now on (semantics.md S7.1). Each element is
    /// one transaction's: the updates first, then the events.
    func changes() -> AsyncStream<[CommittedChange]>
}

/// What a transaction changed for those who look on.
public enum CommittedChange: Equatable, Sendable {
    case updated(Deployment)
    case event(DeploymentEvent)

    public var deploymentId: String {
        switch self {
        case .updated(let deployment): deployment.id
        case .event(let event): event.deploymentId
        }
    }
}

/// The database can't be used now.
public struct StoreUnavailable: Error, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// Another process holds the write lock.
        case busy
        case full
        case failed(String)
    }

    public let reason: Reason

    public init(_ reason: Reason) {
        self.reason = reason
    }

    public var description: String {
        switch reason {
        case .busy: "the database is locked by another writer"
        case .full: "the disk of the database is full"
        case .failed(let text): "the database failed: \(text)"
        }
    }
}

public protocol DeploymentQueries {
    func record(_ id: String) throws -> DeploymentRecord?
    /// The page of a customer's deployments, newest first (createdAt, then id, both descending).
    func deployments(_ query: DeploymentQuery) throws -> DeploymentPage
    /// How many deployments of a customer are not DELETED.
    func liveDeployments(of customerId: String) throws -> Int
    func events(_ query: EventQuery) throws -> EventPage
    /// The deployments of a region that are due now or some day, but for a ``DamagedRecord``.
    func work(in regionId: String) throws -> [DeploymentRecord]
    /// The regions of all deployments that are due now or some day.
    func regionsWithWork() throws -> [String]
    func idempotencyRecord(_ key: IdempotencyKey, at now: Timestamp) throws -> IdempotencyRecord?
    func sshKeys(of customerId: String) throws -> [SSHKey]
    func sshKey(_ id: String) throws -> SSHKey?
    /// The regions in maintenance, by their ids.
    func maintenances() throws -> [Maintenance]
    /// The id of this installation, made with the database: it marks the portal's stacks in a cloud.
    func instanceId() throws -> String
    /// The id of the database's history, renewed by a restore: it begins every ETag.
    func epoch() throws -> String
}

public protocol DeploymentTransaction: DeploymentQueries {
    /// Inserts a new record, due at once, with its first events.
    func insert(_ record: DeploymentRecord, events drafts: [EventDraft]) throws

    /// Writes a record that was read in this transaction or under this fence, and its new events.
    ///
    /// - Parameters:
    ///   - previous: the record as it was read; its revision must still be the stored one.
    ///   - fence: the worker's fence, nil for a user's act.
    ///   - dueAt: when a worker is to look at it next; nil for never.
    ///   - drafts: lines for the log. One whose `sourceId` is stored already is left out.
    /// - Throws: ``StaleRecord`` where the revision or the fence is no longer current; nothing is written then.
    func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws

    /// Gives the next due deployment that nobody holds to a worker, with a fence that ends every earlier one: what is
    /// under way first, the longest due first. Of those that wait for their create, and only while the region has
    /// room for one, the next is of the customer who has the fewest creates under way.
    ///
    /// - Returns: nil where there is none, as in a region in maintenance.
    /// - Throws: ``DamagedRecord``; nothing is claimed then.
    func claimDue(_ claim: WorkClaim) throws -> ClaimedRecord?
    /// Moves the end of a lease.
    ///
    /// - Returns: whether the owner still held it.
    func renew(owner: String, until: Timestamp) throws -> Bool
    /// Ends a lease early, so that another worker may take over at once.
    func release(owner: String) throws
    /// Puts off a deployment that cannot be worked on.
    func postpone(_ id: String, until: Timestamp) throws
    func remember(_ record: IdempotencyRecord, for key: IdempotencyKey) throws
    func forgetIdempotencyRecords(before instant: Timestamp) throws
    /// Deletes what is kept for other servers on the database, where they have had the time to read it.
    func forgetChanges(at now: Timestamp) throws
    func forgetEvents(_ retention: EventRetention) throws
    func insert(_ key: SSHKey) throws
    func deleteSSHKey(_ id: String) throws
    /// Puts a region into maintenance, or replaces what is known of it.
    func insert(_ maintenance: Maintenance) throws
    /// - Returns: whether the region was in maintenance.
    func deleteMaintenance(of regionId: String) throws -> Bool
}

/// Somebody else changed the record since it was read: read it again and decide anew.
public struct StaleRecord: Error, Equatable {
    public let id: String

    public init(id: String) {
        self.id = id
    }
}

/// A stored deployment that cannot be read: somebody wrote to the database by hand, or it is broken.
public struct DamagedRecord: Error, Equatable, CustomStringConvertible {
    public let id: String
    public let reason: String

    public init(id: String, reason: String) {
        self.id = id
        self.reason = reason
    }

    public var description: String { "the deployment \(id) is damaged in the database: \(reason)" }
}

/// Which events of a deployment are kept (semantics.md S11.1): the newest, and of the others those that are younger
/// than an instant, up to a number. What tells of a failure is kept for good.
public struct EventRetention: Equatable, Sendable {
    public var newest = 1000
    public var atMost = 5000
    public var youngerThan: Timestamp

    public init(youngerThan: Timestamp) {
        self.youngerThan = youngerThan
    }
}

/// An event that has no number yet; the transaction that writes it gives it one.
public struct EventDraft: Equatable, Sendable {
    public let level: DeploymentEvent.Level
    public let message: String
    public let sourceId: String?

    public init(_ level: DeploymentEvent.Level, _ message: String, sourceId: String? = nil) {
        self.level = level
        self.message = message
        self.sourceId = sourceId
    }
}

/// A worker's request for a due deployment of one region whose lease is free (semantics.md S13.1).
public struct WorkClaim: Sendable {
    public let regionId: String
    public let owner: String
    public let now: Timestamp
    public let leaseFor: Duration
    /// How many creates may be under way in the region at a time.
    public let createsAtOnce: Int

    public init(regionId: String, owner: String, now: Timestamp, leaseFor: Duration, createsAtOnce: Int) {
        self.regionId = regionId
        self.owner = owner
        self.now = now
        self.leaseFor = leaseFor
        self.createsAtOnce = createsAtOnce
    }
}

public struct ClaimedRecord: Equatable, Sendable {
    public let record: DeploymentRecord
    public let fence: Int

    public init(record: DeploymentRecord, fence: Int) {
        self.record = record
        self.fence = fence
    }
}

/// One page of a customer's deployments.
public struct DeploymentQuery: Equatable, Sendable {
    public var customerId: String
    public var page: Int
    public var pageSize: Int
    /// Only rows created at or before this instant (semantics.md S10.3).
    public var asOf: Timestamp
    /// Whether ``asOf`` was given by the caller: rows deleted since then stay in that walk.
    public var isWalk: Bool
    public var status: Deployment.Status?
    public var includeDeleted: Bool
    public var oldestFirst: Bool

    public init(
        customerId: String, page: Int, pageSize: Int, asOf: Timestamp, isWalk: Bool = false,
        status: Deployment.Status? = nil, includeDeleted: Bool = false, oldestFirst: Bool = false
    ) {
        self.customerId = customerId
        self.page = page
        self.pageSize = pageSize
        self.asOf = asOf
        self.isWalk = isWalk
        self.status = status
        self.includeDeleted = includeDeleted
        self.oldestFirst = oldestFirst
    }
}

public struct DeploymentPage: Equatable, Sendable {
    public let items: [Deployment]
    public let total: Int

    public init(items: [Deployment], total: Int) {
        self.items = items
        self.total = total
    }
}

public struct EventQuery: Equatable, Sendable {
    public var deploymentId: String
    public var page: Int
    public var pageSize: Int
    public var newestFirst: Bool
    public var afterSeq: Int

    public init(deploymentId: String, page: Int, pageSize: Int, newestFirst: Bool = false, afterSeq: Int = 0) {
        self.deploymentId = deploymentId
        self.page = page
        self.pageSize = pageSize
        self.newestFirst = newestFirst
        self.afterSeq = afterSeq
    }
}

public struct EventPage: Equatable, Sendable {
    public let items: [DeploymentEvent]
    public let total: Int
    /// The oldest and newest stored number, 0 where there is none.
    public let firstSeq: Int
    public let lastSeq: Int

    public init(items: [DeploymentEvent], total: Int, firstSeq: Int, lastSeq: Int) {
        self.items = items
        self.total = total
        self.firstSeq = firstSeq
        self.lastSeq = lastSeq
    }
}

/// Whose key, for which call (semantics.md S2.2).
public struct IdempotencyKey: Hashable, Sendable {
    public let customerId: String
    public let operation: String
    public let key: String

    public init(customerId: String, operation: String, key: String) {
        self.customerId = customerId
        self.operation = operation
        self.key = key
    }
}

/// The first answer to a key, kept for 24 hours.
public struct IdempotencyRecord: Equatable, Sendable {
    /// SHA-256 of the canonical JSON of the request's body, in hexadecimal.
    public let fingerprint: String
    public let deploymentId: String
    public let expiresAt: Timestamp

    public init(fingerprint: String, deploymentId: String, expiresAt: Timestamp) {
        self.fingerprint = fingerprint
        self.deploymentId = deploymentId
        self.expiresAt = expiresAt
    }
}
