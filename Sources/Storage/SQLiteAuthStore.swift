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
          created_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE sessions (
          id TEXT PRIMARY KEY,
          user_id TEXT NOT NULL REFERENCES users (id),
          kind TEXT NOT NULL,
          token_hash TEXT NOT NULL UNIQUE,
          created_at INTEGER NOT NULL,
          last_used_at INTEGER NOT NULL,
          expires_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX sessions_expiry ON sessions (expires_at);

        CREATE TABLE email_verifications (
          token_hash TEXT PRIMARY KEY,
          user_id TEXT NOT NULL REFERENCES users (id),
          email TEXT NOT NULL,
          expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX email_verifications_of_user ON email_verifications (user_id);
        """
}

/// Reads and writes of accounts within one transaction; in a reading one the connection refuses the writes.
private struct SQLiteAuthTransaction: AuthTransaction {
    let db: Database

    func hasUsers() throws -> Bool {
        try db.row("SELECT 1 FROM users LIMIT 1") != nil
    }

    func user(_ id: String) throws -> User? {
        try db.row("SELECT * FROM users WHERE id = ?", [id]).map(User.init(row:))
    }

    func user(email: String) throws -> User? {
        try db.row("SELECT * FROM users WHERE email = ?", [email]).map(User.init(row:))
    }

    func session(_ id: String) throws -> Session? {
        try db.row("SELECT * FROM sessions WHERE id = ?", [id]).map(Session.init(row:))
    }

    func session(tokenHash: String) throws -> Session? {
        try db.row("SELECT * FROM sessions WHERE token_hash = ?", [tokenHash]).map(Session.init(row:))
    }

    func verification(tokenHash: String) throws -> EmailVerification? {
        try db.row("SELECT * FROM email_verifications WHERE token_hash = ?", [tokenHash]).map {
            EmailVerification(
                userId: $0["user_id"], email: $0["email"], tokenHash: $0["token_hash"], expiresAt: $0["expires_at"])
        }
    }

    func insert(_ user: User) throws {
        try db.run("INSERT INTO customers VALUES (?, ?)", [user.customerId, user.createdAt])
        try db.run(
            """
            INSERT INTO users (id, customer_id, email, name, password_hash, email_verified_at, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                user.id, user.customerId, user.email, user.name, user.passwordHash, user.emailVerifiedAt,
                user.createdAt,
            ])
    }

    func update(_ user: User) throws {
        try db.run(
            "UPDATE users SET password_hash = ?, email_verified_at = ? WHERE id = ?",
            [user.passwordHash, user.emailVerifiedAt, user.id])
    }

    func insert(_ session: Session) throws {
        try db.run(
            """
            INSERT INTO sessions (id, user_id, kind, token_hash, created_at, last_used_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [
                session.id, session.userId, session.kind, session.tokenHash, session.createdAt, session.lastUsedAt,
                session.expiresAt,
            ])
    }

    func touch(_ sessionId: String, at instant: Timestamp) throws {
        try db.run("UPDATE sessions SET last_used_at = ? WHERE id = ?", [instant, sessionId])
    }

    func deleteSession(_ id: String) throws {
        try db.run("DELETE FROM sessions WHERE id = ?", [id])
    }

    func replaceVerification(_ verification: EmailVerification) throws {
        try deleteVerifications(of: verification.userId)
        try db.run(
            "INSERT INTO email_verifications (token_hash, user_id, email, expires_at) VALUES (?, ?, ?, ?)",
            [verification.tokenHash, verification.userId, verification.email, verification.expiresAt])
    }

    func deleteVerifications(of userId: String) throws {
        try db.run("DELETE FROM email_verifications WHERE user_id = ?", [userId])
    }

    func deleteExpired(at instant: Timestamp) throws {
        try db.run("DELETE FROM sessions WHERE expires_at <= ?", [instant])
        try db.run("DELETE FROM email_verifications WHERE expires_at <= ?", [instant])
    }
}

extension Session.Kind: DatabaseValueConvertible {}

extension User {
    fileprivate init(row: Row) {
        self.init(
            id: row["id"], customerId: row["customer_id"], email: row["email"], name: row["name"],
            passwordHash: row["password_hash"], emailVerifiedAt: row["email_verified_at"],
            createdAt: row["created_at"])
    }
}

extension Session {
    fileprivate init(row: Row) {
        self.init(
            id: row["id"], userId: row["user_id"], kind: row["kind"], tokenHash: row["token_hash"],
            createdAt: row["created_at"], lastUsedAt: row["last_used_at"], expiresAt: row["expires_at"])
    }
}
