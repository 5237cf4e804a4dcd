import OrderedCollections
import Runtime
import Scenarios

/// The things of Neutron as its API shows them.
struct NetworkView {
    let state: NetworkState
    let call: ServiceCall

    init(_ services: RegionServices, _ call: ServiceCall) {
        state = services.network
        self.call = call
    }

    /// What all of them have.
    private func common(_ record: some NetworkRecord) -> [String: JSONValue] {
        [
            "id": .string(record.id), "name": .string(record.name), "tenant_id": .string(record.projectId),
            "project_id": .string(record.projectId), "description": .string(record.description),
            "tags": .array(record.tags.map { .string($0) }),
            "created_at": .string(record.stamp.createdAt.wholeSeconds),
            "updated_at": .string(record.stamp.updatedAt.wholeSeconds),
            "revision_number": .integer(record.stamp.revision),
        ]
    }

    /// Golden neutron, `networks`.
    func json(_ network: Network) -> [String: JSONValue] {
        var json = common(network).merging([
            "admin_state_up": .bool(network.isUp), "mtu": .integer(network.mtu),
            "status": network.isUp ? "ACTIVE" : "DOWN",
            "subnets": .array(network.subnetIds.map { .string($0) }), "shared": .bool(network.isShared),
            "availability_zone_hints": [], "availability_zones": [], "ipv4_address_scope": .null,
            "ipv6_address_scope": .null, "router:external": .bool(network.isExternal), "qinq": false,
            "vlan_transparent": false, "port_security_enabled": .bool(network.hasPortSecurity),
        ]) { $1 }
        if network.isExternal { json["is_default"] = false }
        return json
    }

    func json(_ subnet: Subnet) -> [String: JSONValue] {
        common(subnet).merging([
            "network_id": .string(subnet.networkId), "cidr": .string(subnet.cidr.description),
            "ip_version": .integer(subnet.cidr.base.version.rawValue),
            "gateway_ip": JSONValue(subnet.gateway?.description), "enable_dhcp": .bool(subnet.hasDHCP),
            "allocation_pools": .array(
                subnet.addresses.pools.map {
                    ["start": .string($0.lowerBound.description), "end": .string($0.upperBound.description)]
                }), "dns_nameservers": .array(subnet.nameServers.map { .string($0) }),
            "host_routes": .array(subnet.hostRoutes), "ipv6_address_mode": JSONValue(subnet.ipv6AddressMode),
            "ipv6_ra_mode": JSONValue(subnet.ipv6AdvertisementMode), "subnetpool_id": .null, "service_types": [],
            "segment_id": .null, "dns_publish_fixed_ip": false,
        ]) { $1 }
    }

    func json(_ port: Port) -> [String: JSONValue] {
        common(port).merging([
            "network_id": .string(port.networkId), "mac_address": .string(port.mac),
            "admin_state_up": .bool(port.isUp), "status": port.isActive && port.isUp ? "ACTIVE" : "DOWN",
            "device_id": .string(port.deviceId), "device_owner": .string(port.deviceOwner),
            "fixed_ips": .array(port.fixedIPs.map(fixedIP)),
            "allowed_address_pairs": .array(port.allowedAddressPairs), "extra_dhcp_opts": [],
            "security_groups": .array(port.securityGroupIds.map { .string($0) }),
            "binding:vnic_type": .string(port.vnicType), "port_security_enabled": .bool(port.hasPortSecurity),
            "dns_name": .string(port.dnsName), "dns_assignment": [], "qos_policy_id": .null,
            "propagate_uplink_status": true,
        ]) { $1 }
    }

    private func fixedIP(_ fixed: Port.FixedIP) -> JSONValue {
        ["subnet_id": .string(fixed.subnetId), "ip_address": .string(fixed.address.description)]
    }

