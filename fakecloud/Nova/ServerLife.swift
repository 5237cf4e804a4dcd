import OrderedCollections
import Runtime
import Scenarios

/// What becomes of a server after its making (Compute API v2.1, "Server actions").
extension RegionServices {
    /// The making is over: the server runs, or is in error.
    mutating func finishCreate(server id: String, at now: Timestamp) {
        guard let server = compute.servers[id], server.step == .create else { return }
        if let doom = server.doom {
            fail(server: id, doom, at: now)
            return
        }
        compute.servers.update(id) { server in
            server.state = .active
            server.step = nil
            server.launchedAt = now
            server.updatedAt = now
            server.consoleLines.append("\(server.name) login: ")
            server.endActions(at: now)
        }
        network.setActive(true, portsOf: id)
    }

    /// The server goes into error, whatever it was at.
    mutating func fail(server id: String, _ reason: String, at now: Timestamp) {
        compute.servers.update(id) { server in
            server.state = .error
            server.step = nil
            server.turn += 1
            server.fault = Instance.Fault(code: 500, message: reason, createdAt: now)
            server.endActions(at: now, failed: true)
            server.updatedAt = now
        }
        network.setActive(false, portsOf: id)
    }

    /// Starts the deletion, from any state.
    mutating func deleteServer(_ id: String, by change: Change, drivenBy driver: Driver) throws(ServiceFault) {
        let server = try compute.server(id, for: change.requester)
        try checkLock(server, change)
        begin(.delete, named: "delete", id, by: change)
        guard driver == .timers, let turn = compute.servers[id]?.turn else { return }
        schedule(
            .server(id, turn: turn), after: lifecycle("OS::Nova::Server").delete.draw(from: change.random))
    }

    /// The deletion is over: the server is gone, its ports and volumes are free or gone with it.
    mutating func finishDelete(server id: String, at now: Timestamp) {
        guard let server = compute.servers.remove(id) else { return }
        for port in network.portsByDevice[id] { network.unplug(port, at: now) }
        for (volume, attachment) in volume.attachments(of: id) {
            self.volume.detach(volume.id, from: id, at: now)
            if attachment.isDeletedWithServer { self.volume.finishDelete(volume: volume.id) }
        }
        compute.use(server.flavor, instances: 1, of: server.projectId, sign: -1)
        compute.leave(server.host, server.flavor)
        if let group = server.groupId { compute.groups.update(group) { $0.members.removeAll { $0 == id } } }
    }

    /// Starts one of the steps that end by themselves.
    ///
    /// - Parameter name: of the action, as the API's refusal names it.
    mutating func begin(
        _ step: Instance.Step, named name: String, from states: Set<Instance.State>, server id: String,
        by change: Change
    ) throws(ServiceFault) {
        let server = try compute.server(id, for: change.requester)
        try checkLock(server, change)
        try server.check(name, in: states)
        begin(step, named: name, id, by: change)
        guard let turn = compute.servers[id]?.turn else { return }
        schedule(
            .server(id, turn: turn), after: lifecycle("OS::Nova::Server").change.draw(from: change.random))
    }

    private mutating func begin(_ step: Instance.Step, named name: String, _ id: String, by change: Change) {
        compute.servers.update(id) { server in
            server.step = step
            server.turn += 1
            server.updatedAt = change.now
            server.note(name, by: change)
        }
    }

    /// Writes down what was done to a server at once.
    mutating func note(_ action: String, _ id: String, _ change: Change) {
        compute.servers.update(id) { $0.note(action, by: change, isOver: true) }
    }

    /// Refuses what a locked server does not let anyone but administrators do.
    func checkLock(_ server: Instance, _ change: Change) throws(ServiceFault) {
        guard !server.isLocked || change.requester.isAdmin else {
            throw ServiceFault(409, "Instance \(server.id) is locked")
        }
    }

    /// - Parameter flavorId: of the new size.
    mutating func resize(_ id: String, to flavorId: String, by change: Change) throws(ServiceFault) {
        let server = try compute.server(id, for: change.requester)
        guard let flavor = compute.flavors[flavorId] else {
            throw ServiceFault(400, "Flavor \(flavorId) could not be found.")
        }
        guard flavor.id != server.flavor.id else {
            throw ServiceFault(400, "When resizing, instances must change flavor!")
        }
        guard flavor.diskGiB >= server.flavor.diskGiB || server.imageId == nil else {
            throw ServiceFault(400, "Resize error: Unable to resize disk down.")
        }
        try compute.checkQuota(
            ComputeState.Usage(
                cores: flavor.vcpus - server.flavor.vcpus, ramMiB: flavor.ramMiB - server.flavor.ramMiB),
            of: server.projectId)
        try begin(.resize(to: flavor), named: "resize", from: [.active, .stopped], server: id, by: change)
    }

