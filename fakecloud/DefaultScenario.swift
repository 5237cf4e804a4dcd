import Scenarios

extension CloudScenario {
    /// The cloud where nobody says otherwise, as Catalog/standard.yaml has it.
    public static let standard: CloudScenario = {
        do {
            return try CloudScenario(
                catalog: String(decoding: PackageResources.standard_yaml, as: UTF8.self), file: "standard.yaml")
        } catch {
            preconditionFailure("the bundled catalog: \(error)")
        }
    }()
}
