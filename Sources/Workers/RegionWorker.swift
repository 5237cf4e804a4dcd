import Deployments
import Logging
import OpenStack
import Runtime

/// Works on the deployments of one region: claims what is due, asks the cloud, commits what follows.
struct RegionWorker: Sendable {
    let cloud: CloudRegion
    let store: any DeploymentStore
    let surroundings: Surroundings
    let settings: WorkerSettings
    let instanceId: String
    /// Holds the leases of this process.
    let owner: String
    let logger: Logger
    /// Raised when there may be something to do.
    let wakeUp = Signal()

    private var time: any TimeSource { surroundings.time }

    /// Works until it is told to stop, then finishes what it has begun.
    ///
    /// - Throws: `CancellationError`, ``Crashed``.
    func run(isStopping: @escaping @Sendable () -> Bool) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            while !isStopping() {
                let claimed = try await claim()
                if !claimed.isEmpty {
                    try surroundings.crashPoints.reached(.workerClaimed)
                    group.addTask {
                        try await work(on: claimed)
                        // What it committed says when to look next.
                        wakeUp.raise()
                    }
                }
                try await waitForWork(hasMore: claimed.count == Self.batch)
            }
        }
    }

    private static let batch = 200
    private static let longestRest = Duration.seconds(10)

    private func claim() async throws -> [ClaimedRecord] {
        let claim = WorkClaim(
            regionId: cloud.id, owner: owner, now: time.now, leaseFor: settings.lease, limit: Self.batch)
        do {
            return try await store.write { try $0.claimDue(claim) }
        } catch let unavailable as StoreUnavailable {
            logger.error("cannot look for work: \(unavailable)")
            return []
        }
    }

    private func waitForWork(hasMore: Bool) async throws {
        guard !hasMore else { return }
        let due = try? await store.read { [id = cloud.id] in try $0.nextDueAt(in: id) }
        let rest = min(due.flatMap { $0 }.map { $0 - time.now } ?? Self.longestRest, Self.longestRest)
        if rest > .zero { try await time.wait(for: wakeUp, atMost: rest) }
    }

    /// One list for all that it can serve, then each deployment on its own, some at once.
    private func work(on claimed: [ClaimedRecord]) async throws {
        var listed: [String: Stack] = [:]
        let instanceId = instanceId
        let isListed = claimed.contains { reconciler(for: $0.record).isListable }
        if isListed, case .ok(let stacks) = try await cloud.stacks(tag: StackTemplate.portalTag(instanceId)) {
            listed = Dictionary(stacks.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            try surroundings.crashPoints.reached(.workerObserveRead)
        }
        let readsEvents = claimed.count <= settings.eventPollLimit
        try await withThrowingTaskGroup(of: Void.self) { [listed] group in
            for (index, item) in claimed.enumerated() {
                if index >= settings.concurrency { try await group.next() }
                let stack = item.record.work.stackId.flatMap { listed[$0] }
                group.addTask { try await workGuarded(on: item, listed: stack, readsEvents: readsEvents) }
            }
            try await group.waitForAll()
        }
    }

    /// One deployment's trouble stays its own; only the end of the process goes further.
    private func workGuarded(on claimed: ClaimedRecord, listed: Stack?, readsEvents: Bool) async throws {
        let id = claimed.record.deployment.id
        do {
            try await keepingLease(of: id, fence: claimed.fence) {
                try await step(claimed, listed: listed, readsEvents: readsEvents)
            }
        } catch let error where error is Crashed || error is CancellationError {
            throw error
        } catch is StaleRecord {
            // Somebody changed it meanwhile, and it is due again: what was learnt counts for nothing.
            logger.debug("\(id) changed while it was worked on")
        } catch {
            logger.error("working on \(id) failed: \(error)")
        }
    }

    /// Renews the lease while a slow call is under way, so that nobody takes the deployment over.
    private func keepingLease(
        of id: String, fence: Int, _ work: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await work()
                return true
            }
            group.addTask {
                while true {
                    try await time.sleep(for: settings.leaseRenewal)
                    let until = time.now + settings.lease
                    try await store.write { try $0.renewLease(of: id, fence: fence, until: until) }
                }
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }

    private func step(_ claimed: ClaimedRecord, listed: Stack?, readsEvents: Bool) async throws {
        var record = claimed.record
        var action = reconciler(for: record).firstAction(listed: listed)
        if let listed, case .show = action {
            let verdict = try reconciler(for: record).verdict(onShow: .ok(listed), isDetailed: false)
            let isNews = listed.status != record.work.seenStackStatus
            let isMoving = listed.status.hasSuffix("IN_PROGRESS") && readsEvents
            record = try await commit(
                verdict, over: record, fence: claimed.fence,
                cloudEvents: isNews || isMoving ? try await newEvents(of: record) : [])
            action = verdict.next
        }
        while action != .rest {
            let verdict: Reconciler.Verdict
            switch action {
            case .create:
                record = try await commit(
                    try reconciler(for: record).intentToCreate(), over: record, fence: claimed.fence)
                try surroundings.crashPoints.reached(.workerIntentCommitted)
                let answer = try await create(record)
                try surroundings.crashPoints.reached(.workerCreateAnswered)
                verdict = try reconciler(for: record).verdict(onCreate: answer)
            case .find(let name):
                let answer = try await cloud.findStack(name: name)
                try surroundings.crashPoints.reached(.workerObserveRead)
                verdict = try reconciler(for: record).verdict(onFind: answer)
            case .show(let name, let id):
                let answer = try await cloud.stack(name: name, id: id)
                try surroundings.crashPoints.reached(.workerObserveRead)
                verdict = try reconciler(for: record).verdict(onShow: answer)
            case .delete(let name, let id):
                record = try await commit(reconciler(for: record).intentToDelete(), over: record, fence: claimed.fence)
                async let answer = cloud.deleteStack(name: name, id: id)
                try surroundings.crashPoints.reached(.workerDeleteSent)
                let deleted = try await answer
                try surroundings.crashPoints.reached(.workerDeleteAnswered)
                verdict = try reconciler(for: record).verdict(onDelete: deleted)
            case .listByTag:
                let answer = try await cloud.stacks(tag: StackTemplate.deploymentTag(record.deployment.id))
                verdict = try reconciler(for: record).verdict(onTagList: answer)
            case .rest:
                return
            }
            let events = verdict.record.deployment.status != record.deployment.status ? try await newEvents(of: record) : []
            let hadStackId = record.work.stackId != nil
            record = try await commit(verdict, over: record, fence: claimed.fence, cloudEvents: events)
            if !hadStackId, record.work.stackId != nil {
                try surroundings.crashPoints.reached(.workerStackIdCommitted)
            }
            try surroundings.crashPoints.reached(.workerObserveCommitted)
            action = verdict.next
        }
    }

    private func create(_ record: DeploymentRecord) async throws -> CloudAnswer<String> {
        let spec = record.deployment.spec
        let request = StackTemplate.request(
            for: record, image: spec.imageId, flavor: spec.instanceTypeId, instanceId: instanceId,
            timeoutMinutes: settings.createTimeoutMinutes)
        async let answer = cloud.createStack(request)
        try surroundings.crashPoints.reached(.workerCreateSent)
        return try await answer
    }

    /// The stack's events that are not in the log yet, for the log.
    private func newEvents(of record: DeploymentRecord) async throws -> [StackEvent] {
        guard record.work.replaced == nil, let id = record.work.stackId else { return [] }
        var events: [StackEvent] = []
        while true {
            let marker = events.last?.id ?? record.work.eventMarker
            let answer = try await cloud.events(name: record.work.stackName, id: id, after: marker)
            guard case .ok(let page) = answer, let last = page.last, last.id != marker else { return events }
            // An unknown marker starts the list again; what is stored already is told apart by its id.
            events += page
            if page.count < 100 || events.count >= 1000 { return events }
        }
    }

    /// Commits a verdict under the fence.
    ///
    /// - Returns: the record as it is stored now.
    /// - Throws: `StaleRecord`, `StoreUnavailable`.
    private func commit(
        _ verdict: Reconciler.Verdict, over previous: DeploymentRecord, fence: Int, cloudEvents: [StackEvent] = []
    ) async throws -> DeploymentRecord {
        var next = verdict.record
        if let newest = cloudEvents.last { next.work.eventMarker = newest.id }
        // What goes on at once is not due for another worker.
        let dueAt = verdict.next == .rest ? verdict.dueAt : time.now + settings.lease
        let drafts = cloudEvents.compactMap { CloudWords.draft(of: $0, in: previous.work.stackName) } + verdict.events
        return try await store.write { [next] tx in
            try tx.update(next, from: previous, fence: fence, dueAt: dueAt, events: drafts)
            guard let stored = try tx.record(next.deployment.id) else { throw StaleRecord(id: next.deployment.id) }
            return stored
        }
    }

    private func reconciler(for record: DeploymentRecord) -> Reconciler {
        Reconciler(
            record: record, now: time.now, settings: settings, jitter: surroundings.random.fraction(),
            instanceId: instanceId)
    }
}