    /// - Returns: the new image.
    mutating func createImage(
        ofServer id: String, name: String, properties: JSONValue, by change: Change
    ) throws(ServiceFault) -> Image {
        let server = try compute.server(id, for: change.requester)
        try server.check("createImage", in: [.active, .stopped, .paused, .suspended])
        var request = properties.object ?? [:]
        request["name"] = .string(name)
        request["visibility"] = "private"
        request["disk_format"] = "raw"
        request["container_format"] = "bare"
        request["instance_uuid"] = .string(id)
        request["image_type"] = "snapshot"
        let image = try image.createImage(.object(request), by: change)
        try begin(
            .snapshot(image: image.id), named: "createImage", from: [.active, .stopped, .paused, .suspended],
            server: id, by: change)
        return image
    }

    /// A step's time is over.
    mutating func finishStep(ofServer id: String, at now: Timestamp) {
        guard let server = compute.servers[id], let step = server.step else { return }
        switch step {
        case .create: return finishCreate(server: id, at: now)
        case .delete: return finishDelete(server: id, at: now)
        case .snapshot(let image): self.image.finishSnapshot(image, at: now)
        case .resize(let flavor): finishResize(server, to: flavor)
        case .confirmResize: leaveFormerHost(server)
        case .revertResize: revertResize(server)
        default: break
        }
        compute.servers.update(id) { server in
            server.end(step)
            server.endActions(at: now)
            server.step = nil
            server.updatedAt = now
        }
        if let state = compute.servers[id]?.state {
            network.setActive([.active, .paused, .resized, .rescued].contains(state), portsOf: id)
        }
    }

    private mutating func finishResize(_ server: Instance, to flavor: Flavor) {
        compute.use(server.flavor, instances: 0, of: server.projectId, sign: -1)
        compute.use(flavor, instances: 0, of: server.projectId)
        // The old place is kept until the resize is confirmed.
        guard let host = compute.place(flavor, group: nil) else {
            compute.use(flavor, instances: 0, of: server.projectId, sign: -1)
            compute.use(server.flavor, instances: 0, of: server.projectId)
            compute.servers.update(server.id) { $0.doom = "No valid host was found. No valid host found for resize" }
            return
        }
        compute.servers.update(server.id) { changed in
            changed.formerHost = server.host
            changed.host = host
        }
    }

    private mutating func leaveFormerHost(_ server: Instance) {
        if let former = server.formerFlavor { compute.leave(server.formerHost, former) }
    }

    private mutating func revertResize(_ server: Instance) {
        guard let former = server.formerFlavor else { return }
        compute.use(server.flavor, instances: 0, of: server.projectId, sign: -1)
        compute.use(former, instances: 0, of: server.projectId)
        compute.leave(server.host, server.flavor)
        compute.servers.update(server.id) { $0.host = server.formerHost }
    }
}

extension Instance {
    /// Golden nova, `server-stop-again-409`.
    func check(_ action: String, in states: Set<State>) throws(ServiceFault) {
        guard states.contains(state) else {
            throw ServiceFault(
                409, "Cannot '\(action)' instance \(id) while it is in vm_state \(state.rawValue)")
        }
        guard let step else { return }
        throw ServiceFault(409, "Cannot '\(action)' instance \(id) while it is in task_state \(step.taskState)")
    }

    /// What a step leaves behind.
    fileprivate mutating func end(_ step: Step) {
        switch step {
        case .create, .delete, .snapshot: break
        case .stop: state = .stopped
        case .start, .softReboot, .hardReboot, .unpause, .resume, .unshelve, .unrescue:
            state = .active
            fault = nil
        case .pause: state = .paused
        case .suspend: state = .suspended
        case .shelve: state = .shelved
        case .rescue: state = .rescued
        case .rebuild(let image):
            imageId = image
            state = .active
            fault = nil
        case .resize(let flavor):
            if let doom {
                self.doom = nil
                state = .error
                fault = Fault(code: 400, message: doom, createdAt: updatedAt)
                return
            }
            formerFlavor = self.flavor
            stateBeforeResize = state
            self.flavor = flavor
            state = .resized
        case .confirmResize:
            formerFlavor = nil
            formerHost = nil
            state = stateBeforeResize
        case .revertResize:
            flavor = formerFlavor ?? flavor
            formerFlavor = nil
            formerHost = nil
            state = stateBeforeResize
        }
    }
}
