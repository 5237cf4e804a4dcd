import OrderedCollections
import Runtime
import Scenarios

/// Ports and their addresses (Networking API v2.0, "Ports").
extension NetworkState {
    private static let portAttributes: Set = [
        "name", "network_id", "admin_state_up", "mac_address", "fixed_ips", "device_id", "device_owner",
        "security_groups", "allowed_address_pairs", "port_security_enabled", "description", "binding:vnic_type",
        "binding:host_id", "binding:profile", "dns_name", "dns_domain", "project_id", "tenant_id", "qos_policy_id",
        "propagate_uplink_status", "extra_dhcp_opts", "hints", "numa_affinity_policy", "trusted",
    ]

    mutating func createPort(_ request: JSONValue, by change: Change) throws(ServiceFault) -> Port {
        let given = try NetworkAttributes(request, known: Self.portAttributes)
        let network = try network(try given.required("network_id"), for: change.requester)
        let project = try given.project(change)
        guard change.requester.isAdmin || network.projectId == project || network.isShared else {
            throw .notAuthorized("rule:create_port")
        }
        let hasSecurity = try given.flag("port_security_enabled") ?? network.hasPortSecurity
        let groups = try groups(given, of: project, hasSecurity: hasSecurity, change)
        let mac = try mac(given, change)
        try checkQuota(.port, of: project)
        var port = Port(
            id: change.random.uuid(), name: try given.text("name") ?? "", projectId: project,
            description: try given.text("description") ?? "", stamp: Stamp(at: change.now), networkId: network.id,
            mac: mac, isUp: try given.flag("admin_state_up") ?? true, deviceId: try given.text("device_id") ?? "",
            deviceOwner: try given.text("device_owner") ?? "", securityGroupIds: groups,
            allowedAddressPairs: try given.list("allowed_address_pairs") ?? [],
            vnicType: try given.text("binding:vnic_type") ?? "normal", hasPortSecurity: hasSecurity,
            dnsName: try given.text("dns_name") ?? "")
        port.fixedIPs = try allocate(try given.list("fixed_ips"), on: network)
        insert(port)
        return port
    }

    /// Adds a port whose addresses are taken already.
    mutating func insert(_ port: Port) {
        ports.insert(port)
        macs.insert(port.mac)
        portsByNetwork.add(port.id, under: port.networkId)
        if !port.deviceId.isEmpty { portsByDevice.add(port.id, under: port.deviceId) }
        if port.deviceOwner == Port.Owner.routerInterface {
            for address in port.fixedIPs { routerPortsBySubnet.add(port.id, under: address.subnetId) }
        }
        for group in port.securityGroupIds { securityGroups.update(group) { $0.portCount += 1 } }
    }

    /// Takes a port away and gives its addresses back.
    mutating func remove(_ id: String) {
        guard let port = ports.remove(id) else { return }
        for ip in floatingIPs.records(floatingIPsByPort[id]) { dissociate(ip.id) }
        giveBack(port.fixedIPs)
        macs.remove(port.mac)
        portsByNetwork.remove(id, under: port.networkId)
        portsByDevice.remove(id, under: port.deviceId)
        for address in port.fixedIPs { routerPortsBySubnet.remove(id, under: address.subnetId) }
        for group in port.securityGroupIds { securityGroups.update(group) { $0.portCount -= 1 } }
    }

    func newMAC(_ random: RandomSource) -> String {
        while true {
            let mac =
                "fa:16:3e:"
                + random.bytes(3).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
            if !macs.contains(mac) { return mac }
        }
    }

    private func mac(_ given: NetworkAttributes, _ change: Change) throws(ServiceFault) -> String {
        guard let mac = try given.text("mac_address")?.lowercased() else { return newMAC(change.random) }
        guard mac.wholeMatch(of: /([0-9a-f]{2}:){5}[0-9a-f]{2}/) != nil else {
            throw .invalidAttribute("mac_address", "'\(mac)' is not a valid MAC address")
        }
        guard !macs.contains(mac) else {
            throw .neutron(409, "MacAddressInUse", "Unable to complete operation: MAC address \(mac) is in use.")
        }
        return mac
    }

    /// The groups that a request names, or the project's default one.
    private mutating func groups(
        _ given: NetworkAttributes, of project: String, hasSecurity: Bool, _ change: Change
    ) throws(ServiceFault) -> [String] {
        let standard = defaultGroup(of: project)
        guard let named = try given.list("security_groups")?.compactMap(\.string) else {
            return hasSecurity && !given.has("security_groups") ? [standard.id] : []
        }
        for id in named { _ = try securityGroup(id, for: change.requester) }
        guard hasSecurity || named.isEmpty else {
            throw .neutron(
                409, "PortSecurityPortHasSecurityGroup",
                "Port has security group associated. Cannot disable port security or IP address until security group is removed."
            )
        }
        return named
    }

    /// Takes the addresses that a port wants: one of each IP version where it says nothing.
    mutating func allocate(_ wanted: [JSONValue]?, on network: Network) throws(ServiceFault) -> [Port.FixedIP] {
        var taken: [Port.FixedIP] = []
        do {
            if let wanted {
                for item in wanted { taken.append(try allocate(item, on: network)) }
            } else {
                for version in [IPAddress.Version.v4, .v6] {
                    let candidates = subnets.records(network.subnetIds).filter { $0.cidr.base.version == version }
                    if !candidates.isEmpty { taken.append(try takeAny(of: candidates.map(\.id), on: network)) }
                }
            }
        } catch {
            giveBack(taken)
            throw error
        }
        return taken
    }

