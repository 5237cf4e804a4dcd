import OrderedCollections
import Runtime
import Scenarios

/// Making servers: what Nova does with Neutron, Cinder and Glance (Compute API v2.1, "Create Server").
extension RegionServices {
    /// A port that a server is to have.
    private enum Link {
        case new(networkId: String, fixedIP: String?)
        case existing(Port)
    }

    /// A volume that a server is to have.
    private enum Disk {
        case new(size: Int, image: String?, isDeletedWithServer: Bool)
        case existing(Volume, isDeletedWithServer: Bool)
    }

    /// - Parameters:
    ///   - request: `{"name": …, "flavorRef": …, "imageRef": …, "networks": …, …}`.
    ///   - hints: what the API takes as `os:scheduler_hints`.
    ///   - doom: why no host takes it, whatever the hosts have.
    /// - Returns: the new server; the first where the request asks for several.
    mutating func createServer(
        _ request: JSONValue, hints: JSONValue = [:], by change: Change, drivenBy driver: Driver, doom: String? = nil
    ) throws(ServiceFault) -> Instance {
        let project = change.projectId
        guard let name = request["name"]?.string, !name.isEmpty else {
            throw .novaInput("server", request, "'name' is a required property")
        }
        let flavor = try flavor(request)
        let (imageId, disks) = try disks(request, flavor, change)
        if let key = request["key_name"], key != .null {
            guard let name = key.string, compute.keyPairs[change.requester.userId]?[name] != nil else {
                throw ServiceFault(400, "Invalid key_name provided.")
            }
        }
        var groups: [SecurityGroup] = []
        for item in request["security_groups"]?.array ?? [["name": "default"]] {
            groups.append(try securityGroup(item["name"]?.string ?? "", of: change))
        }
        let links = try links(request, change)
        var group: ServerGroup?
        if let id = hints["group"]?.string {
            group = compute.groups[id].flatMap { $0.projectId == project ? $0 : nil }
            if group == nil { throw ServiceFault(400, "Instance group \(id) could not be found.") }
        }
        let least = request["min_count"]?.integer ?? 1
        _ = try ServiceFault.novaInteger("min_count", least, in: 1...Self.mostAtOnce)
        let most = try ServiceFault.novaInteger(
            "max_count", request["max_count"]?.integer ?? least, in: 1...Self.mostAtOnce)
        let count = max(least, most)
        let usage = ComputeState.Usage(
            instances: count, cores: flavor.vcpus * count, ramMiB: flavor.ramMiB * count)
        try compute.checkQuota(usage, of: project)
        let newLinks = links.filter { if case .new = $0 { true } else { false } }.count * count
        let portLimit = network.limit(.port, of: project)
        guard portLimit < 0 || network.used(.port, by: project) + newLinks <= portLimit else {
            throw ServiceFault(403, "Maximum number of ports exceeded")
        }
        let newDisks = disks.compactMap { if case .new(let size, _, _) = $0 { size } else { nil } }
        try volume.checkQuota(
            volumes: newDisks.count * count, gigabytes: newDisks.reduce(0, +) * count, of: project)

        let reservation = "r-" + String(change.random.suffix().prefix(8))
        var first: Instance?
        for number in 1...count {
            var server = Instance(
                id: change.random.uuid(), name: count > 1 ? "\(name)-\(number)" : name, projectId: project,
                userId: change.requester.userId, description: request["description"]?.string, imageId: imageId,
                flavor: flavor, keyName: request["key_name"]?.string,
                metadata: (request["metadata"]?.object ?? [:]).compactMapValues(\.string),
                tags: request["tags"]?.array?.compactMap(\.string) ?? [],
                hostname: request["hostname"]?.string ?? Self.hostname(name),
                pinnedZone: request["availability_zone"]?.string,
                hasConfigDrive: request["config_drive"] == true || request["config_drive"] == "true",
                schedulerHints: hints, reservationId: reservation, groupId: group?.id,
                accessIPv4: request["accessIPv4"]?.string ?? "", accessIPv6: request["accessIPv6"]?.string ?? "",
                createdAt: change.now, updatedAt: change.now, securityGroupNames: groups.map(\.name))
            server.note("create", by: change)
            if doom == nil { server.host = compute.place(flavor, group: group.flatMap { compute.groups[$0.id] }) }
            if server.host == nil {
                // Golden heat_more, `no-valid-host-nova-server`.
                server.doom = doom ?? "No valid host was found. "
            } else {
                do {
                    try plug(links, into: server, groups, change)
                    try connect(disks, to: server, change)
                } catch {
                    server.doom =
                        "Build of instance \(server.id) aborted: Failed to allocate the network(s), not rescheduling."
                }
            }
            compute.servers.insert(server)
            compute.use(flavor, instances: 1, of: project)
            if let group { compute.groups.update(group.id) { $0.members.append(server.id) } }
            if driver == .timers {
                let time =
                    server.doom == nil
                    ? lifecycle("OS::Nova::Server").create.draw(from: change.random) : .zero
                schedule(.server(server.id, turn: server.turn), after: time)
            }
            first = first ?? server
        }
        guard let first else { throw ServiceFault(500, "No server was made.") }
        return first
    }

