import OrderedCollections
import Runtime
import Scenarios

/// Who may use the cloud: domains, projects, users with their roles, and application credentials.
struct Identity: Sendable {
    struct Domain: Hashable, Sendable {
        let name: String
        let id: String
    }

    struct Project: Hashable, Sendable {
        let name: String
        let id: String
        let domain: Domain
        let description: String
    }

    struct Assignment: Hashable, Sendable {
        let project: Project
        let roles: [String]
    }

    struct User: Hashable, Sendable {
        let name: String
        let id: String
        let domain: Domain
        let password: String
        /// One a project, in the order of the catalog.
        let assignments: [Assignment]

        /// Whether an operator of the cloud.
        var isAdmin: Bool { assignments.contains { $0.roles.contains("admin") } }

        func roles(on project: Project) -> [String] {
            assignments.first { $0.project == project }?.roles ?? []
        }
    }

    struct Credential: Sendable {
        let id: String
        let name: String
        let user: User
        let project: Project
        let roles: [String]
        let secret: String
        let expiresAt: Timestamp?
        /// Nil where the request did not say; such a credential is restricted.
        let isUnrestricted: Bool?
        let description: String?

        func isExpired(at instant: Timestamp) -> Bool { expiresAt.map { $0 <= instant } ?? false }
    }

    let domains: [Domain]
    let projects: [Project]
    let users: [User]
    /// By id, in the order of their making.
    var credentials: OrderedDictionary<String, Credential>

    /// - Parameter catalog: gives the ids.
    init(_ scenario: IdentityScenario, _ catalog: FakeCatalog) {
        let domains = scenario.domains.map { Domain(name: $0.name, id: catalog.hexId(of: "domain", $0.name)) }
        func domain(_ name: String) -> Domain {
            domains.first { $0.name == name } ?? Domain(name: name, id: catalog.hexId(of: "domain", name))
        }
        let projects = scenario.projects.map {
            Project(
                name: $0.name, id: catalog.hexId(of: "project", $0.name), domain: domain($0.domain),
                description: $0.description)
        }
        let users = scenario.users.map { user in
            User(
                name: user.name, id: catalog.hexId(of: "user", user.name), domain: domain(user.domain),
                password: user.password,
                assignments: user.assignments.compactMap { assignment in
                    projects.first { $0.name == assignment.project }.map {
                        Assignment(project: $0, roles: assignment.roles)
                    }
                })
        }
        let credentials = scenario.credentials.compactMap { given -> Credential? in
            guard let user = users.first(where: { $0.name == given.user }),
                let project = projects.first(where: { $0.name == given.project })
            else { return nil }
            return Credential(
                id: catalog.hexId(of: "credential", given.name), name: given.name, user: user, project: project,
                roles: given.roles, secret: given.secret, expiresAt: given.expiresAt,
                isUnrestricted: given.isUnrestricted, description: nil)
        }
        self.domains = domains
        self.projects = projects
        self.users = users
        self.credentials = OrderedDictionary(credentials.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
    }

    /// The first user with a role on a project.
    func member(of projectId: String) -> User? {
        users.first { $0.assignments.contains { $0.project.id == projectId } }
    }

    /// All roles, in the order in which they are first given to somebody.
    var roles: [String] {
        var found: OrderedSet<String> = []
        for assignment in users.flatMap(\.assignments) { found.formUnion(assignment.roles) }
        return Array(found)
    }

    /// A domain as a request names one.
    func domain(_ reference: JSONValue?) -> Domain? {
        if let id = reference?["id"]?.string { return domains.first { $0.id == id } }
        return domains.first { $0.name == reference?["name"]?.string }
    }

    /// A user as a request names one: by id, or by name with the domain.
    func user(_ reference: JSONValue?) -> User? {
        if let id = reference?["id"]?.string { return users.first { $0.id == id } }
        guard let domain = domain(reference?["domain"]) else { return nil }
        return users.first { $0.name == reference?["name"]?.string && $0.domain == domain }
    }

    /// A project as a scope names one, likewise.
    func project(_ reference: JSONValue?) -> Project? {
        if let id = reference?["id"]?.string { return projects.first { $0.id == id } }
        guard let domain = domain(reference?["domain"]) else { return nil }
        return projects.first { $0.name == reference?["name"]?.string && $0.domain == domain }
    }
}
