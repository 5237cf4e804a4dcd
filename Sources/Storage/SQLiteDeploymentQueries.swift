import Deployments
import GRDB
import Runtime

/// Reads within one transaction's view.
class SQLiteDeploymentQueries: DeploymentQueries {
    let db: Database

    init(db: Database) {
        self.db = db
    }

    func record(_ id: String) throws -> DeploymentRecord? {
        try db.row("SELECT * FROM deployments WHERE id = ?", [id]).map(DeploymentRecord.init(row:))
    }

    func deployments(_ query: DeploymentQuery) throws -> DeploymentPage {
        var conditions = "customer_id = :customer AND created_at <= :asOf"
        var arguments: StatementArguments = ["customer": query.customerId, "asOf": query.asOf]
        if let status = query.status {
            conditions += " AND status = :status"
            arguments += ["status": status]
        } else if query.isWalk {
            // A row deleted since the walk began stays in it, or a page would skip its neighbour.
            conditions += query.includeDeleted ? "" : " AND (status <> 'DELETED' OR updated_at > :asOf)"
        } else {
            conditions += query.includeDeleted ? "" : " AND status <> 'DELETED'"
        }
        let total = try db.count("SELECT COUNT(*) FROM deployments WHERE " + conditions, arguments)
        let direction = query.oldestFirst ? "ASC" : "DESC"
        let rows = try db.rows(
            """
            SELECT * FROM deployments WHERE \(conditions)
            ORDER BY created_at \(direction), id \(direction) LIMIT :limit OFFSET :offset
            """,
            arguments + ["limit": query.pageSize, "offset": (query.page - 1) * query.pageSize])
        return DeploymentPage(items: try rows.map(Deployment.init(row:)), total: total)
    }

    func liveDeployments(of customerId: String) throws -> Int {
        try db.count(
            "SELECT COUNT(*) FROM deployments WHERE customer_id = ? AND status <> 'DELETED'", [customerId])
    }

    func events(_ query: EventQuery) throws -> EventPage {
        let bounds = try db.row(
            "SELECT MIN(seq) AS first, MAX(seq) AS last FROM deployment_events WHERE deployment_id = ?",
            [query.deploymentId])
        let arguments: StatementArguments = ["deployment": query.deploymentId, "after": query.afterSeq]
        let condition = "deployment_id = :deployment AND seq > :after"
        let rows = try db.rows(
            """
            SELECT * FROM deployment_events WHERE \(condition)
            ORDER BY seq \(query.newestFirst ? "DESC" : "ASC") LIMIT :limit OFFSET :offset
            """,
            arguments + ["limit": query.pageSize, "offset": (query.page - 1) * query.pageSize])
        return EventPage(
            items: try rows.map(DeploymentEvent.init(row:)),
            total: try db.count("SELECT COUNT(*) FROM deployment_events WHERE " + condition, arguments),
            firstSeq: bounds?["first"] ?? 0, lastSeq: bounds?["last"] ?? 0)
    }

    func work(in regionId: String) throws -> [DeploymentRecord] {
        try db.rows("SELECT * FROM deployments WHERE region_id = ? AND due_at IS NOT NULL ORDER BY id", [regionId])
            .compactMap { row in
                do {
                    return try DeploymentRecord(row: row)
                } catch is DamagedRecord {
                    return nil
                }
            }
    }

    func regionsWithWork() throws -> [String] {
        try db.rows("SELECT DISTINCT region_id FROM deployments WHERE due_at IS NOT NULL ORDER BY region_id")
            .map { $0["region_id"] }
    }

    func idempotencyRecord(_ key: IdempotencyKey, at now: Timestamp) throws -> IdempotencyRecord? {
        try db.row(
            """
            SELECT * FROM idempotency_keys
            WHERE customer_id = ? AND operation = ? AND key = ? AND expires_at > ?
            """,
            [key.customerId, key.operation, key.key, now]
        ).map {
            IdempotencyRecord(
                fingerprint: $0["fingerprint"], deploymentId: $0["deployment_id"], expiresAt: $0["expires_at"])
        }
    }

    func sshKeys(of customerId: String) throws -> [SSHKey] {
        try db.rows("SELECT * FROM ssh_keys WHERE customer_id = ? ORDER BY created_at, id", [customerId])
            .map(SSHKey.init(row:))
    }

    func sshKey(_ id: String) throws -> SSHKey? {
        try db.row("SELECT * FROM ssh_keys WHERE id = ?", [id]).map(SSHKey.init(row:))
    }

    func maintenances() throws -> [Maintenance] {
        try db.rows("SELECT * FROM maintenance ORDER BY region_id").map {
            Maintenance(regionId: $0["region_id"], message: $0["message"], since: $0["since"])
        }
    }

    func instanceId() throws -> String {
        try db.row("SELECT instance_id FROM installation")?["instance_id"] ?? ""
    }

    func epoch() throws -> String {
        try db.row("SELECT epoch FROM installation")?["epoch"] ?? ""
    }
}
