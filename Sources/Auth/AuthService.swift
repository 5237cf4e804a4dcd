import Crypto
import Logging
import Runtime

/// Accounts and sessions (semantics.md section 12). No answer tells whether an address is registered.
public struct AuthService: Sendable {
    public struct Settings: Equatable, Sendable {
        /// A session ends after this long without a request, and after ``absoluteLimit`` in any case.
        public var idleLimit: Duration = .seconds(8 * 3600)
        public var absoluteLimit: Duration = .seconds(24 * 3600)
        public var verificationLimit: Duration = .seconds(24 * 3600)

        public init() {}
    }

    private let store: any AuthStore
    private let hasher: PasswordHasher
    private let mailer: any Mailer
    private let surroundings: Surroundings
    private let settings: Settings
    private let logger: Logger

    private let failureDelays = FailureDelays()
    private let signInsOfAddress = AttemptLimit(20, per: .seconds(60))
    private let registrationsOfAddress = AttemptLimit(20, per: .seconds(3600))
    private let resendsOfAddress = AttemptLimit(20, per: .seconds(3600))
    private let resendsSoon = AttemptLimit(1, per: .seconds(60))
    private let resendsOfDay = AttemptLimit(5, per: .seconds(86_400))

    public init(
        store: any AuthStore, hasher: PasswordHasher, mailer: any Mailer, surroundings: Surroundings,
        settings: Settings = Settings(), logger: Logger
    ) {
        self.store = store
        self.hasher = hasher
        self.mailer = mailer
        self.surroundings = surroundings
        self.settings = settings
        self.logger = logger
    }

    /// Makes a customer and its first user from `{email, password, name}` and mails a verification; a known address
    /// gets a mail that says so. The answer, and the one password hash that it takes, are the same for both (S12.1).
    ///
    /// - Parameter address: the peer's network address, for limits.
    /// - Throws: ``AuthError/invalid(_:)``, ``AuthError/tooManyAttempts(retryAfter:)``.
    public func register(_ body: JSONValue, from address: String) async throws {
        let registration = try Registration(body)
        if let wait = registrationsOfAddress.admit(address, at: surroundings.time.uptime) {
            throw AuthError.tooManyAttempts(retryAfter: wait)
        }
        let now = surroundings.time.now
        let token = surroundings.token()
        let user = User(
            id: surroundings.identifier("usr"), customerId: surroundings.identifier("cus"),
            email: registration.email, name: registration.name,
            passwordHash: try await hasher.hash(registration.password), createdAt: now)
        let verification = verification(of: user, token: token, at: now)
        let isNew = try await store.write { tx in
            try tx.deleteExpired(at: now)
            guard try tx.user(email: user.email) == nil else { return false }
            try tx.insert(user)
            try tx.replaceVerification(verification)
            return true
        }
        await send(isNew ? verificationMail(to: user.email, token: token) : knownAddressMail(to: user.email))
    }

    /// What a sign-in gives.
    public struct SignedIn: Equatable, Sendable {
        /// The session's secret, for the client alone.
        public let token: String
        public let principal: Principal
        /// The session that this one took the place of (S8.17).
        public let endedSessionId: String?
    }

    /// Opens a session from `{email, password, session?}`.
    ///
    /// - Parameter token: of the session that the client had, which ends.
    /// - Throws: ``AuthError/invalid(_:)``, ``AuthError/invalidCredentials``,
    ///   ``AuthError/tooManyAttempts(retryAfter:)``.
    public func login(_ body: JSONValue, from address: String, replacing token: String?) async throws -> SignedIn {
        let credentials = try Credentials(body)
        let uptime = surroundings.time.uptime
        if let wait = failureDelays.delay(for: credentials.email, at: uptime)
            ?? signInsOfAddress.admit(address, at: uptime)
        {
            throw AuthError.tooManyAttempts(retryAfter: wait)
        }
        let known = try await store.read { try $0.user(email: credentials.email) }
        let hash = try await checkPassword(credentials.password, of: known)
        guard var user = known, let hash else {
            failureDelays.noteFailure(of: credentials.email, at: surroundings.time.uptime)
            throw AuthError.invalidCredentials
        }
        failureDelays.noteSuccess(of: credentials.email)
        user.passwordHash = hash

        let now = surroundings.time.now
        let newToken = surroundings.token()
        let session = Session(
            id: surroundings.identifier("ses"), userId: user.id, kind: credentials.kind, tokenHash: Self.hash(newToken),
            createdAt: now, lastUsedAt: now, expiresAt: now + settings.absoluteLimit)
        let endedSessionId = try await store.write { [user] tx in
            try tx.deleteExpired(at: now)
            let ended = try token.flatMap { try tx.session(tokenHash: Self.hash($0)) }
            if let ended { try tx.deleteSession(ended.id) }
            try tx.update(user)
            try tx.insert(session)
            return ended?.id
        }
        return SignedIn(
            token: newToken, principal: principal(session, user), endedSessionId: endedSessionId)
    }

    /// The hash to keep where the password is right: the old one, or one with today's costs. An unknown user costs a
    /// hash as well.
    private func checkPassword(_ password: String, of user: User?) async throws -> String? {
        guard let user else {
            _ = try await hasher.hash(password)
            return nil
        }
        let verdict = try await hasher.verify(password, against: user.passwordHash)
        guard verdict.isRight else { return nil }
        return verdict.isOutdated ? try await hasher.hash(password) : user.passwordHash
    }

