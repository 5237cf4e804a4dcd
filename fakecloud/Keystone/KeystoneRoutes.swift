import HTTPTypes
import OrderedCollections
import Runtime

/// Keystone's Identity API v3: discovery, tokens, and who there is. Who there is comes from the catalog; only
/// application credentials can be made.
extension FakeCloud {
    /// Where Keystone answers, below the base URL.
    public static let identityPath = "/identity/v3"

    func addKeystone(to routes: inout ServiceRoutes) {
        routes.on(.get, "/identity", .keystoneDiscover, needsToken: false) { engine, call in
            let version = KeystoneView(engine, call).version
            return .json(
                300, ["versions": ["values": [version]]],
                headers: [.location: call.baseURL + FakeCloud.identityPath + "/"])
        }
        routes.on(.get, Self.identityPath, .keystoneDiscover, needsToken: false) { engine, call in
            if call.headers[.accept] == "application/json-home" {
                return .json(200, JSONHome.document, headers: [.contentType: "application/json-home"])
            }
            return .json(200, ["version": KeystoneView(engine, call).version])
        }
        addTokens(to: &routes)
        addCredentials(to: &routes)
        addOwnThings(to: &routes)
        addDirectory(to: &routes)
    }

    private func addTokens(to routes: inout ServiceRoutes) {
        let path = Self.identityPath + "/auth/tokens"
        let random = tokenRandom
        routes.on(.post, path, .keystoneTokenIssue, needsToken: false) { engine, call in
            let token = try engine.issueToken(try call.keystoneBody(), random: random)
            let body = KeystoneView(engine, call).token(token, withCatalog: call.query("nocatalog") == nil)
            return .json(201, body, headers: [.subjectToken: token.value])
        }
        routes.on([.get, .head], path, .keystoneTokenValidate) { engine, call in
            guard call.headers[.subjectToken] != nil else { throw KeystoneFault.forbidden("identity:validate_token") }
            let token = try engine.subject(of: call)
            guard token.user == call.token?.user || call.token?.isAdmin == true else {
                throw KeystoneFault.forbidden("identity:validate_token")
            }
            let body = KeystoneView(engine, call).token(token, withCatalog: call.query("nocatalog") == nil)
            return .json(200, body, headers: [.subjectToken: token.value])
        }
        // Whoever has a token may end it, also one that is not good any more (golden keystone, `revoke-again`).
        routes.on(.delete, path, needsToken: false) { engine, call in
            let subject = try engine.subject(of: call)
            guard call.headers[.authToken] == subject.value || engine.token(call.headers[.authToken]) != nil else {
                throw CloudDialect.NoToken()
            }
            engine.tokens.revoke(subject.value)
            return ServiceAnswer(status: 204)
        }
    }

    /// What a user sees of itself.
    private func addOwnThings(to routes: inout ServiceRoutes) {
        let auth = Self.identityPath + "/auth"
        routes.on([.get, .head], auth + "/catalog", .keystoneCatalog) { engine, call in
            guard let project = call.token?.project else { throw KeystoneFault.forbidden("identity:get_auth_catalog") }
            let view = KeystoneView(engine, call)
            return view.list("catalog", view.catalog(for: project).array ?? [], path: "/auth/catalog")
        }
        routes.on([.get, .head], auth + "/projects") { engine, call in
            let view = KeystoneView(engine, call)
            let projects = call.token?.user.assignments.map { view.project($0.project) } ?? []
            return view.list("projects", projects, path: "/auth/projects")
        }
        routes.on([.get, .head], auth + "/domains") { engine, call in
            KeystoneView(engine, call).list("domains", [], path: "/auth/domains")
        }
        routes.on([.get, .head], auth + "/system") { engine, call in
            KeystoneView(engine, call).list("system", [], path: "/auth/system")
        }
        let user = Self.identityPath + "/users/:user"
        routes.on([.get, .head], user) { engine, call in
            let user = try call.user(engine, "identity:get_user")
            return .json(200, ["user": KeystoneView(engine, call).user(user)])
        }
        routes.on([.get, .head], user + "/projects") { engine, call in
            let user = try call.user(engine, "identity:list_user_projects")
            let view = KeystoneView(engine, call)
            return view.list(
                "projects", user.assignments.map { view.project($0.project) }, path: "/users/\(user.id)/projects")
        }
        routes.on([.get, .head], Self.identityPath + "/projects/:project") { engine, call in
            let id = call.parameter("project")
            guard call.token?.project?.id == id || call.token?.isAdmin == true else {
                throw KeystoneFault.forbidden("identity:get_project")
            }
            guard let project = engine.identity.projects.first(where: { $0.id == id }) else {
                throw KeystoneFault.notFound("Could not find project: \(id).")
            }
            return .json(200, ["project": KeystoneView(engine, call).project(project)])
        }
    }

