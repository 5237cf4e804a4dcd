import OrderedCollections
import Runtime
import Scenarios

/// Networks and subnets (Networking API v2.0, "Networks", "Subnets").
extension NetworkState {
    private static let networkAttributes: Set = [
        "name", "admin_state_up", "shared", "router:external", "mtu", "port_security_enabled", "description",
        "availability_zone_hints", "project_id", "tenant_id", "is_default", "dns_domain", "qos_policy_id",
        "provider:network_type", "provider:physical_network", "provider:segmentation_id", "vlan_transparent", "qinq",
    ]

    /// - Parameter id: of the new network; drawn where nil.
    mutating func createNetwork(
        _ request: JSONValue, by change: Change, id: String? = nil
    ) throws(ServiceFault) -> Network {
        let given = try NetworkAttributes(request, known: Self.networkAttributes)
        let project = try given.project(change)
        let (isShared, isExternal) = (try given.flag("shared") ?? false, try given.flag("router:external") ?? false)
        if !change.requester.isAdmin {
            let rule = "(rule:create_network and rule:create_network:"
            if isShared { throw .notAuthorized(rule + "shared)") }
            if isExternal { throw .notAuthorized(rule + "router:external)") }
        }
        let network = Network(
            id: id ?? change.random.uuid(), name: try given.text("name") ?? "", projectId: project,
            description: try given.text("description") ?? "", stamp: Stamp(at: change.now),
            isUp: try given.flag("admin_state_up") ?? true, isShared: isShared, isExternal: isExternal,
            mtu: try given.integer("mtu") ?? (isExternal ? 1500 : 1450),
            hasPortSecurity: try given.flag("port_security_enabled") ?? true)
        try checkQuota(.network, of: project)
        networks.insert(network)
        if isShared || isExternal { commonNetworks.add(network.id, under: Self.common) }
        return network
    }

    mutating func updateNetwork(_ id: String, _ request: JSONValue, by change: Change) throws(ServiceFault) -> Network {
        let network = try network(id, for: change.requester)
        guard change.requester.mayTouch(network) else { throw .notAuthorized("rule:update_network") }
        let given = try NetworkAttributes(request, known: Self.networkAttributes)
        var changed = network
        changed.name = try given.text("name") ?? network.name
        changed.description = try given.text("description") ?? network.description
        changed.isUp = try given.flag("admin_state_up") ?? network.isUp
        changed.mtu = try given.integer("mtu") ?? network.mtu
        changed.hasPortSecurity = try given.flag("port_security_enabled") ?? network.hasPortSecurity
        changed.isShared = try given.flag("shared") ?? network.isShared
        changed.isExternal = try given.flag("router:external") ?? network.isExternal
        if (changed.isShared, changed.isExternal) != (network.isShared, network.isExternal) {
            guard change.requester.isAdmin else { throw .notAuthorized("rule:update_network") }
            commonNetworks.remove(id, under: Self.common)
            if changed.isShared || changed.isExternal { commonNetworks.add(id, under: Self.common) }
        }
        changed.stamp.touch(at: change.now)
        networks.update(id) { $0 = changed }
        return changed
    }

    mutating func deleteNetwork(_ id: String, by change: Change) throws(ServiceFault) {
        let network = try network(id, for: change.requester)
        guard change.requester.mayTouch(network) else { throw .notAuthorized("rule:delete_network") }
        let users = Array(portsByNetwork[id]) + Array(floatingIPsByNetwork[id])
        guard users.isEmpty else { throw .networkInUse(id, ports: users) }
        for subnet in network.subnetIds { subnets.remove(subnet) }
        networks.remove(id)
        commonNetworks.remove(id, under: Self.common)
    }

    // Subnets.

    private static let subnetAttributes: Set = [
        "name", "network_id", "cidr", "ip_version", "gateway_ip", "allocation_pools", "enable_dhcp", "dns_nameservers",
        "host_routes", "description", "project_id", "tenant_id", "ipv6_address_mode", "ipv6_ra_mode", "subnetpool_id",
        "prefixlen", "service_types", "segment_id", "use_default_subnetpool", "dns_publish_fixed_ip",
    ]

    mutating func createSubnet(
        _ request: JSONValue, by change: Change, id: String? = nil
    ) throws(ServiceFault) -> Subnet {
        let given = try NetworkAttributes(request, known: Self.subnetAttributes)
        let network = try network(try given.required("network_id"), for: change.requester)
        guard change.requester.mayTouch(network) else { throw .notAuthorized("rule:create_subnet") }
        guard let version = try given.integer("ip_version") else { throw .missingAttribute("ip_version") }
        guard let text = try given.text("cidr") else {
            throw .neutronBadRequest("a subnetpool must be specified in the absence of a cidr")
        }
        guard let cidr = CIDR(text) else { throw .invalidAttribute("cidr", "'\(text)' is not a valid IP subnet") }
        guard cidr.description == text || cidr.base.version == .v6 else {
            throw .invalidAttribute(
                "cidr", "'\(text)' isn't a recognized IP subnet cidr, '\(cidr)' is recommended")
        }
        guard cidr.base.version.rawValue == version else {
            throw .invalidInput("cidr '\(text)' does not match the ip_version '\(version)'")
        }
        for other in subnets.records(network.subnetIds) where other.cidr.overlaps(cidr) {
            throw .invalidInput(
                "Requested subnet with cidr: \(cidr) for network: \(network.id) overlaps with another subnet")
        }
        let gateway = try gateway(given, of: cidr)
        let pools = try pools(given, of: cidr, gateway: gateway)
        let project = network.projectId
        let subnet = Subnet(
            id: id ?? change.random.uuid(), name: try given.text("name") ?? "", projectId: project,
            description: try given.text("description") ?? "", stamp: Stamp(at: change.now, revision: 0),
            networkId: network.id, cidr: cidr, gateway: gateway, hasDHCP: try given.flag("enable_dhcp") ?? true,
            nameServers: try given.list("dns_nameservers")?.compactMap(\.string) ?? [],
            hostRoutes: try given.list("host_routes") ?? [], ipv6AddressMode: try given.text("ipv6_address_mode"),
            ipv6AdvertisementMode: try given.text("ipv6_ra_mode"), addresses: AddressAllocation(pools: pools))
        try checkQuota(.subnet, of: project)
        subnets.insert(subnet)
        networks.update(network.id) {
            $0.subnetIds.append(subnet.id)
            $0.stamp.touch(at: change.now)
        }
        return subnet
    }

