import Runtime
import Scenarios

/// The ids of what the cloud's catalog has: those that it gives, and for the rest some made from kinds and names, the
/// same in every run.
struct FakeCatalog: Sendable {
    let scenario: CloudScenario
    /// By kind and name.
    private let given: [String: String]

    init(_ scenario: CloudScenario) {
        self.scenario = scenario
        let identity = scenario.identity
        let all: [(kind: String, things: [(name: String, id: String?)])] = [
            ("domain", identity.domains.map { ($0.name, $0.id) }),
            ("project", identity.projects.map { ($0.name, $0.id) }),
            ("user", identity.users.map { ($0.name, $0.id) }),
            ("credential", identity.credentials.map { ($0.name, $0.id) }),
            ("flavor", scenario.instanceTypes.map { ($0.id, $0.openStackId) }),
            ("image", scenario.images.map { ($0.id, $0.openStackId) }),
            ("network", scenario.networks.map { ($0.name, $0.id) }),
            ("subnet", scenario.networks.flatMap(\.subnets).map { ($0.name, $0.id) }),
        ]
        given = Dictionary(
            all.flatMap { kind, things in
                things.compactMap { thing in thing.id.map { ("\(kind):\(thing.name)", $0) } }
            }, uniquingKeysWith: { $1 })
    }

    /// The id of a thing: a UUID where none is given.
    func id(of kind: String, _ name: String) -> String {
        given["\(kind):\(name)"] ?? RandomSource(seed: 1).stream("\(kind):\(name)").uuid()
    }

    /// The same without hyphens, as Keystone's are.
    func hexId(of kind: String, _ name: String) -> String {
        given["\(kind):\(name)"] ?? id(of: kind, name).replacing("-", with: "")
    }

    /// The id of the portal's project.
    var projectId: String { hexId(of: "project", scenario.identity.credentials.first?.project ?? "") }

    /// What custom constraints of templates find.
    var names: CatalogNames {
        CatalogNames(
            flavors: Set(scenario.instanceTypes.flatMap { [$0.id, id(of: "flavor", $0.id)] }),
            images: Set(scenario.images.flatMap { [$0.id, id(of: "image", $0.id)] }),
            networks: Set(scenario.networks.flatMap { [$0.name, id(of: "network", $0.name)] }))
    }
}
