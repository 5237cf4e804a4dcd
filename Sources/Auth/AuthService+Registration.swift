import Runtime
import Synchronization

extension AuthService {
    /// Opens an account from `{email, password, name}` and mails a verification token. Where the address is registered
    /// already, its owner is told so by mail; the caller sees no difference, and one hash is computed either way
    /// (semantics.md S12.1).
    ///
    /// - Parameter remoteAddress: the peer's network address, for limits.
    /// - Throws: ``AuthError/invalid(_:)``, ``AuthError/tooManyAttempts(retryAfter:)``.
    public func register(_ body: JSONValue, from remoteAddress: String) async throws {
        let request = try RegistrationRequest(body)
        let uptime = surroundings.time.uptime
        if let wait = limits.withLock({ $0.registrationsFrom.take(remoteAddress, at: uptime) }) {
            throw AuthError.tooManyAttempts(retryAfter: wait)
        }
        let passwordHash = try await hasher.perform { try $0.hash(request.password) }
        let now = surroundings.time.now
        let mail = try await store.write { [self] tx -> Mail? in
            if let user = try tx.user(email: request.email) {
                let isAllowed = try tx.takeMail(.existingAccount, to: user.email, at: now)
                return isAllowed ? .existingAccount(of: user) : nil
            }
            let user = try insertUser(request, passwordHash: passwordHash, at: now, in: tx)
            return .verification(to: user, token: try newVerificationToken(for: user, at: now, in: tx))
        }
        if let mail { try await send(mail) }
    }

    /// Mails another verification token to `{email}`, which replaces the one before it. Nothing is sent, and nobody
    /// learns of it, where the address is unknown or verified, or past the limits: one in 60 s and five a day for an
    /// address, 20 an hour from a network address (semantics.md S12.3).
    ///
    /// - Throws: ``AuthError/invalid(_:)``.
    public func resendVerification(_ body: JSONValue, from remoteAddress: String) async throws {
        let email = try SingleField.email(body)
        let uptime = surroundings.time.uptime
        guard limits.withLock({ $0.resendsFrom.take(remoteAddress, at: uptime) }) == nil else { return }
        let now = surroundings.time.now
        let mail = try await store.write { [self] tx -> Mail? in
            guard let user = try tx.user(email: email), user.emailVerifiedAt == nil, user.disabledAt == nil,
                try tx.takeMail(.verification, to: email, at: now)
            else { return nil }
            return .verification(to: user, token: try newVerificationToken(for: user, at: now, in: tx))
        }
        if let mail { try await send(mail) }
    }

    /// Takes `{token}` as proof that its user reads the address it was sent to. It works once.
    ///
    /// - Throws: ``AuthError/invalid(_:)``, ``AuthError/invalidToken``.
    public func verifyEmail(_ body: JSONValue) async throws {
        let hash = secretHash(try SingleField.token(body))
        let now = surroundings.time.now
        try await store.write { tx in
            guard let token = try tx.verificationToken(hash: hash), now < token.expiresAt,
                var user = try tx.user(token.userId), user.email == token.email, user.disabledAt == nil
            else { throw AuthError.invalidToken }
            user.emailVerifiedAt = user.emailVerifiedAt ?? now
            try tx.update(user)
            try tx.deleteVerificationToken(ofUser: user.id)
        }
    }

    /// Gives an empty database a first, verified account; does nothing where there is a user.
    ///
    /// - Throws: ``AuthError/invalid(_:)`` for what ``register(_:from:)`` would refuse.
    public func seedAccount(email: String, password: String, name: String) async throws {
        let request = try RegistrationRequest(
            ["email": .string(email), "password": .string(password), "name": .string(name)])
        guard try await !store.read({ try $0.hasUsers() }) else { return }
        let passwordHash = try await hasher.perform { try $0.hash(request.password) }
        let now = surroundings.time.now
        try await store.write { [self] tx in
            guard try !tx.hasUsers() else { return }
            var user = try insertUser(request, passwordHash: passwordHash, at: now, in: tx)
            user.emailVerifiedAt = now
            try tx.update(user)
        }
    }

    private func insertUser(
        _ request: RegistrationRequest, passwordHash: String, at now: Timestamp, in tx: any AuthTransaction
    ) throws -> User {
        let customer = Customer(id: surroundings.identifier("cus"), createdAt: now)
        let user = User(
            id: surroundings.identifier("usr"), customerId: customer.id, email: request.email, name: request.name,
            passwordHash: passwordHash, createdAt: now)
        try tx.insert(customer)
        try tx.insert(user)
        return user
    }

    private func newVerificationToken(for user: User, at now: Timestamp, in tx: any AuthTransaction) throws -> String {
        let token = surroundings.token()
        try tx.replaceVerificationToken(
            VerificationToken(
                hash: secretHash(token), userId: user.id, email: user.email, expiresAt: now + .seconds(86_400)))
        return token
    }
}

extension AuthTransaction {
    /// Counts a mail to an address where its limits allow another now.
    fileprivate func takeMail(_ kind: LimitedMail, to email: String, at now: Timestamp) throws -> Bool {
        let sent = try mailsSent(kind, to: email, after: now - .seconds(86_400))
        if sent.count >= 5 { return false }
        if let last = sent.last, now - last < .seconds(60) { return false }
        try noteMail(kind, to: email, at: now)
        return true
    }
}
