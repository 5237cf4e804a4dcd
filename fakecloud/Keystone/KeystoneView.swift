import OrderedCollections
import Runtime
import Scenarios

/// Tokens, users, projects and credentials as Keystone's API shows them.
struct KeystoneView {
    let engine: CloudEngine
    /// Of the fake, without the path of Keystone.
    let baseURL: String

    private var root: String { baseURL + "/identity/v3" }
    private static let domain: JSONValue = ["id": "default", "name": "Default"]

    /// The body that goes with a token.
    func token(_ token: IssuedToken, withCatalog: Bool) -> JSONValue {
        var members: [String: JSONValue] = [
            "methods": [.string(token.method)],
            "user": [
                "domain": Self.domain, "id": .string(token.user.id), "name": .string(token.user.name),
                "password_expires_at": .null,
            ],
            "audit_ids": [.string(token.auditId)],
            "expires_at": .string(token.expiresAt.microseconds), "issued_at": .string(token.issuedAt.microseconds),
        ]
        if let project = token.project {
            members["project"] = ["domain": Self.domain, "id": .string(project.id), "name": .string(project.name)]
            members["is_domain"] = false
            members["roles"] = .array(
                token.user.roles.map { ["id": .string(engine.catalog.roleId($0)), "name": .string($0)] })
            if withCatalog { members["catalog"] = catalog(for: project) }
        }
        if let id = token.credentialId {
            let credential = engine.identity.credentials[id]
            members["application_credential"] = [
                "id": .string(id), "name": .string(credential?.name ?? Identity.portalCredential),
                "restricted": .bool(credential.map { $0.isUnrestricted != true } ?? false),
            ]
        }
        return ["token": .object(members)]
    }

    /// All services with their endpoints in all regions, as a project sees them.
    func catalog(for project: Identity.Project) -> JSONValue {
        let services: [(type: String, name: String, path: (String) -> String)] = [
            ("identity", "keystone", { _ in "/identity/v3" }),
            ("orchestration", "heat", { "/heat/\($0)/v1/\(project.id)" }),
            ("compute", "nova", { "/compute/\($0)/v2.1" }),
            ("image", "glance", { "/image/\($0)" }),
            ("network", "neutron", { "/network/\($0)" }),
        ]
        return .array(
            services.map { service in
                let endpoints = engine.scenario.regions.flatMap { region in
                    ["public", "admin", "internal"].map { interface -> JSONValue in
                        let id = engine.catalog.hexId(of: "endpoint", "\(service.name) \(region.id) \(interface)")
                        return [
                            "id": .string(id), "interface": .string(interface), "region_id": .string(region.id),
                            "region": .string(region.id), "url": .string(baseURL + service.path(region.id)),
                        ]
                    }
                }
                return [
                    "endpoints": .array(endpoints),
                    "id": .string(engine.catalog.hexId(of: "endpoint", service.name)),
                    "type": .string(service.type), "name": .string(service.name),
                ]
            })
    }

    func user(_ user: Identity.User) -> JSONValue {
        [
            "id": .string(user.id), "name": .string(user.name), "domain_id": "default", "enabled": true,
            "password_expires_at": .null, "options": [:], "links": links("/users/\(user.id)"),
        ]
    }

    func project(_ project: Identity.Project) -> JSONValue {
        [
            "id": .string(project.id), "name": .string(project.name), "domain_id": "default", "description": "",
            "enabled": true, "parent_id": "default", "is_domain": false, "tags": [], "options": [:],
            "links": links("/projects/\(project.id)"),
        ]
    }

    /// - Parameter secret: shown once, in the answer to the create.
    func credential(_ credential: Identity.Credential, secret: String? = nil) -> JSONValue {
        let roles = credential.user.roles.map { role -> JSONValue in
            let isBuiltIn = role != "heat_stack_owner"
            return [
                "id": .string(engine.catalog.roleId(role)), "name": .string(role), "domain_id": .null,
                "description": .null, "options": isBuiltIn ? ["immutable": true] : [:],
            ]
        }
        var members: [String: JSONValue] = [
            "id": .string(credential.id), "name": .string(credential.name),
            "description": JSONValue(credential.description), "user_id": .string(credential.user.id),
            "project_id": .string(credential.user.project.id), "system": .null,
            "expires_at": JSONValue(credential.expiresAt?.microseconds.dropLast().description),
            "unrestricted": credential.isUnrestricted.map { .bool($0) } ?? .null, "roles": .array(roles),
            "links": links("/application_credentials/\(credential.id)"),
        ]
        if let secret { members["secret"] = .string(secret) }
        return ["application_credential": .object(members)]
    }

    /// A list with the links that Keystone puts around it.
    func list(_ name: String, _ items: JSONValue, path: String) -> JSONValue {
        [name: items, "links": ["next": .null, "self": .string(root + path), "previous": .null]]
    }

    private func links(_ path: String) -> JSONValue { ["self": .string(root + path)] }
}
