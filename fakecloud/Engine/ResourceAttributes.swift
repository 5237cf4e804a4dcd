import HTTPTypes
import HummingbirdCore
import OrderedCollections
import Runtime

/// What a resource is made of and what it tells of itself (`get_attr`).
extension CloudEngine {
    /// A resource's properties with all functions carried out.
    func evaluated(_ template: HeatTemplate.Resource, _ stack: StackRecord) -> [String: JSONValue] {
        let value = stack.template.evaluate(template.properties, stack: stack.identity, resource: view(of: stack))
        return (value.object ?? [:]).filter { $0.value != .null }
    }

    /// What is written beside a resource: what its template says, or what was signalled to it.
    func metadata(of resource: StackResource, _ stack: StackRecord) -> JSONValue {
        if resource.kind == .waitConditionHandle { return resource.handle.metadata }
        return resource.metadata ?? writtenMetadata(of: resource.template, stack)
    }

    /// What a template says beside a resource, with all functions carried out.
    func writtenMetadata(of template: HeatTemplate.Resource, _ stack: StackRecord) -> JSONValue {
        guard template.metadata != [:] else { return [:] }
        return stack.template.evaluate(template.metadata, stack: stack.identity, resource: view(of: stack))
    }

    /// What the template of the stack that a resource is can learn of the resource.
    func facade(of resource: StackResource, in stack: StackRecord) -> ResourceFacade {
        ResourceFacade(
            metadata: metadata(of: resource, stack), deletionPolicy: resource.template.deletionPolicy.rawValue,
            updatePolicy: stack.template.evaluate(
                resource.template.updatePolicy, stack: stack.identity, resource: view(of: stack)))
    }

    /// Looks a resource of a stack up as the functions of its template see it, each once.
    func view(of stack: StackRecord) -> (String) -> TemplateEvaluation.Resource? {
        var known: [String: TemplateEvaluation.Resource] = [:]
        return { name in
            if let found = known[name] { return found }
            guard let resource = stack.resource(name) else { return nil }
            let found = TemplateEvaluation.Resource(
                physicalId: heatReference(to: resource, in: stack) ?? resource.physicalId ?? resource.name,
                attributes: attributes(of: resource, stack), select: selection(of: resource, stack))
            known[name] = found
            return found
        }
    }

    /// Nil for a resource that there is not, or not yet.
    func attributes(of resource: StackResource, _ stack: StackRecord) -> [String: JSONValue]? {
        if let own = heatAttributes(of: resource, stack) { return own }
        let isMade = resource.state != .inProgress || ![.create, .adopt].contains(resource.action)
        guard isMade, !resource.isAbsent, let id = resource.physicalId else { return nil }
        switch resource.kind {
        case .test: return ["output": resource.properties["value"] ?? "test_string"]
        case .value: return ["value": resource.properties["value"] ?? .null]
        case .randomString: return ["value": resource.data["value"] ?? .null]
        default:
            guard let services = regions[stack.place.region]?.services else { return nil }
            let call = ServiceCall(toShowIn: stack.place.region, baseURL: baseURL)
            return services.attributes(of: resource, id, call, at: now)
        }
    }
}

extension RegionServices {
    /// What a thing tells of itself, as its service's API shows it and under the names that Heat has for it.
    func attributes(
        of resource: StackResource, _ id: String, _ call: ServiceCall, at now: Timestamp
    ) -> [String: JSONValue] {
        let view = NetworkView(self, call)
        func attributes(_ show: [String: JSONValue]?) -> [String: JSONValue] {
            show.map { $0.merging(["show": .object($0)]) { $1 } } ?? [:]
        }
        switch resource.kind {
        case .server: return serverAttributes(of: resource, id, call, at: now)
        case .keyPair:
            let pair = compute.keyPairs.values.lazy.compactMap { $0[id] }.first
            return ["public_key": JSONValue(pair?.publicKey), "private_key": ""]
        case .volume: return volumeAttributes(id, call)
        case .network: return attributes(network.networks[id].map(view.json))
        case .subnet: return attributes(network.subnets[id].map(view.json))
        case .port:
            guard let port = network.ports[id] else { return [:] }
            var all = attributes(view.json(port))
            all["subnets"] = .array(
                port.fixedIPs.compactMap { network.subnets[$0.subnetId] }.map { .object(view.json($0)) })
            all["network"] = network.networks[port.networkId].map { .object(view.json($0)) }
            return all
        case .router: return attributes(network.routers[id].map(view.json))
        case .securityGroup: return attributes(network.securityGroups[id].map(view.json))
        case .securityGroupRule: return attributes(network.rules[id].map(view.json))
        case .floatingIP: return attributes(network.floatingIPs[id].map(view.json))
        default: return [:]
        }
    }