    /// The first host where the request is silent; none where it says null.
    private func gateway(_ given: NetworkAttributes, of cidr: CIDR) throws(ServiceFault) -> IPAddress? {
        guard given.has("gateway_ip") else { return cidr.hosts?.lowerBound }
        guard let gateway = try given.address("gateway_ip") else { return nil }
        guard gateway.version == cidr.base.version, cidr.contains(gateway) else {
            throw .invalidInput("Gateway is not valid on subnet")
        }
        return gateway
    }

    private func pools(
        _ given: NetworkAttributes, of cidr: CIDR, gateway: IPAddress?
    ) throws(ServiceFault) -> [ClosedRange<IPAddress>] {
        guard let items = try given.list("allocation_pools"), !items.isEmpty else {
            guard let hosts = cidr.hosts else { return [] }
            guard let gateway, hosts.contains(gateway) else { return [hosts] }
            var pools: [ClosedRange<IPAddress>] = []
            if gateway > hosts.lowerBound {
                pools.append(hosts.lowerBound...IPAddress(gateway.version, gateway.number - 1))
            }
            if gateway < hosts.upperBound { pools.append(gateway.advanced(by: 1)...hosts.upperBound) }
            return pools
        }
        var pools: [ClosedRange<IPAddress>] = []
        for item in items {
            guard let start = item["start"]?.string.flatMap({ IPAddress($0) }),
                let end = item["end"]?.string.flatMap({ IPAddress($0) }), start.version == end.version, start <= end
            else { throw .neutron(400, "InvalidAllocationPool", "The allocation pool \(item) is not valid.") }
            guard cidr.contains(start), cidr.contains(end) else {
                throw .neutron(
                    400, "OutOfBoundsAllocationPool",
                    "The allocation pool \(start)-\(end) spans beyond the subnet cidr \(cidr).")
            }
            if let gateway, (start...end).contains(gateway) {
                throw .neutron(
                    409, "GatewayConflictWithAllocationPools",
                    "Gateway ip \(gateway) conflicts with allocation pool \(start)-\(end).")
            }
            if let other = pools.first(where: { $0.overlaps(start...end) }) {
                throw .neutron(
                    409, "OverlappingAllocationPools",
                    "Found overlapping allocation pools: \(other.lowerBound)-\(other.upperBound) \(start)-\(end) for subnet \(cidr)."
                )
            }
            pools.append(start...end)
        }
        return pools.sorted { $0.lowerBound < $1.lowerBound }
    }

    mutating func updateSubnet(_ id: String, _ request: JSONValue, by change: Change) throws(ServiceFault) -> Subnet {
        let subnet = try ownSubnet(id, change, "update_subnet")
        let given = try NetworkAttributes(
            request,
            known: ["name", "description", "gateway_ip", "enable_dhcp", "dns_nameservers", "host_routes"])
        var changed = subnet
        changed.name = try given.text("name") ?? subnet.name
        changed.description = try given.text("description") ?? subnet.description
        changed.hasDHCP = try given.flag("enable_dhcp") ?? subnet.hasDHCP
        changed.nameServers = try given.list("dns_nameservers")?.compactMap(\.string) ?? subnet.nameServers
        changed.hostRoutes = try given.list("host_routes") ?? subnet.hostRoutes
        if given.has("gateway_ip") {
            let gateway = try gateway(given, of: subnet.cidr)
            if gateway != subnet.gateway, !routerPortsBySubnet[id].isEmpty, let old = subnet.gateway {
                throw .neutron(
                    409, "GatewayIpInUse",
                    "Current gateway ip \(old) already in use by port \(routerPortsBySubnet[id][0]). Unable to update.")
            }
            changed.gateway = gateway
        }
        changed.stamp.touch(at: change.now)
        subnets.update(id) { $0 = changed }
        return changed
    }

    mutating func deleteSubnet(_ id: String, by change: Change) throws(ServiceFault) {
        let subnet = try ownSubnet(id, change, "delete_subnet")
        guard subnet.addresses.taken.isEmpty else { throw .subnetInUse(id) }
        subnets.remove(id)
        networks.update(subnet.networkId) {
            $0.subnetIds.removeAll { $0 == id }
            $0.stamp.touch(at: change.now)
        }
    }

    private func ownSubnet(_ id: String, _ change: Change, _ rule: String) throws(ServiceFault) -> Subnet {
        let subnet = try subnet(id, for: change.requester)
        guard change.requester.mayTouch(subnet) else { throw .notAuthorized("rule:" + rule) }
        return subnet
    }
}
