import OrderedCollections
import Runtime
import Scenarios

extension CloudEngine {
    /// How long the services that use Keystone trust what it said of a token (keystonemiddleware's
    /// `token_cache_time`): as long, a revoked token works with a service that has seen it.
    static let tokenCacheTime = Duration.seconds(300)

    /// Signs in by application credential or password (Identity API v3, `POST /auth/tokens`).
    ///
    /// - Parameters:
    ///   - secret: the portal's application credential's, which is every user's password as well.
    ///   - random: for the token's value.
    /// - Throws: ``KeystoneFault`` in the words of golden keystone.
    mutating func issueToken(_ body: JSONValue, secret: String, random: RandomSource) throws -> IssuedToken {
        guard body.object != nil else {
            throw KeystoneFault.badRequest("Expecting to find valid JSON in request body.")
        }
        guard let auth = body["auth"], auth != .null else {
            throw KeystoneFault.badRequest("Expecting to find auth in request body.")
        }
        guard let identity = auth["identity"] else {
            throw KeystoneFault(status: 400, title: "Bad Request", message: "'identity' is a required property")
        }
        guard let methods = identity["methods"]?.array?.compactMap(\.string) else {
            throw KeystoneFault(
                status: 400, title: "Bad Request",
                message: "Invalid input for field 'identity': 'methods' is a required property")
        }
        guard let method = methods.first else { throw KeystoneFault.unauthorized }
        switch method {
        case "application_credential":
            let credential = try credential(identity["application_credential"] ?? .null, secret: secret)
            guard auth["scope"] == nil else {
                throw KeystoneFault(
                    status: 401, title: "Unauthorized",
                    message:
                        "Error authenticating with application credential: Application credentials cannot request a scope.",
                    identity: [:])
            }
            return issue(
                method, to: credential.user, for: credential.user.project, credential: credential, random: random)
        case "password":
            let given = identity["password"]?["user"]
            guard let user = self.identity.user(given), given?["password"]?.string == secret else {
                throw KeystoneFault.unauthorized
            }
            let project = try scope(auth["scope"], of: user)
            return issue(method, to: user, for: project, credential: nil, random: random)
        default:
            throw KeystoneFault(
                status: 401, title: "Unauthorized", message: "Attempted to authenticate with an unsupported method.",
                identity: [
                    "methods": [
                        "external", "password", "token", "oauth1", "mapped", "application_credential", "ec2credential",
                    ]
                ])
        }
    }

    private func credential(_ given: JSONValue, secret: String) throws -> Identity.Credential {
        let credential: Identity.Credential?
        if let id = given["id"]?.string {
            credential = self.credential(id, secret: secret)
            guard credential != nil else {
                throw KeystoneFault.notFound("Could not find Application Credential: \(id).")
            }
        } else {
            let user = identity.user(given["user"])
            credential = credentials(secret: secret).first { $0.user == user && $0.name == given["name"]?.string }
        }
        guard let credential, given["secret"]?.string == credential.secret,
            credential.expiresAt.map({ $0 > now }) ?? true
        else { throw KeystoneFault.unauthorized }
        return credential
    }

    /// All application credentials, the portal's first.
    func credentials(secret: String) -> [Identity.Credential] {
        let portal = identity.users[0]
        let own = Identity.Credential(
            id: catalog.credentialId, name: Identity.portalCredential, user: portal, secret: secret, expiresAt: nil,
            isUnrestricted: true, description: nil)
        return [own] + identity.credentials.values
    }

    func credential(_ id: String, secret: String) -> Identity.Credential? {
        credentials(secret: secret).first { $0.id == id }
    }

    private func scope(_ scope: JSONValue?, of user: Identity.User) throws -> Identity.Project? {
        guard let scope, scope != "unscoped" else { return nil }
        guard let project = identity.project(scope["project"]), project == user.project else {
            throw KeystoneFault.unauthorized
        }
        return project
    }

    private mutating func issue(
        _ method: String, to user: Identity.User, for project: Identity.Project?, credential: Identity.Credential?,
        random: RandomSource
    ) -> IssuedToken {
        let end = now + scenario.tokenLifetime
        let token = IssuedToken(
            value: "gAAAAA" + base64URL(random.bytes(48)), method: method, auditId: base64URL(random.bytes(16)),
            issuedAt: now.wholeSecond, expiresAt: min(end, credential?.expiresAt ?? end).wholeSecond, user: user,
            project: project, credentialId: credential?.id)
        tokens = tokens.filter { $0.value.expiresAt > now }
        tokens[token.value] = token
        return token
    }

    /// The token of a value, where it is good.
    func token(_ value: String?) -> IssuedToken? {
        value.flatMap { tokens[$0] }.flatMap { token in
            let isThere = token.credentialId.map { $0 == catalog.credentialId || identity.credentials[$0] != nil }
            return token.expiresAt > now && isThere ?? true ? token : nil
        }
    }

    /// The token of a call to Keystone itself.
    ///
    /// - Throws: ``CloudDialect/NoToken``; ``KeystoneFault`` where the credential of the token is gone.
    func keystoneToken(_ value: String?) throws -> IssuedToken {
        if let token = token(value) { return token }
        if let token = value.flatMap({ tokens[$0] }), token.expiresAt > now, let id = token.credentialId {
            throw KeystoneFault.notFound("Could not find Application Credential: \(id).")
        }
        throw CloudDialect.NoToken()
    }

    /// The token of a call to another service, which remembers what it was told of it for a while.
    ///
    /// - Parameter service: the service and its region.
    /// - Throws: ``CloudDialect/NoToken``.
    mutating func serviceToken(_ value: String?, service: String) throws -> IssuedToken {
        guard let value, !value.isEmpty else { throw CloudDialect.NoToken() }
        let key = service + " " + value
        if let known = tokenCache[key], known.until > now, known.token.expiresAt > now { return known.token }
        guard let token = token(value) else {
            tokenCache[key] = nil
            throw CloudDialect.NoToken()
        }
        if tokenCache.count > 1000 { tokenCache = tokenCache.filter { $0.value.until > now } }
        tokenCache[key] = CachedToken(token: token, until: now + Self.tokenCacheTime)
        return token
    }

    struct CachedToken: Sendable {
        let token: IssuedToken
        let until: Timestamp
    }
}

extension Timestamp {
    /// Without its milliseconds.
    fileprivate var wholeSecond: Timestamp { Timestamp(milliseconds: milliseconds - milliseconds % 1000) }
}
