import OrderedCollections
import Runtime
import Scenarios

/// Floating IPs (Networking API v2.0, "Floating IPs").
extension NetworkState {
    private static let attributes: Set = [
        "floating_network_id", "port_id", "fixed_ip_address", "floating_ip_address", "subnet_id", "description",
        "project_id", "tenant_id", "dns_name", "dns_domain", "qos_policy_id",
    ]

    mutating func createFloatingIP(_ request: JSONValue, by change: Change) throws(ServiceFault) -> FloatingIP {
        let given = try NetworkAttributes(request, known: Self.attributes)
        let project = try given.project(change)
        let network = try network(try given.required("floating_network_id"), for: change.requester)
        guard network.isExternal else {
            throw .badResource("floatingip", "Network \(network.id) is not a valid external network")
        }
        let id = change.random.uuid()
        let association = try association(given, network: network.id, id: id, address: nil, change)
        try checkQuota(.floatingIP, of: project)
        var wanted: [String: JSONValue] = [:]
        if let address = given["floating_ip_address"] { wanted["ip_address"] = address }
        if let subnet = given["subnet_id"] { wanted["subnet_id"] = subnet }
        let fixed = try allocate([.object(wanted)], on: network)[0]
        let floating = FloatingIP(
            id: id, projectId: project, description: try given.text("description") ?? "",
            stamp: Stamp(at: change.now, revision: 0), networkId: network.id, subnetId: fixed.subnetId,
            address: fixed.address, association: association)
        floatingIPs.insert(floating)
        floatingIPsByNetwork.add(id, under: network.id)
        index(floating)
        return floating
    }

    mutating func updateFloatingIP(
        _ id: String, _ request: JSONValue, by change: Change
    ) throws(ServiceFault) -> FloatingIP {
        let floating = try floatingIP(id, for: change.requester)
        let given = try NetworkAttributes(
            request, known: ["port_id", "fixed_ip_address", "description", "qos_policy_id"])
        var changed = floating
        changed.description = try given.text("description") ?? floating.description
        if given.has("port_id") {
            changed.association = try association(
                given, network: floating.networkId, id: id, address: floating.address, change)
            unindex(floating)
        }
        changed.stamp.touch(at: change.now)
        floatingIPs.update(id) { $0 = changed }
        if given.has("port_id") { index(changed) }
        return changed
    }

    mutating func deleteFloatingIP(_ id: String, by change: Change) throws(ServiceFault) {
        let floating = try floatingIP(id, for: change.requester)
        unindex(floating)
        floatingIPs.remove(id)
        floatingIPsByNetwork.remove(id, under: floating.networkId)
        giveBack([Port.FixedIP(subnetId: floating.subnetId, address: floating.address)])
    }

    /// Its port is gone.
    mutating func dissociate(_ id: String) {
        guard let floating = floatingIPs[id] else { return }
        unindex(floating)
        floatingIPs.update(id) { $0.association = nil }
    }

    private mutating func index(_ floating: FloatingIP) {
        guard let association = floating.association else { return }
        floatingIPsByPort.add(floating.id, under: association.portId)
        floatingIPsByRouter.add(floating.id, under: association.routerId)
    }

    private mutating func unindex(_ floating: FloatingIP) {
        guard let association = floating.association else { return }
        floatingIPsByPort.remove(floating.id, under: association.portId)
        floatingIPsByRouter.remove(floating.id, under: association.routerId)
    }

    /// Where a floating IP leads: to a port's IPv4 address that a router reaches from the external network.
    private func association(
        _ given: NetworkAttributes, network: String, id: String, address: IPAddress?, _ change: Change
    ) throws(ServiceFault) -> FloatingIP.Association? {
        guard let portId = try given.text("port_id") else {
            guard given["fixed_ip_address"] == nil else {
                throw .badResource("floatingip", "fixed_ip_address cannot be specified without a port_id")
            }
            return nil
        }
        let port = try port(portId, for: change.requester)
        let fixed = try target(of: port, try given.address("fixed_ip_address"))
        let router = routerPortsBySubnet[fixed.subnetId].lazy.compactMap { ports[$0] }.compactMap {
            routers[$0.deviceId]
        }.first { $0.gateway?.networkId == network }
        guard let router else {
            throw .neutron(
                404, "ExternalGatewayForFloatingIPNotFound",
                "External network \(network) is not reachable from subnet \(fixed.subnetId).  Therefore, cannot associate Port \(portId) with a Floating IP."
            )
        }
        for other in floatingIPs.records(floatingIPsByPort[portId]) where other.id != id {
            guard other.networkId != network || other.association?.fixedAddress != fixed.address else {
                throw .neutron(
                    409, "FloatingIPPortAlreadyAssociated",
                    "Cannot associate floating IP \(address.map { "\($0)" } ?? "None") (\(id)) with port \(portId) using fixed IP \(fixed.address), as that fixed IP already has a floating IP on external network \(network)."
                )
            }
        }
        return FloatingIP.Association(
            portId: portId, fixedAddress: fixed.address, subnetId: fixed.subnetId, routerId: router.id)
    }

    private func target(of port: Port, _ wanted: IPAddress?) throws(ServiceFault) -> Port.FixedIP {
        let candidates = port.fixedIPs.filter { $0.address.version == .v4 }
        if let wanted {
            guard let found = candidates.first(where: { $0.address == wanted }) else {
                throw .badResource("floatingip", "Port \(port.id) does not have fixed ip \(wanted)")
            }
            return found
        }
        guard let first = candidates.first else {
            throw .badResource(
                "floatingip", "Cannot add floating IP to port \(port.id) that has no fixed IPv4 addresses")
        }
        guard candidates.count == 1 else {
            throw .badResource(
                "floatingip",
                "Port \(port.id) has multiple fixed IPv4 addresses.  Must provide a specific IPv4 address when assigning a floating IP"
            )
        }
        return first
    }
}
