import Runtime
import Scenarios

/// Who and what the cloud has, with ids that are the same in every run.
struct FakeCatalog: Sendable {
    let scenario: CloudScenario

    init(_ scenario: CloudScenario) {
        self.scenario = scenario
    }

    static let projectName = "demo"
    static let userName = "demo"
    static let credentialName = "portal"

    /// The UUID of a thing, made from its kind and name.
    func id(of kind: String, _ name: String) -> String {
        RandomSource(seed: 1).stream("\(kind):\(name)").uuid()
    }

    private func hexId(of kind: String, _ name: String) -> String {
        id(of: kind, name).replacing("-", with: "")
    }

    var projectId: String { hexId(of: "project", Self.projectName) }
    var adminProjectId: String { hexId(of: "project", "admin") }
    var userId: String { hexId(of: "user", Self.userName) }
    var credentialId: String { hexId(of: "credential", Self.credentialName) }
    func roleId(_ name: String) -> String { hexId(of: "role", name) }
    func hexId(ofEndpoint name: String) -> String { hexId(of: "endpoint", name) }

    /// What custom constraints of templates find.
    var names: CatalogNames {
        CatalogNames(
            flavors: Set(scenario.instanceTypes.flatMap { [$0.id, id(of: "flavor", $0.id)] }),
            images: Set(scenario.images.flatMap { [$0.id, id(of: "image", $0.id)] }),
            networks: Set(["private", "public"].flatMap { [$0, id(of: "network", $0)] }))
    }
}
