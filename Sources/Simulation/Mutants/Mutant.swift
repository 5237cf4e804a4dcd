import Deployments
import OpenStack
import Runtime
import WebSockets
import Workers

/// A portal with one deliberate bug, to show that the invariants and the explorer find it.
///
/// No bug is in the code of the server: each is in something that stands between the server and one of its ports, and
/// behaves as the server would if it had the bug. So the code that is explored is the code of production, and nothing
/// can switch a bug on there.
public enum Mutant: String, CaseIterable, Sendable {
    case emitsBeforeCommit = "emit-before-commit"
    case forgetsToAdopt = "forget-to-adopt"
    case dropsTheSnapshot = "drop-the-snapshot"
    case skipsTheCustomerCheck = "skip-the-customer-check"
    case losesAWakeUp = "lose-a-wake-up"
    case retriesUnderANewName = "retry-under-a-new-name"
    case leaksASubscription = "leak-a-subscription"
    case chargesAKeyTwice = "charge-a-key-twice"
    case readsStaleOnSubscribe = "read-stale-on-subscribe"
    case forgetsADeleteAfterARestart = "forget-a-delete-after-a-restart"
    case ignoresA401 = "ignore-a-401"
    case spinsOn429 = "spin-on-429"
    case keepsNoFence = "keep-no-fence"
    case takesOneLookForEnough = "take-one-look-for-enough"
    case takesErrorsForAbsence = "take-errors-for-absence"
    case sweepsNothing = "sweep-nothing"
    case ignoresRetryAfter = "ignore-retry-after"
    case losesAChange = "lose-a-change"
    case dropsAnEvent = "drop-an-event"
    case commitsWithoutAnEvent = "commit-without-an-event"
    case listsForAnybody = "list-for-anybody"

    /// What is wrong, in a sentence.
    public var sentence: String {
        switch self {
        case .emitsBeforeCommit: "Changes are told to the sockets before the transaction, which may yet fail."
        case .forgetsToAdopt: "A stack that a look-up finds after a lost answer is not written down."
        case .dropsTheSnapshot: "The state that follows the acknowledgement of a subscription is not sent."
        case .skipsTheCustomerCheck: "A socket may subscribe to any deployment."
        case .losesAWakeUp: "Now and then the time at which a deployment is due is lost."
        case .retriesUnderANewName: "A create that is sent again asks for a stack of another name."
        case .leaksASubscription: "An unsubscribe is not heard."
        case .chargesAKeyTwice: "The record of an idempotency key is not found."
        case .readsStaleOnSubscribe: "What is read is as old as a replica that lags by a second."
        case .forgetsADeleteAfterARestart: "A server does not take up deletions that were asked for before it started."
        case .ignoresA401: "A token is kept for good, whatever the services say of it."
        case .spinsOn429: "A call that is answered with 429 is sent again at once."
        case .keepsNoFence: "A worker writes what it learned, whoever holds the deployment by then."
        case .takesOneLookForEnough: "A stack that is not there at one look is taken for gone."
        case .takesErrorsForAbsence: "A 5xx on a look at a stack is taken for its absence."
        case .sweepsNothing: "Nobody looks for stacks that belong to no deployment."
        case .ignoresRetryAfter: "Nobody reads Retry-After."
        case .losesAChange: "Now and then the sockets are not told of a transaction."
        case .dropsAnEvent: "Now and then an event is not sent over a socket."
        case .commitsWithoutAnEvent: "Now and then a change is committed without its lines for the log."
        case .listsForAnybody: "The total of a list counts every customer's deployments."
        }
    }
}

extension Mutant {
    /// What the server takes for its store.
    ///
    /// - Parameter feed: what all servers on the store commit.
    func store(
        over inner: any DeploymentStore, feed: Feed, surroundings: Surroundings
    ) -> any DeploymentStore {
        let bornAt = surroundings.time.now
        let random = surroundings.random.stream("mutant")
        switch self {
        case .emitsBeforeCommit: return HastyStore(inner: inner, feed: feed)
        case .readsStaleOnSubscribe: return LaggingStore(inner: inner, time: surroundings.time)
        case .forgetsToAdopt: return MutantStore(inner: inner, writing: ForgettingToAdopt.init)
        case .skipsTheCustomerCheck: return MutantStore(inner: inner, reading: OwnedByAnybody.init)
        case .losesAWakeUp: return MutantStore(inner: inner) { LosingWakeUps($0, random: random) }
        case .chargesAKeyTwice: return MutantStore(inner: inner, writing: ForgettingKeys.init)
        case .forgetsADeleteAfterARestart: return MutantStore(inner: inner) { ForgettingDeletes($0, bornAt: bornAt) }
        case .keepsNoFence: return MutantStore(inner: inner, writing: Unfenced.init)
        case .losesAChange: return LossyStore(inner: inner, feed: feed, random: random)
        case .commitsWithoutAnEvent: return MutantStore(inner: inner) { LosingEvents($0, random: random) }
        case .listsForAnybody: return MutantStore(inner: inner, reading: CountingAll.init)
        case .dropsTheSnapshot, .retriesUnderANewName, .leaksASubscription, .ignoresA401, .spinsOn429,
            .takesOneLookForEnough, .takesErrorsForAbsence, .sweepsNothing, .ignoresRetryAfter, .dropsAnEvent:
            return inner
        }
    }

    /// How the server's workers are set.
    var workerSettings: WorkerSettings {
        var settings = WorkerSettings()
        switch self {
        case .takesOneLookForEnough: (settings.absencesToMiss, settings.absenceWindow) = (1, .zero)
        case .sweepsNothing: settings.sweepInterval = .seconds(365 * 86_400)
        default: break
        }
        return settings
    }

    /// What the server takes for its way to the cloud.
    func transport(over inner: any CloudTransport, time: any TimeSource) -> any CloudTransport {
        switch self {
        case .retriesUnderANewName: RenamingTransport(inner: inner)
        case .ignoresA401: HoardingTransport(inner: inner)
        case .spinsOn429: SpinningTransport(inner: inner, time: time)
        case .takesErrorsForAbsence: PessimisticTransport(inner: inner)
        case .ignoresRetryAfter: HurriedTransport(inner: inner)
        default: inner
        }
    }

    /// What the server takes for a client's socket.
    func socket(over inner: any MessageSocket) -> any MessageSocket {
        switch self {
        case .dropsTheSnapshot: SnapshotDroppingSocket(inner: inner)
        case .leaksASubscription: DeafSocket(inner: inner)
        case .dropsAnEvent: EventDroppingSocket(inner: inner)
        default: inner
        }
    }
}
