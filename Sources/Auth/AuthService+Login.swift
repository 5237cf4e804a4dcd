import Logging
import Runtime
import Synchronization

extension AuthService {
    /// Signs in with `{email, password, session?}`, where `session` is `cookie` (the default) or `bearer`.
    ///
    /// - Parameters:
    ///   - remoteAddress: the peer's network address, for limits.
    ///   - oldToken: the token that the client has from an earlier login; its session ends (semantics.md S8.17).
    /// - Throws: ``AuthError/invalid(_:)``, ``AuthError/invalidCredentials``,
    ///   ``AuthError/tooManyAttempts(retryAfter:)``. Which one never depends on whether the address is registered.
    public func login(
        _ body: JSONValue, from remoteAddress: String, replacing oldToken: String? = nil
    ) async throws -> LoginResult {
        let request = try LoginRequest(body)
        while true {
            let found = try await store.read { try $0.user(email: request.email) }
            let user = found?.disabledAt == nil ? found : nil
            let (verified, upgradedHash) = try await check(request, of: user, from: remoteAddress)
            let result = try await store.write { [self] tx -> LoginResult? in
                // The hash took its time. Where the user is another one by now, look again.
                guard var current = try tx.user(verified.id), current == verified else { return nil }
                if let upgradedHash {
                    current.passwordHash = upgradedHash
                    try tx.update(current)
                }
                return try startSession(of: current, kind: request.kind, replacing: oldToken, in: tx)
            }
            guard let result else { continue }
            logger.info(
                "signed in",
                metadata: [
                    "user": "\(verified.id)", "session": "\(result.principal.sessionId)", "from": "\(remoteAddress)",
                ])
            return result
        }
    }

    /// Checks the password within the limits.
    ///
    /// The limits are looked at and counted where the hash is computed, one login at a time, so that many logins at
    /// once get no more tries than one after the other. Those that succeed are not counted: they guess nothing.
    ///
    /// - Returns: the user, and the password's hash at today's cost where the stored one has another.
    private func check(
        _ request: LoginRequest, of user: User?, from remoteAddress: String
    ) async throws -> (verified: User, upgradedHash: String?) {
        // Who does not exist is not named: it may be a password that was typed into the wrong field.
        let context: Logger.Metadata = ["user": "\(user?.id ?? "unknown")", "from": "\(remoteAddress)"]
        return try await hasher.perform { hashing in
            let uptime = surroundings.time.uptime
            let wait = limits.withLock {
                $0.failedLoginsFrom.wait(remoteAddress, at: uptime) ?? $0.failedLogins.wait(request.email, at: uptime)
            }
            if let wait {
                logger.warning("a login was refused: too many attempts", metadata: context)
                throw AuthError.tooManyAttempts(retryAfter: wait)
            }
            let matches = try hashing.verify(request.password, against: user?.passwordHash)
            limits.withLock {
                $0.failedLogins.note(request.email, succeeded: matches, at: uptime)
                if !matches { $0.failedLoginsFrom.note(remoteAddress, at: uptime) }
            }
            guard matches, let user else {
                logger.warning("a login failed", metadata: context)
                throw AuthError.invalidCredentials
            }
            return (user, hashing.needsRehash(user.passwordHash) ? try hashing.hash(request.password) : nil)
        }
    }
}
