import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OrderedCollections
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
        self.surroundings = surroundings
        self.journal = journal
        self.observer = observer
        random = surroundings.random.stream("cloud")
        seeds = random.stream("stacks")
        latencies = Dictionary(
            uniqueKeysWithValues: CloudOperation.allCases.map { [random] in ($0, random.stream($0.rawValue)) })
        let entries = try journal?.entries() ?? []
        let start = entries.first?["at"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
        var engine = CloudEngine(scenario, at: start ?? surroundings.time.now)
        for entry in entries { engine.replay(entry) }
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
        do {
            return try await responder.respond(to: request, context: context)
        } catch let error as HTTPError where error.status == .notFound {
            return CloudDialect(path: request.uri.path).notFound.response
        }
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
            return engine.stacks(in: region).filter { !$0.isDeleted }.map {
                StackView(id: $0.id, name: $0.name, status: $0.status, tags: $0.tags)
            }
        }
    }

    /// Ends the validity of all tokens: clients have to sign in again.
    public func revokeTokens() {
        engine.withLock { $0.revokeAllTokens() }
    }

    /// Begins again: an empty cloud, with the rules of its story and no others.
    ///
    /// - Parameter scenario: another than before.
    /// - Throws: what the journal throws.
    func restart(with scenario: CloudScenario? = nil) throws {
        try engine.withLock { engine in
            let scenario = scenario ?? engine.scenario
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
        let spread = region.flatMap { $0.operationLatency[operation.rawValue] ?? $0.latency } ?? .fixed(.zero)
        return spread.draw(from: latencies[operation] ?? random)
    }

    /// Writes an input down before it takes effect; not one that is only tried.
    func record(_ entry: [String: JSONValue], in engine: CloudEngine) throws {
        guard !engine.isRehearsal else { return }
        try journal?.append(.object(entry.merging(["at": .integer(Int(engine.now.milliseconds))]) { $1 }))
    }

    func createCredential(_ credential: Identity.Credential, in engine: inout CloudEngine) throws {
        try record(
            [
                "kind": "credential", "id": .string(credential.id), "name": .string(credential.name),
                "user": .string(credential.user.id), "project": .string(credential.project.id),
                "roles": .array(credential.roles.map { .string($0) }), "secret": .string(credential.secret),
                "expiresAt": credential.expiresAt.map { .integer(Int($0.milliseconds)) } ?? .null,
                "unrestricted": credential.isUnrestricted.map { .bool($0) } ?? .null,
                "description": JSONValue(credential.description),
            ], in: engine)
        engine.identity.credentials[credential.id] = credential
    }

    func deleteCredential(_ id: String, in engine: inout CloudEngine) throws {
        try record(["kind": "credential.delete", "id": .string(id)], in: engine)
        engine.identity.credentials[id] = nil
    }

    func draw() -> UInt64 {
        let seeds = seeds
        return seeds.next()
    }

    func requestId() -> String { "req-" + random.uuid() }

    var tokenRandom: RandomSource { random }
}

extension CloudEngine {
    /// Takes an input from a journal, at its time, with its seed.
    fileprivate mutating func replay(_ entry: JSONValue) {
        guard let at = entry["at"]?.integer else { return }
        advance(to: Timestamp(milliseconds: Int64(at)))
        let region = entry["region"]?.string ?? ""
        switch entry["kind"]?.string {
        case "create":
            let seed = entry["seed"]?.string.flatMap { UInt64($0) } ?? 0
            _ = try? createStack(entry["body"] ?? .null, in: region, seed: seed)
        case "delete":
            try? deleteStack(entry["name"]?.string ?? "", entry["id"]?.string ?? "", in: region)
        case "credential":
            guard let user = identity.user(["id": entry["user"] ?? .null]),
                let project = identity.project(["id": entry["project"] ?? .null]), let id = entry["id"]?.string
            else { return }
            identity.credentials[id] = Identity.Credential(
                id: id, name: entry["name"]?.string ?? "", user: user, project: project,
                roles: entry["roles"]?.array?.compactMap(\.string) ?? [], secret: entry["secret"]?.string ?? "",
                expiresAt: entry["expiresAt"]?.integer.map { Timestamp(milliseconds: Int64($0)) },
                isUnrestricted: entry["unrestricted"]?.bool, description: entry["description"]?.string)
        case "credential.delete": identity.credentials[entry["id"]?.string ?? ""] = nil
        default: break
        }
    }
}
