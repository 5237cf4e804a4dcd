import OrderedCollections
import Runtime
import Scenarios

/// Tokens, users, projects and credentials as Keystone's API shows them.
struct KeystoneView {
    let engine: CloudEngine
    /// Of the fake, without the path of Keystone.
    let baseURL: String

    init(_ engine: CloudEngine, _ call: ServiceCall) {
        self.engine = engine
        baseURL = call.baseURL
    }

    private var root: String { baseURL + FakeCloud.identityPath }

    /// The body that goes with a token.
    func token(_ token: IssuedToken, withCatalog: Bool) -> JSONValue {
        var members: [String: JSONValue] = [
            "methods": .array(token.methods.map { .string($0) }),
            "user": [
                "domain": brief(token.user.domain), "id": .string(token.user.id), "name": .string(token.user.name),
                "password_expires_at": .null,
            ],
            "audit_ids": .array(token.auditIds.map { .string($0) }),
            "expires_at": .string(token.expiresAt.microseconds), "issued_at": .string(token.issuedAt.microseconds),
        ]
        if let project = token.project {
            members["project"] = [
                "domain": brief(project.domain), "id": .string(project.id), "name": .string(project.name),
            ]
            members["is_domain"] = false
            members["roles"] = .array(token.roles.map { ["id": .string(roleId($0)), "name": .string($0)] })
            if withCatalog { members["catalog"] = catalog(for: project) }
        }
        if let id = token.credentialId, let credential = engine.identity.credentials[id] {
            members["application_credential"] = [
                "id": .string(id), "name": .string(credential.name),
                "restricted": .bool(credential.isUnrestricted != true),
            ]
        }
        return ["token": .object(members)]
    }

    private func brief(_ domain: Identity.Domain) -> JSONValue {
        ["id": .string(domain.id), "name": .string(domain.name)]
    }

    private func roleId(_ name: String) -> String { engine.catalog.hexId(of: "role", name) }

    // The catalog.

    private struct Service {
        let type: String
        let name: String
        /// Below the base URL, for a region and a project's id.
        let path: @Sendable (_ region: String, _ project: String) -> String
    }

    private static let services = [
        Service(type: "identity", name: "keystone") { _, _ in FakeCloud.identityPath },
        Service(type: "orchestration", name: "heat") { "/heat/\($0)/v1/\($1)" },
        Service(type: "cloudformation", name: "heat-cfn") { region, _ in CloudFormation.path(in: region) + "/v1" },
        Service(type: "compute", name: "nova") { region, _ in "/compute/\(region)/v2.1" },
        Service(type: "image", name: "glance") { region, _ in "/image/\(region)" },
        Service(type: "network", name: "neutron") { region, _ in "/network/\(region)" },
        Service(type: "block-storage", name: "cinder") { region, _ in "/volume/\(region)/v3" },
        // By the name under which older clients look for it.
        Service(type: "volumev3", name: "cinderv3") { region, _ in "/volume/\(region)/v3" },
        Service(type: "placement", name: "placement") { region, _ in "/placement/\(region)" },
    ]

    private func endpoints(of service: Service, project: String) -> [[String: JSONValue]] {
        engine.scenario.regions.flatMap { region in
            ["public", "admin", "internal"].map { interface in
                let id = engine.catalog.hexId(of: "endpoint", "\(service.name) \(region.id) \(interface)")
                return [
                    "id": .string(id), "interface": .string(interface), "region_id": .string(region.id),
                    "region": .string(region.id), "url": .string(baseURL + service.path(region.id, project)),
                ]
            }
        }
    }

    private func id(of service: Service) -> JSONValue {
        .string(engine.catalog.hexId(of: "endpoint", service.name))
    }

    /// All services with their endpoints in all regions, as a project sees them.
    func catalog(for project: Identity.Project) -> JSONValue {
        .array(
            Self.services.map { service in
                [
                    "endpoints": .array(endpoints(of: service, project: project.id).map { .object($0) }),
                    "id": id(of: service), "type": .string(service.type), "name": .string(service.name),
                ]
            })
    }

    var serviceList: [JSONValue] {
        Self.services.map { service in
            let id = id(of: service)
            return [
                "id": id, "type": .string(service.type), "name": .string(service.name), "enabled": true,
                "links": links("/services/\(id.string ?? "")"),
            ]
        }
    }

