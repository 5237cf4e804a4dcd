import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Runtime
import Scenarios
import Synchronization

/// A fake OpenStack: Keystone, Heat, Nova, Glance and Neutron at the level of HTTP requests and responses.
///
/// The services are under path prefixes of one base URL: `/identity`, `/heat/REGION`, `/compute/REGION`,
/// `/image/REGION`, `/network/REGION`. In catalogs and links they call themselves what the client called them.
public final class FakeCloud: Sendable {
    let engine: Mutex<CloudEngine>
    let surroundings: Surroundings
    private let random: RandomSource
    /// Of the stacks.
    private let seeds: RandomSource
    /// One stream an operation, so that a call more of one kind does not move the others.
    private let latencies: [CloudOperation: RandomSource]
    private let deedSeeds: RandomSource
    private let clock: OffsetTime
    private let journal: (any CloudJournal)?
    let observer: @Sendable (CloudCall) -> Void
    let callLog = Mutex(CallLog())
    let faultBook: Mutex<FaultBook>
    /// Taken only while the engine is held.
    let lateEffects = Mutex(LateEffects())
    let wakeUp = Signal()
    private let router = Mutex<RouterResponder<CloudContext>?>(nil)

    /// - Parameters:
    ///   - journal: what a cloud of this scenario went through before, and where to go on.
    ///   - observer: is told of every call when it was answered.
    /// - Throws: what the journal throws.
    public init(
        _ scenario: CloudScenario, surroundings: Surroundings, journal: (any CloudJournal)? = nil,
        observer: @escaping @Sendable (CloudCall) -> Void = { _ in }
    ) throws {
        clock = OffsetTime(surroundings.time, offset: scenario.clockSkew)
        let surroundings = Surroundings(
            time: clock, random: surroundings.random, crashPoints: surroundings.crashPoints)
        self.surroundings = surroundings
        self.journal = journal
        self.observer = observer
        random = surroundings.random.stream("cloud")
        seeds = random.stream("stacks")
        deedSeeds = random.stream("deeds")
        latencies = Dictionary(
            uniqueKeysWithValues: CloudOperation.allCases.map { [random] in ($0, random.stream($0.rawValue)) })
        let entries = try journal?.entries() ?? []
        let start = entries.first?["at"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
        var engine = CloudEngine(scenario, at: start ?? surroundings.time.now)
        for entry in entries {
            guard let (input, instant) = CloudInput.read(entry, identity: engine.identity) else { continue }
            engine.advance(to: instant)
            _ = try? engine.apply(input)
        }
        self.engine = Mutex(engine)
        faultBook = Mutex(FaultBook(scenario.faults, random: random, at: surroundings.time.now))
        router.withLock { $0 = makeRouter() }
    }

    public var regionIds: [String] { scenario.regions.map(\.id) }

    /// What the cloud is and how it behaves.
    public var scenario: CloudScenario { engine.withLock { $0.scenario } }

    /// When the newest entry of a journal was made: time must not begin before it.
    public static func newestInstant(in journal: any CloudJournal) throws -> Timestamp? {
        try journal.entries().last?["at"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
    }

    /// Answers one request, as slowly as the scenario says.
    ///
    /// - Throws: ``BrokenConnection`` where a fault says so, `CancellationError` where the task is cancelled.
    public func respond(to request: Request) async throws -> Response {
        guard let responder = router.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
        let context = CloudContext(source: CloudContextSource(logger: Logger(label: "fakecloud")))
        let response = try await responder.respond(to: request, context: context)
        // Every answer of a route says so itself; one that does not is the router's own.
        let isOfRoute = response.headers[.contentType] != nil || response.status != .notFound
        return isOfRoute ? response : try await respondToUnknownPath(request, context)
    }

    /// Lets things happen on time when nobody asks, until the task is cancelled.
    public func run() async throws {
        while true {
            let next = engine.withLock { engine in
                advance(&engine)
                return [engine.nextTimer, lateEffects.withLock { $0.next }].compactMap { $0 }.min()
            }
            let rest = next.map { $0 - surroundings.time.now } ?? .seconds(3600)
            if rest > .zero { try await surroundings.time.wait(for: wakeUp, atMost: rest) }
        }
    }

    /// All calls so far, in the order of their answers; the newest 100,000.
    public var calls: [CloudCall] { callLog.withLock { $0.calls } }

    /// The rules that are armed, with how often each fired, in the order in which they are tried.
    public var faults: [ArmedFault] { faultBook.withLock { $0.armed } }

    /// All stacks of a region that are not deleted, oldest first.
    public func stacks(in region: String) -> [StackView] {
        engine.withLock { engine in
            advance(&engine)
            return engine.stacks(in: region).filter { !$0.isGone }.map {
                StackView(id: $0.id, name: $0.name, status: $0.status, tags: $0.tags)
            }
        }
    }

    /// Arms a rule for faults, after those that are armed.
    ///
    /// - Returns: false where there is one of its id already.
    @discardableResult
    public func arm(_ rule: FaultRule) -> Bool {
        let instant = surroundings.time.now
        return faultBook.withLock { book in
            guard !book.armed.contains(where: { $0.rule.id == rule.id }) else { return false }
            book.arm(rule, at: instant, isLive: true)
            return true
        }
    }

    /// - Returns: whether there was such a rule.
    @discardableResult
    public func disarm(_ id: String) -> Bool { faultBook.withLock { $0.disarm(id) } }

    /// Begins again: an empty cloud, with the rules of its story and no others.
    ///
    /// - Parameter scenario: another than before.
    /// - Throws: what the journal throws.
    func restart(with scenario: CloudScenario? = nil) throws {
        try engine.withLock { engine in
            let scenario = scenario ?? engine.scenario
            clock.offset = scenario.clockSkew
            let now = surroundings.time.now
            try journal?.clear()
            engine = CloudEngine(scenario, at: now)
            lateEffects.withLock { $0 = LateEffects() }
            faultBook.withLock { $0 = FaultBook(scenario.faults, random: random, at: now) }
            callLog.withLock { $0 = CallLog() }
        }
        wakeUp.raise()
    }

    /// Draws how long a call takes.
    func latency(of operation: CloudOperation, in regionId: String?) -> Duration {
        let regions = engine.withLock { $0.scenario.regions }
        let region = regions.first { $0.id == regionId } ?? regions.first
        let spread = region?.latency(of: operation.rawValue) ?? .fixed(.zero)
        return spread.draw(from: latencies[operation] ?? random)
    }

    /// Lets an input take effect and writes it down before it is answered. Only what is accepted is kept; what is only
    /// tried is not.
    ///
    /// - Returns: the id of what it made, if it made something.
    /// - Throws: the refusal, in the words of the service; what the journal throws.
    @discardableResult
    func apply(_ input: CloudInput, to engine: inout CloudEngine) throws -> String? {
        let made = try engine.apply(input)
        if !engine.isRehearsal { try record(input, at: engine.now) }
        return made
    }

    /// Writes an input down that has taken effect.
    func record(_ input: CloudInput, at instant: Timestamp) throws {
        try journal?.append(input.json(at: instant))
    }

    func draw() -> UInt64 {
        let seeds = seeds
        return seeds.next()
    }

    /// A seed of something that is done past the API, so that it moves no others.
    func drawForDeed() -> UInt64 {
        let seeds = deedSeeds
        return seeds.next()
    }

    func requestId() -> String { "req-" + random.uuid() }

    var tokenRandom: RandomSource { random }
}
