import Runtime

/// How the services make, change and delete what a stack's resources stand for. A call of their APIs does the same
/// through the same functions.
extension RegionServices {
    /// - Returns: the physical id.
    /// - Throws: ``ServiceFault``.
    mutating func make(_ order: ResourceOrder) throws(ServiceFault) -> String {
        let change = order.change
        switch order.kind {
        case .server:
            let request = try serverRequest(order)
            let hints = order["scheduler_hints"] ?? [:]
            return try createServer(request, hints: hints, by: change, drivenBy: .caller, doom: order.doom).id
        case .keyPair:
            var request = order.taking("public_key", "type")
            request["name"] = order.givenName
            return try compute.createKeyPair(.object(request), by: change).pair.name
        case .serverGroup:
            return try compute.createGroup(
                [
                    "name": order.givenName, "policy": order["policies"]?[0] ?? "anti-affinity",
                    "rules": order["rules"] ?? [:],
                ], by: change
            ).id
        case .volume:
            var request = order.taking(
                "size", "description", "volume_type", "metadata", "source_volid", "multiattach")
            request["name"] = order.givenName
            if let image = order["image"]?.string { request["imageRef"] = .string(imageId(image, change)) }
            return try createVolume(.object(request), by: change, drivenBy: .caller).id
        case .volumeAttachment:
            let volume = order["volume_id", "volume"]?.string ?? ""
            _ = try attachVolume(
                ["volumeId": .string(volume), "device": order["mountpoint"] ?? .null],
                to: order["instance_uuid", "server"]?.string ?? "", by: change)
            return volume
        default: return try makeOfNeutron(order)
        }
    }

    private mutating func makeOfNeutron(_ order: ResourceOrder) throws(ServiceFault) -> String {
        let change = order.change
        switch order.kind {
        case .network:
            var request = order.taking("admin_state_up", "shared", "port_security_enabled", "dns_domain")
            request["name"] = order.givenName
            return try network.createNetwork(.object(request), by: change).id
        case .subnet: return try network.createSubnet(.object(subnetRequest(order)), by: change).id
        case .port: return try network.createPort(.object(portRequest(order)), by: change).id
        case .router:
            var request = order.taking("admin_state_up")
            request["name"] = order.givenName
            request["external_gateway_info"] = gateway(order)
            return try network.createRouter(.object(request), by: change).id
        case .routerInterface:
            let router = routerId(order["router", "router_id"]?.string ?? "", change)
            let place = interfacePlace(order)
            _ = try network.addRouterInterface(router, [place.key: .string(place.id)], by: change)
            return "\(router):\(place.key)=\(place.id)"
        case .securityGroup:
            let request: JSONValue = ["name": order.givenName, "description": order["description"] ?? ""]
            let group = try network.createSecurityGroup(request, by: change)
            try addRules(order["rules"]?.array ?? [], to: group.id, change)
            return group.id
        case .securityGroupRule:
            var request = order.taking(
                "description", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
                "remote_ip_prefix")
            request["direction"] = request["direction"] ?? "ingress"
            request["security_group_id"] = .string(groupId(order["security_group"]?.string ?? "", change))
            if let remote = order["remote_group"]?.string {
                request["remote_group_id"] = .string(groupId(remote, change))
            }
            return try network.createRule(.object(request), by: change).id
        case .floatingIP:
            var request = order.taking(
                "port_id", "fixed_ip_address", "floating_ip_address", "dns_name", "dns_domain",
                renamed: ["floating_subnet": "subnet_id"])
            request["floating_network_id"] = .string(
                networkId(order["floating_network", "floating_network_id"]?.string ?? "", change))
            return try network.createFloatingIP(.object(request), by: change).id
        case .floatingIPAssociation:
            let id = order["floatingip_id"]?.string ?? ""
            _ = try network.updateFloatingIP(id, .object(order.taking("port_id", "fixed_ip_address")), by: change)
            return id
        default: return order.physicalName
        }
    }

    /// Lets go of what another server is to have instead of this one: the ports that it was given.
    mutating func prepareReplacement(ofServer id: String, at now: Timestamp) {
        for port in network.ports.records(network.portsByDevice[id]) where !port.belongsToServer {
            network.unplug(port.id, at: now)
        }
    }

