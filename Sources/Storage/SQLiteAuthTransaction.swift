import Auth
import GRDB
import Runtime

/// Reads and writes of accounts within one transaction.
struct SQLiteAuthTransaction: AuthTransaction {
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

    func insert(_ customer: Customer) throws {
        try db.run("INSERT INTO customers (id, created_at) VALUES (?, ?)", [customer.id, customer.createdAt])
    }

    func insert(_ user: User) throws {
        try db.run(
            """
            INSERT INTO users (id, customer_id, email, name, password_hash, email_verified_at, created_at, disabled_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                user.id, user.customerId, user.email, user.name, user.passwordHash, user.emailVerifiedAt,
                user.createdAt, user.disabledAt,
            ])
    }

    func update(_ user: User) throws {
        try db.run(
            "UPDATE users SET password_hash = ?, email_verified_at = ?, disabled_at = ? WHERE id = ?",
            [user.passwordHash, user.emailVerifiedAt, user.disabledAt, user.id])
    }

    func session(_ id: String) throws -> Session? {
        try db.row("SELECT * FROM sessions WHERE id = ?", [id]).map(Session.init(row:))
    }

    func insert(_ session: Session) throws {
        try db.run(
            "INSERT INTO sessions (id, user_id, kind, created_at, last_used_at) VALUES (?, ?, ?, ?, ?)",
            [session.id, session.userId, session.kind, session.createdAt, session.lastUsedAt])
    }

    func noteUse(ofSession id: String, at instant: Timestamp) throws {
        try db.run("UPDATE sessions SET last_used_at = ? WHERE id = ?", [instant, id])
    }

    func deleteSession(_ id: String) throws -> Bool {
        try db.run("DELETE FROM sessions WHERE id = ?", [id]) > 0
    }

    func deleteSessions(usedBefore lastUse: Timestamp, createdBefore creation: Timestamp) throws {
        try db.run("DELETE FROM sessions WHERE last_used_at <= ? OR created_at <= ?", [lastUse, creation])
    }

    func verificationToken(hash: String) throws -> VerificationToken? {
        try db.row("SELECT * FROM verification_tokens WHERE hash = ?", [hash]).map(VerificationToken.init(row:))
    }

    func replaceVerificationToken(_ token: VerificationToken) throws {
        try db.run(
            "INSERT OR REPLACE INTO verification_tokens (user_id, hash, email, expires_at) VALUES (?, ?, ?, ?)",
            [token.userId, token.hash, token.email, token.expiresAt])
    }

    func deleteVerificationToken(ofUser userId: String) throws {
        try db.run("DELETE FROM verification_tokens WHERE user_id = ?", [userId])
    }

    func deleteVerificationTokens(expiredAt instant: Timestamp) throws {
        try db.run("DELETE FROM verification_tokens WHERE expires_at <= ?", [instant])
    }

    func mailsSent(_ kind: LimitedMail, to email: String, after instant: Timestamp) throws -> [Timestamp] {
        try db.rows(
            "SELECT sent_at FROM limited_mails WHERE email = ? AND kind = ? AND sent_at > ? ORDER BY sent_at",
            [email, kind, instant]
        ).map { $0["sent_at"] }
    }

    func noteMail(_ kind: LimitedMail, to email: String, at instant: Timestamp) throws {
        try db.run("INSERT INTO limited_mails (email, kind, sent_at) VALUES (?, ?, ?)", [email, kind, instant])
    }

    func forgetMails(before instant: Timestamp) throws {
        try db.run("DELETE FROM limited_mails WHERE sent_at <= ?", [instant])
    }
}

extension Session.Kind: DatabaseValueConvertible {}
extension LimitedMail: DatabaseValueConvertible {}

extension User {
    fileprivate init(row: Row) {
        self.init(
            id: row["id"], customerId: row["customer_id"], email: row["email"], name: row["name"],
            passwordHash: row["password_hash"], emailVerifiedAt: row["email_verified_at"],
            createdAt: row["created_at"], disabledAt: row["disabled_at"])
    }
}

extension Session {
    fileprivate init(row: Row) {
        self.init(
            id: row["id"], userId: row["user_id"], kind: row["kind"], createdAt: row["created_at"],
            lastUsedAt: row["last_used_at"])
    }
}

extension VerificationToken {
    fileprivate init(row: Row) {
        self.init(hash: row["hash"], userId: row["user_id"], email: row["email"], expiresAt: row["expires_at"])
    }
}
