import Runtime

/// What custom constraints of parameters and properties look up: the names and ids that the services know.
struct CatalogNames: Sendable {
    let flavors: Set<String>
    let images: Set<String>
    let networks: Set<String>
    var keyPairs: Set<String> = []
    /// The region as it is now, and who looks; nil for the catalog alone.
    var region: (services: RegionServices, requester: Requester)?
    /// Whether a service has a thing that is not in the catalog, by constraint (`neutron.port`) and name or id.
    var finds: @Sendable (_ constraint: String, _ text: String) -> Bool = { _, _ in false }
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
        case "glance.image":
            images.contains(text) || finds(constraint, text) ? nil : "No images matching {'name': '\(text)'}."
        case "keystone.user", "keystone.project", "keystone.role", "keystone.domain":
            identities.contains(text)
                ? nil : notFound("Keystone" + constraint.dropFirst("keystone.".count).capitalizedWord, text)
        case "neutron.network" where networks.contains(text): nil
        case _ where constraint.hasPrefix("neutron."):
            !text.isEmpty && finds(constraint, text)
                ? nil : "Unable to find \(Self.neutronName(constraint)) with name or id '\(text)'"
        default:
            if let entity = Self.entities[constraint] {
                finds(constraint, text) ? nil : notFound(entity, text)
            } else {
                nil
            }
        }
    }

    private static let entities = [
        "nova.server": "Server", "cinder.volume": "Volume", "cinder.snapshot": "VolumeSnapshot",
        "cinder.backup": "Volume backup", "cinder.vtype": "VolumeType",
    ]

    private static func neutronName(_ constraint: String) -> String {
        let name = constraint.dropFirst("neutron.".count)
        return name == "qos_policy" ? "policy" : String(name)
    }

    private func notFound(_ entity: String, _ name: String) -> String { "The \(entity) (\(name)) could not be found." }
}

extension RegionServices {
    /// Whether a requester sees a thing of this name or id, by the constraint that asks for it.
    func has(_ constraint: String, _ text: String, for requester: Requester) -> Bool {
        func has<Record>(_ table: ResourceTable<Record>, _ isSeen: (Record) -> Bool) -> Bool {
            (table.records([text]) + table.records(named: text)).contains(where: isSeen)
        }
        return switch constraint {
        case "nova.server": compute.servers[text].map(requester.mayTouch) ?? false
        case "cinder.volume": volume.volumes[text].map(requester.mayTouch) ?? false
        case "cinder.vtype": [VolumeState.type, VolumeState.typeId].contains(text)
        case "glance.image":
            has(image.images) { requester.mayTouch($0) || ["public", "community"].contains($0.visibility) }
        case "neutron.network": has(network.networks) { network.isVisible($0, to: requester) }
        case "neutron.subnet":
            has(network.subnets) { subnet in
                network.networks[subnet.networkId].map { network.isVisible($0, to: requester) } ?? false
            }
        case "neutron.port": has(network.ports, requester.mayTouch)
        case "neutron.router": has(network.routers, requester.mayTouch)
        case "neutron.security_group": has(network.securityGroups, requester.mayTouch)
        default: false
        }
    }
}

extension Substring {
    fileprivate var capitalizedWord: String { prefix(1).uppercased() + dropFirst() }
}
