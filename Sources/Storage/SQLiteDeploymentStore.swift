import Deployments
import GRDB
import Runtime
import Synchronization

/// The deployments' port to storage on SQLite. SQLite has one writer at a time, whose commits are the sequence of
/// changes; what other processes commit is read from the table `feed` (semantics.md S7.2).
public final class SQLiteDeploymentStore: DeploymentStore {
    private let database: SQLiteDatabase
    /// Up to where the feed is told of; nil before ``joinFeed()``. Changed in the writer's turn alone.
    private let cursor = Mutex<Int?>(nil)
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
        let committed = try await database.write { [self] db -> Committed<Value> in
            let feed = ChangeFeed(db: db)
            let cursor = self.cursor.withLock { $0 }
            // Read before the own changes are added: what others have committed comes before them.
            let others = try cursor.map(feed.changes(after:)) ?? []
            let transaction = SQLiteDeploymentTransaction(db: db, surroundings: surroundings)
            let value = try body(transaction)
            try feed.append(transaction.changes, at: surroundings.time.now)
            return Committed(
                value: value, others: others, changes: transaction.changes, end: try cursor.map { _ in try feed.end() })
        } afterCommit: { [self] committed in
            self.cursor.withLock { $0 = committed.end ?? $0 }
            for changes in committed.others { tell(changes) }
            guard !committed.changes.isEmpty else { return }
            observer(committed.changes)
            tell(committed.changes)
        }
        return committed.value
    }

    private struct Committed<Value: Sendable>: Sendable {
        let value: Value
        let others: [[CommittedChange]]
        let changes: [CommittedChange]
        let end: Int?
    }

    private func tell(_ changes: [CommittedChange]) {
        listeners.withLock { listeners in
            listeners.removeAll { if case .terminated = $0.yield(changes) { true } else { false } }
        }
    }

    /// From here on ``changes()`` tells what other processes commit as well, each time that this one writes and
    /// while ``follow(every:)`` runs.
    ///
    /// - Throws: `StoreUnavailable`.
    public func joinFeed() async throws {
        _ = try await database.write {
            try ChangeFeed(db: $0).end()
        } afterCommit: { [self] end in
            cursor.withLock { $0 = end }
        }
    }

    /// Looks for what other processes commit, until the task is cancelled.
    public func follow(every interval: Duration = .milliseconds(250)) async throws {
        while true {
            try await surroundings.time.sleep(for: interval)
            do {
                let end = try await database.read { try ChangeFeed(db: $0).end() }
                if let cursor = cursor.withLock({ $0 }), end > cursor { try await write { _ in } }
            } catch is StoreUnavailable {
                // The next look tells of it.
            }
        }
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
        migrator.registerMigration("deployments-3") { try $0.execute(sql: ChangeFeed.schema) }
        migrator.registerMigration("deployments-4") { db in
            try db.execute(
                sql: """
                    CREATE TABLE maintenance (
                      region_id TEXT PRIMARY KEY,
                      message TEXT,
                      since INTEGER NOT NULL
                    ) STRICT, WITHOUT ROWID;
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