    private mutating func allocate(_ item: JSONValue, on network: Network) throws(ServiceFault) -> Port.FixedIP {
        var address: IPAddress?
        if let text = item["ip_address"]?.string {
            address = IPAddress(text)
            if address == nil { throw .invalidAttribute("fixed_ips", "'\(text)' is not a valid IP address") }
        }
        if let id = item["subnet_id"]?.string {
            guard let subnet = subnets[id] else { throw .subnetNotFound(id) }
            guard subnet.networkId == network.id else {
                throw .invalidInput(
                    "Failed to create port on network \(network.id), because fixed_ips included invalid subnet \(id)")
            }
            guard let address else { return try takeAny(of: [id], on: network) }
            guard subnet.cidr.contains(address) else {
                throw .neutron(
                    400, "InvalidIpForSubnet", "IP address \(address) is not a valid IP for the specified subnet.")
            }
            return try take(address, of: subnet)
        }
        guard let address else { return try takeAny(of: network.subnetIds, on: network) }
        guard let subnet = subnets.records(network.subnetIds).first(where: { $0.cidr.contains(address) }) else {
            throw .neutron(
                400, "InvalidIpForNetwork",
                "IP address \(address) is not a valid IP for any of the subnets on the specified network.")
        }
        return try take(address, of: subnet)
    }

    private mutating func take(_ address: IPAddress, of subnet: Subnet) throws(ServiceFault) -> Port.FixedIP {
        guard !subnet.addresses.taken.contains(address) else { throw .addressInUse(address, onSubnet: subnet.id) }
        subnets.update(subnet.id) { _ = $0.addresses.take(address) }
        return Port.FixedIP(subnetId: subnet.id, address: address)
    }

    mutating func takeAny(of subnetIds: [String], on network: Network) throws(ServiceFault) -> Port.FixedIP {
        for id in subnetIds {
            var address: IPAddress?
            subnets.update(id) { address = $0.addresses.take() }
            if let address { return Port.FixedIP(subnetId: id, address: address) }
        }
        throw .noMoreAddresses(onNetwork: network.id)
    }

    mutating func giveBack(_ addresses: [Port.FixedIP]) {
        for fixed in addresses { subnets.update(fixed.subnetId) { $0.addresses.giveBack(fixed.address) } }
    }

    mutating func updatePort(_ id: String, _ request: JSONValue, by change: Change) throws(ServiceFault) -> Port {
        let port = try port(id, for: change.requester)
        let given = try NetworkAttributes(request, known: Self.portAttributes)
        var changed = port
        changed.name = try given.text("name") ?? port.name
        changed.description = try given.text("description") ?? port.description
        changed.isUp = try given.flag("admin_state_up") ?? port.isUp
        changed.deviceId = given.has("device_id") ? try given.text("device_id") ?? "" : port.deviceId
        changed.deviceOwner = given.has("device_owner") ? try given.text("device_owner") ?? "" : port.deviceOwner
        changed.allowedAddressPairs = try given.list("allowed_address_pairs") ?? port.allowedAddressPairs
        changed.hasPortSecurity = try given.flag("port_security_enabled") ?? port.hasPortSecurity
        changed.dnsName = try given.text("dns_name") ?? port.dnsName
        if given.has("security_groups") || given.has("port_security_enabled") {
            var named = port.securityGroupIds
            if let wanted = try given.list("security_groups") { named = wanted.compactMap(\.string) }
            if given.has("security_groups"), given["security_groups"] == nil { named = [] }
            for group in named { _ = try securityGroup(group, for: change.requester) }
            changed.securityGroupIds = named
        }
        if let wanted = try given.list("fixed_ips") {
            guard let network = networks[port.networkId] else { throw .networkNotFound(port.networkId) }
            changed.fixedIPs = try reallocate(port, wanted, on: network)
        }
        changed.stamp.touch(at: change.now)
        replace(port, by: changed)
        return changed
    }

    /// Keeps the addresses that a port has and still wants, and takes those that are new to it.
    private mutating func reallocate(
        _ port: Port, _ wanted: [JSONValue], on network: Network
    ) throws(ServiceFault) -> [Port.FixedIP] {
        var old = port.fixedIPs
        var result: [Port.FixedIP] = []
        var new: [JSONValue] = []
        for item in wanted {
            let kept = old.firstIndex { fixed in
                (item["ip_address"]?.string).map { $0 == fixed.address.description }
                    ?? (item["subnet_id"]?.string == fixed.subnetId)
            }
            if let kept { result.append(old.remove(at: kept)) } else { new.append(item) }
        }
        result += try allocate(new, on: network)
        giveBack(old)
        return result
    }

    /// Puts a changed port in the place of the one that it was; both hold their addresses already.
    mutating func replace(_ port: Port, by changed: Port) {
        for group in port.securityGroupIds { securityGroups.update(group) { $0.portCount -= 1 } }
        for group in changed.securityGroupIds { securityGroups.update(group) { $0.portCount += 1 } }
        if port.deviceId != changed.deviceId {
            portsByDevice.remove(port.id, under: port.deviceId)
            if !changed.deviceId.isEmpty { portsByDevice.add(port.id, under: changed.deviceId) }
        }
        ports.update(port.id) { $0 = changed }
    }

    mutating func deletePort(_ id: String, by change: Change) throws(ServiceFault) {
        let port = try port(id, for: change.requester)
        guard ![Port.Owner.routerInterface, Port.Owner.routerGateway].contains(port.deviceOwner) else {
            throw .neutron(
                409, "ServicePortInUse",
                "Port \(id) cannot be deleted directly via the port API: has device owner \(port.deviceOwner).")
        }
        remove(id)
    }
}
