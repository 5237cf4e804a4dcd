import Runtime

/// A region that the portal leaves alone for a while: nothing new is made there, what was asked for waits, and
/// nothing that happens there counts.
public struct Maintenance: Equatable, Sendable {
    public let regionId: String
    /// What customers are told; nil for nothing but that it is so.
    public let message: String?
    public let since: Timestamp

    public init(regionId: String, message: String? = nil, since: Timestamp) {
        self.regionId = regionId
        self.message = message
        self.since = since
    }
}

/// What an operator may do beside the running servers: each is one transaction on the database that they share.
public struct OperatorService: Sendable {
    private let store: any DeploymentStore
    private let surroundings: Surroundings

    public init(store: any DeploymentStore, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    /// Why an operator's act was refused.
    public enum Refusal: Error, Equatable, CustomStringConvertible {
        case unknownDeployment(String)
        /// Only what the customer wants gone can be abandoned.
        case stillWanted(String, Deployment.Status)

        public var description: String {
            switch self {
            case .unknownDeployment(let id): "there is no deployment \(id)"
            case .stillWanted(let id, let status):
                "\(id) is \(status.rawValue) and still wanted; only one whose deletion was asked for can be abandoned"
            }
        }
    }

    /// All regions in maintenance, by id.
    ///
    /// - Throws: ``StoreUnavailable``.
    public func maintenances() async throws -> [Maintenance] {
        try await store.read { try $0.maintenances() }
    }

    /// Begins it, or changes what customers are told.
    ///
    /// - Throws: ``StoreUnavailable``.
    public func beginMaintenance(of regionId: String, message: String?) async throws {
        let now = surroundings.time.now
        try await store.write { tx in
            let since = try tx.maintenances().first { $0.regionId == regionId }?.since
            try tx.insert(Maintenance(regionId: regionId, message: message, since: since ?? now))
        }
    }

    /// Ends it. What was under way is looked at at once, and has as much time left as when it began.
    ///
    /// - Returns: whether it was in maintenance.
    /// - Throws: ``StoreUnavailable``.
    public func endMaintenance(of regionId: String) async throws -> Bool {
        let now = surroundings.time.now
        return try await store.write { tx in
            guard let maintenance = try tx.maintenances().first(where: { $0.regionId == regionId }) else {
                return false
            }
            let rest = now - maintenance.since
            for previous in try tx.work(in: regionId)
            where previous.deployment.status == .provisioning || previous.deployment.status == .deleting {
                var record = previous
                record.work.deadlineAt = previous.work.deadlineAt.map { $0 + rest }
                // What began in the meantime begins now.
                record.work.deletingSince = previous.work.deletingSince.map { min($0 + rest, now) }
                try tx.update(record, from: previous, fence: nil, dueAt: now, events: [])
            }
            return try tx.deleteMaintenance(of: regionId)
        }
    }

    /// Gives up the deletion of a deployment whose stack the cloud can't delete: it becomes DELETED, and its stack is
    /// the operator's from then on.
    ///
    /// - Returns: the stacks that may be left in the region.
    /// - Throws: ``Refusal``, ``StoreUnavailable``.
    public func abandon(_ id: String) async throws -> (regionId: String, stacks: [DeploymentRecord.ReplacedStack]) {
        let now = surroundings.time.now
        return try await store.write { tx in
            guard let previous = try tx.record(id) else { throw Refusal.unknownDeployment(id) }
            let status = previous.deployment.status
            let work = previous.work
            let stacks =
                [work.replaced].compactMap { $0 }
                + (work.create == .none ? [] : [.init(name: work.stackName, id: work.stackId)])
            guard status != .deleted else { return (previous.deployment.regionId, stacks) }
            guard previous.desired == .absent else { throw Refusal.stillWanted(id, status) }
            var record = previous
            try record.apply(.confirmAbsence, at: now) { deployment in
                deployment.lastError = nil
                deployment.runtime.publicIp = nil
                deployment.runtime.privateIp = nil
            }
            record.work.isAbandoned = true
            try tx.update(
                record, from: previous, fence: nil, dueAt: nil,
                events: [EventDraft(.warn, "The operator has taken over what is left in the region")])
            return (previous.deployment.regionId, stacks)
        }
    }
}
