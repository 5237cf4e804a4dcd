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
        /// Their ids, oldest first, those of deleted ones included.
        var stacksByName: [StackName: [String]] = [:]
        /// How many a project has that are not deleted.
        var liveStacks: [String: Int] = [:]
        /// How many resources a stack has with all stacks that lie in it, by the id of the one that lies in no other.
        var treeSizes: [String: Int] = [:]
        /// How many stacks each rule has met, for its `nth`.
        var ruleMatches: [Int: Int] = [:]
        /// Nova, Neutron, Cinder and Glance.
        var services: RegionServices
    }

    struct StackName: Hashable, Sendable {
        let project: String
        let name: String
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
            /// The stack that a resource is has come to an end with what it was doing.
            case child(String)
            /// A condition looks what its handle was told.
            case look(String, turn: Int)
            case waitTimeout(String, turn: Int)
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
    /// How clients reach the cloud.
    var baseURL = "http://localhost"
    var regions: [String: RegionState]
    var identity: Identity
    var tokens = TokenStore()
    var tokenCache = TokenCache()
    private var timers = Heap<Timer>()
    private(set) var timersMade = 0

    init(_ scenario: CloudScenario, at now: Timestamp) {
        self.scenario = scenario
        self.now = now
        catalog = FakeCatalog(scenario)
        identity = Identity(scenario.identity, catalog)
        regions = Dictionary(
            uniqueKeysWithValues: scenario.regions.map { [catalog] region in
                (region.id, RegionState(services: RegionServices(catalog, region: region.id)))
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
        withStack(timer.stackId, in: timer.region) { engine, stack in
            switch timer.kind {
            case .vanish: if !stack.isGone { engine.vanish(&stack) }
            case .timeout where stack.generation == timer.generation && stack.state == .inProgress:
                engine.timeOut(&stack)
            case .proceed where stack.generation == timer.generation: engine.proceed(&stack)
            case .cancel(let name, let turn): engine.cancel(name, turn: turn, of: &stack)
            case .resource(let name, let turn): engine.finish(name, turn: turn, of: &stack)
            case .child(let id): engine.childEnded(id, of: &stack)
            case .look(let name, let turn): engine.look(name, turn: turn, of: &stack)
            case .waitTimeout(let name, let turn): engine.stopWaiting(name, turn: turn, of: &stack)
            default: break
            }
        }
    }

    /// In seconds: some 35,000 years. Whoever asks for more waits as long.
    static let longestDelay = 1 << 40

    mutating func schedule(_ kind: Timer.Kind, _ stack: StackRecord, after delay: Duration) {
        timersMade += 1
        timers.insert(
            Timer(
                at: now + min(delay, .seconds(Self.longestDelay)), order: timersMade, region: stack.place.region,
                stackId: stack.id,
                generation: stack.generation, kind: kind))
    }

    /// Of a stack, whatever it is at.
    mutating func schedule(_ kind: Timer.Kind, ofStack id: String, in region: String) {
        timersMade += 1
        timers.insert(Timer(at: now, order: timersMade, region: region, stackId: id, generation: 0, kind: kind))
    }

    /// Lets a stack change together with the engine. It is not in its place meanwhile, so that nothing is copied.
    ///
    /// - Returns: nil where there is no such stack.
    @discardableResult
    mutating func withStack<Result>(
        _ id: String, in region: String, _ change: (inout CloudEngine, inout StackRecord) throws -> Result
    ) rethrows -> Result? {
        guard let index = regions[region]?.stacks.index(forKey: id) else { return nil }
        var stack = StackRecord.nowhere
        swap(&stack, &regions[region]!.stacks.values[index])
        defer {
            countResources(of: &stack)
            swap(&stack, &regions[region]!.stacks.values[index])
        }
        return try change(&self, &stack)
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
        guard let state = regions[place.region] else { return nil }
        let ids = state.stacksByName[StackName(project: place.project, name: name)] ?? []
        return ids.reversed().lazy.compactMap { state.stacks[$0] }.first { !$0.isPurged(at: now) }
    }

    mutating func insert(_ stack: StackRecord) {
        let region = stack.place.region
        var stack = stack
        countResources(of: &stack)
        regions[region]?.stacks[stack.id] = stack
        regions[region]?.stacksByName[StackName(project: stack.project, name: stack.name), default: []]
            .append(stack.id)
        if !stack.isPart { regions[region]?.liveStacks[stack.project, default: 0] += 1 }
    }

    /// Lets the size of a stack's tree be what it is.
    mutating func countResources(of stack: inout StackRecord) {
        let change = (stack.isGone ? 0 : stack.resources.count) - stack.countedResources
        guard change != 0 else { return }
        stack.countedResources += change
        let size = regions[stack.place.region]?.treeSizes[stack.rootId] ?? 0
        regions[stack.place.region]?.treeSizes[stack.rootId] = size + change == 0 ? nil : size + change
    }

    /// The stack is deleted: it does not count any more.
    mutating func noteGone(_ stack: inout StackRecord) {
        stack.goneAt = now
        if !stack.isPart { regions[stack.place.region]?.liveStacks[stack.project, default: 0] -= 1 }
    }
}

extension Optional {
    /// Changes the value in its place, where there is one.
    fileprivate mutating func mutate<Result>(_ change: (inout Wrapped) throws -> Result) rethrows -> Result? {
        guard self != nil else { return nil }
        return try change(&self!)
    }
}
