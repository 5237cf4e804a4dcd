import Runtime

/// The times and bounds of the reconcile loop (semantics.md sections 3 to 6).
public struct WorkerSettings: Equatable, Sendable {
    /// Between two looks for due work, and between two lists of a region in which something is under way.
    public var pollInterval: Duration = .seconds(2)
    /// Between two lists of a region in which nothing is under way: how soon a vanished VM is noticed.
    public var driftInterval: Duration = .seconds(30)
    /// Between two lists of a region's servers while there are VMs that are ACTIVE.
    public var serverInterval: Duration = .seconds(60)
    /// Between two looks at a stack that was given up and may still show up (T14).
    public var slowWatchInterval: Duration = .seconds(300)
    /// Between two looks at a stack that rests, and between two tries of a deletion that was given up (T19).
    public var restInterval: Duration = .seconds(3600)
    public var lease: Duration = .seconds(30)
    /// How often the lease of a step that still runs is made longer: a create may take 65 s.
    public var leaseRenewal: Duration = .seconds(10)
    /// Steps that run at the same time in a region.
    public var stepsAtOnce = 8
    /// Creates that are under way at the same time in a region, over all servers; further ones wait, and customers
    /// take turns.
    public var createsAtOnce = 50

    /// Heat's own limit for a create, in minutes; the portal waits 10 min longer.
    public var createTimeoutMinutes = 30
    /// After this long no stack is in progress any more that Heat still works on.
    public var stackLimit: Duration { .seconds((createTimeoutMinutes + 10) * 60) }
    /// After this long a create of unknown outcome no longer happens: twice the engine's RPC time-out.
    public var settleTime: Duration = .seconds(120)
    public var createsAtMost = 5
    /// Creates pause for this long in a region that refuses to make any (S4.5).
    public var createPause: Duration = .seconds(600)

    public var deleteFailuresAtMost = 6
    public var deletionTimeLimit: Duration = .seconds(3600)
    public var absencesToMiss = 3
    public var absenceWindow: Duration = .seconds(60)

    public var sweepInterval: Duration = .seconds(600)
    /// Whether the sweep also deletes stacks with this installation's tag whose deployment is not in the database. It
    /// may know less than it did, as after it was restored from a backup, so they are only reported otherwise.
    public var removesUnknownStacks = false
    public var catalogInterval: Duration = .seconds(300)
    /// Between two tries to read the offer of a region that does not answer.
    public var catalogRetryInterval: Duration = .seconds(15)
    /// How long a running step may go on after the server was asked to stop.
    public var shutdownGrace: Duration = .seconds(8)

    /// Which of the cloud's offer customers see.
    public var offer = OfferRules()
    /// What a VM is made from.
    public var template = StackTemplate.standard
    /// The networks that VMs and their public addresses are in; no public one for no public addresses.
    public var privateNetwork = "private"
    public var publicNetwork = "public"

    public init() {}
}