    // Application credentials.

    private func addCredentials(to routes: inout ServiceRoutes) {
        let path = Self.identityPath + "/users/:user/application_credentials"
        let random = tokenRandom
        routes.on(.post, path) { [weak self] engine, call in
            let credential = try call.newCredential(engine, random: random)
            try self?.apply(.createCredential(credential), to: &engine)
            let body = KeystoneView(engine, call).credential(credential, secret: credential.secret)
            return .json(201, ["application_credential": body])
        }
        routes.on([.get, .head], path) { engine, call in
            let user = try call.user(engine, "identity:list_application_credentials")
            let name = call.query("name")
            let found = engine.identity.credentials.values.filter {
                $0.user == user && (name == nil || $0.name == name)
            }
            let view = KeystoneView(engine, call)
            return view.list(
                "application_credentials", found.map { view.credential($0) },
                path: "/users/\(user.id)/application_credentials")
        }
        routes.on([.get, .head], path + "/:credential") { engine, call in
            let credential = try call.credential(engine, "identity:get_application_credential")
            return .json(200, ["application_credential": KeystoneView(engine, call).credential(credential)])
        }
        routes.on(.delete, path + "/:credential") { [weak self] engine, call in
            let credential = try call.credential(engine, "identity:delete_application_credential")
            try call.checkMayManage(engine)
            try self?.apply(.deleteCredential(credential.id), to: &engine)
            return ServiceAnswer(status: 204)
        }
    }

    // What operators see.

    private func addDirectory(to routes: inout ServiceRoutes) {
        directory("users", "list_users", to: &routes) { engine, call in
            let view = KeystoneView(engine, call)
            let domain = call.query("domain_id")
            return engine.identity.users.filter { domain == nil || $0.domain.id == domain }.map { view.user($0) }
        }
        directory("projects", "list_projects", to: &routes) { engine, call in
            let view = KeystoneView(engine, call)
            let domain = call.query("domain_id")
            return engine.identity.projects.filter { domain == nil || $0.domain.id == domain }.map { view.project($0) }
        }
        directory("domains", "list_domains", to: &routes) { engine, call in
            engine.identity.domains.map { KeystoneView(engine, call).domain($0) }
        }
        directory("roles", "list_roles", to: &routes) { engine, call in
            engine.identity.roles.map { KeystoneView(engine, call).role($0) }
        }
        directory("services", "list_services", to: &routes) { KeystoneView($0, $1).serviceList }
        directory("endpoints", "list_endpoints", to: &routes) { KeystoneView($0, $1).endpointList }
        directory("regions", nil, to: &routes) { KeystoneView($0, $1).regionList }
        let path = Self.identityPath
        for (part, name, action) in [
            ("domains", "domain", "get_domain"), ("roles", "role", "get_role"), ("services", "service", "get_service"),
            ("endpoints", "endpoint", "get_endpoint"), ("regions", "region", nil),
        ] {
            routes.on([.get, .head], "\(path)/\(part)/:id") { engine, call in
                if let action, call.token?.isAdmin != true { throw KeystoneFault.forbidden("identity:\(action)") }
                let view = KeystoneView(engine, call)
                let all =
                    switch part {
                    case "domains": engine.identity.domains.map { view.domain($0) }
                    case "roles": engine.identity.roles.map { view.role($0) }
                    case "services": view.serviceList
                    case "endpoints": view.endpointList
                    default: view.regionList
                    }
                let id = call.parameter("id")
                guard let found = all.first(where: { $0["id"]?.string == id }) else {
                    throw KeystoneFault.notFound("Could not find \(name): \(id).")
                }
                return .json(200, [name: found])
            }
        }
        routes.on([.get, .head], path + "/role_assignments") { engine, call in
            guard call.token?.isAdmin == true else { throw KeystoneFault.forbidden("identity:list_role_assignments") }
            let view = KeystoneView(engine, call)
            let (user, project, role) = (call.query("user.id"), call.query("scope.project.id"), call.query("role.id"))
            let found = view.assignments(
                where: {
                    ($0.id == user || user == nil) && ($1.id == project || project == nil)
                        && ($2 == role || role == nil)
                },
                withNames: call.query("include_names").map { $0 != "0" && $0.lowercased() != "false" } ?? false)
            return view.list("role_assignments", found, path: "/role_assignments")
        }
    }

