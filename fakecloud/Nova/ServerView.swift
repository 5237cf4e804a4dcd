import Crypto
import Runtime

/// Servers as Nova's API shows them.
extension NovaView {
    func brief(_ server: Instance) -> JSONValue {
        ["id": .string(server.id), "name": .string(server.name), "links": links("servers/" + server.id)]
    }

    /// Golden nova, `server`, `servers-detail-latest`.
    ///
    /// - Parameter isShown: alone, and not in a list.
    func detail(_ server: Instance, isShown: Bool = true) -> JSONValue {
        let attached = services.volume.attachments(of: server.id)
        var json: [String: JSONValue] = [
            "accessIPv4": .string(server.accessIPv4), "accessIPv6": .string(server.accessIPv6),
            "addresses": addresses(of: server), "created": .string(server.createdAt.wholeSeconds),
            "flavor": flavor(of: server), "hostId": .string(hostId(of: server)), "id": .string(server.id),
            "image": image(of: server), "links": links("servers/" + server.id),
            "metadata": .object(server.metadata.mapValues { .string($0) }), "name": .string(server.name),
            "status": .string(server.status), "tenant_id": .string(server.projectId),
            "user_id": .string(server.userId), "updated": .string(server.updatedAt.wholeSeconds),
            "OS-DCF:diskConfig": "MANUAL",
            "OS-EXT-AZ:availability_zone": .string(server.host == nil ? "" : server.pinnedZone ?? "nova"),
            "config_drive": server.hasConfigDrive ? "True" : "", "key_name": JSONValue(server.keyName),
            "OS-SRV-USG:launched_at": JSONValue(server.launchedAt?.novaText), "OS-SRV-USG:terminated_at": .null,
            "OS-EXT-STS:task_state": JSONValue(server.step?.taskState),
            "OS-EXT-STS:vm_state": .string(server.state.rawValue),
            "OS-EXT-STS:power_state": .integer(server.powerState),
            "os-extended-volumes:volumes_attached": .array(
                attached.map { volume, attachment in
                    version.minor >= 3
                        ? [
                            "id": .string(volume.id),
                            "delete_on_termination": .bool(attachment.isDeletedWithServer),
                        ] : ["id": .string(volume.id)]
                }),
        ]
        if ["ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE"].contains(server.status) {
            json["progress"] = 0
        }
        if server.state == .error, let fault = server.fault {
            json["fault"] = [
                "code": .integer(fault.code), "created": .string(fault.createdAt.wholeSeconds),
                "message": .string(fault.message),
            ]
        }
        let groups = securityGroups(of: server)
        if !groups.isEmpty { json["security_groups"] = .array(groups.map { ["name": .string($0)] }) }
        addLater(&json, server, isShown: isShown)
        return .object(json)
    }

    /// What came with later microversions.
    private func addLater(_ json: inout [String: JSONValue], _ server: Instance, isShown: Bool) {
        if version.minor >= 9 { json["locked"] = .bool(server.isLocked) }
        if version.minor >= 19 { json["description"] = JSONValue(server.description) }
        if version.minor >= 26 { json["tags"] = .array(server.tags.map { .string($0) }) }
        if version.minor >= 63 { json["trusted_image_certificates"] = .null }
        if version.minor >= 71, isShown { json["server_groups"] = .array(server.groupId.map { [.string($0)] } ?? []) }
        if version.minor >= 73 { json["locked_reason"] = JSONValue(server.lockReason) }
        if version.minor >= 90 { json["OS-EXT-SRV-ATTR:hostname"] = .string(server.hostname) }
        if version.minor >= 96 { json["pinned_availability_zone"] = JSONValue(server.pinnedZone) }
        if version.minor >= 100 { json["scheduler_hints"] = server.schedulerHints }
    }

    func hostId(of server: Instance) -> String {
        guard let host = server.host else { return "" }
        let digest = SHA256.hash(data: Array((server.projectId + host).utf8))
        return String(digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined().prefix(56))
    }