    /// Ends a session.
    public func logout(_ sessionId: String) async throws {
        try await store.write { try $0.deleteSession(sessionId) }
    }

    /// Who holds this token; a request counts as use of the session.
    public func authenticate(token: String) async throws -> Principal? {
        let hash = Self.hash(token)
        let now = surroundings.time.now
        guard
            let (session, user) = try await store.read({ queries -> (Session, User)? in
                guard let session = try queries.session(tokenHash: hash), let user = try queries.user(session.userId)
                else { return nil }
                return (session, user)
            }), isLive(session, at: now)
        else { return nil }
        guard now - session.lastUsedAt >= Self.touchInterval else { return principal(session, user) }
        var used = session
        used.lastUsedAt = now
        try await store.write { try $0.touch(session.id, at: now) }
        return principal(used, user)
    }

    /// Who a session belongs to, without counting as use: for the re-check of an open socket (S8.15).
    public func principal(ofSession id: String) async throws -> Principal? {
        let found = try await store.read { queries -> (Session, User)? in
            guard let session = try queries.session(id), let user = try queries.user(session.userId) else { return nil }
            return (session, user)
        }
        guard let (session, user) = found, isLive(session, at: surroundings.time.now) else { return nil }
        return principal(session, user)
    }

    /// Takes `{token}` from a verification mail.
    ///
    /// - Throws: ``AuthError/invalid(_:)``, ``AuthError/invalidToken``.
    public func verifyEmail(_ body: JSONValue) async throws {
        var reader = FieldReader(body)
        let token = reader.string("token", length: 1...200)
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let token else { throw AuthError.invalid(reader.errors) }
        let hash = Self.hash(token)
        let now = surroundings.time.now
        try await store.write { tx in
            guard let verification = try tx.verification(tokenHash: hash), verification.expiresAt > now,
                var user = try tx.user(verification.userId), user.email == verification.email
            else { throw AuthError.invalidToken }
            user.emailVerifiedAt = now
            try tx.update(user)
            try tx.deleteVerifications(of: user.id)
        }
    }

    /// Mails a new token to `{email}`, where that is an unverified user's and the limits allow; says nothing of it.
    ///
    /// - Throws: ``AuthError/invalid(_:)``.
    public func resendVerification(_ body: JSONValue, from address: String) async throws {
        var reader = FieldReader(body)
        let email = reader.email()
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let email else { throw AuthError.invalid(reader.errors) }
        let uptime = surroundings.time.uptime
        guard resendsOfAddress.admit(address, at: uptime) == nil, resendsSoon.admit(email, at: uptime) == nil,
            resendsOfDay.admit(email, at: uptime) == nil
        else { return }
        let now = surroundings.time.now
        let token = surroundings.token()
        let isPending = try await store.write { tx in
            guard let user = try tx.user(email: email), user.emailVerifiedAt == nil else { return false }
            try tx.replaceVerification(verification(of: user, token: token, at: now))
            return true
        }
        if isPending { await send(verificationMail(to: email, token: token)) }
    }

    /// Gives an empty database a verified account: the demo of a fake cloud.
    public func seed(email: String, password: String, name: String) async throws {
        guard try await !store.read({ try $0.hasUsers() }) else { return }
        let now = surroundings.time.now
        let user = User(
            id: surroundings.identifier("usr"), customerId: surroundings.identifier("cus"), email: email, name: name,
            passwordHash: try await hasher.hash(password), emailVerifiedAt: now, createdAt: now)
        try await store.write { tx in
            if try !tx.hasUsers() { try tx.insert(user) }
        }
    }

    private static let touchInterval = Duration.seconds(60)

    private func isLive(_ session: Session, at now: Timestamp) -> Bool {
        now < limit(of: session)
    }

    private func limit(of session: Session) -> Timestamp {
        min(session.expiresAt, session.lastUsedAt + settings.idleLimit)
    }

    private func principal(_ session: Session, _ user: User) -> Principal {
        Principal(
            sessionId: session.id, kind: session.kind, userId: user.id, customerId: user.customerId, email: user.email,
            name: user.name, isVerified: user.emailVerifiedAt != nil, expiresAt: limit(of: session))
    }

    private func verification(of user: User, token: String, at now: Timestamp) -> EmailVerification {
        EmailVerification(
            userId: user.id, email: user.email, tokenHash: Self.hash(token),
            expiresAt: now + settings.verificationLimit)
    }

    private func verificationMail(to address: String, token: String) -> Mail {
        Mail(
            to: address, subject: "Verify your address",
            text: """
                Welcome to Hothouse. To verify your address, send this token to POST /auth/verify-email:

                \(token)

                It works once, for 24 hours.
                """,
            token: token)
    }

    private func knownAddressMail(to address: String) -> Mail {
        Mail(
            to: address, subject: "You already have an account",
            text: "Somebody, perhaps you, tried to register this address again. Nothing was changed: sign in instead.")
    }

    /// Sends a mail after the commit. One that fails is in the log; the user asks for it again.
    private func send(_ mail: Mail) async {
        do {
            try await mailer.send(mail)
        } catch {
            logger.error("a mail could not be sent: \(error)")
        }
    }

    private static func hash(_ token: String) -> String {
        SHA256.hash(data: Array(token.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
