import Deployments
import Logging
import OpenStack
import Runtime
import ServiceLifecycle
import Synchronization

/// The reconcile loop: keeps what customers want and what the cloud has in step, each region on its own.
public struct Workers: Service {
    private let regions: [RegionWorker]
    private let sweepers: [Sweeper]
    private let store: any DeploymentStore
    private let changes: AsyncStream<[CommittedChange]>
    private let owner: String
    private let logger: Logger

    /// - Parameter instanceId: the id of this installation, which marks its stacks.
    public init(
        clouds: [CloudRegion], store: any DeploymentStore, instanceId: String,
        surroundings: Surroundings, settings: WorkerSettings = WorkerSettings(), logger: Logger
    ) {
        let owner = surroundings.identifier("wrk")
        regions = clouds.map {
            RegionWorker(
                cloud: $0, store: store, surroundings: surroundings, settings: settings,
                instanceId: instanceId, owner: owner, logger: logger)
        }
        sweepers = clouds.map {
            Sweeper(
                cloud: $0, store: store, surroundings: surroundings, settings: settings, instanceId: instanceId,
                logger: logger)
        }
        self.store = store
        changes = store.changes()
        self.owner = owner
        self.logger = logger
    }

    /// Works until a graceful shutdown, which lets steps that have begun end, or until the task is cancelled.
    ///
    /// - Throws: ``Crashed`` in a simulation.
    public func run() async throws {
        let stop = StopFlag()
        do {
            try await withGracefulShutdownHandler {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for sweeper in sweepers { group.addTask { try await sweeper.run() } }
                    group.addTask { await wakeOnChanges() }
                    try await withThrowingTaskGroup(of: Void.self) { workers in
                        for region in regions {
                            workers.addTask { try await region.run { stop.isRaised } }
                        }
                        try await workers.waitForAll()
                    }
                    group.cancelAll()
                    while let result = await group.nextResult() {
                        if case .failure(let error) = result, !(error is CancellationError) { throw error }
                    }
                }
            } onGracefulShutdown: {
                stop.raise()
                for region in regions { region.wakeUp.raise() }
            }
        } catch is CancellationError {
            logger.debug("the workers were cancelled")
        }
        // Whoever comes next need not wait for the leases to end.
        try await store.write { [owner] in try $0.release(owner: owner) }
    }

    /// A request of a customer is work at once; a lost wake-up costs no more than the longest rest.
    private func wakeOnChanges() async {
        for await transaction in changes {
            for case .updated(let deployment) in transaction where deployment.status != .active {
                regions.first { $0.cloud.id == deployment.regionId }?.wakeUp.raise()
            }
        }
    }

    /// The regions with whether they answer, in the order of the configuration.
    public var health: [(region: String, isAvailable: Bool)] {
        regions.map { ($0.cloud.id, $0.cloud.isAvailable) }
    }
}

/// Set once, when the workers are to finish.
private final class StopFlag: Sendable {
    private let value = Mutex(false)

    var isRaised: Bool { value.withLock { $0 } }

    func raise() {
        value.withLock { $0 = true }
    }
}