    private func flavor(_ request: JSONValue) throws(ServiceFault) -> Flavor {
        guard let given = request["flavorRef"] else {
            throw .novaInput("server", request, "'flavorRef' is a required property")
        }
        let reference = given.string ?? "\(given)"
        let id = reference.split(separator: "/").last.map(String.init) ?? reference
        guard let flavor = compute.flavors[id] else { throw ServiceFault(400, "Flavor \(id) could not be found.") }
        return flavor
    }

    private func disks(
        _ request: JSONValue, _ flavor: Flavor, _ change: Change
    ) throws(ServiceFault) -> (image: String?, disks: [Disk]) {
        var disks: [Disk] = []
        var bootsFromVolume = false
        for item in request["block_device_mapping_v2"]?.array ?? [] {
            let goes = item["delete_on_termination"] == true || item["delete_on_termination"] == "true"
            let isBoot = item["boot_index"]?.integer == 0 || item["boot_index"] == "0"
            let id = item["uuid"]?.string
            switch (item["source_type"]?.string, item["destination_type"]?.string) {
            case ("volume", _):
                guard let volume = try? volume.volume(id ?? "", for: change.requester) else {
                    throw ServiceFault(400, "Block Device Mapping is Invalid: failed to get volume \(id ?? "").")
                }
                try self.volume.checkFree(volume)
                guard !isBoot || volume.isBootable else {
                    throw ServiceFault(400, "Block Device \(volume.id) is not bootable.")
                }
                disks.append(.existing(volume, isDeletedWithServer: goes))
                bootsFromVolume = bootsFromVolume || isBoot
            case ("image", "volume"):
                let image = try bootable(id, flavor: nil, change)
                let size = try Self.size(of: item)
                disks.append(
                    .new(size: size ?? max(1, flavor.diskGiB), image: image, isDeletedWithServer: goes))
                bootsFromVolume = bootsFromVolume || isBoot
            case ("blank", "volume"):
                let size = try Self.size(of: item)
                disks.append(.new(size: size ?? 1, image: nil, isDeletedWithServer: goes))
            default: break
            }
        }
        if bootsFromVolume { return (nil, disks) }
        guard let reference = request["imageRef"]?.string, !reference.isEmpty else {
            throw ServiceFault(400, "Invalid imageRef provided.")
        }
        return (try bootable(reference, flavor: flavor, change), disks)
    }

    /// - Parameter flavor: what the image must fit into; nil where it does not matter.
    /// How many servers one request may ask for, where no quota says so. Nova has no such limit.
    private static let mostAtOnce = 1000

    /// Of the disk that a mapping asks for, in GiB; nil where it does not say.
    private static func size(of mapping: JSONValue) throws(ServiceFault) -> Int? {
        guard
            let size = mapping["volume_size"]?.integer ?? mapping["volume_size"]?.string.flatMap({ Int($0) })
        else { return nil }
        return try ServiceFault.novaInteger("volume_size", size)
    }

    private func bootable(_ id: String?, flavor: Flavor?, _ change: Change) throws(ServiceFault) -> String {
        guard let id, let image = try? image.image(id, for: change.requester) else {
            throw ServiceFault(400, "Can not find requested image")
        }
        guard image.status == .active else {
            throw ServiceFault(400, "Image \(id) is not active.")
        }
        guard let flavor else { return id }
        guard image.minRamMiB <= flavor.ramMiB else {
            throw ServiceFault(400, "Flavor's memory is too small for requested image.")
        }
        let gibibyte = 1 << 30
        guard flavor.diskGiB == 0 || image.minDiskGiB <= flavor.diskGiB else {
            throw ServiceFault(
                400,
                "Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is \(flavor.diskGiB * gibibyte) bytes, minimum size is \(image.minDiskGiB * gibibyte) bytes."
            )
        }
        return id
    }

    /// By name or id.
    mutating func securityGroup(_ reference: String, of change: Change) throws(ServiceFault) -> SecurityGroup {
        let standard = network.defaultGroup(of: change.projectId)
        if reference == "default" { return standard }
        if let group = network.securityGroups[reference], group.projectId == change.projectId { return group }
        let named = network.securityGroups.records(named: reference).filter { $0.projectId == change.projectId }
        guard let group = named.first else {
            throw ServiceFault(
                400, "Security group \(reference) not found for project \(change.projectId).")
        }
        guard named.count == 1 else {
            throw ServiceFault(
                409,
                "Multiple security_group matches found for name '\(reference)', use an ID to be more specific.")
        }
        return group
    }

