import OrderedCollections
import Runtime

/// The requests that Heat makes of the properties of resources, with names looked up.
extension RegionServices {
    // Names.

    func networkId(_ reference: String, _ change: Change) -> String {
        if network.networks[reference] != nil { return reference }
        return network.networks(seenBy: change.requester).first { $0.name == reference }?.id ?? reference
    }

    private func subnetId(_ reference: String, _ change: Change) -> String {
        if network.subnets[reference] != nil { return reference }
        return network.subnets.records(named: reference).first {
            (try? network.subnet($0.id, for: change.requester)) != nil
        }?.id ?? reference
    }

    func routerId(_ reference: String, _ change: Change) -> String { own(network.routers, reference, change) }
    func groupId(_ reference: String, _ change: Change) -> String { own(network.securityGroups, reference, change) }

    private func own<Record>(_ table: ResourceTable<Record>, _ reference: String, _ change: Change) -> String {
        if table[reference] != nil { return reference }
        return table.records(named: reference).first { $0.projectId == change.projectId }?.id ?? reference
    }

    func imageId(_ reference: String, _ change: Change) -> String {
        if (try? image.image(reference, for: change.requester)) != nil { return reference }
        return image.images.records(named: reference).first {
            (try? image.image($0.id, for: change.requester)) != nil
        }?.id ?? reference
    }

    func flavorId(_ reference: String) -> String { compute.flavor(reference)?.id ?? reference }

    // Nova.

    func serverRequest(_ order: ResourceOrder) throws(ServiceFault) -> JSONValue {
        var request = order.taking("key_name", "metadata", "availability_zone", "config_drive", "tags")
        request["name"] = order.givenName
        request["metadata"] = request["metadata"]?.object.map {
            .object($0.mapValues { .string($0.string ?? "\($0)") })
        }
        request["flavorRef"] = .string(flavorId(order["flavor"]?.string ?? ""))
        if let image = order["image"]?.string { request["imageRef"] = .string(imageId(image, order.change)) }
        if let groups = order["security_groups"]?.array {
            request["security_groups"] = .array(groups.map { ["name": $0] })
        }
        if let networks = order["networks"]?.array {
            request["networks"] = .array(
                networks.map { item in
                    if let port = item["port"], port != .null { return ["port": port] }
                    var link: [String: JSONValue] = [:]
                    if let id = (item["network"] ?? item["uuid"])?.string {
                        link["uuid"] = .string(networkId(id, order.change))
                    }
                    if let address = item["fixed_ip"], address != .null { link["fixed_ip"] = address }
                    return .object(link)
                })
        }
        let disks = (order["block_device_mapping_v2"] ?? order["block_device_mapping"])?.array ?? []
        if !disks.isEmpty {
            request["block_device_mapping_v2"] = .array(
                disks.enumerated().map { place, disk in mapping(disk, place, order.change) })
        }
        return .object(request)
    }

    private func mapping(_ disk: JSONValue, _ place: Int, _ change: Change) -> JSONValue {
        var mapping: [String: JSONValue] = ["destination_type": "volume"]
        if let volume = disk["volume_id"], volume != .null {
            mapping["source_type"] = "volume"
            mapping["uuid"] = volume
        } else if let image = disk["image"]?.string ?? disk["image_id"]?.string {
            mapping["source_type"] = "image"
            mapping["uuid"] = .string(imageId(image, change))
        } else {
            mapping["source_type"] = "blank"
        }
        for key in ["volume_size", "delete_on_termination"] where disk[key] != nil { mapping[key] = disk[key] }
        mapping["boot_index"] = disk["boot_index"] ?? (place == 0 ? 0 : -1)
        return .object(mapping)
    }

    // Neutron.

    func subnetRequest(_ order: ResourceOrder) -> [String: JSONValue] {
        var request = order.taking(
            "cidr", "ip_version", "gateway_ip", "enable_dhcp", "dns_nameservers", "allocation_pools", "host_routes",
            "ipv6_ra_mode", "ipv6_address_mode")
        request["name"] = order.givenName
        request["ip_version"] = request["ip_version"] ?? 4
        request["network_id"] = .string(networkId(order["network", "network_id"]?.string ?? "", order.change))
        return request
    }

    func portRequest(_ order: ResourceOrder) -> [String: JSONValue] {
        var request = order.taking(
            "mac_address", "admin_state_up", "device_id", "device_owner", "allowed_address_pairs",
            "port_security_enabled", "binding:vnic_type", "dns_name")
        request["name"] = order.givenName
        request["network_id"] = .string(networkId(order["network", "network_id"]?.string ?? "", order.change))
        if let groups = order["security_groups"]?.array {
            request["security_groups"] = .array(groups.map { .string(groupId($0.string ?? "", order.change)) })
        }
        if let addresses = order["fixed_ips"]?.array {
            request["fixed_ips"] = .array(
                addresses.map { item in
                    var address: [String: JSONValue] = [:]
                    if let subnet = (item["subnet"] ?? item["subnet_id"])?.string {
                        address["subnet_id"] = .string(subnetId(subnet, order.change))
                    }
                    if let ip = item["ip_address"], ip != .null { address["ip_address"] = ip }
                    return .object(address)
                })
        }
        return request
    }

    func gateway(_ order: ResourceOrder) -> JSONValue? {
        guard let info = order["external_gateway_info"]?.object, let outside = info["network"]?.string else {
            return nil
        }
        var gateway: [String: JSONValue] = ["network_id": .string(networkId(outside, order.change))]
        if let masks = info["enable_snat"], masks != .null { gateway["enable_snat"] = masks }
        if let addresses = info["external_fixed_ips"]?.array {
            gateway["external_fixed_ips"] = .array(
                addresses.map { item in
                    var address: [String: JSONValue] = [:]
                    if let ip = item["ip_address"], ip != .null { address["ip_address"] = ip }
                    if let subnet = item["subnet"]?.string {
                        address["subnet_id"] = .string(subnetId(subnet, order.change))
                    }
                    return .object(address)
                })
        }
        return .object(gateway)
    }

    func interfacePlace(_ order: ResourceOrder) -> (key: String, id: String) {
        if let port = order["port", "port_id"]?.string { return ("port_id", port) }
        return ("subnet_id", subnetId(order["subnet", "subnet_id"]?.string ?? "", order.change))
    }

    /// Adds rules as Heat does: the first that is for outgoing traffic takes the place of those that let all out.
    mutating func addRules(_ rules: [JSONValue], to group: String, _ change: Change) throws(ServiceFault) {
        if rules.contains(where: { $0["direction"] == "egress" }) {
            for id in network.rulesByGroup[group] where network.rules[id]?.direction == "egress" {
                try network.deleteRule(id, by: change)
            }
        }
        for rule in rules {
            var request = (rule.object ?? [:]).filter { $0.value != .null && $0.key != "remote_mode" }
            request["security_group_id"] = .string(group)
            request["direction"] = request["direction"] ?? "ingress"
            request["ethertype"] = request["ethertype"] ?? "IPv4"
            if rule["remote_mode"] == "remote_group_id" {
                request["remote_group_id"] = .string(
                    request["remote_group_id"]?.string.map { groupId($0, change) } ?? group)
            }
            do {
                _ = try network.createRule(.object(request), by: change)
            } catch  where error.status == 409 && error.type != "OverQuota" {
                continue
            }
        }
    }
}