    /// Golden neutron, `routers`.
    func json(_ router: NetworkRouter) -> [String: JSONValue] {
        let gateway = router.gateway.map { gateway -> JSONValue in
            [
                "network_id": .string(gateway.networkId), "enable_snat": .bool(gateway.hasSNAT),
                "external_fixed_ips": .array(state.ports[gateway.portId]?.fixedIPs.map(fixedIP) ?? []),
            ]
        }
        return common(router).merging([
            "admin_state_up": .bool(router.isUp), "status": router.isUp ? "ACTIVE" : "DOWN",
            "external_gateway_info": gateway ?? .null, "availability_zones": [], "availability_zone_hints": [],
            "routes": .array(router.routes), "flavor_id": .null,
        ]) { $1 }
    }

    func json(_ floating: FloatingIP) -> [String: JSONValue] {
        let association = floating.association
        let port = association.flatMap { state.ports[$0.portId] }
        var json = common(floating).merging([
            "floating_ip_address": .string(floating.address.description),
            "floating_network_id": .string(floating.networkId), "router_id": JSONValue(association?.routerId),
            "port_id": JSONValue(association?.portId),
            "fixed_ip_address": JSONValue(association?.fixedAddress.description),
            "status": association == nil ? "DOWN" : "ACTIVE", "dns_name": "", "dns_domain": "",
            "qos_policy_id": .null, "port_forwardings": [],
            "port_details": port.map { port in
                [
                    "name": .string(port.name), "network_id": .string(port.networkId),
                    "mac_address": .string(port.mac), "admin_state_up": .bool(port.isUp),
                    "status": port.isActive ? "ACTIVE" : "DOWN", "device_id": .string(port.deviceId),
                    "device_owner": .string(port.deviceOwner),
                ]
            } ?? .null,
        ]) { $1 }
        json["name"] = nil
        return json
    }

    func json(_ group: SecurityGroup) -> [String: JSONValue] {
        let rules = state.rules.records(state.rulesByGroup[group.id])
        return common(group).merging([
            "stateful": .bool(group.isStateful), "shared": false,
            "security_group_rules": .array(rules.map { .object(json($0)) }),
        ]) { $1 }
    }

    func json(_ rule: SecurityGroupRule) -> [String: JSONValue] {
        var json = common(rule).merging([
            "security_group_id": .string(rule.groupId), "ethertype": .string(rule.ethertype),
            "direction": .string(rule.direction), "protocol": JSONValue(rule.protocolName),
            "port_range_min": rule.portMin.map { .integer($0) } ?? .null,
            "port_range_max": rule.portMax.map { .integer($0) } ?? .null,
            "remote_ip_prefix": JSONValue(rule.remotePrefix), "normalized_cidr": JSONValue(rule.remotePrefix),
            "remote_group_id": JSONValue(rule.remoteGroupId), "remote_address_group_id": .null,
            "belongs_to_default_sg": .bool(state.securityGroups[rule.groupId]?.name == "default"),
        ]) { $1 }
        json["name"] = nil
        json["tags"] = nil
        return json
    }

    // Lists.

    private static let controls: Set = ["fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir"]
    private static let tagFilters: Set = ["tags", "tags-any", "not-tags", "not-tags-any"]

    /// A list with the filters, order, fields and pages that the query asks for (golden neutron, `networks-*`).
    ///
    /// - Parameters:
    ///   - collection: the name of the list: `security_groups`.
    ///   - attributes: what can be asked for beside what the items show.
    ///   - absent: the refusal of a marker that there is not.
    func list(
        _ items: [[String: JSONValue]], _ collection: String, attributes: Set<String>,
        absent: (String) -> ServiceFault
    ) throws(ServiceFault) -> ServiceAnswer {
        let filters = OrderedDictionary(
            grouping: call.query.filter { !Self.controls.contains($0.name) }, by: \.name)
        if let unknown = filters.keys.first(where: { !attributes.contains($0) && !Self.tagFilters.contains($0) }) {
            throw .neutronBadRequest("['\(unknown)'] is invalid attribute for filtering")
        }
        var found = items.filter { item in
            filters.allSatisfy { name, given in matches(item, name, given.map(\.value)) }
        }
        let keys = call.queries("sort_key")
        let directions = call.queries("sort_dir")
        for (place, key) in keys.enumerated().reversed() {
            found.sort { text(of: $0[key]) < text(of: $1[key]) }
            if place < directions.count, directions[place].lowercased() == "desc" { found.reverse() }
        }
        let isReversed = call.query("page_reverse")?.lowercased() == "true"
        if isReversed { found.reverse() }
        if let marker = call.query("marker") {
            guard let place = found.firstIndex(where: { $0["id"]?.string == marker }) else { throw absent(marker) }
            found.removeFirst(place + 1)
        }
        var body: [String: JSONValue] = [:]
        if let text = call.query("limit") {
            guard let limit = Int(text), limit >= 0 else {
                throw .neutronBadRequest("The limit must be an integer value of 0 or greater and not '\(text)'")
            }
            if limit > 0 {
                found = Array(found.prefix(limit))
                if isReversed { found.reverse() }
                body[collection + "_links"] = links(limit, found, collection, isReversed: isReversed)
            }
        }
        let fields = Set(call.queries("fields"))
        body[collection] = .array(
            found.map { .object(fields.isEmpty ? $0 : $0.filter { fields.contains($0.key) }) })
        return .json(200, .object(body))
    }