    private func flavor(of server: Instance) -> JSONValue {
        let flavor = server.flavor
        guard version.minor >= 47 else {
            return [
                "id": .string(flavor.id),
                "links": [["rel": "bookmark", "href": .string("\(root)/flavors/\(flavor.id)")]],
            ]
        }
        return [
            "vcpus": .integer(flavor.vcpus), "ram": .integer(flavor.ramMiB), "disk": .integer(flavor.diskGiB),
            "ephemeral": 0, "swap": 0, "original_name": .string(flavor.name), "extra_specs": [:],
        ]
    }

    private func image(of server: Instance) -> JSONValue {
        guard let id = server.imageId else { return "" }
        var json: [String: JSONValue] = [
            "id": .string(id), "links": [["rel": "bookmark", "href": .string("\(root)/images/\(id)")]],
        ]
        if version.minor >= 98 { json["properties"] = [:] }
        return .object(json)
    }

    /// The names of the groups of its ports; while it has none, of those that it was to have.
    private func securityGroups(of server: Instance) -> [String] {
        guard server.host != nil else { return [] }
        let ports = services.network.ports.records(services.network.portsByDevice[server.id])
        if ports.isEmpty { return server.state == .building ? server.securityGroupNames : [] }
        var names: [String] = []
        for id in ports.flatMap(\.securityGroupIds) {
            if let name = services.network.securityGroups[id]?.name, !names.contains(name) { names.append(name) }
        }
        return names
    }

    /// By network: the addresses of its ports, each with the floating ones that lead to it.
    func addresses(of server: Instance) -> JSONValue {
        let network = services.network
        var addresses: [String: [JSONValue]] = [:]
        for port in network.ports.records(network.portsByDevice[server.id]) {
            let name = network.networks[port.networkId]?.name ?? ""
            func entry(_ address: IPAddress, _ type: String) -> JSONValue {
                [
                    "version": .integer(address.version.rawValue), "addr": .string(address.description),
                    "OS-EXT-IPS:type": .string(type), "OS-EXT-IPS-MAC:mac_addr": .string(port.mac),
                ]
            }
            let floating = network.floatingIPs.records(network.floatingIPsByPort[port.id])
            for fixed in port.fixedIPs {
                addresses[name, default: []].append(entry(fixed.address, "fixed"))
                for ip in floating where ip.association?.fixedAddress == fixed.address {
                    addresses[name]?.append(entry(ip.address, "floating"))
                }
            }
        }
        return .object(addresses.mapValues { .array($0) })
    }

    func interface(_ port: Port) -> JSONValue {
        [
            "port_state": port.isActive ? "ACTIVE" : "DOWN", "port_id": .string(port.id),
            "net_id": .string(port.networkId), "mac_addr": .string(port.mac),
            "fixed_ips": .array(
                port.fixedIPs.map {
                    ["ip_address": .string($0.address.description), "subnet_id": .string($0.subnetId)]
                }),
        ]
    }

    func attachment(_ volume: Volume, _ attachment: Volume.Attachment) -> JSONValue {
        var json: [String: JSONValue] = [
            "device": .string(attachment.device), "serverId": .string(attachment.serverId),
            "volumeId": .string(volume.id),
        ]
        if version.minor >= 89 {
            json["attachment_id"] = .string(attachment.id)
            json["bdm_uuid"] = .string(attachment.id)
        } else {
            json["id"] = .string(volume.id)
        }
        if version.minor >= 70 { json["tag"] = JSONValue(attachment.tag) }
        if version.minor >= 79 { json["delete_on_termination"] = .bool(attachment.isDeletedWithServer) }
        return .object(json)
    }

    // Lists.

