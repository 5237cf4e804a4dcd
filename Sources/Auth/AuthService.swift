import Logging
import Runtime
import Synchronization

/// Accounts and who is signed in (design.md section 7, semantics.md section 12).
public final class AuthService: Sendable {
    let store: any AuthStore
    let hasher: PasswordHasher
    let surroundings: Surroundings
    let limits: Mutex<AuthLimits>
    private let mailer: any Mailer
    private let sessionLimits: SessionLimits
    let logger: Logger

    public init(
        store: any AuthStore, hasher: PasswordHasher, mailer: any Mailer,
        sessionLimits: SessionLimits = SessionLimits(), surroundings: Surroundings, logger: Logger
    ) {
        self.store = store
        self.hasher = hasher
        self.mailer = mailer
        self.sessionLimits = sessionLimits
        self.surroundings = surroundings
        self.logger = logger
        limits = Mutex(AuthLimits())
    }

    /// Who shows a token.
    ///
    /// - Parameter extends: whether this counts as use of the session. Requests do; what travels on an open socket
    ///   does not (semantics.md S8.16).
    /// - Returns: nil for a token that is unknown, or whose session is over.
    public func authenticate(token: String, extends: Bool = true) async throws -> Principal? {
        let id = secretHash(token)
        guard let (session, principal) = try await signedIn(id) else { return nil }
        let now = surroundings.time.now
        // To the minute is enough, and spares most requests a write.
        guard extends, now - session.lastUsedAt >= .seconds(60) else { return principal }
        do {
            return try await extend(id, at: now)
        } catch let error where !(error is Crashed || error is CancellationError) {
            // Reading goes on while nothing can be written; the next request notes its use.
            logger.warning("a session was not extended", metadata: ["session": "\(id)", "error": "\(error)"])
            return principal
        }
    }

    /// Notes a use of a session.
    ///
    /// - Returns: nil where it is over by now.
    private func extend(_ id: String, at now: Timestamp) async throws -> Principal? {
        try await store.write { [sessionLimits] tx in
            guard let (_, user) = try tx.signedIn(id, at: now, sessionLimits), var session = try tx.session(id) else {
                return nil
            }
            session.lastUsedAt = now
            try tx.noteUse(ofSession: id, at: now)
            return Principal(session, user, expiresAt: sessionLimits.end(of: session))
        }
    }

    /// Whose session it is, nil where it is over. It is not extended.
    public func principal(ofSession id: String) async throws -> Principal? {
        try await signedIn(id)?.principal
    }

    /// The customer of the user with an address, in any case; nil where there is none.
    public func customerId(ofEmail email: String) async throws -> String? {
        let email = EmailAddress.normalised(email)
        return try await store.read { try $0.user(email: email)?.customerId }
    }

    private func signedIn(_ sessionId: String) async throws -> (session: Session, principal: Principal)? {
        let now = surroundings.time.now
        return try await store.read { [sessionLimits] queries in
            try queries.signedIn(sessionId, at: now, sessionLimits).map { session, user in
                (session, Principal(session, user, expiresAt: sessionLimits.end(of: session)))
            }
        }
    }

    /// Ends a session; one that is over already is fine. Its sockets are the caller's to close.
    public func logout(_ sessionId: String) async throws {
        let wasOpen = try await store.write { try $0.deleteSession(sessionId) }
        if wasOpen { logger.info("signed out", metadata: ["session": "\(sessionId)"]) }
    }

    /// Writes a new session of a user, in the place of the one that the same client had (semantics.md S8.17).
    func startSession(of user: User, kind: Session.Kind, replacing oldToken: String?, in tx: any AuthTransaction) throws
        -> LoginResult
    {
        let now = surroundings.time.now
        let token = surroundings.token()
        let session = Session(id: secretHash(token), userId: user.id, kind: kind, createdAt: now, lastUsedAt: now)
        let oldId = try oldToken.map(secretHash).flatMap { try tx.deleteSession($0) ? $0 : nil }
        try tx.insert(session)
        return LoginResult(
            token: token, principal: Principal(session, user, expiresAt: sessionLimits.end(of: session)),
            expiresAt: now + sessionLimits.absolute, endedSessionId: oldId)
    }

    /// Deletes what has expired: sessions, verification tokens, and the record of mails that no limit needs any more.
    /// Nothing that has expired works before it is deleted either.
    public func purgeExpired() async throws {
        let now = surroundings.time.now
        try await store.write { [sessionLimits] tx in
            try tx.deleteSessions(usedBefore: now - sessionLimits.idle, createdBefore: now - sessionLimits.absolute)
            try tx.deleteVerificationTokens(expiredAt: now)
            try tx.forgetMails(before: now - .seconds(86_400))
        }
    }

    /// Sends a mail after the commit that it tells of. A mail that can't be sent can be asked for again, so the request
    /// goes on, and its answer says nothing about the account.
    func send(_ mail: Mail) async throws {
        do {
            try await mailer.send(mail)
        } catch let error where error is Crashed || error is CancellationError {
            throw error
        } catch {
            logger.error("a mail was not sent: \(mail.subject)", metadata: ["error": "\(error)"])
        }
    }
}

/// The limits that are kept in memory, each instance of the server its own.
struct AuthLimits: Sendable {
    var failedLogins = FailedLogins()
    /// Failed logins from one network address.
    var failedLoginsFrom = RateLimit(20, per: .seconds(60))
    /// Registrations from one network address: each costs a hash.
    var registrationsFrom = RateLimit(60, per: .seconds(60))
    /// Requests for another verification mail from one network address.
    var resendsFrom = RateLimit(20, per: .seconds(3600))
}

extension AuthQueries {
    /// The session and its user where it is not over at an instant.
    fileprivate func signedIn(
        _ sessionId: String, at now: Timestamp, _ limits: SessionLimits
    ) throws -> (Session, User)? {
        guard let session = try session(sessionId), now < limits.end(of: session),
            let user = try user(session.userId), user.disabledAt == nil
        else { return nil }
        return (session, user)
    }
}
