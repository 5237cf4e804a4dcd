import Runtime
import Scenarios

/// Who and what the cloud has, with ids that are the same in every run.
struct FakeCatalog: Sendable {
    let scenario: CloudScenario

    init(_ scenario: CloudScenario) {
        self.scenario = scenario
    }

    /// The UUID of a thing, made from its kind and name.
    func id(of kind: String, _ name: String) -> String {
        RandomSource(seed: 1).stream("\(kind):\(name)").uuid()
    }

    /// The same without hyphens, as Keystone's are.
    func hexId(of kind: String, _ name: String) -> String {
        id(of: kind, name).replacing("-", with: "")
    }

    var credentialId: String { hexId(of: "credential", Identity.portalCredential) }
    func roleId(_ name: String) -> String { hexId(of: "role", name) }

    /// The networks that every region has, and whether the outside world is reached over them.
    static let networks = [(name: "private", isExternal: false), (name: "public", isExternal: true)]

    /// What custom constraints of templates find, next to what the user made.
    var names: CatalogNames {
        CatalogNames(
            flavors: Set(scenario.instanceTypes.flatMap { [$0.id, id(of: "flavor", $0.id)] }),
            images: Set(scenario.images.flatMap { [$0.id, id(of: "image", $0.id)] }),
            networks: Set(Self.networks.flatMap { [$0.name, id(of: "network", $0.name)] }))
    }
}
