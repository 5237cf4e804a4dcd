import Deployments
import Logging
import OpenStack
import Runtime

/// Works on the deployments of one region: claims what is due, and watches all stacks with one list.
///
/// A region has workers of its own, so that one that is down holds up no other.
struct RegionWorker: Sendable {
    let regionId: String
    let heat: HeatClient
    let servers: ServerClient
    let store: any DeploymentStore
    let reconciler: Reconciler
    let surroundings: Surroundings
    let state: RegionState
    /// The name of this process among those that claim work.
    let workerId: String
    let logger: Logger

    private var settings: WorkerSettings { reconciler.settings }
    private var time: any TimeSource { surroundings.time }

    /// Works until ``RegionState/stop()`` or cancellation.
    ///
    /// - Throws: `Crashed`, `CancellationError`.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await claimAndStep() }
            group.addTask { try await watch() }
            group.addTask { try await sweep() }
            group.addTask { try await watchServers() }
            defer { group.cancelAll() }
            // The claims end when the worker is stopped; the others never do.
            try await group.next()
        }
    }

    private func claimAndStep() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while !state.isStopping {
                while !state.isStopping, state.running < settings.stepsAtOnce, let step = try await claim() {
                    state.stepBegan()
                    group.addTask {
                        do {
                            try await step.run()
                            state.stepEnded(nil)
                        } catch {
                            state.stepEnded(error is CancellationError ? nil : error)
                        }
                    }
                }
                try state.throwFailure()
                try await time.wait(for: state.workSignal, atMost: settings.pollInterval)
            }
            let deadline = time.uptime + settings.shutdownGrace
            while state.running > 0, time.uptime < deadline {
                try await time.wait(for: state.workSignal, atMost: deadline - time.uptime)
            }
            group.cancelAll()
        }
        try state.throwFailure()
    }

    /// Claims the deployment whose turn it is, under a name of its own, so that its lease can be given
    /// back alone.
    private func claim() async throws -> DeploymentStep? {
        let owner = workerId + "/" + surroundings.identifier("claim")
        do {
            while true {
                let claim = WorkClaim(
                    regionId: regionId, owner: owner, now: time.now, leaseFor: settings.lease,
                    createsAtOnce: settings.createsAtOnce)
                do {
                    return try await store.write { try $0.claimDue(claim) }.map {
                        DeploymentStep(
                            heat: heat, store: store, reconciler: reconciler, state: state,
                            surroundings: surroundings, claimed: $0, owner: owner, logger: logger)
                    }
                } catch let damaged as DamagedRecord {
                    // It is in nobody's way, and an operator has the time to mend it.
                    logger.error("\(damaged)")
                    let until = time.now + settings.restInterval
                    try await store.write { try $0.postpone(damaged.id, until: until) }
                }
            }
        } catch let unavailable as StoreUnavailable {
            logger.warning("\(unavailable)")
            return nil
        }
    }

    private func watch() async throws {
        var isOutage = false
        while true {
            var interval = settings.driftInterval
            do {
                let watched = try await store.read { queries in
                    try queries.isInMaintenance(regionId) ? [] : queries.work(in: regionId)
                }.filter { $0.work.stackId != nil || $0.work.replaced?.id != nil }
                if watched.contains(where: \.isUnderWay) { interval = settings.pollInterval }
                if !watched.isEmpty {
                    let isListed = try await list(watched)
                    if isListed == isOutage {
                        isOutage = !isListed
                        logger.warning(isOutage ? "the region does not list its stacks" : "the region is back")
                    }
                }
            } catch let error where !error.isFinal {
                logger.warning("\(error)")
            }
            let listedAt = time.uptime
            try await time.wait(for: state.watchSignal, atMost: interval)
            try await time.sleep(for: listedAt + settings.pollInterval - time.uptime)
        }
    }

    /// One list for all: what changed since it was last looked at becomes due.
    private func list(_ watched: [DeploymentRecord]) async throws -> Bool {
        guard case .ok(let stacks) = try await heat.list(tag: reconciler.tags.portal) else {
            state.listing = nil
            return false
        }
        state.listing = RegionState.Listing(stacks: stacks, readAt: time.uptime)
        let statuses = Dictionary(stacks.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        let changed = watched.filter { reconciler.isChanged($0, listed: $0.work.stackId.flatMap { statuses[$0] }) }
        guard !changed.isEmpty else { return true }
        let now = time.now
        try await store.write { [reconciler] tx in
            for id in changed.map(\.deployment.id) {
                // The list may be older than what is stored by now.
                guard let record = try tx.record(id), let stackId = record.work.stackId,
                    reconciler.isChanged(record, listed: statuses[stackId])
                else { continue }
                try tx.update(record, from: record, fence: nil, dueAt: now, events: [])
            }
        }
        state.workSignal.raise()
        return true
    }

    /// One list for all: whether the servers of what is ACTIVE are there and run, and at which addresses.
    private func watchServers() async throws {
        while true {
            try await time.sleep(for: settings.serverInterval)
            do {
                let watched = try await store.read { queries in
                    try queries.isInMaintenance(regionId) ? [] : queries.work(in: regionId)
                }.filter { $0.deployment.status == .active && $0.work.serverId != nil }
                guard !watched.isEmpty, case .ok(let servers) = try await servers.servers() else { continue }
                let byId = Dictionary(servers.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
                let listed = Set(state.listing?.stacks.map(\.id) ?? [])
                let now = time.now
                let served: @Sendable (DeploymentRecord) throws -> Commit? = { [reconciler] record in
                    try reconciler.served(
                        record, by: record.work.serverId.flatMap { byId[$0] },
                        isListed: record.work.stackId.map(listed.contains) ?? false, at: now)
                }
                let ids = try watched.filter { try served($0) != nil }.map(\.deployment.id)
                guard !ids.isEmpty else { continue }
                try await store.write { tx in
                    for id in ids {
                        // The list may be older than what is stored by now.
                        guard let record = try tx.record(id), let commit = try served(record) else { continue }
                        try tx.update(
                            commit.record, from: record, fence: nil, dueAt: commit.dueAt, events: commit.events)
                    }
                }
            } catch let error where !error.isFinal {
                logger.warning("\(error)")
            }
        }
    }

    /// Looks for stacks of this installation that belong to no deployment (S5.3), and deletes one that was seen
    /// before, so long ago that no create of it can be under way. One of a deployment that the database does not know
    /// is deleted only where the operator says so.
    private func sweep() async throws {
        // When each was first seen.
        var suspects: [String: Duration] = [:]
        while true {
            try await time.sleep(for: settings.sweepInterval)
            do {
                guard let orphans = try await orphans() else { continue }
                let now = time.uptime
                suspects = Dictionary(
                    orphans.map { ($0.id, suspects[$0.id] ?? now) }, uniquingKeysWith: { first, _ in first })
                for orphan in orphans where orphan.stack.status != "DELETE_IN_PROGRESS" {
                    guard let since = suspects[orphan.id], now - since >= settings.settleTime else { continue }
                    guard orphan.isKnown || settings.removesUnknownStacks else {
                        logger.warning(
                            "a stack carries the portal's tag and belongs to no deployment in the database",
                            metadata: ["stack": "\(orphan.id)", "name": "\(orphan.stack.name)"])
                        continue
                    }
                    logger.warning("deleting an orphaned stack", metadata: ["stack": "\(orphan.id)"])
                    _ = try await heat.delete(orphan.stack.name, id: orphan.id)
                }
            } catch let error where !error.isFinal {
                logger.warning("\(error)")
            }
        }
    }

    /// The stacks of this installation that belong to no deployment; nil where the region does not list its stacks,
    /// or is left alone.
    private func orphans() async throws -> [OrphanedStack]? {
        guard try await !store.read({ try $0.isInMaintenance(regionId) }),
            case .ok(let stacks) = try await heat.list(tag: reconciler.tags.portal)
        else { return nil }
        try surroundings.crashPoints.reached(.sweeperListed)
        return try await store.read { [reconciler] in try reconciler.orphans(among: stacks, in: $0) }
    }
}

/// A stack of this installation that belongs to nobody.
struct OrphanedStack: Sendable {
    let stack: Stack
    /// Whether its deployment is in the database.
    let isKnown: Bool

    var id: String { stack.id }
}

extension Reconciler {
    func orphans(among stacks: [Stack], in queries: some DeploymentQueries) throws -> [OrphanedStack] {
        try stacks.compactMap { stack in
            guard let id = tags.deploymentId(of: stack) else { return nil }
            do {
                let record = try queries.record(id)
                return isOrphan(stack, of: record) ? OrphanedStack(stack: stack, isKnown: record != nil) : nil
            } catch is DamagedRecord {
                return nil
            }
        }
    }

    /// Whether a stack of this installation belongs to nobody any more.
    ///
    /// - Parameter record: the deployment that its tag names, nil where there is none.
    func isOrphan(_ stack: Stack, of record: DeploymentRecord?) -> Bool {
        guard let record else { return true }
        if record.work.isAbandoned == true { return false }
        guard record.deployment.status != .deleted else { return true }
        if stack.id == record.work.stackId || stack.id == record.work.replaced?.id { return false }
        if stack.name == record.work.replaced?.name { return false }
        // While the outcome of a create is unknown, the stack may be what it made.
        return record.work.create != .unknown
    }
}

extension DeploymentQueries {
    func isInMaintenance(_ regionId: String) throws -> Bool {
        try maintenances().contains { $0.regionId == regionId }
    }
}

extension DeploymentRecord {
    /// Whether its stack is expected to change soon.
    fileprivate var isUnderWay: Bool {
        deployment.status == .provisioning || deployment.status == .deleting
    }
}
