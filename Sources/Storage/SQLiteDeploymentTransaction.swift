import Deployments
import GRDB
import Runtime

/// One write transaction, and what it changed for those who look on.
final class SQLiteDeploymentTransaction: SQLiteDeploymentQueries, DeploymentTransaction {
    private let surroundings: Surroundings
    private(set) var changes: [CommittedChange] = []

    init(db: Database, surroundings: Surroundings) {
        self.surroundings = surroundings
        super.init(db: db)
    }

    func insert(_ record: DeploymentRecord, events drafts: [EventDraft]) throws {
        var record = record
        let events = try number(drafts, of: &record)
        let arguments = StatementArguments(
            try record.mutableColumns.merging(record.fixedColumns) { $1 }
                .merging(["dueAt": record.deployment.createdAt]) { $1 })
        try db.run(
            """
            INSERT INTO deployments (
              id, customer_id, name, region_id, instance_type_id, image_id, storage_gib, ssh_key_id, status, desired,
              public_ip, private_ip, ssh_user, error_code, error_message, revision, created_at, updated_at,
              last_event_seq, work, awaits_create, due_at)
            VALUES (
              :id, :customerId, :name, :regionId, :instanceTypeId, :imageId, :storageGiB, :sshKeyId, :status, :desired,
              :publicIp, :privateIp, :sshUser, :errorCode, :errorMessage, :revision, :createdAt, :updatedAt,
              :lastEventSeq, :work, :awaitsCreate, :dueAt)
            """, arguments)
        changes.append(.updated(record.deployment))
        try write(events)
    }

    func update(
        _ record: DeploymentRecord, from previous: DeploymentRecord, fence: Int?, dueAt: Timestamp?,
        events drafts: [EventDraft]
    ) throws {
        var record = record
        let isShownChange = record.deployment != previous.deployment
        precondition(
            record.deployment.revision == previous.deployment.revision + (isShownChange ? 1 : 0),
            "a revision is one change of what is shown")
        record.lastEventSeq = previous.lastEventSeq
        let events = try number(drafts, of: &record)
        var arguments = StatementArguments(try record.mutableColumns)
        arguments += [
            "id": record.deployment.id, "previousRevision": previous.deployment.revision, "dueAt": dueAt,
            "fence": fence,
        ]
        // A user's act leaves a worker's lease alone: that worker's commit fails by the revision.
        let changed = try db.run(
            """
            UPDATE deployments SET
              status = :status, desired = :desired, public_ip = :publicIp, private_ip = :privateIp,
              ssh_user = :sshUser, error_code = :errorCode, error_message = :errorMessage, revision = :revision,
              updated_at = :updatedAt, last_event_seq = :lastEventSeq, work = :work,
              awaits_create = :awaitsCreate, due_at = :dueAt
            WHERE id = :id AND revision = :previousRevision AND (:fence IS NULL OR fence = :fence)
            """, arguments)
        guard changed == 1 else { throw StaleRecord(id: record.deployment.id) }
        if isShownChange { changes.append(.updated(record.deployment)) }
        try write(events)
    }

    func claimDue(_ claim: WorkClaim) throws -> ClaimedRecord? {
        // A create that a worker is about to send is under way as well.
        try db.row(
            """
            WITH creating AS (
              SELECT customer_id, COUNT(*) AS creates FROM deployments
              WHERE region_id = :region AND status IN ('REQUESTED', 'PROVISIONING')
                AND (NOT awaits_create OR lease_until > :now)
              GROUP BY customer_id)
            UPDATE deployments SET lease_owner = :owner, lease_until = :until, fence = fence + 1
            WHERE id = (
              SELECT id FROM deployments LEFT JOIN creating USING (customer_id)
              WHERE region_id = :region AND NOT EXISTS (SELECT 1 FROM maintenance WHERE region_id = :region)
                AND due_at <= :now AND (lease_owner IS NULL OR lease_until <= :now)
                AND (NOT awaits_create OR (SELECT COALESCE(SUM(creates), 0) FROM creating) < :createsAtOnce)
              ORDER BY awaits_create, IIF(awaits_create, COALESCE(creates, 0), 0), due_at, id LIMIT 1)
            RETURNING *
            """,
            [
                "owner": claim.owner, "until": claim.now + claim.leaseFor, "region": claim.regionId,
                "now": claim.now, "createsAtOnce": claim.createsAtOnce,
            ]
        ).map { ClaimedRecord(record: try DeploymentRecord(row: $0), fence: $0["fence"]) }
    }