    var endpointList: [JSONValue] {
        Self.services.flatMap { service in
            endpoints(of: service, project: "$(project_id)s").map { endpoint in
                let more: [String: JSONValue] = [
                    "service_id": id(of: service), "enabled": true,
                    "links": links("/endpoints/\(endpoint["id"]?.string ?? "")"),
                ]
                return .object(endpoint.merging(more) { $1 })
            }
        }
    }

    var regionList: [JSONValue] {
        engine.scenario.regions.map { region in
            [
                "id": .string(region.id), "description": "", "parent_region_id": .null,
                "links": links("/regions/\(region.id)"),
            ]
        }
    }

    // Who there is.

    func domain(_ domain: Identity.Domain) -> JSONValue {
        [
            "id": .string(domain.id), "name": .string(domain.name), "description": "", "enabled": true, "tags": [],
            "options": [:], "links": links("/domains/\(domain.id)"),
        ]
    }

    func user(_ user: Identity.User) -> JSONValue {
        [
            "id": .string(user.id), "name": .string(user.name), "domain_id": .string(user.domain.id), "enabled": true,
            "password_expires_at": .null, "options": [:], "links": links("/users/\(user.id)"),
        ]
    }

    func project(_ project: Identity.Project) -> JSONValue {
        [
            "id": .string(project.id), "name": .string(project.name), "domain_id": .string(project.domain.id),
            "description": .string(project.description), "enabled": true, "parent_id": .string(project.domain.id),
            "is_domain": false, "tags": [], "options": [:], "links": links("/projects/\(project.id)"),
        ]
    }

    func role(_ name: String) -> JSONValue {
        .object(briefRole(name).merging(["links": links("/roles/\(roleId(name))")]) { $1 })
    }

    private func briefRole(_ name: String) -> [String: JSONValue] {
        let isBuiltIn = ["admin", "manager", "member", "reader", "service"].contains(name)
        return [
            "id": .string(roleId(name)), "name": .string(name), "domain_id": .null, "description": .null,
            "options": isBuiltIn ? ["immutable": true] : [:],
        ]
    }

    func assignments(where matches: (Identity.User, Identity.Project, String) -> Bool, withNames: Bool) -> [JSONValue] {
        engine.identity.users.flatMap { user in
            user.assignments.flatMap { assignment in
                assignment.roles.filter { matches(user, assignment.project, roleId($0)) }.map { role -> JSONValue in
                    let project = assignment.project
                    let path = "/projects/\(project.id)/users/\(user.id)/roles/\(roleId(role))"
                    let links: JSONValue = ["assignment": .string(root + path)]
                    guard withNames else {
                        return [
                            "role": ["id": .string(roleId(role))], "user": ["id": .string(user.id)],
                            "scope": ["project": ["id": .string(project.id)]], "links": links,
                        ]
                    }
                    return [
                        "role": ["id": .string(roleId(role)), "name": .string(role)],
                        "user": [
                            "id": .string(user.id), "name": .string(user.name), "domain": brief(user.domain),
                        ],
                        "scope": [
                            "project": [
                                "id": .string(project.id), "name": .string(project.name),
                                "domain": brief(project.domain),
                            ]
                        ], "links": links,
                    ]
                }
            }
        }
    }

    /// - Parameter secret: shown once, in the answer to the create.
    func credential(_ credential: Identity.Credential, secret: String? = nil) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(credential.id), "name": .string(credential.name),
            "description": JSONValue(credential.description), "user_id": .string(credential.user.id),
            "project_id": .string(credential.project.id), "system": .null,
            // Without its zone, unlike every other time.
            "expires_at": JSONValue(credential.expiresAt?.microseconds.dropLast().description),
            "unrestricted": credential.isUnrestricted.map { .bool($0) } ?? .null,
            "roles": .array(credential.roles.map { .object(briefRole($0)) }),
            "links": links("/application_credentials/\(credential.id)"),
        ]
        if let secret { members["secret"] = .string(secret) }
        return .object(members)
    }

    // Envelopes.

    /// A list with the links that Keystone puts around it.
    func list(_ name: String, _ items: [JSONValue], path: String) -> ServiceAnswer {
        .json(
            200, [name: .array(items), "links": ["next": .null, "self": .string(root + path), "previous": .null]])
    }

    private func links(_ path: String) -> JSONValue { ["self": .string(root + path)] }

    var version: JSONValue {
        [
            "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
            "links": [["rel": "self", "href": .string(root + "/")]],
            "media-types": [["base": "application/json", "type": "application/vnd.openstack.identity-v3+json"]],
        ]
    }
}
