import OrderedCollections
import Runtime
import Scenarios

extension CloudEngine {
    /// Signs in by application credential, password or token (Identity API v3, `POST /auth/tokens`).
    ///
    /// - Parameters:
    ///   - body: nil where the request had none.
    ///   - random: for the token's value.
    /// - Throws: ``KeystoneFault`` in the words of golden keystone.
    mutating func issueToken(_ body: JSONValue?, random: RandomSource) throws -> IssuedToken {
        if let body, body.object == nil {
            throw KeystoneFault.badRequest("Expecting to find valid JSON in request body.")
        }
        guard let auth = body?["auth"], auth != .null else {
            throw KeystoneFault.badRequest("Expecting to find auth in request body.")
        }
        guard let identity = auth["identity"] else {
            throw AuthSchema.missing("identity", in: auth, schema: AuthSchema.auth, at: [])
        }
        guard let methods = identity["methods"]?.array?.compactMap(\.string) else {
            throw AuthSchema.missing(
                "methods", in: identity, schema: AuthSchema.identity, at: ["identity"],
                prefix: "Invalid input for field 'identity': ")
        }
        guard let method = methods.first else { throw KeystoneFault.unauthorized }
        switch method {
        case "application_credential":
            let credential = try credential(identity["application_credential"])
            guard auth["scope"] == nil else {
                throw KeystoneFault(
                    status: 401, title: "Unauthorized",
                    message:
                        "Error authenticating with application credential: Application credentials cannot request a scope.",
                    identity: [:])
            }
            return issue(
                [method], to: credential.user, for: (credential.project, credential.roles), credential: credential,
                random: random)
        case "password":
            let given = identity["password"]?["user"]
            guard let user = self.identity.user(given), given?["password"]?.string == user.password else {
                throw KeystoneFault.unauthorized
            }
            return issue([method], to: user, for: try scope(auth["scope"], of: user), random: random)
        case "token":
            guard let value = identity["token"]?["id"]?.string else {
                throw KeystoneFault.invalid("Invalid input for field 'identity/token': 'id' is a required property")
            }
            let old = try keystoneToken(value)
            // A token of an application credential is for its own project and nothing else.
            guard old.credentialId == nil else {
                throw KeystoneFault.forbidden("rescope a token of an application credential")
            }
            let methods = old.methods + (old.methods.contains(method) ? [] : [method])
            return issue(
                methods, to: old.user, for: try scope(auth["scope"], of: old.user), parent: old, random: random)
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

    private func credential(_ given: JSONValue?) throws -> Identity.Credential {
        let credential: Identity.Credential?
        if let id = given?["id"]?.string {
            credential = identity.credentials[id]
            guard credential != nil else { throw KeystoneFault.noCredential(id) }
        } else {
            guard let name = given?["name"]?.string, let user = identity.user(given?["user"]) else {
                throw KeystoneFault.unauthorized
            }
            credential = identity.credentials.values.first { $0.user == user && $0.name == name }
            guard credential != nil else { throw KeystoneFault.noCredential(name) }
        }
        guard let credential, given?["secret"]?.string == credential.secret, !credential.isExpired(at: now) else {
            throw KeystoneFault.unauthorized
        }
        return credential
    }

    /// The project of a scope, with the user's roles there. Without a scope, the token is unscoped: nobody has a
    /// default project.
    private func scope(_ scope: JSONValue?, of user: Identity.User) throws -> (Identity.Project, [String])? {
        guard let scope, scope != "unscoped", scope["unscoped"] == nil else { return nil }
        guard let project = identity.project(scope["project"]) else { throw KeystoneFault.unauthorized }
        let roles = user.roles(on: project)
        guard !roles.isEmpty else { throw KeystoneFault.unauthorized }
        return (project, roles)
    }

    private mutating func issue(
        _ methods: [String], to user: Identity.User, for scope: (project: Identity.Project, roles: [String])?,
        credential: Identity.Credential? = nil, parent: IssuedToken? = nil, random: RandomSource
    ) -> IssuedToken {
        // A token outlives neither the credential nor the token that it was got with.
        let ends = [now + scenario.tokenLifetime, credential?.expiresAt, parent?.expiresAt].compactMap { $0 }
        let auditId = base64URL(random.bytes(16))
        let token = IssuedToken(
            value: "gAAAAA" + base64URL(random.bytes(96)), methods: methods,
            auditIds: [auditId] + (parent?.auditIds.last.map { [$0] } ?? []), issuedAt: now.wholeSecond,
            expiresAt: (ends.min() ?? now).wholeSecond, user: user, project: scope?.project, roles: scope?.roles ?? [],
            credentialId: credential?.id)
        tokens.add(token)
        return token
    }

    /// The token of a value, where it is good.
    func token(_ value: String?) -> IssuedToken? {
        value.flatMap { tokens.token($0, at: now) }.flatMap { token in
            token.credentialId.map { identity.credentials[$0] != nil } ?? true ? token : nil
        }
    }

    /// The token of a call to Keystone itself.
    ///
    /// - Throws: ``CloudDialect/NoToken``; ``KeystoneFault`` where the credential of the token is gone.
    func keystoneToken(_ value: String?) throws -> IssuedToken {
        guard let token = value.flatMap({ tokens.token($0, at: now) }) else { throw CloudDialect.NoToken() }
        if let id = token.credentialId, identity.credentials[id] == nil { throw KeystoneFault.noCredential(id) }
        return token
    }

    /// The token of a call to another service, which remembers what it was told of it for a while.
    ///
    /// - Parameter service: the service and its region.
    /// - Throws: ``CloudDialect/NoToken``.
    mutating func serviceToken(_ value: String?, service: String) throws -> IssuedToken {
        guard let value, !value.isEmpty else { throw CloudDialect.NoToken() }
        if let known = tokenCache.token(value, service: service, at: now) { return known }
        guard let token = token(value) else { throw CloudDialect.NoToken() }
        tokenCache.remember(token, service: service, at: now)
        return token
    }

    /// Whether a service need not ask for a token.
    func remembers(_ value: String, service: String) -> Bool {
        tokenCache.token(value, service: service, at: now) != nil
    }

    /// Ends all tokens, those that services remember too.
    mutating func revokeAllTokens() {
        tokens = TokenStore()
        tokenCache = TokenCache()
    }
}

extension Timestamp {
    /// Without its milliseconds.
    fileprivate var wholeSecond: Timestamp { Timestamp(milliseconds: milliseconds - milliseconds % 1000) }
}