    /// Gives a server its ports again, which another one had instead.
    mutating func restore(server id: String, _ order: ResourceOrder) {
        let change = order.change
        guard let server = compute.servers[id] else { return }
        for port in order["networks"]?.array?.compactMap({ $0["port"]?.string }) ?? [] {
            network.plug(port, into: id, at: change.now)
        }
        network.setActive(server.state == .active, portsOf: id)
    }

    /// The making's time is over.
    ///
    /// - Returns: what a server or volume that is in error says of it.
    mutating func completeMaking(_ kind: ResourceKind, _ id: String, at now: Timestamp) -> String? {
        switch kind {
        case .server:
            finishCreate(server: id, at: now)
            return compute.servers[id]?.fault?.message
        case .volume: volume.finishCreate(volume: id, at: now)
        default: break
        }
        return nil
    }

    /// Starts the deletion of a server or volume; deletes anything else.
    ///
    /// - Throws: ``ServiceFault``, but not for what is gone already.
    mutating func unmake(_ order: ResourceOrder, _ id: String) throws(ServiceFault) {
        let change = order.change
        do {
            switch order.kind {
            case .server: try deleteServer(id, by: change, drivenBy: .caller)
            case .keyPair: try compute.deleteKeyPair(id, by: change)
            case .serverGroup: try compute.deleteGroup(id, by: change)
            case .volume: try deleteVolume(id, by: change, drivenBy: .caller)
            case .volumeAttachment:
                try detachVolume(id, from: order["instance_uuid", "server"]?.string ?? "", by: change)
            case .network: try network.deleteNetwork(id, by: change)
            case .subnet: try network.deleteSubnet(id, by: change)
            case .port: try network.deletePort(id, by: change)
            case .router: try network.deleteRouter(id, by: change)
            case .routerInterface:
                let place = interfacePlace(order)
                let router = String(id.prefix { $0 != ":" })
                _ = try network.removeRouterInterface(router, [place.key: .string(place.id)], by: change)
            case .securityGroup: try network.deleteSecurityGroup(id, by: change)
            case .securityGroupRule: try network.deleteRule(id, by: change)
            case .floatingIP: try network.deleteFloatingIP(id, by: change)
            case .floatingIPAssociation: _ = try network.updateFloatingIP(id, ["port_id": .null], by: change)
            default: break
            }
        } catch  where error.status == 404 {
            return
        }
    }

    /// The deletion's time is over.
    mutating func completeUnmaking(_ kind: ResourceKind, _ id: String, at now: Timestamp) {
        switch kind {
        case .server: finishDelete(server: id, at: now)
        case .volume: volume.finishDelete(volume: id)
        default: break
        }
    }

    /// Changes a thing in its place, as far as its service can.
    ///
    /// - Parameter changed: the names of the properties that are others than before.
    /// - Throws: ``ServiceFault``.
    mutating func modify(_ order: ResourceOrder, _ id: String, _ changed: Set<String>) throws(ServiceFault) {
        let change = order.change
        switch order.kind {
        case .server: try modifyServer(order, id, changed)
        case .volume:
            if changed.contains("size"), let size = order["size"]?.integer {
                try volume.extend(id, to: size, by: change)
            }
            volume.volumes.update(id) { volume in
                volume.name = order.givenName.string ?? volume.name
                volume.description = order["description"]?.string
                volume.metadata = (order["metadata"]?.object ?? [:]).compactMapValues(\.string)
            }
        case .network:
            var request = order.taking("admin_state_up", "port_security_enabled")
            request["name"] = order.givenName
            _ = try network.updateNetwork(id, .object(request), by: change)
        case .subnet:
            var request = order.taking(
                "gateway_ip", "enable_dhcp", "dns_nameservers", "host_routes", "allocation_pools")
            request["name"] = order.givenName
            _ = try network.updateSubnet(id, .object(request), by: change)
        case .port:
            var request = portRequest(order).filter { $0.key != "network_id" && $0.key != "mac_address" }
            request["fixed_ips"] = changed.contains("fixed_ips") ? request["fixed_ips"] : nil
            _ = try network.updatePort(id, .object(request), by: change)
        case .router:
            var request = order.taking("admin_state_up")
            request["name"] = order.givenName
            request["external_gateway_info"] = gateway(order) ?? .object([:])
            _ = try network.updateRouter(id, .object(request), by: change)
        case .securityGroup:
            _ = try network.updateSecurityGroup(
                id, ["name": order.givenName, "description": order["description"] ?? ""], by: change)
            guard changed.contains("rules") else { return }
            for rule in network.rulesByGroup[id] { try network.deleteRule(rule, by: change) }
            try addRules(
                [["direction": "egress", "ethertype": "IPv4"], ["direction": "egress", "ethertype": "IPv6"]], to: id,
                change)
            try addRules(order["rules"]?.array ?? [], to: id, change)
        case .floatingIP, .floatingIPAssociation:
            var request = order.taking("fixed_ip_address")
            request["port_id"] = order["port_id"] ?? .null
            _ = try network.updateFloatingIP(id, .object(request), by: change)
        default: break
        }
    }