    /// Newest first, with the filters of the API that users may use.
    func servers(for requester: Requester, isDetailed: Bool) throws(ServiceFault) -> ServiceAnswer {
        let isForAll = ["1", "true", "yes", "on", ""].contains(call.query("all_tenants")?.lowercased() ?? "no")
        guard !isForAll || requester.isAdmin else {
            throw .policy("os_compute_api:servers:\(isDetailed ? "detail" : "index"):get_all_tenants")
        }
        let servers = services.compute.servers
        var found: [Instance]
        if let name = call.query("name"), let exact = Self.exactName(name) {
            found = servers.records(named: exact).filter { isForAll || $0.projectId == requester.projectId }
        } else {
            found = isForAll ? Array(servers.all) : servers.records(ofProject: requester.projectId)
        }
        found.reverse()
        for (name, value) in call.query { found = try filter(found, name, value) }
        if let key = call.query("sort_key") { sort(&found, key) }
        return try page(
            found, path: isDetailed ? "servers/detail" : "servers", key: "servers", id: \.id,
            json: { isDetailed ? detail($0, isShown: false) : brief($0) })
    }

    /// The name that a pattern such as `^vm1$` matches alone; nil for other patterns.
    private static func exactName(_ pattern: String) -> String? {
        guard let match = pattern.wholeMatch(of: /\^([A-Za-z0-9 _-]+)\$/) else { return nil }
        return String(match.1)
    }

    private func filter(_ servers: [Instance], _ name: String, _ value: String) throws(ServiceFault) -> [Instance] {
        switch name {
        case "name":
            guard let pattern = UserPattern(value) else {
                throw ServiceFault(400, "Invalid regular expression for name: \(value)")
            }
            return servers.filter { pattern.isFound(in: $0.name) }
        case "status": return servers.filter { $0.status == value.uppercased() }
        case "vm_state": return servers.filter { $0.state.rawValue == value }
        case "task_state": return servers.filter { $0.step?.taskState == value }
        case "image": return servers.filter { $0.imageId == value }
        case "flavor": return servers.filter { $0.flavor.id == value }
        case "uuid": return servers.filter { $0.id == value }
        case "key_name": return servers.filter { $0.keyName == value }
        case "reservation_id": return servers.filter { $0.reservationId == value }
        case "user_id": return servers.filter { $0.userId == value }
        case "availability_zone": return servers.filter { ($0.pinnedZone ?? "nova") == value }
        case "locked": return servers.filter { String($0.isLocked) == value.lowercased() }
        case "project_id", "tenant_id":
            return servers.filter { $0.projectId == value }
        case "tags":
            let wanted = value.split(separator: ",").map(String.init)
            return servers.filter { server in wanted.allSatisfy(server.tags.contains) }
        case "tags-any":
            let wanted = value.split(separator: ",").map(String.init)
            return servers.filter { server in wanted.contains(where: server.tags.contains) }
        case "changes-since":
            guard let instant = Timestamp(value.hasSuffix("Z") ? value : value + "Z") else {
                throw .novaInput("query parameters changes-since", .string(value), "'\(value)' is not a 'date-time'")
            }
            return servers.filter { $0.updatedAt >= instant }
        case "ip":
            guard let pattern = UserPattern(value) else {
                throw ServiceFault(400, "Invalid regular expression for ip: \(value)")
            }
            return servers.filter { server in
                services.network.ports.records(services.network.portsByDevice[server.id]).flatMap(\.fixedIPs)
                    .contains { pattern.isFound(in: $0.address.description) }
            }
        case "deleted": return ["1", "true"].contains(value.lowercased()) ? [] : servers
        default: return servers
        }
    }

    private func sort(_ servers: inout [Instance], _ key: String) {
        let text: (Instance) -> String =
            switch key {
            case "display_name", "name", "hostname": { $0.name }
            case "updated_at": { $0.updatedAt.description }
            case "uuid", "id": { $0.id }
            case "vm_state", "status": { $0.state.rawValue }
            default: { $0.createdAt.description }
            }
        servers.sort { text($0) < text($1) }
        if call.query("sort_dir") != "asc" { servers.reverse() }
    }
}
