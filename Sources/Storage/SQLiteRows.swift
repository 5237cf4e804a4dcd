import Deployments
import Foundation
import GRDB
import Runtime

// Rows to values and back. The columns are those of the migration in SQLiteDeploymentStore.

extension Timestamp: DatabaseValueConvertible {
    public var databaseValue: DatabaseValue { milliseconds.databaseValue }

    public static func fromDatabaseValue(_ value: DatabaseValue) -> Timestamp? {
        Int64.fromDatabaseValue(value).map(Timestamp.init(milliseconds:))
    }
}

extension Deployment.Status: DatabaseValueConvertible {}
extension DeploymentRecord.DesiredState: DatabaseValueConvertible {}
extension DeploymentEvent.Level: DatabaseValueConvertible {}
extension Failure.Code: DatabaseValueConvertible {}

extension Deployment {
    init(row: Row) throws {
        self.init(
            id: row["id"], customerId: row["customer_id"], name: row["name"], regionId: row["region_id"],
            spec: Spec(
                instanceTypeId: row["instance_type_id"], imageId: row["image_id"], storageGiB: row["storage_gib"],
                sshKeyId: row["ssh_key_id"]),
            status: try row.decode(forColumn: "status"),
            runtime: Addresses(
                publicIp: row["public_ip"], privateIp: row["private_ip"], sshUser: row["ssh_user"]),
            lastError: try row.decode(Failure.Code?.self, forColumn: "error_code").map {
                Failure($0, row["error_message"])
            },
            revision: row["revision"], createdAt: row["created_at"], updatedAt: row["updated_at"])
    }
}

extension DeploymentRecord {
    /// - Throws: ``DamagedRecord``.
    init(row: Row) throws {
        do {
            self.init(
                deployment: try Deployment(row: row), desired: try row.decode(forColumn: "desired"),
                work: try JSONDecoder().decode(Work.self, from: Data((row["work"] as String).utf8)),
                lastEventSeq: row["last_event_seq"])
        } catch {
            throw DamagedRecord(id: row["id"], reason: "\(error)")
        }
    }

    /// What changes after the insert, as named arguments.
    var mutableColumns: [String: (any DatabaseValueConvertible)?] {
        get throws {
            [
                "status": deployment.status, "desired": desired, "publicIp": deployment.runtime.publicIp,
                "privateIp": deployment.runtime.privateIp, "sshUser": deployment.runtime.sshUser,
                "errorCode": deployment.lastError?.code, "errorMessage": deployment.lastError?.message,
                "revision": deployment.revision, "updatedAt": deployment.updatedAt, "lastEventSeq": lastEventSeq,
                "work": try work.json, "awaitsCreate": awaitsCreate,
            ]
        }
    }

    /// What never changes.
    var fixedColumns: [String: (any DatabaseValueConvertible)?] {
        [
            "id": deployment.id, "customerId": deployment.customerId, "name": deployment.name,
            "regionId": deployment.regionId, "instanceTypeId": deployment.spec.instanceTypeId,
            "imageId": deployment.spec.imageId, "storageGiB": deployment.spec.storageGiB,
            "sshKeyId": deployment.spec.sshKeyId, "createdAt": deployment.createdAt,
        ]
    }
}

extension DeploymentRecord.Work {
    fileprivate var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension DeploymentEvent {
    init(row: Row) throws {
        self.init(
            id: row["id"], deploymentId: row["deployment_id"], seq: row["seq"], ts: row["ts"],
            level: try row.decode(forColumn: "level"), message: row["message"], sourceId: row["source_id"])
    }
}

extension SSHKey {
    init(row: Row) {
        self.init(
            id: row["id"], customerId: row["customer_id"], name: row["name"], publicKey: row["public_key"],
            fingerprint: row["fingerprint"], createdAt: row["created_at"])
    }
}

extension Database {
    /// All rows of a statement that is compiled once a connection.
    func rows(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> [Row] {
        try Row.fetchAll(try cachedStatement(sql: sql), arguments: arguments)
    }

    func row(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Row? {
        try Row.fetchOne(try cachedStatement(sql: sql), arguments: arguments)
    }

    func count(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try Int.fetchOne(try cachedStatement(sql: sql), arguments: arguments) ?? 0
    }

    /// Runs a statement that is compiled once a connection, and returns how many rows it changed.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws -> Int {
        try cachedStatement(sql: sql).execute(arguments: arguments)
        return changesCount
    }
}
