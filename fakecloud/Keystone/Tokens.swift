import Runtime
import Scenarios

/// A token that Keystone gave out.
struct IssuedToken: Sendable {
    let value: String
    let method: String
    let auditId: String
    let issuedAt: Timestamp
    let expiresAt: Timestamp
}

/// A refusal in Keystone's words.
struct KeystoneFault: Error, Equatable {
    let status: Int
    let title: String
    let message: String
    var identityMethods: [String] = []

    static let unauthorized = KeystoneFault(
        status: 401, title: "Unauthorized", message: "The request you have made requires authentication.")

    var json: JSONValue {
        var error: [String: JSONValue] = [
            "code": .integer(status), "message": .string(message), "title": .string(title),
        ]
        if !identityMethods.isEmpty {
            error["identity"] = ["methods": .array(identityMethods.map { .string($0) })]
        }
        return ["error": .object(error)]
    }
}

extension CloudEngine {
    /// Signs in by application credential or password (Identity API v3, `POST /auth/tokens`).
    ///
    /// - Parameters:
    ///   - secret: the application credential's, which is the demo user's password as well.
    ///   - random: for the token's value.
    /// - Throws: ``KeystoneFault`` in the words of golden keystone.
    mutating func issueToken(_ body: JSONValue, secret: String, random: RandomSource) throws -> IssuedToken {
        guard let auth = body["auth"] else {
            throw KeystoneFault(
                status: 400, title: "Bad Request",
                message:
                    "Expecting to find auth in request body. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error."
            )
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
            let credential = identity["application_credential"] ?? .null
            if let id = credential["id"]?.string, id != catalog.credentialId {
                throw KeystoneFault(
                    status: 404, title: "Not Found", message: "Could not find Application Credential: \(id).")
            }
            let isNamed =
                credential["name"]?.string == FakeCatalog.credentialName && isDemo(credential["user"])
            guard credential["id"] != nil || isNamed, credential["secret"]?.string == secret, auth["scope"] == nil
            else {
                throw KeystoneFault.unauthorized
            }
        case "password":
            let user = identity["password"]?["user"]
            guard isDemo(user), user?["password"]?.string == secret else { throw KeystoneFault.unauthorized }
        default:
            throw KeystoneFault(
                status: 401, title: "Unauthorized", message: "Attempted to authenticate with an unsupported method.",
                identityMethods: [
                    "external", "password", "token", "oauth1", "mapped", "application_credential", "ec2credential",
                ])
        }
        let token = IssuedToken(
            value: "gAAAAA" + base64URL(random.bytes(48)), method: method, auditId: base64URL(random.bytes(16)),
            issuedAt: now, expiresAt: now + scenario.tokenLifetime)
        tokens = tokens.filter { $0.value.expiresAt > now }
        tokens[token.value] = token
        return token
    }

    private func isDemo(_ user: JSONValue?) -> Bool {
        user?["id"]?.string == catalog.userId || user?["name"]?.string == FakeCatalog.userName
    }

    /// The token of a value, where it is good.
    func token(_ value: String?) -> IssuedToken? {
        value.flatMap { tokens[$0] }.flatMap { $0.expiresAt > now ? $0 : nil }
    }

    /// The body that goes with a token.
    func tokenJSON(_ token: IssuedToken, baseURL: String, withCatalog: Bool) -> JSONValue {
        let domain: JSONValue = ["id": "default", "name": "Default"]
        var members: [String: JSONValue] = [
            "methods": [.string(token.method)],
            "user": [
                "domain": domain, "id": .string(catalog.userId), "name": .string(FakeCatalog.userName),
                "password_expires_at": .null,
            ],
            "audit_ids": [.string(token.auditId)],
            "expires_at": .string(token.expiresAt.microseconds), "issued_at": .string(token.issuedAt.microseconds),
            "project": [
                "domain": domain, "id": .string(catalog.projectId), "name": .string(FakeCatalog.projectName),
            ],
            "is_domain": false,
            "roles": .array(
                ["heat_stack_owner", "reader", "member"].map {
                    ["id": .string(catalog.roleId($0)), "name": .string($0)]
                }),
        ]
        if withCatalog { members["catalog"] = serviceCatalog(baseURL: baseURL) }
        if token.method == "application_credential" {
            members["application_credential"] = [
                "id": .string(catalog.credentialId), "name": .string(FakeCatalog.credentialName), "restricted": false,
            ]
        }
        return ["token": .object(members)]
    }

    /// All services with their endpoints in all regions.
    func serviceCatalog(baseURL: String) -> JSONValue {
        let services: [(type: String, name: String, path: (String) -> String)] = [
            ("identity", "keystone", { _ in "/identity/v3" }),
            ("orchestration", "heat", { "/heat/\($0)/v1/\(catalog.projectId)" }),
            ("compute", "nova", { "/compute/\($0)/v2.1" }),
            ("image", "glance", { "/image/\($0)" }),
            ("network", "neutron", { "/network/\($0)" }),
            // Not played, but Heat makes volumes where the catalog has them only.
            ("volumev3", "cinder", { "/volume/\($0)/v3/\(catalog.projectId)" }),
        ]
        return .array(
            services.map { service in
                let endpoints = scenario.regions.flatMap { region in
                    ["public", "admin", "internal"].map { interface -> JSONValue in
                        [
                            "id": .string(catalog.hexId(ofEndpoint: "\(service.name) \(region.id) \(interface)")),
                            "interface": .string(interface), "region_id": .string(region.id),
                            "region": .string(region.id), "url": .string(baseURL + service.path(region.id)),
                        ]
                    }
                }
                return [
                    "endpoints": .array(endpoints), "id": .string(catalog.hexId(ofEndpoint: service.name)),
                    "type": .string(service.type), "name": .string(service.name),
                ]
            })
    }
}
