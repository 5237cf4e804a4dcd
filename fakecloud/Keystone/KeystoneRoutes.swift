import HTTPTypes
import OrderedCollections
import Runtime

/// Keystone's Identity API v3: discovery, tokens, and what a user sees of itself.
extension FakeCloud {
    func addKeystone(to routes: inout ServiceRoutes) {
        let version: @Sendable (ServiceCall) -> JSONValue = { call in
            [
                "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
                "links": [["rel": "self", "href": .string(call.baseURL + "/identity/v3/")]],
                "media-types": [
                    ["base": "application/json", "type": "application/vnd.openstack.identity-v3+json"]
                ],
            ]
        }
        routes.on(.get, "/identity", .keystoneDiscover, needsToken: false) { _, call in
            .json(300, ["versions": ["values": [version(call)]]], headers: [.location: call.baseURL + "/identity/v3/"])
        }
        routes.on(.get, "/identity/v3", .keystoneDiscover, needsToken: false) { _, call in
            .json(200, ["version": version(call)])
        }
        addTokens(to: &routes)
        addCredentials(to: &routes)
        routes.on(.get, "/identity/v3/auth/catalog", .keystoneCatalog) { engine, call in
            guard let project = call.token?.project else { throw KeystoneFault.forbidden("identity:get_auth_catalog") }
            let view = KeystoneView(engine: engine, baseURL: call.baseURL)
            return .json(200, view.list("catalog", view.catalog(for: project), path: "/auth/catalog"))
        }
        routes.on(.get, "/identity/v3/auth/projects") { engine, call in
            let view = KeystoneView(engine: engine, baseURL: call.baseURL)
            let projects = (call.token?.user.project).map { [view.project($0)] } ?? []
            return .json(200, view.list("projects", .array(projects), path: "/auth/projects"))
        }
        routes.on(.get, "/identity/v3/projects") { engine, call in
            guard call.token?.user.isAdmin == true else { throw KeystoneFault.forbidden("identity:list_projects") }
            let view = KeystoneView(engine: engine, baseURL: call.baseURL)
            let projects = engine.identity.projects.map { view.project($0) }
            return .json(200, view.list("projects", .array(projects), path: "/projects"))
        }
        routes.on(.get, "/identity/v3/projects/:project") { engine, call in
            let id = call.parameter("project")
            guard let user = call.token?.user, user.project.id == id || user.isAdmin else {
                throw KeystoneFault.forbidden("identity:get_project")
            }
            guard let project = engine.identity.projects.first(where: { $0.id == id }) else {
                throw KeystoneFault.notFound("Could not find project: \(id).")
            }
            return .json(200, ["project": KeystoneView(engine: engine, baseURL: call.baseURL).project(project)])
        }
        routes.on(.get, "/identity/v3/users/:user") { engine, call in
            let user = try call.user(engine, "identity:get_user")
            return .json(200, ["user": KeystoneView(engine: engine, baseURL: call.baseURL).user(user)])
        }
    }

    private func addTokens(to routes: inout ServiceRoutes) {
        let path = "/identity/v3/auth/tokens"
        let secret = secret
        let random = tokenRandom
        routes.on(.post, path, .keystoneTokenIssue, needsToken: false) { engine, call in
            if let type = call.headers[.contentType], !type.hasPrefix("application/json") {
                throw KeystoneFault.badRequest("Expecting to find application/json in Content-Type header.")
            }
            // Without a body there is no `auth` in it; what is not JSON is another mistake.
            let body: JSONValue = call.body.isEmpty ? [:] : call.json ?? .null
            let token = try engine.issueToken(body, secret: secret, random: random)
            let withCatalog = !call.query.contains { $0.name == "nocatalog" }
            return .json(
                201, KeystoneView(engine: engine, baseURL: call.baseURL).token(token, withCatalog: withCatalog),
                headers: [.subjectToken: token.value])
        }
        for method in [HTTPRequest.Method.get, .head] {
            routes.on(method, path, .keystoneTokenValidate) { engine, call in
                guard call.headers[.subjectToken] != nil else {
                    throw KeystoneFault.forbidden("identity:validate_token")
                }
                let token = try engine.subject(of: call)
                return .json(
                    200, KeystoneView(engine: engine, baseURL: call.baseURL).token(token, withCatalog: true),
                    headers: [.subjectToken: token.value])
            }
        }
        // Whoever has a token may end it, also one that is not good any more (golden keystone, `revoke-again`).
        routes.on(.delete, path, needsToken: false) { engine, call in
            let subject = try engine.subject(of: call)
            guard call.headers[.authToken] == subject.value || engine.token(call.headers[.authToken]) != nil else {
                throw CloudDialect.NoToken()
            }
            engine.tokens[subject.value] = nil
            return ServiceAnswer(status: 204)
        }
    }

