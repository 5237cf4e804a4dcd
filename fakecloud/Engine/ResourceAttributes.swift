import Runtime

/// What a resource tells of itself (`get_attr`), and the addresses that it holds.
extension CloudEngine {
    struct NoAddress: Error {
        let reason: String
    }

    /// A resource's properties with all functions carried out.
    func evaluated(_ index: Int, _ stack: StackRecord) -> [String: JSONValue] {
        let value = stack.template.evaluate(
            stack.resources[index].template.properties, stack: stack.identity, resource: stack.view(of:))
        return (value.object ?? [:]).filter { $0.value != .null }
    }

    mutating func attributes(
        of index: Int, _ stack: StackRecord, in region: String
    ) throws(NoAddress) -> [String: JSONValue] {
        let resource = stack.resources[index]
        let properties = evaluated(index, stack)
        let name = JSONValue.string(properties["name"]?.string ?? resource.generatedName)
        switch resource.kind {
        case .port:
            let address = try address(.fixed, for: resource, in: region)
            let subnet = catalog.id(of: "subnet", "private")
            return [
                "fixed_ips": [["ip_address": .string(address), "subnet_id": .string(subnet)]],
                "mac_address": .string(AddressPool.mac(of: address)), "status": "DOWN",
                "network_id": .string(catalog.id(of: "network", "private")), "name": name,
            ]
        case .floatingIP:
            let address = try address(.floating, for: resource, in: region)
            return [
                "floating_ip_address": .string(address), "port_id": properties["port_id"] ?? .null,
                "floating_network_id": .string(catalog.id(of: "network", "public")),
            ]
        case .server: return ["name": name, "networks": [:], "addresses": [:]]
        case .keyPair: return ["public_key": properties["public_key"] ?? ""]
        case .volume: return ["size": properties["size"] ?? .null, "status": "available"]
        case .test: return ["output": properties["value"] ?? "test_string"]
        case .value: return ["value": properties["value"] ?? .null]
        case .randomString:
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
            let length = properties["length"]?.integer ?? 32
            return [
                "value": .string(String((0..<length).map { _ in alphabet[stack.random.index(below: alphabet.count)] }))
            ]
        case .network, .subnet, .router: return ["name": name, "status": "ACTIVE"]
        case .securityGroup, .routerInterface, .securityGroupRule, .floatingIPAssociation, .volumeAttachment,
            .serverGroup, .resourceGroup, .stack, .none, .waitCondition, .waitConditionHandle, .softwareConfig,
            .cloudConfig, .multipartMime:
            return [:]
        }
    }

    /// What a resource tells that came into being with an error; nil for one that did not come into being.
    func failedAttributes(of index: Int, _ stack: StackRecord) -> [String: JSONValue]? {
        guard stack.resources[index].kind.canBeInError, stack.resources[index].physicalId != nil else { return nil }
        let name = evaluated(index, stack)["name"]?.string ?? stack.resources[index].generatedName
        return ["name": .string(name), "networks": [:], "addresses": [:], "first_address": ""]
    }

    private mutating func address(
        _ kind: AddressPool.Kind, for resource: StackRecord.Resource, in region: String
    ) throws(NoAddress) -> String {
        guard let address = regions[region]?.addresses[kind]?.take() else {
            let network = catalog.id(of: "network", kind == .fixed ? "private" : "public")
            throw NoAddress(
                reason:
                    "IpAddressGenerationFailureClient: resources.\(resource.name): No more IP addresses available on network \(network)."
            )
        }
        return address
    }

    mutating func giveAddressesBack(_ resource: StackRecord.Resource, in region: String) {
        if let fixed = resource.attributes?["fixed_ips"]?[0]?["ip_address"]?.string {
            regions[region]?.addresses[.fixed]?.giveBack(fixed)
        }
        if let floating = resource.attributes?["floating_ip_address"]?.string {
            regions[region]?.addresses[.floating]?.giveBack(floating)
        }
    }
}
