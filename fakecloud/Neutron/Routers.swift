import OrderedCollections
import Runtime
import Scenarios

/// Routers, their gateways and interfaces (Networking API v2.0, "Routers").
extension NetworkState {
    private static let routerAttributes: Set = [
        "name", "admin_state_up", "external_gateway_info", "description", "project_id", "tenant_id", "routes", "ha",
        "distributed", "availability_zone_hints", "flavor_id", "enable_ndp_proxy",
    ]

    mutating func createRouter(
        _ request: JSONValue, by change: Change, id: String? = nil
    ) throws(ServiceFault) -> NetworkRouter {
        let given = try NetworkAttributes(request, known: Self.routerAttributes)
        let project = try given.project(change)
        try checkQuota(.router, of: project)
        var router = NetworkRouter(
            id: id ?? change.random.uuid(), name: try given.text("name") ?? "", projectId: project,
            description: try given.text("description") ?? "", stamp: Stamp(at: change.now),
            isUp: try given.flag("admin_state_up") ?? true)
        if let info = given["external_gateway_info"], info.object?.isEmpty == false {
            router.gateway = try makeGateway(info, of: router, change)
            router.stamp.touch(at: change.now)
        }
        routers.insert(router)
        return router
    }

    /// Takes an address of an external network for a router.
    private mutating func makeGateway(
        _ info: JSONValue, of router: NetworkRouter, _ change: Change
    ) throws(ServiceFault) -> NetworkRouter.Gateway {
        guard let networkId = info["network_id"]?.string else {
            throw .invalidAttribute("external_gateway_info", "Validation of dictionary's keys failed")
        }
        let network = try network(networkId, for: change.requester)
        guard network.isExternal else {
            throw .badResource("router", "Network \(networkId) is not an external network")
        }
        let fixed = try allocate(info["external_fixed_ips"]?.array, on: network)
        // Such a port belongs to no project, so that it counts for none and none can touch it.
        let port = Port(
            id: change.random.uuid(), name: "", projectId: "", stamp: Stamp(at: change.now), networkId: networkId,
            mac: newMAC(change.random), fixedIPs: fixed, deviceId: router.id, deviceOwner: Port.Owner.routerGateway,
            hasPortSecurity: false, isActive: true)
        insert(port)
        return NetworkRouter.Gateway(
            networkId: networkId, portId: port.id, hasSNAT: info["enable_snat"]?.bool ?? true)
    }

    mutating func updateRouter(_ id: String, _ request: JSONValue, by change: Change) throws(ServiceFault)
        -> NetworkRouter
    {
        let router = try router(id, for: change.requester)
        let given = try NetworkAttributes(request, known: Self.routerAttributes)
        var changed = router
        changed.name = try given.text("name") ?? router.name
        changed.description = try given.text("description") ?? router.description
        changed.isUp = try given.flag("admin_state_up") ?? router.isUp
        changed.routes = try given.list("routes") ?? router.routes
        if given.has("external_gateway_info") {
            let info = given["external_gateway_info"] ?? [:]
            let network = info["network_id"]?.string
            if let gateway = router.gateway, gateway.networkId == network, info["external_fixed_ips"] == nil {
                changed.gateway = NetworkRouter.Gateway(
                    networkId: gateway.networkId, portId: gateway.portId,
                    hasSNAT: info["enable_snat"]?.bool ?? gateway.hasSNAT)
            } else {
                if let gateway = router.gateway, !floatingIPsByRouter[id].isEmpty {
                    throw .neutron(
                        409, "RouterExternalGatewayInUseByFloatingIp",
                        "Gateway cannot be updated for router \(id), since a gateway to external network \(gateway.networkId) is required by one or more floating IPs."
                    )
                }
                changed.gateway = info.object?.isEmpty == false ? try makeGateway(info, of: router, change) : nil
                if let gateway = router.gateway { remove(gateway.portId) }
            }
        }
        changed.stamp.touch(at: change.now)
        routers.update(id) { $0 = changed }
        return changed
    }

    mutating func deleteRouter(_ id: String, by change: Change) throws(ServiceFault) {
        let router = try router(id, for: change.requester)
        guard interfaces(of: id).isEmpty else { throw .neutron(409, "RouterInUse", "Router \(id) still has ports") }
        if let gateway = router.gateway { remove(gateway.portId) }
        routers.remove(id)
    }

    func interfaces(of router: String) -> [Port] {
        ports.records(portsByDevice[router]).filter { $0.deviceOwner == Port.Owner.routerInterface }
    }

    // Interfaces.