    private func links(
        _ limit: Int, _ page: [[String: JSONValue]], _ collection: String, isReversed: Bool
    ) -> JSONValue {
        let path = call.path.prefix { $0 != "?" }
        let query = call.query.filter { !["marker", "page_reverse"].contains($0.name) }.map {
            "\($0.name)=\($0.value.addingPercentEncoding())"
        }
        func link(_ relation: String, _ item: [String: JSONValue]?, _ more: [String] = []) -> JSONValue {
            let marker = item?["id"]?.string.map { ["marker=" + $0] } ?? []
            let text = (query + marker + more).joined(separator: "&")
            return ["rel": .string(relation), "href": .string("\(call.baseURL)\(path)?\(text)")]
        }
        var links: [JSONValue] = []
        if isReversed || page.count == limit { links.append(link("next", page.last)) }
        if !isReversed || page.count == limit { links.append(link("previous", page.first, ["page_reverse=True"])) }
        return .array(links)
    }

    private func matches(_ item: [String: JSONValue], _ name: String, _ wanted: [String]) -> Bool {
        switch name {
        case "fixed_ips":
            // `fixed_ips=ip_address=10.0.0.4`; all of them must hold.
            let all = item["fixed_ips"]?.array ?? []
            return wanted.allSatisfy { text in
                let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
                guard parts.count == 2 else { return false }
                return all.contains {
                    parts[0] == "ip_address_substr"
                        ? $0["ip_address"]?.string?.contains(parts[1]) == true : $0[parts[0]]?.string == parts[1]
                }
            }
        case "security_groups":
            return item["security_groups"]?.array?.contains { wanted.contains($0.string ?? "") } == true
        case "tags", "tags-any", "not-tags", "not-tags-any":
            let tags = Set(item["tags"]?.array?.compactMap(\.string) ?? [])
            let asked = wanted.flatMap { $0.split(separator: ",").map(String.init) }
            let holds = name.hasSuffix("any") ? asked.contains(where: tags.contains) : asked.allSatisfy(tags.contains)
            return holds != name.hasPrefix("not")
        default:
            return wanted.contains { $0.lowercased() == text(of: item[name]) }
        }
    }

    private func text(of value: JSONValue?) -> String {
        switch value {
        case nil, .null: ""
        case .string(let text): text.lowercased()
        case let value?: "\(value)"
        }
    }

    // Quotas.

    func quota(of project: String, isDetailed: Bool) -> JSONValue {
        var all: [String: (limit: Int, used: Int)] = [
            "subnetpool": (-1, 0), "router_route": (30, 0), "rbac_policy": (10, 0),
        ]
        for resource in NetworkState.counted {
            all[resource.rawValue] = (state.limit(resource, of: project), state.used(resource, by: project))
        }
        if !isDetailed { all["router_route"] = nil }
        return .object(
            all.mapValues { quota in
                isDetailed
                    ? ["limit": .integer(quota.limit), "used": .integer(quota.used), "reserved": 0]
                    : .integer(quota.limit)
            })
    }
}
