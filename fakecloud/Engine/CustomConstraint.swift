import Runtime

/// What custom constraints of parameters and properties look up: the names and ids that the services know.
struct CatalogNames: Sendable {
    let flavors: Set<String>
    let images: Set<String>
    let networks: Set<String>
    var keyPairs: Set<String> = []
    /// The region as it is now, and who looks; nil for the catalog alone.
    var region: (services: RegionServices, requester: Requester)?
    /// Users, projects and roles of Keystone, by name and id.
    var identities: Set<String> = []

    /// What is wrong with a value, in Heat's words (golden heat_vm, `bad-*`); nil where nothing is.
    func violation(of constraint: String, by value: JSONValue) -> String? {
        let text = value.pythonText
        guard Self.known.contains(constraint) else {
            return "\"\(text)\" does not validate \(constraint) (constraint not found)"
        }
        return (missing(text, constraint) ?? Self.malformed(text, constraint)).map {
            "Error validating value '\(text)'" + ($0.isEmpty ? "" : ": \($0)")
        }
    }

    /// Those of Heat that the services of the fake can answer.
    private static let known: Set<String> = [
        "nova.flavor", "nova.keypair", "nova.server", "nova.network", "glance.image", "neutron.network",
        "neutron.subnet", "neutron.port", "neutron.router", "neutron.security_group", "neutron.subnetpool",
        "neutron.qos_policy", "neutron.segment", "neutron.address_scope", "cinder.volume", "cinder.snapshot",
        "cinder.backup", "cinder.vtype", "keystone.user", "keystone.project", "keystone.role", "keystone.domain",
        "net_cidr", "ip_addr", "ip_or_cidr", "mac_addr", "dns_name", "rel_dns_name", "dns_domain", "timezone",
        "cron_expression", "iso_8601", "expiration", "json_string", "test_constr",
    ]

    // What a service must have.

    private func missing(_ text: String, _ constraint: String) -> String? {
        switch constraint {
        case "nova.flavor": flavors.contains(text) ? nil : "No Flavor matching {'name': '\(text)'}. (HTTP 404)"
        case "nova.keypair":
            text.isEmpty || keyPairs.contains(text) ? nil : "The Key (\(text)) could not be found."
        case "glance.image": hasImage(text) ? nil : "No images matching {'name': '\(text)'}."
        case "nova.server": region?.services.compute.servers[text] == nil ? notFound("Server", text) : nil
        case "cinder.volume": region?.services.volume.volumes[text] == nil ? notFound("Volume", text) : nil
        case "cinder.snapshot": notFound("VolumeSnapshot", text)
        case "cinder.backup": notFound("Volume backup", text)
        case "cinder.vtype": [VolumeState.type, VolumeState.typeId].contains(text) ? nil : notFound("VolumeType", text)
        case "keystone.user", "keystone.project", "keystone.role", "keystone.domain":
            identities.contains(text)
                ? nil : notFound("Keystone" + constraint.dropFirst("keystone.".count).capitalizedWord, text)
        case _ where constraint.hasPrefix("neutron."): missingInNeutron(text, String(constraint.dropFirst(8)))
        default: nil
        }
    }

    private func notFound(_ entity: String, _ name: String) -> String { "The \(entity) (\(name)) could not be found." }

    private func hasImage(_ text: String) -> Bool {
        guard !images.contains(text) else { return true }
        guard let region else { return false }
        let images = region.services.image.images
        return (images.records([text]) + images.records(named: text)).contains {
            region.requester.mayTouch($0) || ["public", "community"].contains($0.visibility)
        }
    }

    private func missingInNeutron(_ text: String, _ kind: String) -> String? {
        func has<Record>(_ table: ResourceTable<Record>?, _ isSeen: (Record) -> Bool) -> Bool {
            guard let table, !text.isEmpty else { return false }
            return (table.records([text]) + table.records(named: text)).contains(where: isSeen)
        }
        let network = region?.services.network
        func isOwn(_ record: some ServiceRecord) -> Bool { region?.requester.mayTouch(record) ?? false }
        func isSeen(_ record: Network) -> Bool {
            region.map { $0.services.network.isVisible(record, to: $0.requester) } ?? false
        }
        let isThere =
            switch kind {
            case "network": networks.contains(text) || has(network?.networks, isSeen)
            case "subnet":
                has(network?.subnets) { subnet in network?.networks[subnet.networkId].map(isSeen) ?? false }
            case "port": has(network?.ports, isOwn)
            case "router": has(network?.routers, isOwn)
            case "security_group": has(network?.securityGroups, isOwn)
            default: false
            }
        let name = kind == "qos_policy" ? "policy" : kind
        return isThere ? nil : "Unable to find \(name) with name or id '\(text)'"
    }
}

extension Substring {
    fileprivate var capitalizedWord: String { prefix(1).uppercased() + dropFirst() }
}
