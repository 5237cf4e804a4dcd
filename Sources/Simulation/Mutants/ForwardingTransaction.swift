import Deployments
import Runtime

/// Passes every read on; a mutant changes one of them.
class ForwardingQueries: DeploymentQueries {
    private let inner: any DeploymentQueries

    init(_ inner: any DeploymentQueries) {
        self.inner = inner
    }

    func record(_ id: String) throws -> DeploymentRecord? { try inner.record(id) }
    func deployments(_ query: DeploymentQuery) throws -> DeploymentPage { try inner.deployments(query) }
    func liveDeployments(of customerId: String) throws -> Int { try inner.liveDeployments(of: customerId) }
    func events(_ query: EventQuery) throws -> EventPage { try inner.events(query) }
    func work(in regionId: String) throws -> [DeploymentRecord] { try inner.work(in: regionId) }
    func regionsWithWork() throws -> [String] { try inner.regionsWithWork() }
    func idempotencyRecord(_ key: IdempotencyKey, at now: Timestamp) throws -> IdempotencyRecord? {
        try inner.idempotencyRecord(key, at: now)
    }
    func sshKeys(of customerId: String) throws -> [SSHKey] { try inner.sshKeys(of: customerId) }
    func sshKey(_ id: String) throws -> SSHKey? { try inner.sshKey(id) }
    func maintenances() throws -> [Maintenance] { try inner.maintenances() }
    func instanceId() throws -> String { try inner.instanceId() }
    func epoch() throws -> String { try inner.epoch() }
}

/// Passes every write on; a mutant changes one of them.
class ForwardingTransaction: ForwardingQueries, DeploymentTransaction {
    private let inner: any DeploymentTransaction

    init(_ inner: any DeploymentTransaction) {
        self.inner = inner
        super.init(inner)
    }

    func insert(_ record: DeploymentRecord, events drafts: [EventDraft]) throws {
        try inner.insert(record, events: drafts)
    }

    func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws {
        try inner.update(record, from: previous, fence: fence, dueAt: dueAt, events: drafts)
    }

    func claimDue(_ claim: WorkClaim) throws -> ClaimedRecord? { try inner.claimDue(claim) }
    func renew(owner: String, until: Timestamp) throws -> Bool { try inner.renew(owner: owner, until: until) }
    func release(owner: String) throws { try inner.release(owner: owner) }
    func postpone(_ id: String, until: Timestamp) throws { try inner.postpone(id, until: until) }
    func remember(_ record: IdempotencyRecord, for key: IdempotencyKey) throws { try inner.remember(record, for: key) }
    func forgetIdempotencyRecords(before instant: Timestamp) throws {
        try inner.forgetIdempotencyRecords(before: instant)
    }
    func forgetChanges(at now: Timestamp) throws { try inner.forgetChanges(at: now) }
    func forgetEvents(_ retention: EventRetention) throws { try inner.forgetEvents(retention) }
    func insert(_ key: SSHKey) throws { try inner.insert(key) }
    func deleteSSHKey(_ id: String) throws { try inner.deleteSSHKey(id) }
    func insert(_ maintenance: Maintenance) throws { try inner.insert(maintenance) }
    func deleteMaintenance(of regionId: String) throws -> Bool { try inner.deleteMaintenance(of: regionId) }
}
