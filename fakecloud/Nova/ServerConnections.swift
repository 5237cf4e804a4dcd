import Runtime
import Scenarios

/// What a server is connected to: ports, volumes, security groups (Compute API v2.1, "Port interfaces", "Servers with
/// volume attachments").
extension RegionServices {
    /// - Parameter request: `{"net_id": …}` or `{"port_id": …}`, or nothing for the project's one network.
    mutating func attachInterface(
        _ request: JSONValue, to id: String, by change: Change
    ) throws(ServiceFault) -> Port {
        let server = try compute.server(id, for: change.requester)
        try checkLock(server, change)
        try server.check("attach_interface", in: [.active, .paused, .stopped])
        if let portId = request["port_id"]?.string {
            guard let port = try? network.port(portId, for: change.requester) else {
                throw ServiceFault(404, "Port id \(portId) could not be found.")
            }
            guard port.deviceId.isEmpty else { throw ServiceFault(400, "Port \(portId) is still in use.") }
            network.plug(portId, into: id, at: change.now)
            network.setActive(server.state == .active, portsOf: id)
            note("attach_interface", id, change)
            return network.ports[portId] ?? port
        }
        let own = network.networks.records(ofProject: change.projectId).filter { !$0.isExternal }
        guard let networkId = request["net_id"]?.string ?? (own.count == 1 ? own[0].id : nil) else {
            throw ServiceFault(409, "Multiple possible networks found, use a Network ID to be more specific.")
        }
        guard (try? network.network(networkId, for: change.requester)) != nil else {
            throw ServiceFault(404, "Network \(networkId) could not be found.")
        }
        var wanted: [String: JSONValue] = [
            "network_id": .string(networkId), "device_id": .string(id), "device_owner": "compute:nova",
        ]
        if let fixed = request["fixed_ips"], fixed.array?.isEmpty == false { wanted["fixed_ips"] = fixed }
        let port: Port
        do {
            port = try network.createPort(.object(wanted), by: change)
        } catch {
            throw ServiceFault(error.status == 409 ? 400 : error.status, error.message)
        }
        network.ports.update(port.id) { $0.belongsToServer = true }
        network.setActive(server.state == .active, portsOf: id)
        note("attach_interface", id, change)
        return network.ports[port.id] ?? port
    }

    mutating func detachInterface(_ port: String, from id: String, by change: Change) throws(ServiceFault) {
        let server = try compute.server(id, for: change.requester)
        try checkLock(server, change)
        try server.check("detach_interface", in: [.active, .paused, .stopped])
        guard network.portsByDevice[id].contains(port) else {
            throw ServiceFault(404, "Port id \(port) could not be found.")
        }
        network.unplug(port, at: change.now)
        note("detach_interface", id, change)
    }

    mutating func removeFixedIP(
        _ address: String, fromServer id: String, by change: Change
    ) throws(ServiceFault) {
        let port = network.ports.records(network.portsByDevice[id]).first { port in
            port.fixedIPs.contains { $0.address.description == address }
        }
        guard let port, let fixed = port.fixedIPs.first(where: { $0.address.description == address }) else {
            throw ServiceFault(400, "Fixed IP \(address) not found on instance \(id)")
        }
        var changed = port
        changed.fixedIPs.removeAll { $0 == fixed }
        changed.stamp.touch(at: change.now)
        network.replace(port, by: changed)
        network.giveBack([fixed])
    }

    /// - Parameter request: `{"volumeId": …, "device": …}`.
    mutating func attachVolume(
        _ request: JSONValue, to id: String, by change: Change
    ) throws(ServiceFault) -> Volume.Attachment {
        let server = try compute.server(id, for: change.requester)
        try checkLock(server, change)
        try server.check("attach_volume", in: [.active, .paused, .stopped, .suspended, .resized])
        guard let volumeId = request["volumeId"]?.string else {
            throw .novaInput("volumeAttachment", request, "'volumeId' is a required property")
        }
        let found = try volume.volume(volumeId, for: change.requester)
        guard !found.attachments.contains(where: { $0.serverId == id }) else {
            throw ServiceFault(
                400, "Invalid volume: volume \(volumeId) is already attached to instance \(id)")
        }
        try volume.checkFree(found)
        let taken = Set(volume.attachments(of: id).map(\.attachment.device))
        let first = server.imageId == nil ? 0 : 1
        let free = (first...(first + taken.count)).map(Self.device).first { !taken.contains($0) }
        attach(
            volumeId, to: id, request["device"]?.string ?? free ?? Self.device(first),
            request["delete_on_termination"] == true, request["tag"]?.string, change)
        note("attach_volume", id, change)
        return try attachment(volumeId, of: id, by: change.requester).attachment
    }

    func attachment(
        _ volumeId: String, of id: String, by requester: Requester
    ) throws(ServiceFault) -> (volume: Volume, attachment: Volume.Attachment) {
        _ = try compute.server(id, for: requester)
        guard let found = volume.attachments(of: id).first(where: { $0.volume.id == volumeId }) else {
            throw ServiceFault(404, "volume_id not found: \(volumeId)")
        }
        return found
    }

    mutating func detachVolume(_ volumeId: String, from id: String, by change: Change) throws(ServiceFault) {
        let server = try compute.server(id, for: change.requester)
        try checkLock(server, change)
        try server.check("detach_volume", in: [.active, .paused, .stopped, .suspended, .resized])
        let found = try attachment(volumeId, of: id, by: change.requester)
        guard server.imageId != nil || found.attachment.device != Self.device(0) else {
            throw ServiceFault(403, "Can't detach root device volume")
        }
        volume.detach(volumeId, from: id, at: change.now)
        note("detach_volume", id, change)
    }

    /// - Parameter isMember: whether the server's ports are to be in the group, or not any more.
    mutating func setSecurityGroup(
        _ reference: String, isMember: Bool, ofServer id: String, by change: Change
    ) throws(ServiceFault) {
        _ = try compute.server(id, for: change.requester)
        let group: SecurityGroup
        do {
            group = try securityGroup(reference, of: change)
        } catch {
            throw ServiceFault(404, error.message)
        }
        let ports = network.ports.records(network.portsByDevice[id])
        guard isMember || ports.contains(where: { $0.securityGroupIds.contains(group.id) }) else {
            throw ServiceFault(
                404, "Security group \(group.id) not associated with the instance \(id)")
        }
        for port in ports {
            var changed = port
            changed.securityGroupIds.removeAll { $0 == group.id }
            if isMember { changed.securityGroupIds.append(group.id) }
            network.replace(port, by: changed)
        }
    }
}
