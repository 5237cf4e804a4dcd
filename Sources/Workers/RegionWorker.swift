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

    /// Claims the deployment whose turn it is, under a name of its own, so that its lease can be given back alone.
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
                let watched = try await work { $0.work.stackId != nil || $0.work.replaced?.id != nil }
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
        try await makeDue(watched) { [reconciler] record in
            reconciler.isChanged(record, listed: record.work.stackId.flatMap { statuses[$0] })
        }
        return true
    }

    /// One list for all: whether the servers of what is ACTIVE are there and run, and at which addresses. What
    /// changed becomes due.
    private func watchServers() async throws {
        while true {
            try await time.sleep(for: settings.serverInterval)
            do {
                let watched = try await work { $0.deployment.status == .active && $0.work.serverId != nil }
                let now = time.now
                guard !watched.isEmpty, case .ok(let servers) = try await servers.servers() else {
                    state.servers = nil
                    continue
                }
                state.servers = RegionState.ServerListing(servers, askedAt: now)
                try await makeDue(watched) { [reconciler, state] in
                    try reconciler.served($0, by: state, at: now) != nil
                }
            } catch let error where !error.isFinal {
                logger.warning("\(error)")
            }
        }
    }

    /// The deployments of the region that call for something, now or some day; none while it is left alone.
    private func work(_ isWatched: (DeploymentRecord) -> Bool) async throws -> [DeploymentRecord] {
        try await store.read { [regionId] queries in
            try queries.isInMaintenance(regionId) ? [] : queries.work(in: regionId)
        }.filter(isWatched)
    }

    /// Makes those due that a list has news of. It may be older than what is stored by the time of the write.
    private func makeDue(
        _ watched: [DeploymentRecord], where isNews: @escaping @Sendable (DeploymentRecord) throws -> Bool
    ) async throws {
        let ids = try watched.filter(isNews).map(\.deployment.id)
        guard !ids.isEmpty else { return }
        let now = time.now
        try await store.write { tx in
            for id in ids {
                guard let record = try tx.record(id), try isNews(record) else { continue }
                try tx.update(record, from: record, fence: nil, dueAt: now, events: [])
            }
        }
        state.workSignal.raise()
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