    /// - Parameter request: `{"subnet_id": …}` or `{"port_id": …}`.
    /// - Returns: the router's port.
    mutating func addRouterInterface(
        _ id: String, _ request: JSONValue, by change: Change
    ) throws(ServiceFault) -> Port {
        let router = try router(id, for: change.requester)
        let given = try NetworkAttributes(request, known: ["subnet_id", "port_id"])
        switch (try given.text("subnet_id"), try given.text("port_id")) {
        case (nil, nil): throw .badResource("router", "Either subnet_id or port_id must be specified")
        case (.some, .some): throw .badResource("router", "Cannot specify both subnet-id and port-id")
        case (let subnetId?, nil): return try addInterface(to: router, subnet: subnetId, change)
        case (nil, let portId?): return try addInterface(to: router, port: portId, change)
        }
    }

    private mutating func addInterface(
        to router: NetworkRouter, subnet id: String, _ change: Change
    ) throws(ServiceFault) -> Port {
        let subnet = try subnet(id, for: change.requester)
        guard let gateway = subnet.gateway else {
            throw .badResource("router", "Subnet for router interface must have a gateway IP")
        }
        try checkOverlap(router, subnet)
        guard !subnet.addresses.taken.contains(gateway) else {
            throw .neutron(
                409, "IpAddressInUse",
                "Unable to complete operation for network \(subnet.networkId). The IP address \(gateway) is in use.")
        }
        try checkQuota(.port, of: router.projectId)
        subnets.update(id) { _ = $0.addresses.take(gateway) }
        let port = Port(
            id: change.random.uuid(), name: "", projectId: router.projectId, stamp: Stamp(at: change.now),
            networkId: subnet.networkId, mac: newMAC(change.random),
            fixedIPs: [Port.FixedIP(subnetId: id, address: gateway)], deviceId: router.id,
            deviceOwner: Port.Owner.routerInterface, hasPortSecurity: false, isActive: true)
        insert(port)
        routers.update(router.id) { $0.stamp.touch(at: change.now) }
        return port
    }

    private mutating func addInterface(
        to router: NetworkRouter, port id: String, _ change: Change
    ) throws(ServiceFault) -> Port {
        let port = try port(id, for: change.requester)
        guard port.deviceId.isEmpty else {
            throw .neutron(
                409, "PortInUse",
                "Unable to complete operation on port \(id) for network \(port.networkId). Port already has an attached device \(port.deviceId)."
            )
        }
        guard !port.fixedIPs.isEmpty else {
            throw .badResource("router", "Router port must have at least one fixed IP")
        }
        for fixed in port.fixedIPs {
            if let subnet = subnets[fixed.subnetId] { try checkOverlap(router, subnet) }
        }
        var changed = port
        changed.deviceId = router.id
        changed.deviceOwner = Port.Owner.routerInterface
        changed.isActive = true
        changed.stamp.touch(at: change.now)
        replace(port, by: changed)
        for fixed in port.fixedIPs { routerPortsBySubnet.add(id, under: fixed.subnetId) }
        return changed
    }

    private func checkOverlap(_ router: NetworkRouter, _ subnet: Subnet) throws(ServiceFault) {
        for fixed in interfaces(of: router.id).flatMap(\.fixedIPs) {
            guard fixed.subnetId != subnet.id else {
                throw .badResource("router", "Router already has a port on subnet \(subnet.id)")
            }
            if let other = subnets[fixed.subnetId], other.cidr.overlaps(subnet.cidr) {
                throw .badResource(
                    "router",
                    "Cidr \(subnet.cidr) of subnet \(subnet.id) overlaps with cidr \(other.cidr) of subnet \(other.id)")
            }
        }
    }

    /// - Returns: the port that was removed.
    mutating func removeRouterInterface(
        _ id: String, _ request: JSONValue, by change: Change
    ) throws(ServiceFault) -> Port {
        let router = try router(id, for: change.requester)
        let given = try NetworkAttributes(request, known: ["subnet_id", "port_id"])
        let interfaces = interfaces(of: router.id)
        let found: Port
        if let portId = try given.text("port_id") {
            guard let port = interfaces.first(where: { $0.id == portId }) else {
                throw .neutron(
                    404, "RouterInterfaceNotFound", "Router \(id) does not have an interface with id \(portId)")
            }
            found = port
        } else {
            let subnetId = try given.required("subnet_id")
            guard let port = interfaces.first(where: { $0.fixedIPs.contains { $0.subnetId == subnetId } }) else {
                throw .neutron(
                    404, "RouterInterfaceNotFoundForSubnet", "Router \(id) has no interface on subnet \(subnetId)")
            }
            found = port
        }
        let users = floatingIPs.records(floatingIPsByRouter[id]).compactMap(\.association)
        if let used = found.fixedIPs.first(where: { fixed in users.contains { $0.subnetId == fixed.subnetId } }) {
            throw .neutron(
                409, "RouterInterfaceInUseByFloatingIP",
                "Router interface for subnet \(used.subnetId) on router \(id) cannot be deleted, as it is required by one or more floating IPs."
            )
        }
        remove(found.id)
        return found
    }
}
