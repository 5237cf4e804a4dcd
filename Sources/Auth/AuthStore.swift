import Runtime

/// The port to storage of accounts. A transaction's body is synchronous; the adapter makes it atomic.
public protocol AuthStore: Sendable {
    func read<Value: Sendable>(_ body: @escaping @Sendable (any AuthQueries) throws -> Value) async throws -> Value

    /// Runs a body in one transaction: all of it is committed, or nothing where it throws.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any AuthTransaction) throws -> Value
    ) async throws -> Value
}

public protocol AuthQueries {
    func hasUsers() throws -> Bool
    func user(_ id: String) throws -> User?
    func user(email: String) throws -> User?
    func session(_ id: String) throws -> Session?
    func session(tokenHash: String) throws -> Session?
    func verification(tokenHash: String) throws -> EmailVerification?
}

public protocol AuthTransaction: AuthQueries {
    /// Inserts a new user and the customer of its own.
    func insert(_ user: User) throws
    func update(_ user: User) throws
    func insert(_ session: Session) throws
    func touch(_ sessionId: String, at instant: Timestamp) throws
    func deleteSession(_ id: String) throws
    /// Keeps a verification in place of the user's earlier ones.
    func replaceVerification(_ verification: EmailVerification) throws
    func deleteVerifications(of userId: String) throws
    /// Forgets sessions and verifications past their absolute limit.
    func deleteExpired(at instant: Timestamp) throws
}
