import Deployments
import Logging
import OpenStack
import Runtime
import ServiceLifecycle

/// Keeps the cloud in step with what customers want: one worker a region, and the catalog's refresh.
///
/// It can be killed at any moment: what it meant to do is in the store, and what it did is in the cloud.
public struct Workers: Service {
    private struct Place: Sendable {
        let cloud: CloudRegion
        let state: RegionState
    }

    private let store: any DeploymentStore
    private let catalog: CloudCatalog
    private let places: [Place]
    private let surroundings: Surroundings
    private let settings: WorkerSettings
    private let logger: Logger

    public init(
        store: any DeploymentStore, catalog: CloudCatalog, regions: [CloudRegion], surroundings: Surroundings,
        settings: WorkerSettings = WorkerSettings(), logger: Logger
    ) {
        self.store = store
        self.catalog = catalog
        places = regions.map { Place(cloud: $0, state: RegionState()) }
        self.surroundings = surroundings
        self.settings = settings
        self.logger = logger
    }

    /// How each region does, by its id.
    public var health: [String: RegionHealth] {
        Dictionary(
            places.map { place in
                let isPaused = surroundings.time.uptime < place.state.createsPausedUntil
                return (place.cloud.region.id, place.cloud.connection.isHealthy && !isPaused ? .ok : .degraded)
            }, uniquingKeysWith: { first, _ in first })
    }

    /// Works until a graceful shutdown, which lets running steps finish for a while, or cancellation.
    ///
    /// - Throws: `Crashed`, `StoreUnavailable` where not even the first read works, `CancellationError`.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await work()
        } onGracefulShutdown: {
            stop()
        }
    }

    /// Claims nothing more; ``run()`` returns when the running steps have ended, or their time is over.
    func stop() {
        for place in places { place.state.stop() }
    }

    private func work() async throws {
        // Listens before it first claims, so that nothing falls between.
        let changes = store.changes()
        let reconciler = Reconciler(
            settings: settings, tags: StackTags(instanceId: try await store.read { try $0.instanceId() }))
        do {
            try await leaveLostRegions()
        } catch let unavailable as StoreUnavailable {
            // The next start looks again; the regions that there are must not wait for it.
            logger.warning("what was asked for in lost regions was left alone: \(unavailable)")
        }
        let workerId = surroundings.identifier("worker")
        // Whether what ended are the regions' workers: they end when they are stopped, and with them the rest.
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await catalog.run(
                    every: settings.catalogInterval, whileDown: settings.catalogRetryInterval)
                return false
            }
            group.addTask {
                try await wake(on: changes)
                return false
            }
            group.addTask {
                try await withThrowingTaskGroup(of: Void.self) { regions in
                    for place in places {
                        let worker = worker(in: place, reconciler: reconciler, workerId: workerId)
                        regions.addTask { try await worker.run() }
                    }
                    try await regions.waitForAll()
                }
                return true
            }
            defer { group.cancelAll() }
            while let isOver = try await group.next(), !isOver {}
        }
    }

    /// What was asked for in a region that the portal no longer has cannot be begun (T4). What had begun stays as it
    /// is, in case the region comes back.
    private func leaveLostRegions() async throws {
        let regions = Set(places.map(\.cloud.region.id))
        let now = surroundings.time.now
        let left = try await store.write { tx in
            let lost = try tx.regionsWithWork().filter { !regions.contains($0) }
            for record in try lost.flatMap(tx.work(in:))
            where record.deployment.status == .requested && record.desired == .present {
                var failed = record
                try failed.fail(Failure(.createFailed, "The region is no longer offered. Pick another."), at: now)
                let told = EventDraft(.error, "The region is no longer offered")
                try tx.update(failed, from: record, fence: nil, dueAt: nil, events: [told])
            }
            return try tx.regionsWithWork().filter { !regions.contains($0) }
        }
        for region in left {
            logger.warning(
                "deployments of a region that is not configured are left alone", metadata: ["region": "\(region)"])
        }
    }

    private func worker(in place: Place, reconciler: Reconciler, workerId: String) -> RegionWorker {
        var logger = logger
        logger[metadataKey: "region"] = "\(place.cloud.region.id)"
        return RegionWorker(
            regionId: place.cloud.region.id, heat: HeatClient(place.cloud.connection),
            servers: ServerClient(place.cloud.connection), store: store,
            reconciler: reconciler, surroundings: surroundings, state: place.state, workerId: workerId,
            logger: logger)
    }

    /// What a user asked for is begun at once.
    private func wake(on changes: AsyncStream<[CommittedChange]>) async throws {
        for await committed in changes {
            for case .updated(let deployment) in committed
            where [.requested, .provisioning, .deleting].contains(deployment.status) {
                places.first { $0.cloud.region.id == deployment.regionId }?.state.workSignal.raise()
            }
        }
        // The stream has no end but that of this task.
        try Task.checkCancellation()
    }
}
