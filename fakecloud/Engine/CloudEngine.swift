import HeapModule
import OrderedCollections
import Runtime
import Scenarios

/// The state of the fake cloud, advanced by the clock: requests in, answers out, timers between. What happens, and
/// how long it takes, comes from the scenario and the seeds of the stacks, and from nothing else.
struct CloudEngine: Sendable {
    struct RegionState: Sendable {
        /// In the order of their making, of all projects.
        var stacks: OrderedDictionary<String, StackRecord> = [:]
        var addresses: [AddressPool.Kind: AddressPool]
        /// How many stacks each rule has met, for its `nth`.
        var ruleMatches: [Int: Int] = [:]
        /// Nova, Neutron, Cinder and Glance.
        var services: RegionServices
    }

    struct Timer: Comparable, Sendable {
        enum Kind: Sendable {
            /// A resource's step ends, if the resource is still at it.
            case resource(String, turn: Int)
            /// A resource stops what it is at, if it still is.
            case cancel(String, turn: Int)
            /// The stack looks again what can be done.
            case proceed
            case timeout
            case vanish
            /// Of another service than Heat.
            case service(ServiceEvent)
        }

        let at: Timestamp
        let order: Int
        let region: String
        let stackId: String
        let generation: Int
        let kind: Kind

        static func < (left: Timer, right: Timer) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Timer, right: Timer) -> Bool { left.order == right.order }
    }

    let scenario: CloudScenario
    let catalog: FakeCatalog
    private(set) var now: Timestamp
    /// Whether this is a copy in which a request is only tried.
    var isRehearsal = false
    var regions: [String: RegionState]
    var identity: Identity
    var tokens = TokenStore()
    var tokenCache = TokenCache()
    private var timers = Heap<Timer>()
    private var timersMade = 0

    init(_ scenario: CloudScenario, at now: Timestamp) {
        self.scenario = scenario
        self.now = now
        catalog = FakeCatalog(scenario)
        identity = Identity(scenario.identity, catalog)
        regions = Dictionary(
            uniqueKeysWithValues: scenario.regions.enumerated().map { [catalog] index, region in
                (
                    region.id,
                    RegionState(
                        addresses: AddressPool.pools(ofRegion: index),
                        services: RegionServices(catalog, region: region.id))
                )
            })
    }

    /// When the next thing happens by itself.
    var nextTimer: Timestamp? { timers.min?.at }

    /// Lets time pass: everything that is due until then happens, in its order.
    mutating func advance(to instant: Timestamp) {
        while let timer = timers.min, timer.at <= instant {
            timers.removeMin()
            now = max(now, timer.at)
            fire(timer)
        }
        now = max(now, instant)
    }

    private mutating func fire(_ timer: Timer) {
        if case .service(let event) = timer.kind {
            withServices(in: timer.region) { [now] in $0.fire(event, at: now) }
            return
        }
        guard let stack = regions[timer.region]?.stacks[timer.stackId] else { return }
        switch timer.kind {
        case .vanish: if !stack.isGone { vanish(timer.stackId, in: timer.region) }
        case .timeout where stack.generation == timer.generation && stack.state == .inProgress:
            timeOut(timer.stackId, in: timer.region)
        case .proceed where stack.generation == timer.generation: proceed(timer.stackId, in: timer.region)
        case .cancel(let name, let turn): cancel(name, turn: turn, of: timer.stackId, in: timer.region)
        case .resource(let name, let turn): finish(name, turn: turn, of: timer.stackId, in: timer.region)
        default: break
        }
    }

    mutating func schedule(_ kind: Timer.Kind, _ stack: StackRecord, in region: String, after delay: Duration) {
        timersMade += 1
        timers.insert(
            Timer(
                at: now + delay, order: timersMade, region: region, stackId: stack.id, generation: stack.generation,
                kind: kind))
    }

    /// Lets a region's services change, in their place, and takes the timers that they start.
    ///
    /// - Returns: nil where there is no such region.
    @discardableResult
    mutating func withServices<Result>(
        in region: String, _ change: (inout RegionServices) throws -> Result
    ) rethrows -> Result? {
        guard let result = try regions[region].mutate({ try change(&$0.services) }) else { return nil }
        let due = regions[region].mutate { $0.services.takeDue() }
        for (event, delay) in due ?? [] {
            timersMade += 1
            timers.insert(
                Timer(
                    at: now + delay, order: timersMade, region: region, stackId: "", generation: 0,
                    kind: .service(event)))
        }
        return result
    }

    /// All stacks of a region, deleted ones included, in the order of their making.
    func stacks(in region: String) -> [StackRecord] {
        regions[region].map { Array($0.stacks.values) } ?? []
    }

    /// Those of one project.
    func stacks(in place: StackPlace) -> [StackRecord] {
        stacks(in: place.region).filter { $0.project == place.project }
    }

    func stack(_ id: String, in place: StackPlace) -> StackRecord? {
        regions[place.region]?.stacks[id].flatMap { $0.project == place.project ? $0 : nil }
    }

    /// The stack that a name belongs to; that of a deleted one for a moment more (golden heat,
    /// `show-by-name-within-soft-delete-window-302`).
    func holder(of name: String, in place: StackPlace) -> StackRecord? {
        stacks(in: place).last { $0.name == name && !$0.isPurged(at: now) }
    }
}

extension Optional {
    /// Changes the value in its place, where there is one.
    fileprivate mutating func mutate<Result>(_ change: (inout Wrapped) throws -> Result) rethrows -> Result? {
        guard self != nil else { return nil }
        return try change(&self!)
    }
}