    private func links(_ request: JSONValue, _ change: Change) throws(ServiceFault) -> [Link] {
        guard let items = request["networks"]?.array else {
            if request["networks"] == "none" { return [] }
            let own = network.networks.records(ofProject: change.projectId).filter { !$0.isExternal }
            guard own.count <= 1 else {
                throw ServiceFault(
                    409,
                    "Multiple possible networks found, use a Network ID to be more specific.")
            }
            return own.filter { !$0.subnetIds.isEmpty }.map { .new(networkId: $0.id, fixedIP: nil) }
        }
        var links: [Link] = []
        for item in items { links.append(try link(item, change)) }
        return links
    }

    private func link(_ item: JSONValue, _ change: Change) throws(ServiceFault) -> Link {
        if let id = item["port"]?.string ?? item["port_id"]?.string {
            guard let port = try? network.port(id, for: change.requester) else {
                throw ServiceFault(400, "Port id \(id) could not be found.")
            }
            guard port.deviceId.isEmpty else { throw ServiceFault(409, "Port \(id) is still in use.") }
            return .existing(port)
        }
        let id = item["uuid"]?.string ?? item["net_id"]?.string ?? ""
        guard let found = try? network.network(id, for: change.requester) else {
            throw ServiceFault(400, "Network \(id) could not be found.")
        }
        guard !found.isExternal || found.isShared || change.requester.isAdmin else {
            throw ServiceFault(403, "It is not allowed to create an interface on external network \(id)")
        }
        guard !found.subnetIds.isEmpty else {
            throw ServiceFault(400, "Network \(id) requires a subnet in order to boot instances on.")
        }
        return .new(networkId: id, fixedIP: item["fixed_ip"]?.string)
    }

    private mutating func plug(
        _ links: [Link], into server: Instance, _ groups: [SecurityGroup], _ change: Change
    ) throws(ServiceFault) {
        var made: [String] = []
        do {
            for link in links {
                switch link {
                case .existing(let port):
                    network.plug(port.id, into: server.id, at: change.now)
                case .new(let networkId, let fixedIP):
                    var request: [String: JSONValue] = [
                        "network_id": .string(networkId), "device_id": .string(server.id),
                        "device_owner": "compute:nova",
                        "security_groups": .array(groups.map { .string($0.id) }),
                    ]
                    if let fixedIP { request["fixed_ips"] = [["ip_address": .string(fixedIP)]] }
                    let port = try network.createPort(.object(request), by: change)
                    network.ports.update(port.id) { $0.belongsToServer = true }
                    made.append(port.id)
                }
            }
        } catch {
            for id in made { network.remove(id) }
            throw error
        }
    }

    private mutating func connect(_ disks: [Disk], to server: Instance, _ change: Change) throws(ServiceFault) {
        // /dev/vda is the image's, where there is one.
        let first = server.imageId == nil ? 0 : 1
        for (place, disk) in disks.enumerated() {
            let device = Self.device(first + place)
            switch disk {
            case .existing(let found, let goes): attach(found.id, to: server.id, device, goes, nil, change)
            case .new(let size, let image, let goes):
                var request: [String: JSONValue] = ["size": .integer(size)]
                if let image { request["imageRef"] = .string(image) }
                let made = try volume.createVolume(.object(request), by: change, images: self.image)
                volume.finishCreate(volume: made.id, at: change.now)
                attach(made.id, to: server.id, device, goes, nil, change)
            }
        }
    }

    mutating func attach(
        _ volumeId: String, to server: String, _ device: String, _ isDeletedWithServer: Bool, _ tag: String?,
        _ change: Change
    ) {
        volume.attach(
            volumeId,
            Volume.Attachment(
                id: change.random.uuid(), serverId: server, device: device, attachedAt: change.now,
                isDeletedWithServer: isDeletedWithServer, tag: tag))
    }

    /// `/dev/vda`, `/dev/vdb`, …
    static func device(_ place: Int) -> String {
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let name = place < 26 ? String(letters[place]) : String([letters[place / 26 - 1], letters[place % 26]])
        return "/dev/vd" + name
    }

    private static func hostname(_ name: String) -> String {
        let text = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
        return String(text.drop { $0 == "-" }.prefix(63))
    }
}

extension NetworkState {
    mutating func plug(_ id: String, into server: String, at now: Timestamp) {
        guard let port = ports[id] else { return }
        var changed = port
        changed.deviceId = server
        changed.deviceOwner = "compute:nova"
        changed.stamp.touch(at: now)
        replace(port, by: changed)
    }

    mutating func unplug(_ id: String, at now: Timestamp) {
        guard let port = ports[id] else { return }
        if port.belongsToServer {
            remove(id)
            return
        }
        var changed = port
        changed.deviceId = ""
        changed.deviceOwner = ""
        changed.isActive = false
        changed.stamp.touch(at: now)
        replace(port, by: changed)
    }

    /// A server's ports are up while it runs.
    mutating func setActive(_ isActive: Bool, portsOf server: String) {
        for id in portsByDevice[server] { ports.update(id) { $0.isActive = isActive } }
    }
}
