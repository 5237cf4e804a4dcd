import Runtime

/// The port to storage. A transaction's body is synchronous and holds the rules; the adapter makes it atomic.
public protocol AuthStore: Sendable {
    /// Runs a body on a consistent view of what is committed.
    func read<Value: Sendable>(_ body: @escaping @Sendable (any AuthQueries) throws -> Value) async throws -> Value

    /// Runs a body in one transaction: all of it is committed, or nothing where it throws.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any AuthTransaction) throws -> Value
    ) async throws -> Value
}

public protocol AuthQueries {
    func hasUsers() throws -> Bool
    func user(_ id: String) throws -> User?
    /// - Parameter email: in lower case.
    func user(email: String) throws -> User?
    func session(_ id: String) throws -> Session?
    func verificationToken(hash: String) throws -> VerificationToken?
    /// When mails of a kind were sent to an address after an instant, oldest first.
    func mailsSent(_ kind: LimitedMail, to email: String, after instant: Timestamp) throws -> [Timestamp]
}

public protocol AuthTransaction: AuthQueries {
    func insert(_ customer: Customer) throws
    func insert(_ user: User) throws
    /// Writes what may change of a user: password hash, verification, whether it is disabled.
    func update(_ user: User) throws

    func insert(_ session: Session) throws
    func noteUse(ofSession id: String, at instant: Timestamp) throws
    /// - Returns: whether there was such a session.
    @discardableResult
    func deleteSession(_ id: String) throws -> Bool
    /// Deletes the sessions last used or created before these instants.
    func deleteSessions(usedBefore lastUse: Timestamp, createdBefore creation: Timestamp) throws

    /// Writes a user's token in the place of the one before it.
    func replaceVerificationToken(_ token: VerificationToken) throws
    func deleteVerificationToken(ofUser userId: String) throws
    func deleteVerificationTokens(expiredAt instant: Timestamp) throws

    func noteMail(_ kind: LimitedMail, to email: String, at instant: Timestamp) throws
    func forgetMails(before instant: Timestamp) throws
}

/// Mails that anybody can have sent to somebody else's address, so that their number is limited. Each is stored with
/// the address and the time, or a restart would lift the limit.
public enum LimitedMail: String, Sendable, CaseIterable {
    /// A verification token that was asked for again.
    case verification
    /// The notice that an address is registered already.
    case existingAccount
}
