import Auth
import Deployments
import FakeCloud
import Foundation
import HTTPTypes
import Logging
import Runtime
import Scenarios
import Storage
import Synchronization

/// The world of one run: a cloud, a store, a server process that may die, and what was seen of them.
final class World: Sendable {
    /// What the portal committed of one deployment.
    struct Committed: Sendable {
        var status: String
        var revision: Int
        var updatedAt: Timestamp
        var lastSeq: Int
        var lastError: String?
        var events: [String]
    }

    private struct State {
        var life: ServerLife?
        var committed: [String: Committed] = [:]
        /// The ids of deployments by what the story calls them.
        var ids: [String: String] = [:]
        /// Frames that a tab got, over all its sockets.
        var frames: [String: [JSONValue]] = [:]
        var failures: [RunFailure] = []
        var waiters: [Int: Signal] = [:]
        var nextWaiter = 0
        var hasCrashed = false
        var pointsPassed: [CrashPoint: Int] = [:]
    }

    let scenario: Scenario
    let trace: Trace
    let surroundings: Surroundings
    let cloud: FakeCloud
    let transport: InProcessCloud
    let outbox: Outbox
    private let ground: Portal.Ground
    private let logger: Logger
    private let state = Mutex(State())

    init(_ scenario: Scenario, in context: SimulationContext, trace: Trace) throws {
        self.scenario = scenario
        self.trace = trace
        surroundings = context.surroundings
        logger = Logger(label: "simulation") { _ in TraceLogHandler(trace: trace) }
        outbox = Outbox(logger: Logger(label: "outbox") { _ in SwiftLogNoOpLogHandler() })
        cloud = try FakeCloud(
            scenario.cloud,
            surroundings: Surroundings(
                time: context.surroundings.time, random: context.surroundings.random.stream("fake")),
            observer: { call in
                trace.note(
                    "cloud" + (call.region.map { "/" + $0 } ?? ""), "call",
                    [
                        "op": .string(call.operation.rawValue), "status": call.status.map { .integer($0) } ?? .null,
                        "stack": JSONValue(call.stack),
                    ])
            })
        transport = InProcessCloud(cloud)
        let database = try SQLiteDatabase(
            .memory, surroundings: surroundings, executors: (context.serialExecutor, context.serialExecutor))
        ground = Portal.Ground(
            database: database, transport: transport, credential: InProcessCloud.credential(of: cloud),
            regionIds: cloud.regionIds, mailer: outbox,
            passwordHasher: PasswordHasher(
                .simulation, on: context.serialExecutor, random: surroundings.random.stream("passwords")))
    }

    // The server process.

    /// Runs the server, through its deaths, until the task is cancelled.
    func runServer() async throws {
        var random = 0
        while true {
            random += 1
            let stream = surroundings.random.stream("server \(random)")
            let life = try await ServerLife.start(
                on: ground, surroundings: Surroundings(time: surroundings.time, random: stream), logger: logger,
                onPoint: { [self] in isDeadly($0) })
            state.withLock { $0.life = life }
            trace.note("server", "starts")
            raise()
            // The observer outlives the life by what that has committed and not yet told.
            try await withThrowingTaskGroup(of: Void.self) { group in
                let changes = life.portal.store.changes()
                group.addTask { [self] in
                    for await transaction in changes { observe(transaction) }
                }
                group.addTask { [self] in try await killOnTime(life) }
                await life.run()
                state.withLock { $0.life = nil }
                try Task.checkCancellation()
                trace.note("server", "dies")
                try await surroundings.time.sleep(for: .milliseconds(1))
                group.cancelAll()
            }
            try Task.checkCancellation()
            let delay = scenario.crash?.restartAfter ?? .fixed(.seconds(1))
            try await surroundings.time.sleep(for: delay.draw(from: surroundings.random.stream("restart")))
        }
    }

    private func isDeadly(_ point: CrashPoint) -> Bool {
        state.withLock { state in
            state.pointsPassed[point, default: 0] += 1
            guard !state.hasCrashed, case .point(point, let nth) = scenario.crash?.moment,
                state.pointsPassed[point] == nth
            else { return false }
            state.hasCrashed = true
            return true
        }
    }

    private func killOnTime(_ life: ServerLife) async throws {
        guard case .at(let instant) = scenario.crash?.moment, !state.withLock({ $0.hasCrashed }) else { return }
        try await surroundings.time.sleep(until: instant)
        state.withLock { $0.hasCrashed = true }
        life.pulse.stop()
    }

