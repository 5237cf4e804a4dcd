import Deployments
import GRDB
import Runtime
import Synchronization

/// The deployments' port to storage on SQLite. Its one writer's commits are the sequence of changes.
public final class SQLiteDeploymentStore: DeploymentStore {
    private let database: SQLiteDatabase
    private let surroundings: Surroundings
    private let listeners = Mutex<[AsyncStream<[CommittedChange]>.Continuation]>([])
    private let observer: @Sendable ([CommittedChange]) -> Void

    /// - Parameter observer: is told of each commit in its turn, before anybody else learns of it.
    public init(
        _ database: SQLiteDatabase, surroundings: Surroundings,
        observer: @escaping @Sendable ([CommittedChange]) -> Void = { _ in }
    ) {
        self.database = database
        self.surroundings = surroundings
        self.observer = observer
    }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        try await database.read { try body(SQLiteDeploymentQueries(db: $0)) }
    }

    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        let committed = try await database.write { [surroundings] db -> Committed<Value> in
            let transaction = SQLiteDeploymentTransaction(db: db, surroundings: surroundings)
            return Committed(value: try body(transaction), changes: transaction.changes)
        } afterCommit: { [self] committed in
            guard !committed.changes.isEmpty else { return }
            observer(committed.changes)
            listeners.withLock { listeners in
                listeners.removeAll { listener in
                    if case .terminated = listener.yield(committed.changes) { true } else { false }
                }
            }
        }
        return committed.value
    }

    private struct Committed<Value: Sendable>: Sendable {
        let value: Value
        let changes: [CommittedChange]
    }

    public func changes() -> AsyncStream<[CommittedChange]> {
        let (stream, continuation) = AsyncStream<[CommittedChange]>.makeStream()
        listeners.withLock { $0.append(continuation) }
        return stream
    }
}

extension SQLiteDeploymentStore {
    static func migrate(_ migrator: inout DatabaseMigrator, surroundings: Surroundings) {
        migrator.registerMigration("deployments-1") { db in
            try db.execute(sql: schema)
            try db.execute(
                sql: "INSERT INTO installation (instance_id, epoch) VALUES (?, ?)",
                arguments: [surroundings.identifier("hh").lowercased(), base64URL(surroundings.random.bytes(6))])
        }
        migrator.registerMigration("deployments-2") { db in
            try db.execute(
                sql: """
                    ALTER TABLE deployments ADD COLUMN awaits_create INTEGER NOT NULL DEFAULT FALSE;
                    UPDATE deployments SET awaits_create = TRUE WHERE status = 'REQUESTED';
                    CREATE INDEX deployments_creating ON deployments (region_id, customer_id)
                      WHERE status IN ('REQUESTED', 'PROVISIONING');
                    """)
        }
    }

    private static let schema = """
        CREATE TABLE installation (instance_id TEXT NOT NULL, epoch TEXT NOT NULL) STRICT;

        CREATE TABLE deployments (
          id TEXT PRIMARY KEY,
          customer_id TEXT NOT NULL,
          name TEXT NOT NULL,
          region_id TEXT NOT NULL,
          instance_type_id TEXT NOT NULL,
          image_id TEXT NOT NULL,
          storage_gib INTEGER NOT NULL,
          ssh_key_id TEXT NOT NULL,
          status TEXT NOT NULL,
          desired TEXT NOT NULL,
          public_ip TEXT,
          private_ip TEXT,
          ssh_user TEXT,
          error_code TEXT,
          error_message TEXT,
          revision INTEGER NOT NULL,
          created_at INTEGER NOT NULL,
          updated_at INTEGER NOT NULL,
          last_event_seq INTEGER NOT NULL,
          work TEXT NOT NULL,
          due_at INTEGER,
          lease_owner TEXT,
          lease_until INTEGER,
          fence INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX deployments_of_customer ON deployments (customer_id, created_at DESC, id DESC);
        CREATE INDEX deployments_due ON deployments (region_id, due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX deployments_leased ON deployments (lease_owner) WHERE lease_owner IS NOT NULL;

        CREATE TABLE deployment_events (
          deployment_id TEXT NOT NULL REFERENCES deployments (id),
          seq INTEGER NOT NULL,
          id TEXT NOT NULL,
          ts INTEGER NOT NULL,
          level TEXT NOT NULL,
          message TEXT NOT NULL,
          source_id TEXT,
          PRIMARY KEY (deployment_id, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX deployment_events_source ON deployment_events (deployment_id, source_id)
          WHERE source_id IS NOT NULL;

        CREATE TABLE idempotency_keys (
          customer_id TEXT NOT NULL,
          operation TEXT NOT NULL,
          key TEXT NOT NULL,
          fingerprint TEXT NOT NULL,
          deployment_id TEXT NOT NULL,
          expires_at INTEGER NOT NULL,
          PRIMARY KEY (customer_id, operation, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

        CREATE TABLE ssh_keys (
          id TEXT PRIMARY KEY,
          customer_id TEXT NOT NULL,
          name TEXT NOT NULL,
          public_key TEXT NOT NULL,
          fingerprint TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          UNIQUE (customer_id, fingerprint)
        ) STRICT;
        """
}