    /// A list for operators, with its filters by `name` and `type`.
    private func directory(
        _ name: String, _ action: String?, to routes: inout ServiceRoutes,
        _ items: @escaping @Sendable (CloudEngine, ServiceCall) -> [JSONValue]
    ) {
        routes.on([.get, .head], Self.identityPath + "/" + name) { engine, call in
            if let action, call.token?.isAdmin != true { throw KeystoneFault.forbidden("identity:\(action)") }
            let found = items(engine, call).filter { item in
                ["name", "type", "service_id", "interface", "region_id"].allSatisfy { key in
                    call.query(key).map { item[key]?.string == $0 } ?? true
                }
            }
            return KeystoneView(engine, call).list(name, found, path: "/" + name)
        }
    }
}

extension ServiceCall {
    /// The body as JSON; nil where there is none.
    fileprivate func keystoneBody() throws -> JSONValue? {
        guard !body.isEmpty else { return nil }
        if let type = headers[.contentType], !type.hasPrefix("application/json") {
            throw KeystoneFault.badRequest("Expecting to find application/json in Content-Type header.")
        }
        guard let json else { throw KeystoneFault.badRequest("Expecting to find valid JSON in request body.") }
        return json
    }

    /// The user that the path names, who must be the one who asks.
    fileprivate func user(_ engine: CloudEngine, _ action: String) throws -> Identity.User {
        guard let token, token.user.id == parameter("user") || token.isAdmin else {
            throw KeystoneFault.forbidden(action)
        }
        guard let named = engine.identity.user(["id": .string(parameter("user"))]) else {
            throw KeystoneFault.notFound("Could not find user: \(parameter("user")).")
        }
        return named
    }

    fileprivate func credential(_ engine: CloudEngine, _ action: String) throws -> Identity.Credential {
        let user = try user(engine, action)
        let id = parameter("credential")
        guard let credential = engine.identity.credentials[id], credential.user == user else {
            throw KeystoneFault.noCredential(id)
        }
        return credential
    }

    /// With a token of a restricted credential nobody makes or deletes one.
    fileprivate func checkMayManage(_ engine: CloudEngine) throws {
        guard let own = token?.credentialId.flatMap({ engine.identity.credentials[$0] }) else { return }
        guard own.isUnrestricted == true else {
            throw KeystoneFault.forbidden(
                "Using method 'application_credential' is not allowed for managing additional application credentials.")
        }
    }

    fileprivate func newCredential(_ engine: CloudEngine, random: RandomSource) throws -> Identity.Credential {
        let user = try user(engine, "identity:create_application_credential")
        try checkMayManage(engine)
        guard let given = try keystoneBody()?["application_credential"], given.object != nil else {
            throw KeystoneFault.badRequest("Expecting to find application_credential in request body.")
        }
        guard let name = given["name"]?.string, !name.isEmpty else {
            throw KeystoneFault.invalid("'name' is a required property")
        }
        guard token?.user == user, let project = token?.project else {
            throw KeystoneFault.forbidden("identity:create_application_credential")
        }
        guard !engine.identity.credentials.values.contains(where: { $0.user == user && $0.name == name }) else {
            throw KeystoneFault.conflict(
                "Conflict occurred attempting to store application_credential - Duplicate entry found with name \(name)."
            )
        }
        var expiresAt: Timestamp?
        if let text = given["expires_at"]?.string {
            guard let instant = Timestamp(text) ?? Timestamp(text + "Z") else {
                throw KeystoneFault.badRequest("Failed to parse time string \(text).")
            }
            guard instant > engine.now else {
                throw KeystoneFault.badRequest("The 'expires_at' must not be before now.")
            }
            expiresAt = instant
        }
        let own = token?.roles ?? []
        var roles = own
        if let wanted = given["roles"]?.array, !wanted.isEmpty {
            roles = try wanted.map { role in
                let found = own.first { name in
                    role["name"]?.string == name || role["id"]?.string == engine.catalog.hexId(of: "role", name)
                }
                guard let found else {
                    let name = role["id"]?.string ?? role["name"]?.string ?? ""
                    throw KeystoneFault.notFound("Could not find role assignment with role: \(name).")
                }
                return found
            }
        }
        return Identity.Credential(
            id: random.hexId(), name: name, user: user, project: project, roles: roles,
            secret: given["secret"]?.string ?? base64URL(random.bytes(64)), expiresAt: expiresAt,
            isUnrestricted: given["unrestricted"]?.bool, description: given["description"]?.string)
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
}
