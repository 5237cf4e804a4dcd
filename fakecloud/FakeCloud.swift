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
/// `/image/REGION`, `/network/REGION`.
public final class FakeCloud: Sendable {
    let engine: Mutex<CloudEngine>
    let baseURL: String
    let secret: String
    private let scenario: CloudScenario
    private let surroundings: Surroundings
    private let random: RandomSource
    /// Of the stacks.
    private let seeds: RandomSource
    /// One stream an operation, so that a call more of one kind does not move the others.
    private let latencies: [CloudOperation: RandomSource]
    private let journal: (any CloudJournal)?
    private let observer: @Sendable (CloudCall) -> Void
    private let callLog = Mutex<[CloudCall]>([])
    private let wakeUp = Signal()
    private let router = Mutex<RouterResponder<CloudContext>?>(nil)

    /// - Parameters:
    ///   - baseURL: how the services call themselves in the catalog and in links: `http://fake.test`.
    ///   - journal: what a cloud of this scenario went through before, and where to go on.
    ///   - observer: is told of every call when it was answered.
    /// - Throws: what the journal throws.
    public init(
        _ scenario: CloudScenario, surroundings: Surroundings, baseURL: String, journal: (any CloudJournal)? = nil,
        observer: @escaping @Sendable (CloudCall) -> Void = { _ in }
    ) throws {
        self.scenario = scenario
        self.surroundings = surroundings
        self.baseURL = baseURL
        self.journal = journal
        self.observer = observer
        random = surroundings.random.stream("cloud")
        seeds = random.stream("stacks")
        latencies = Dictionary(
            uniqueKeysWithValues: CloudOperation.allCases.map { [random] in ($0, random.stream($0.rawValue)) })
        secret = base64URL(random.bytes(32))
        let entries = try journal?.entries() ?? []
        let start = entries.first?["at"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
        var engine = CloudEngine(scenario, at: start ?? surroundings.time.now)
        for entry in entries {
            guard let (input, instant) = CloudInput.read(entry, identity: engine.identity) else { continue }
            engine.advance(to: instant)
            _ = try? engine.apply(input)
        }
        self.engine = Mutex(engine)
        router.withLock { $0 = makeRouter() }
    }

    public var regionIds: [String] { scenario.regions.map(\.id) }

    /// The portal's application credential.
    public var credentialId: String { engine.withLock { $0.catalog.credentialId } }
    public var credentialSecret: String { secret }
    public var identityURL: String { baseURL + "/identity/v3" }

    /// When the newest entry of a journal was made: time must not begin before it.
    public static func newestInstant(in journal: any CloudJournal) throws -> Timestamp? {
        try journal.entries().last?["at"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
    }

    /// Answers one request, as slowly as the scenario says.
    ///
    /// - Throws: `CancellationError` where the task is cancelled.
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
                engine.advance(to: surroundings.time.now)
                return engine.nextTimer
            }
            let rest = next.map { $0 - surroundings.time.now } ?? .seconds(3600)
            if rest > .zero { try await surroundings.time.wait(for: wakeUp, atMost: rest) }
        }
    }

    /// All calls so far, in the order of their answers; the newest 100,000.
    public var calls: [CloudCall] { callLog.withLock { $0 } }

    /// All stacks of a region that are not deleted, oldest first.
    public func stacks(in region: String) -> [StackView] {
        engine.withLock { engine in
            engine.advance(to: surroundings.time.now)
            return engine.stacks(in: region).filter { !$0.isGone }.map {
                StackView(id: $0.id, name: $0.name, status: $0.status, tags: $0.tags)
            }
        }
    }

    /// Ends the validity of all tokens: clients have to sign in again.
    public func revokeTokens() {
        engine.withLock { engine in
            engine.tokens = [:]
            engine.tokenCache = [:]
        }
    }

    /// Carries out a call: half of its latency, the effect, the other half.
    func perform(
        _ operation: CloudOperation, _ call: ServiceCall, needsToken: Bool,
        _ answer: @escaping @Sendable (inout CloudEngine, ServiceCall) throws -> ServiceAnswer
    ) async throws -> Response {
        let latency = latency(of: operation, in: call.region)
        try await surroundings.time.sleep(for: latency / 2)
        let result = engine.withLock { engine -> ServiceAnswer in
            engine.advance(to: surroundings.time.now)
            do {
                if let region = call.region, engine.regions[region] == nil { return call.dialect.notFound(of: call) }
                var call = call
                if needsToken { call.token = try engine.token(of: call) }
                return try answer(&engine, call)
            } catch {
                let answer = call.dialect.answer(for: error, to: call)
                return call.method == "HEAD" ? answer.headOnly : answer
            }
        }
        wakeUp.raise()
        try await surroundings.time.sleep(for: latency - latency / 2)
        let record = CloudCall(
            at: surroundings.time.now, operation: operation, region: call.region, method: call.method,
            path: call.path, status: result.status, stack: result.stack ?? call.parameters.get("name"))
        callLog.withLock { log in
            log.append(record)
            if log.count > 100_000 { log.removeFirst(10_000) }
        }
        observer(record)
        var response = result.response
        for (name, value) in call.dialect.headers(of: call, answered: result.status) {
            response.headers.append(HTTPField(name: name, value: value))
        }
        return response
    }

    private func latency(of operation: CloudOperation, in regionId: String?) -> Duration {
        let region = scenario.regions.first { $0.id == regionId } ?? scenario.regions.first
        let spread = region.flatMap { $0.operationLatency[operation.rawValue] ?? $0.latency } ?? .fixed(.zero)
        return spread.draw(from: latencies[operation] ?? random)
    }

    /// Lets an input take effect, once it is written down. Only what is accepted is kept, and it is kept before it is
    /// answered.
    ///
    /// - Returns: the id of what it made, if it made something.
    /// - Throws: the refusal, in the words of the service; what the journal throws.
    @discardableResult
    func apply(_ input: CloudInput, to engine: inout CloudEngine) throws -> String? {
        var changed = engine
        let made = try changed.apply(input)
        try journal?.append(input.json(at: engine.now))
        engine = changed
        return made
    }

    func draw() -> UInt64 {
        let seeds = seeds
        return seeds.next()
    }

    func requestId() -> String { "req-" + random.uuid() }

    var tokenRandom: RandomSource { random }
}

extension CloudEngine {
    /// The good token that came with a call.
    ///
    /// - Throws: ``CloudDialect/NoToken``.
    fileprivate mutating func token(of call: ServiceCall) throws -> IssuedToken {
        let value = call.headers[.authToken]
        return call.dialect == .keystone
            ? try keystoneToken(value) : try serviceToken(value, service: "\(call.dialect) \(call.region ?? "")")
    }
}