    private func addCredentials(to routes: inout ServiceRoutes) {
        let path = "/identity/v3/users/:user/application_credentials"
        let secret = secret
        let random = tokenRandom
        routes.on(.post, path) { [weak self] engine, call in
            let user = try call.user(engine, "identity:create_application_credential")
            if let own = call.token?.credentialId.flatMap({ engine.credential($0, secret: secret) }),
                own.isUnrestricted != true
            {
                throw KeystoneFault.forbidden(
                    "Using method 'application_credential' is not allowed for managing additional application credentials."
                )
            }
            let given = call.json?["application_credential"] ?? .null
            let expiresAt = given["expires_at"]?.string.flatMap { Timestamp($0) }
            if let expiresAt, expiresAt < engine.now {
                throw KeystoneFault.badRequest("The 'expires_at' must not be before now.")
            }
            let credential = Identity.Credential(
                id: random.hexId(), name: given["name"]?.string ?? "", user: user,
                secret: given["secret"]?.string ?? base64URL(random.bytes(64)), expiresAt: expiresAt,
                isUnrestricted: given["unrestricted"]?.bool, description: given["description"]?.string)
            try self?.apply(.createCredential(credential), to: &engine)
            return .json(
                201,
                KeystoneView(engine: engine, baseURL: call.baseURL).credential(credential, secret: credential.secret))
        }
        routes.on(.get, path + "/:credential") { engine, call in
            let user = try call.user(engine, "identity:get_application_credential")
            let credential = try engine.credential(call.parameter("credential"), of: user, secret: secret)
            return .json(200, KeystoneView(engine: engine, baseURL: call.baseURL).credential(credential))
        }
        routes.on(.delete, path + "/:credential") { [weak self] engine, call in
            let user = try call.user(engine, "identity:delete_application_credential")
            let id = call.parameter("credential")
            guard engine.identity.credentials[id]?.user == user else {
                throw KeystoneFault.notFound("Could not find Application Credential: \(id).")
            }
            try self?.apply(.deleteCredential(id), to: &engine)
            return ServiceAnswer(status: 204)
        }
    }
}

extension ServiceCall {
    /// The user that the path names, who must be the one who asks.
    fileprivate func user(_ engine: CloudEngine, _ action: String) throws -> Identity.User {
        guard let user = token?.user, user.id == parameter("user") || user.isAdmin else {
            throw KeystoneFault.forbidden(action)
        }
        guard let named = engine.identity.user(["id": .string(parameter("user"))]) else {
            throw KeystoneFault.notFound("Could not find user: \(parameter("user")).")
        }
        return named
    }
}

extension CloudEngine {
    /// The token that a call is about, where it is good.
    fileprivate func subject(of call: ServiceCall) throws -> IssuedToken {
        let value = call.headers[.subjectToken] ?? ""
        guard value.hasPrefix("gAAAAA") else { throw KeystoneFault.notFound("Could not recognize Fernet token") }
        guard let token = token(value) else { throw KeystoneFault.notFound("Failed to validate token") }
        return token
    }

    fileprivate func credential(
        _ id: String, of user: Identity.User, secret: String
    ) throws -> Identity.Credential {
        guard let credential = credential(id, secret: secret), credential.user == user else {
            throw KeystoneFault.notFound("Could not find Application Credential: \(id).")
        }
        return credential
    }
}
