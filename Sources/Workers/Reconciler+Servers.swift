import Deployments
import OpenStack
import Runtime

// What becomes of a VM once its stack is complete: Heat looks at its servers no more, so Nova is asked.

extension Reconciler {
    /// What the last list of the region's servers means for a deployment that is ACTIVE.
    ///
    /// - Returns: nil where nothing has changed, or there is no such list.
    func served(_ record: DeploymentRecord, by state: RegionState, at now: Timestamp) throws -> Commit? {
        guard record.deployment.status == .active, let serverId = record.work.serverId, let servers = state.servers,
            // An update of the stack may replace the server.
            record.work.seenStackStatus?.hasSuffix("_IN_PROGRESS") != true
        else { return nil }
        guard let server = servers.byId[serverId] else {
            // A stack that is gone has no server either, and is found out about by itself.
            let isListed = state.listing?.stacks.contains { $0.id == record.work.stackId } ?? false
            return isListed && record.work.absences == 0 ? try missed(record, on: servers, at: now) : nil
        }
        var commit = Commit(record: record, dueAt: now + settings.restInterval)
        commit.record.work.serverAbsentSince = nil
        let known = record.work.serverStatus ?? "ACTIVE"
        if server.status != known {
            commit.record.work.serverStatus = server.status
            if let told = EventDraft(serverWas: known, is: server.status) { commit.events.append(told) }
        }
        var addresses = record.deployment.runtime
        addresses.publicIp = Self.current(addresses.publicIp, among: server.floatingAddresses)
        // A VM that rests may be without its network.
        if server.status == "ACTIVE" {
            addresses.privateIp = Self.current(addresses.privateIp, among: server.fixedAddresses)
        }
        if addresses != record.deployment.runtime {
            try commit.record.apply(.learnAddresses, at: now) { $0.runtime = addresses }
            commit.events.append(EventDraft(.info, "The VM's addresses changed"))
        }
        return commit.record == record ? nil : commit
    }

    /// The address that is known, where the server still has it, else the first that it has.
    private static func current(_ address: String?, among addresses: [String]) -> String? {
        address.flatMap { addresses.contains($0) ? $0 : nil } ?? addresses.first
    }

    /// A list is one piece of evidence that the server is gone, though its stack is there (as S6.3 has it for a
    /// stack). One from before the VM was ACTIVE is none.
    private func missed(
        _ record: DeploymentRecord, on servers: RegionState.ServerListing, at now: Timestamp
    ) throws -> Commit? {
        guard let since = record.work.serverAbsentSince else {
            guard servers.askedAt > record.deployment.updatedAt else { return nil }
            var commit = Commit(record: record, dueAt: now + settings.restInterval)
            commit.record.work.serverAbsentSince = servers.askedAt
            return commit
        }
        guard servers.askedAt - since >= settings.absenceWindow else { return nil }
        var commit = Commit(record: record)
        commit.record.work.serverStatus = Self.gone
        try commit.record.fail(Failure(.stackMissing), at: now) { $0.forgetAddresses() }
        commit.events = [EventDraft(.error, "The VM's server is gone from the region")]
        return commit
    }

    /// Not a status of Nova's: the stack is there and complete, and its server is not.
    static let gone = "GONE"
}

extension EventDraft {
    /// The line for a change of a server's status, nil where customers need not know.
    init?(serverWas known: String, is status: String) {
        switch status {
        case "ACTIVE" where EventDraft(serverWas: "", is: known) != nil:
            self.init(.info, "The VM is running again")
        case "SHUTOFF": self.init(.warn, "The VM was stopped")
        case "PAUSED": self.init(.warn, "The VM was paused")
        case "SUSPENDED": self.init(.warn, "The VM was suspended")
        case "SHELVED", "SHELVED_OFFLOADED":
            if known.hasPrefix("SHELVED") { return nil }
            self.init(.warn, "The VM was shelved")
        case "RESCUE": self.init(.warn, "The VM is in rescue mode")
        case "ERROR": self.init(.error, "The VM has failed in the region")
        default: return nil
        }
    }
}