    func renew(owner: String, until: Timestamp) throws -> Bool {
        try db.run("UPDATE deployments SET lease_until = ? WHERE lease_owner = ?", [until, owner]) > 0
    }

    func release(owner: String) throws {
        try db.run("UPDATE deployments SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ?", [owner])
    }

    func postpone(_ id: String, until: Timestamp) throws {
        try db.run("UPDATE deployments SET due_at = ? WHERE id = ?", [until, id])
    }

    func remember(_ record: IdempotencyRecord, for key: IdempotencyKey) throws {
        try db.run(
            "INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?, ?)",
            [key.customerId, key.operation, key.key, record.fingerprint, record.deploymentId, record.expiresAt])
    }

    func forgetIdempotencyRecords(before instant: Timestamp) throws {
        try db.run("DELETE FROM idempotency_keys WHERE expires_at <= ?", [instant])
    }

    func forgetChanges(at now: Timestamp) throws {
        try ChangeFeed(db: db).forget(before: now - ChangeFeed.retention)
    }

    func forgetEvents(_ retention: EventRetention) throws {
        let long = try db.rows(
            "SELECT id, last_event_seq FROM deployments WHERE last_event_seq > ?", [retention.newest])
        for deployment in long {
            let last: Int = deployment["last_event_seq"]
            try db.run(
                """
                DELETE FROM deployment_events
                WHERE deployment_id = ? AND (seq <= ? OR (seq <= ? AND ts < ?)) AND level <> ?
                """,
                [
                    deployment["id"], last - retention.atMost, last - retention.newest, retention.youngerThan,
                    DeploymentEvent.Level.error,
                ])
        }
    }

    func insert(_ key: SSHKey) throws {
        try db.run(
            "INSERT INTO ssh_keys VALUES (?, ?, ?, ?, ?, ?)",
            [key.id, key.customerId, key.name, key.publicKey, key.fingerprint, key.createdAt])
    }

    func deleteSSHKey(_ id: String) throws {
        try db.run("DELETE FROM ssh_keys WHERE id = ?", [id])
    }

    func insert(_ maintenance: Maintenance) throws {
        try db.run(
            "INSERT OR REPLACE INTO maintenance VALUES (?, ?, ?)",
            [maintenance.regionId, maintenance.message, maintenance.since])
    }

    func deleteMaintenance(of regionId: String) throws -> Bool {
        try db.run("DELETE FROM maintenance WHERE region_id = ?", [regionId]) > 0
    }

    /// Gives the drafts their numbers, leaving out those that tell of a cloud's event that is stored already.
    private func number(_ drafts: [EventDraft], of record: inout DeploymentRecord) throws -> [DeploymentEvent] {
        let now = surroundings.time.now
        var events: [DeploymentEvent] = []
        for draft in drafts {
            if let source = draft.sourceId {
                let known = try db.count(
                    "SELECT COUNT(*) FROM deployment_events WHERE deployment_id = ? AND source_id = ?",
                    [record.deployment.id, source])
                if known > 0 || events.contains(where: { $0.sourceId == source }) { continue }
            }
            record.lastEventSeq += 1
            events.append(
                DeploymentEvent(
                    id: surroundings.identifier("evt"), deploymentId: record.deployment.id, seq: record.lastEventSeq,
                    ts: now, level: draft.level, message: draft.message, sourceId: draft.sourceId))
        }
        return events
    }

    private func write(_ events: [DeploymentEvent]) throws {
        for event in events {
            try db.run(
                "INSERT INTO deployment_events (deployment_id, seq, id, ts, level, message, source_id) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [event.deploymentId, event.seq, event.id, event.ts, event.level, event.message, event.sourceId])
            changes.append(.event(event))
        }
    }
}