    private func volumeAttributes(_ id: String, _ call: ServiceCall) -> [String: JSONValue] {
        guard let found = volume.volumes[id], let show = VolumeView(volume, call).detail(found).object else {
            return [:]
        }
        return show.merging([
            "show": .object(show), "display_name": show["name"] ?? "", "display_description": show["description"] ?? "",
            "attachments_list": show["attachments"] ?? [], "metadata_values": show["metadata"] ?? [:],
        ]) { $1 }
    }

    /// Golden heat_vm, `vm-resource-server`, and for a server that is gone `server-gone-resource`.
    private func serverAttributes(
        of resource: StackResource, _ id: String, _ call: ServiceCall, at now: Timestamp
    ) -> [String: JSONValue] {
        guard let server = compute.servers[id] else {
            let texts = [
                "tags", "instance_name", "console_urls", "networks", "accessIPv4", "accessIPv6", "first_address",
                "addresses",
            ]
            return Dictionary(texts.map { ($0, "") }, uniquingKeysWith: { $1 }).merging([
                "name": resource.properties["name"] ?? .string(resource.generatedName), "os_collect_config": [:],
            ]) { $1 }
        }
        let view = NovaView(self, call, NovaVersion(minor: 96), at: now)
        var show = view.detail(server).object ?? [:]
        show["os_collect_config"] = [:]
        var networks: [String: JSONValue] = [:]
        var addresses: [String: JSONValue] = [:]
        let neutron = NetworkView(self, call)
        let ports = network.ports.records(network.portsByDevice[id])
        for (name, list) in view.addresses(of: server).object ?? [:] {
            let entries = (list.array ?? []).map { address -> JSONValue in
                let port = ports.first { .string($0.mac) == address["OS-EXT-IPS-MAC:mac_addr"] }
                return .object(
                    (address.object ?? [:]).merging([
                        "port": JSONValue(port?.id),
                        "network": port.flatMap { network.networks[$0.networkId] }.map { .object(neutron.json($0)) }
                            ?? .null,
                        "subnets": .array(
                            (port?.fixedIPs ?? []).compactMap { network.subnets[$0.subnetId] }.map {
                                .object(neutron.json($0))
                            }),
                    ]) { $1 })
            }
            let ips = JSONValue.array((list.array ?? []).compactMap { $0["addr"] })
            let ids = ports.compactMap { network.networks[$0.networkId] }.filter { $0.name == name }.map(\.id)
            for key in [name] + ids {
                addresses[key] = .array(entries)
                networks[key] = ips
            }
        }
        let first = networks.keys.sorted(by: >).lazy.compactMap { networks[$0]?[0] }.first
        return [
            "show": .object(show), "name": .string(server.name), "addresses": .object(addresses),
            "networks": .object(networks), "first_address": first ?? "", "accessIPv4": .string(server.accessIPv4),
            "accessIPv6": .string(server.accessIPv6), "os_collect_config": [:], "console_urls": [:],
            "instance_name": .string("instance-" + id.prefix(8)), "tags": .array(server.tags.map { .string($0) }),
        ]
    }
}

extension ServiceCall {
    /// A call as which nobody asked: what services show is shown to a stack.
    init(toShowIn region: String, baseURL: String) {
        self.init(
            method: "GET", path: "/", parameters: .init(), region: region, headers: [:], query: [], body: [],
            dialect: .heat, baseURL: baseURL, requestId: "")
    }
}
