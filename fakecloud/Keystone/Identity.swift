import OrderedCollections
import Runtime

/// Who may use the cloud: users, projects and application credentials. All are in the domain Default.
struct Identity: Sendable {
    struct Project: Hashable, Sendable {
        let name: String
        let id: String
    }

    struct User: Hashable, Sendable {
        let name: String
        let id: String
        /// The one project that the user has roles on.
        let project: Project
        let roles: [String]

        var isAdmin: Bool { roles.contains("admin") }
    }

    struct Credential: Sendable {
        let id: String
        let name: String
        let user: User
        let secret: String
        let expiresAt: Timestamp?
        /// Nil where the request did not say; such a credential is restricted.
        let isUnrestricted: Bool?
        let description: String?
    }

    static let portalUser = "demo"
    static let portalCredential = "portal"

    let users: [User]
    /// By id. The portal's is not among them: its secret belongs to the cloud, not to the engine.
    var credentials: OrderedDictionary<String, Credential> = [:]

    init(_ catalog: FakeCatalog) {
        func user(_ name: String, roles: [String]) -> User {
            let project = Project(name: name, id: catalog.hexId(of: "project", name))
            return User(name: name, id: catalog.hexId(of: "user", name), project: project, roles: roles)
        }
        let member = ["heat_stack_owner", "reader", "member"]
        users = [
            user(Self.portalUser, roles: member), user("other", roles: member),
            user("admin", roles: ["admin", "manager", "member", "reader"]),
        ]
    }

    var projects: [Project] { users.map(\.project) }

    /// A user as a request names one: by id, or by name with its domain.
    func user(_ reference: JSONValue?) -> User? {
        if let id = reference?["id"]?.string { return users.first { $0.id == id } }
        return users.first { $0.name == reference?["name"]?.string }
    }

    /// The project of a scope, by id or name; nil where there is none such.
    func project(_ reference: JSONValue?) -> Project? {
        if let id = reference?["id"]?.string { return projects.first { $0.id == id } }
        return projects.first { $0.name == reference?["name"]?.string }
    }
}

/// A token that Keystone gave out.
struct IssuedToken: Sendable {
    let value: String
    let method: String
    let auditId: String
    let issuedAt: Timestamp
    let expiresAt: Timestamp
    let user: Identity.User
    /// Nil for an unscoped token.
    let project: Identity.Project?
    /// The application credential that it was issued for.
    let credentialId: String?
}

/// A refusal in Keystone's words.
struct KeystoneFault: Error, Equatable {
    let status: Int
    let title: String
    let message: String
    /// The member `identity` of the error: null where there is none.
    var identity = JSONValue.null

    static let unauthorized = KeystoneFault(
        status: 401, title: "Unauthorized", message: "The request you have made requires authentication.")

    static func badRequest(_ message: String) -> KeystoneFault {
        KeystoneFault(
            status: 400, title: "Bad Request",
            message: message
                + " The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error."
        )
    }

    static func forbidden(_ action: String) -> KeystoneFault {
        KeystoneFault(
            status: 403, title: "Forbidden",
            message: "You are not authorized to perform the requested action: \(action).")
    }

    static func notFound(_ message: String) -> KeystoneFault {
        KeystoneFault(status: 404, title: "Not Found", message: message)
    }

    var json: JSONValue {
        var error: [String: JSONValue] = [
            "code": .integer(status), "message": .string(message), "title": .string(title),
        ]
        if identity != .null { error["identity"] = identity }
        return ["error": .object(error)]
    }
}
