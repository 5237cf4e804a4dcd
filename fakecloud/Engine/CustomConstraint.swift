import Runtime

/// What custom constraints of parameters and properties look up: the names and ids that the services know.
struct CatalogNames: Sendable {
    let flavors: Set<String>
    let images: Set<String>
    let networks: Set<String>
    var keyPairs: Set<String> = []

    /// What is wrong with a value, in Heat's words (golden heat_vm, `bad-*`); nil where nothing is.
    func violation(of constraint: String, by text: String) -> String? {
        missing(text, constraint).map { "Error validating value '\(text)': \($0)" }
    }

    private func missing(_ text: String, _ constraint: String) -> String? {
        switch constraint {
        case "nova.flavor" where !flavors.contains(text): "No Flavor matching {'name': '\(text)'}. (HTTP 404)"
        case "nova.keypair" where !keyPairs.contains(text): "The Key (\(text)) could not be found."
        case "glance.image" where !images.contains(text): "No images matching {'name': '\(text)'}."
        case "neutron.network" where !networks.contains(text): "Unable to find network with name or id '\(text)'"
        case "net_cidr" where !Self.isNetwork(text): "Invalid net cidr invalid IPNetwork \(text) "
        default: nil
        }
    }

    /// Whether a text is an IPv4 network such as `192.168.77.0/24`.
    private static func isNetwork(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = Int(parts[1]), (0...32).contains(length) else { return false }
        let octets = parts[0].split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        return octets.count == 4 && octets.allSatisfy { $0.map((0...255).contains) ?? false }
    }
}
