import Auth
import Deployments
import FakeCloud
import Logging
import Runtime
import Scenarios
import Storage
import Synchronization
import WebSockets

/// The world of one run: a cloud, a store, a server process that may die, and what was seen of them.
final class World: Sendable {
    struct State {
        /// The servers that live, by their numbers.
        var lives: [Int: ServerLife] = [:]
        var committed: [String: Committed] = [:]
        /// The ids of deployments by what the story calls them.
        var ids: [String: String] = [:]
        /// Frames that a tab got, over all its sockets.
        var frames: [String: [JSONValue]] = [:]
        var failures: [RunFailure] = []
        var verdicts: [Evaluation] = []
        var waiters: [Int: Signal] = [:]
        var nextWaiter = 0
        /// The crashes that have happened.
        var crashed: Set<Int> = []
        /// By the server.
        var restartAfter: [Int: Spread] = [:]
        var pointsPassed: [CrashPoint: Int] = [:]
        /// The deeds that were done.
        var done: Set<Int> = []
        var isCalm = false
        /// The rules for faults that had fired when calm came.
        var firedFaults: [String] = []
        var isOver = false
        var pages: [FrontEndPage] = []
        /// How many HTTP requests were sent.
        var requests = 0
        /// The most that ever waited for one socket.
        var backlog = Hub.Backlog()
    }

    let scenario: Scenario
    let trace: Trace
    let surroundings: Surroundings
    let cloud: FakeCloud
    let transport: InProcessCloud
    let calls: CallBook
    let secrets = Secrets()
    let stacks: StackWatch
    let executor: SimulationExecutor
    /// When the store takes no writes.
    let storeWindows: [Range<Duration>]
    let feed = Feed()
    /// What is wrong with the servers, deliberately.
    let mutant: Mutant?
    let outbox: Outbox
    let ground: Portal.Ground
    let logger: Logger
    let state = Mutex(State())

    init(_ scenario: Scenario, in context: SimulationContext, mutant: Mutant?, trace: Trace) throws {
        self.scenario = scenario
        self.mutant = mutant
        calls = CallBook(trace: trace, secrets: secrets)
        executor = context.executor
        storeWindows = scenario.storeFailures.enumerated().map { index, failure in
            let random = context.surroundings.random.stream("store \(index)")
            let start = failure.at.draw(from: random)
            return start..<start + failure.duration.draw(from: random)
        }
        self.trace = trace
        surroundings = context.surroundings
        logger = Logger(label: "simulation") { [secrets] _ in TraceLogHandler(trace: trace, secrets: secrets) }
        outbox = Outbox(logger: Logger(label: "outbox") { _ in SwiftLogNoOpLogHandler() })
        let stacks = StackWatch(trace: trace)
        self.stacks = stacks
        cloud = try FakeCloud(
            scenario.cloud,
            surroundings: Surroundings(
                time: context.surroundings.time, random: context.surroundings.random.stream("fake")),
            observer: { call in
                trace.note(call)
                if let region = call.region { stacks.look(in: region) }
            })
        stacks.begin(cloud)
        secrets.keep(cloud.access.credentialSecret)
        secrets.keep(UserClient.password)
        transport = InProcessCloud(cloud)
        let database = try SQLiteDatabase(
            .memory, surroundings: surroundings, executors: (context.serialExecutor, context.serialExecutor))
        ground = Portal.Ground(
            database: database, regions: transport.regions(), mailer: outbox,
            passwordHasher: PasswordHasher(
                .simulation, on: context.serialExecutor, random: surroundings.random.stream("passwords")))
    }

    // Names.

    func name(_ label: String, _ id: String) {
        let isNew = state.withLock { state in
            defer { state.ids[label] = id }
            return state.ids[label] != id
        }
        guard isNew else { return }
        trace.note(
            "story", "named", ["deployment": .string(id), "label": .string(label), "user": JSONValue(owner(of: label))])
    }

    /// Whose script makes a deployment.
    func owner(of label: String) -> String? {
        scenario.users.first { user in
            user.script.contains {
                if case .create(let creation) = $0.action { creation.label == label } else { false }
            }
        }?.name
    }

    func id(_ label: String) -> String? { state.withLock { $0.ids[label] } }
    var ids: [String: String] { state.withLock { $0.ids } }

    // What was seen.

    func gotFrame(_ frame: JSONValue, tab: String) {
        state.withLock { $0.frames[tab, default: []].append(frame) }
    }

    /// Whose page a tab is.
    func actor(ofTab tab: String) -> String? {
        let owner = scenario.users.first { user in
            user.script.contains {
                if case .openPage(_, tab, _) = $0.action { true } else { false }
            }
        }
        return owner.map { "\($0.name)/\(tab)" }
    }

    func frames(of tab: String) -> [JSONValue] { state.withLock { $0.frames[tab] ?? [] } }

    /// A failure that shows when it happens.
    func fail(_ failure: RunFailure) {
        judge([failure])
        trace.note("story", "failed", ["message": .string(failure.description)])
    }

    /// Failures that show when all is over.
    func judge(_ failures: [RunFailure]) {
        state.withLock { $0.failures += failures }
    }

    var failures: [RunFailure] { state.withLock { $0.failures } }

    /// The number of the next HTTP request, from 1.
    func nextRequest() -> Int {
        state.withLock { state in
            state.requests += 1
            return state.requests
        }
    }

    /// Whether there was something to look at, for each expectation for which there may be nothing.
    var verdicts: [Evaluation] {
        get { state.withLock { $0.verdicts } }
        set { state.withLock { $0.verdicts = newValue } }
    }

    /// Nothing goes wrong any more.
    func becomeCalm() {
        let fired = cloud.faults.filter { $0.fired > 0 }.map(\.rule.id)
        state.withLock { state in
            state.isCalm = true
            state.firedFaults = fired
        }
        cloud.disarmFaults()
        trace.note("story", "calm")
        raise()
    }

    var firedFaults: [String] { state.withLock { $0.firedFaults } }

    // Waiting.

    /// Wakes all who wait for a condition on the world.
    func raise() {
        for (_, signal) in state.withLock({ $0.waiters.sorted { $0.key < $1.key } }) { signal.raise() }
    }

    /// Waits until a condition on the world holds. What changes it calls ``raise()``.
    ///
    /// - Returns: whether it did within the limit.
    /// - Throws: `CancellationError`.
    func wait(atMost limit: Duration, for condition: () -> Bool) async throws -> Bool {
        let signal = Signal()
        let id = state.withLock { state in
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = signal
            return state.nextWaiter
        }
        defer { state.withLock { _ = $0.waiters.removeValue(forKey: id) } }
        let deadline = surroundings.time.uptime + limit
        while !condition() {
            let rest = deadline - surroundings.time.uptime
            guard rest > .zero else { return false }
            try await surroundings.time.wait(for: signal, atMost: rest)
        }
        return true
    }
}