    var life: ServerLife? { state.withLock { $0.life } }
    var hasCrashed: Bool { state.withLock { $0.hasCrashed } }

    // What was committed.

    /// Takes note of a transaction, and checks what must hold of every one (invariants S1 to S4 and S8).
    private func observe(_ transaction: [CommittedChange]) {
        for change in transaction {
            switch change {
            case .updated(let deployment):
                trace.note(
                    "store", "commit",
                    [
                        "deployment": .string(deployment.id), "status": .string(deployment.status.rawValue),
                        "revision": .integer(deployment.revision),
                    ])
                check(deployment)
                state.withLock { state in
                    var known =
                        state.committed[deployment.id]
                        ?? Committed(
                            status: "", revision: 0, updatedAt: deployment.updatedAt, lastSeq: 0, events: [])
                    known.status = deployment.status.rawValue
                    known.revision = deployment.revision
                    known.updatedAt = deployment.updatedAt
                    known.lastError = deployment.lastError?.code.rawValue
                    state.committed[deployment.id] = known
                }
            case .event(let event):
                trace.note(
                    "store", "event",
                    [
                        "deployment": .string(event.deploymentId), "seq": .integer(event.seq),
                        "level": .string(event.level.rawValue), "message": .string(event.message),
                    ])
                let expected = (committed(event.deploymentId)?.lastSeq ?? 0) + 1
                if event.seq != expected {
                    violate("S8", "event \(event.seq) of \(event.deploymentId) after \(expected - 1)")
                }
                state.withLock { state in
                    state.committed[event.deploymentId]?.lastSeq = event.seq
                    state.committed[event.deploymentId]?.events.append(event.message)
                }
            }
        }
        raise()
    }

    private func check(_ deployment: Deployment) {
        guard let before = committed(deployment.id) else {
            if deployment.revision != 1 {
                violate("S2", "\(deployment.id) begins with revision \(deployment.revision)")
            }
            return
        }
        if deployment.revision != before.revision + 1 {
            violate("S2", "\(deployment.id): revision \(deployment.revision) after \(before.revision)")
        }
        if deployment.updatedAt <= before.updatedAt { violate("S3", "\(deployment.id): updatedAt does not rise") }
        let after = deployment.status.rawValue
        if before.status == "DELETED" || (before.status == "DELETING" && ["PROVISIONING", "ACTIVE"].contains(after)) {
            violate("S4", "\(deployment.id): \(after) after \(before.status)")
        }
    }

    private func violate(_ id: String, _ message: String) {
        fail(RunFailure(place: nil, message: "invariant \(id): \(message)"))
    }

    func committed(_ id: String) -> Committed? { state.withLock { $0.committed[id] } }

    func name(_ label: String, _ id: String) {
        state.withLock { $0.ids[label] = id }
    }

    func id(_ label: String) -> String? { state.withLock { $0.ids[label] } }
    var ids: [String: String] { state.withLock { $0.ids } }

    // What was seen.

    func gotFrame(_ frame: JSONValue, tab: String) {
        state.withLock { $0.frames[tab, default: []].append(frame) }
    }

    func frames(of tab: String) -> [JSONValue] { state.withLock { $0.frames[tab] ?? [] } }

    func fail(_ failure: RunFailure) {
        state.withLock { $0.failures.append(failure) }
        trace.note("verdict", "failed", ["message": .string(failure.description)])
    }

    var failures: [RunFailure] { state.withLock { $0.failures } }

    // Waiting.

    private func raise() {
        for (_, signal) in state.withLock({ $0.waiters.sorted { $0.key < $1.key } }) { signal.raise() }
    }

    /// Waits until a condition on the world holds.
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
            try await surroundings.time.wait(for: signal, atMost: min(rest, .seconds(1)))
        }
        return true
    }
}

/// Something that did not come out as the story expects.
public struct RunFailure: Equatable, Sendable, CustomStringConvertible {
    /// Where the expectation is written; nil for what must always hold.
    public let place: Place?
    public let message: String

    public var description: String { (place.map { "\($0): " } ?? "") + message }
}

/// Puts the server's warnings and errors into the trace.
private struct TraceLogHandler: LogHandler {
    let trace: Trace
    var logLevel = Logger.Level.warning
    var metadata: Logger.Metadata = [:]

    init(trace: Trace) {
        self.trace = trace
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        trace.note("server", "log", ["level": .string(event.level.rawValue), "message": .string("\(event.message)")])
    }
}
