import Auth
import GRDB
import Runtime

/// The accounts' port to storage on SQLite.
public final class SQLiteAuthStore: AuthStore {
    private let database: SQLiteDatabase

    public init(_ database: SQLiteDatabase) {
        self.database = database
    }

    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (any AuthQueries) throws -> Value
    ) async throws -> Value {
        try await database.read { try body(SQLiteAuthTransaction(db: $0)) }
    }

    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (any AuthTransaction) throws -> Value
    ) async throws -> Value {
        try await database.write { try body(SQLiteAuthTransaction(db: $0)) }
    }
}

extension SQLiteAuthStore {
    static func migrate(_ migrator: inout DatabaseMigrator) {
        migrator.registerMigration("auth-1") { try $0.execute(sql: schema) }
    }

    private static let schema = """
        CREATE TABLE customers (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL) STRICT;

        CREATE TABLE users (
          id TEXT PRIMARY KEY,
          customer_id TEXT NOT NULL REFERENCES customers (id),
          email TEXT NOT NULL UNIQUE,
          name TEXT NOT NULL,
          password_hash TEXT NOT NULL,
          email_verified_at INTEGER,
          created_at INTEGER NOT NULL,
          disabled_at INTEGER
        ) STRICT;
        CREATE INDEX users_of_customer ON users (customer_id);

        CREATE TABLE sessions (
          id TEXT PRIMARY KEY,
          user_id TEXT NOT NULL REFERENCES users (id),
          kind TEXT NOT NULL,
          created_at INTEGER NOT NULL,
          last_used_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sessions_of_user ON sessions (user_id);
        CREATE INDEX sessions_created ON sessions (created_at);
        CREATE INDEX sessions_used ON sessions (last_used_at);

        CREATE TABLE verification_tokens (
          user_id TEXT PRIMARY KEY REFERENCES users (id),
          hash TEXT NOT NULL UNIQUE,
          email TEXT NOT NULL,
          expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX verification_tokens_expiry ON verification_tokens (expires_at);

        CREATE TABLE limited_mails (email TEXT NOT NULL, kind TEXT NOT NULL, sent_at INTEGER NOT NULL) STRICT;
        CREATE INDEX limited_mails_of_address ON limited_mails (email, kind, sent_at);
        CREATE INDEX limited_mails_sent ON limited_mails (sent_at);
        """
}
