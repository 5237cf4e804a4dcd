/// How the workers pace themselves. The defaults are those of semantics.md.
public struct WorkerSettings: Equatable, Sendable {
    /// Between two looks at stacks that are on their way.
    public var pollInterval: Duration = .seconds(2)
    /// Between two looks at stacks that are up.
    public var watchInterval: Duration = .seconds(30)
    /// Between two looks at a stack that was given up and may still come up.
    public var slowWatchInterval: Duration = .seconds(300)
    /// After this long, a create of which the cloud shows no trace did not happen.
    public var settleWindow: Duration = .seconds(120)
    /// How often the create of one stack is sent at most.
    public var createLimit = 5
    /// What Heat is given to bring a stack up.
    public var createTimeoutMinutes = 30
    /// On top of that, before a stack in progress counts as stuck.
    public var createGrace: Duration = .seconds(600)
    public var deleteFailureLimit = 6
    public var deleteTimeLimit: Duration = .seconds(3600)
    /// Between tries of a deletion that was given up.
    public var hopelessDeleteInterval: Duration = .seconds(3600)
    /// A stack is gone only when it was missing for this long, thrice.
    public var absenceWindow: Duration = .seconds(60)
    public var lease: Duration = .seconds(30)
    public var leaseRenewal: Duration = .seconds(10)
    public var sweepInterval: Duration = .seconds(600)
    /// How many deployments of a region are worked on at once.
    public var concurrency = 8
    /// With more deployments than this in one look, their stacks' events are read only when a status changed.
    public var eventPollLimit = 20

    public init() {}
}
