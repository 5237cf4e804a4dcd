import Scenarios
import Synchronization

/// What a client needs to sign in: for a clouds.yaml.
public struct CloudAccess: Sendable {
    /// A user with a password, and the first project that the user has roles on.
    public struct Login: Sendable {
        public let user: String
        public let password: String
        public let userDomain: String
        public let project: String
        public let projectDomain: String
    }

    public let regions: [String]
    /// The portal's application credential.
    public let credentialId: String
    public let credentialSecret: String
    /// Whose credential that is.
    public let user: Login?
    /// Somebody with the role `admin`.
    public let admin: Login?
}

extension FakeCloud {
    /// How to sign in, with the catalog's passwords and secrets.
    public var access: CloudAccess {
        let (scenario, catalog) = engine.withLock { ($0.scenario, $0.catalog) }
        let identity = scenario.identity
        let credential = identity.credentials.first
        func login(_ user: IdentityScenario.User?, _ name: String?) -> CloudAccess.Login? {
            guard let user, let project = identity.projects.first(where: { $0.name == name }) else { return nil }
            return CloudAccess.Login(
                user: user.name, password: user.password, userDomain: user.domain, project: project.name,
                projectDomain: project.domain)
        }
        let admin = identity.users.lazy.compactMap { user in
            user.assignments.first { $0.roles.contains("admin") }.map { (user, $0.project) }
        }.first
        return CloudAccess(
            regions: scenario.regions.map(\.id),
            credentialId: credential.map { catalog.hexId(of: "credential", $0.name) } ?? "",
            credentialSecret: credential?.secret ?? "",
            user: login(identity.users.first { $0.name == credential?.user }, credential?.project),
            admin: login(admin?.0, admin?.1))
    }
}