    private mutating func modifyServer(
        _ order: ResourceOrder, _ id: String, _ changed: Set<String>
    ) throws(ServiceFault) {
        let change = order.change
        _ = try compute.server(id, for: change.requester)
        compute.servers.update(id) { server in
            server.name = order.givenName.string ?? server.name
            server.metadata = (order["metadata"]?.object ?? [:]).mapValues { $0.string ?? "\($0)" }
            server.tags = order["tags"]?.array?.compactMap(\.string) ?? server.tags
            server.updatedAt = change.now
        }
        if changed.contains("flavor") {
            try resize(id, to: flavorId(order["flavor"]?.string ?? ""), by: change)
            finishStep(ofServer: id, at: change.now)
            try begin(.confirmResize, named: "confirmResize", from: [.resized], server: id, by: change)
            finishStep(ofServer: id, at: change.now)
        }
        if changed.contains("image"), let image = order["image"]?.string {
            try begin(
                .rebuild(image: imageId(image, change)), named: "rebuild", from: [.active, .stopped, .error],
                server: id, by: change)
            finishStep(ofServer: id, at: change.now)
        }
    }

    /// Lets a server rest or run again; other things have nothing to do.
    ///
    /// - Throws: ``ServiceFault``.
    mutating func step(_ action: StackRecord.Action, _ order: ResourceOrder, _ id: String) throws(ServiceFault) {
        guard order.kind == .server else { return }
        let server = try compute.server(id, for: order.change.requester)
        switch (action, server.state) {
        case (.suspend, .active): try begin(.suspend, named: "suspend", from: [.active], server: id, by: order.change)
        case (.resume, .suspended):
            try begin(.resume, named: "resume", from: [.suspended], server: id, by: order.change)
        default: return
        }
        finishStep(ofServer: id, at: order.change.now)
    }

    /// What a check finds wrong; nil where all is well.
    ///
    /// - Throws: ``ServiceFault`` for what is not there.
    func problem(_ order: ResourceOrder, _ id: String) throws(ServiceFault) -> String? {
        func wrong(_ expected: String, _ found: String) -> String {
            "'status': expected '\(expected)', got '\(found)'"
        }
        switch order.kind {
        case .server:
            let status = try compute.server(id, for: order.change.requester).status
            return status == "ACTIVE" ? nil : wrong("ACTIVE", status)
        case .volume:
            let status = try volume.volume(id, for: order.change.requester).status
            return status == .available || status == .inUse ? nil : wrong("['available', 'in-use']", status.rawValue)
        default: return nil
        }
    }

    /// Whether the service still has it, and well.
    func isFit(_ kind: ResourceKind, _ id: String) -> Bool {
        switch kind {
        case .server: compute.servers[id].map { $0.state != .error } ?? false
        case .volume: volume.volumes[id].map { $0.status != .error } ?? false
        case .network: network.networks[id] != nil
        case .subnet: network.subnets[id] != nil
        case .port: network.ports[id] != nil
        case .router: network.routers[id] != nil
        case .securityGroup: network.securityGroups[id] != nil
        case .floatingIP: network.floatingIPs[id] != nil
        default: false
        }
    }
}
