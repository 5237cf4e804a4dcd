import Deployments
import Logging
import Runtime
import Storage
import Synchronization
import WebSockets

/// A hub over a store, with sockets, sessions and commits in a test's hand.
final class Scene: Sendable {
    let stage = Stage()
    let store: HookedStore
    let hub: Hub
    /// When sessions end; one that is not here has ended.
    let sessions = Mutex<[String: Timestamp]>(["ses_1": .distant, "ses_2": .distant])
    /// Whether nobody can tell when sessions end.
    let sessionsAreUnknown = Mutex(false)
    private let work: AsyncStream<@Sendable () async throws -> Void>
    private let mailbox: AsyncStream<@Sendable () async throws -> Void>.Continuation

    private init(_ limits: SocketLimits) throws {
        let surroundings = Surroundings(time: stage, random: RandomSource(seed: 7))
        let database = try SQLiteDatabase(.memory, surroundings: surroundings, executors: (stage, stage))
        store = HookedStore(SQLiteDeploymentStore(database, surroundings: surroundings))
        (work, mailbox) = AsyncStream.makeStream()
        let sessions = UncheckedSessions()
        hub = Hub(
            store: store, surroundings: surroundings, limits: limits, sessionEnd: { try await sessions.end(of: $0) },
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        sessions.scene.withLock { $0 = self }
    }

    /// - Parameter hubRuns: whether committed changes are passed on from the beginning.
    static func play(
        limits: SocketLimits = SocketLimits(), hubRuns: Bool = true, _ body: (Scene) async throws -> Void
    ) async throws {
        let scene = try Scene(limits)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [work = scene.work, stage = scene.stage] in
                await withDiscardingTaskGroup { tasks in
                    for await piece in work { tasks.addTask(executorPreference: stage) { try? await piece() } }
                    tasks.cancelAll()
                }
            }
            defer { group.cancelAll() }
            if hubRuns { scene.runHub() }
            try await scene.store.write { tx in
                for (id, customer) in [("dep_1", "cus_1"), ("dep_2", "cus_1"), ("dep_9", "cus_2")] {
                    try tx.insert(.new(id, of: customer), events: [EventDraft(.info, "Event 1")])
                }
            }
            await scene.stage.play()
            try await body(scene)
        }
    }

    func runHub() {
        start { [hub] in try await hub.run() }
    }

    func start(_ piece: @escaping @Sendable () async throws -> Void) {
        mailbox.yield(piece)
    }

    /// Opens a socket of a customer's session and lets it come to rest.
    func open(
        session: String = "ses_1", customer: String = "cus_1", expiresAt: Timestamp = .distant
    ) async -> ScriptedSocket {
        let socket = ScriptedSocket()
        let before = hub.socketCount
        start { [hub] in
            try await hub.serve(
                socket, identity: SocketIdentity(sessionId: session, customerId: customer, expiresAt: expiresAt))
        }
        // The runner is not on the stage: it has to have taken the piece first.
        await settle { hub.socketCount == before && socket.closed == nil }
        return socket
    }

    /// Lets happen what can, as long as something has not come about that others than the stage begin.
    ///
    /// - Parameter passing: how much time passes meanwhile, each time.
    func settle(passing step: Duration = .zero, while isUnfinished: () -> Bool) async {
        while isUnfinished() {
            await Task.yield()
            await stage.play(for: step)
        }
        await stage.play()
    }

    /// Commits a change of a deployment with some events.
    func commit(_ id: String = "dep_1", changes: Bool = true, events: Int = 0) async throws {
        let now = stage.now
        try await store.base.write { tx in
            guard let previous = try tx.record(id) else { return }
            var record = previous
            if changes {
                record.deployment.runtime.publicIp = "192.0.2.\(previous.deployment.revision)"
                record.deployment.revision += 1
                record.deployment.updatedAt = max(now, previous.deployment.updatedAt + .milliseconds(1))
            }
            try tx.update(
                record, from: previous, fence: nil, dueAt: nil,
                events: (0..<events).map { EventDraft(.info, "Event \(previous.lastEventSeq + 1 + $0)") })
        }
    }

    /// A message's essence: `updated dep_1 3`, `event dep_1 2`, `subscribed dep_1`, `error CODE dep_1`.
    static func essence(_ messages: [JSONValue]) -> [String] {
        messages.map { message in
            let id = message["deploymentId"]?.string.map { " " + $0 } ?? ""
            return switch message["type"]?.string {
            case "deployment.updated": "updated\(id) \(message["data"]?["revision"]?.integer ?? -1)"
            case "deployment.event": "event\(id) \(message["data"]?["seq"]?.integer ?? -1)"
            case "error": "error \(message["code"]?.string ?? "?")\(id)"
            case let type: (type ?? "?") + id
            }
        }
    }
}

/// Sessions as the hub asks for them, before the scene is whole.
private final class UncheckedSessions: Sendable {
    let scene = Mutex<Scene?>(nil)

    func end(of id: String) async throws -> Timestamp? {
        guard let scene = scene.withLock({ $0 }) else { return nil }
        if scene.sessionsAreUnknown.withLock({ $0 }) { throw StoreUnavailable(.busy) }
        return scene.sessions.withLock { $0[id] }
    }
}

/// A store that lets a test in before and after each read.
final class HookedStore: DeploymentStore {
    enum Moment: Hashable, Sendable {
        case before(read: Int)
        case after(read: Int)
    }

    let base: SQLiteDeploymentStore
    private let state = Mutex<(reads: Int, hook: (@Sendable (Moment) async throws -> Void)?)>((0, nil))

    init(_ base: SQLiteDeploymentStore) {
        self.base = base
    }

    /// Counts reads from 1 again, and calls the hook around each.
    func setHook(_ hook: (@Sendable (Moment) async throws -> Void)?) {
        state.withLock { $0 = (0, hook) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        let (number, hook) = state.withLock { state in
            state.reads += 1
            return (state.reads, state.hook)
        }
        try await hook?(.before(read: number))
        let value = try await base.read(body)
        try await hook?(.after(read: number))
        return value
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        try await base.write(body)
    }

    func changes() -> AsyncStream<[CommittedChange]> { base.changes() }
}

extension Timestamp {
    static let distant = Timestamp(milliseconds: 4_000_000_000_000)
}

extension Deployment {
    static func new(_ id: String = "dep_1", of customer: String = "cus_1", revision: Int = 1) -> Deployment {
        let instant = Timestamp(milliseconds: 1_767_693_600_000 + Int64(revision))
        return Deployment(
            id: id, customerId: customer, name: "web", regionId: "west",
            spec: Spec(instanceTypeId: "small", imageId: "debian-12", storageGiB: 20, sshKeyId: "key_1"),
            revision: revision, createdAt: instant, updatedAt: instant)
    }
}

extension DeploymentRecord {
    fileprivate static func new(_ id: String, of customer: String) -> DeploymentRecord {
        DeploymentRecord(
            deployment: .new(id, of: customer), desired: .present,
            work: Work(stackName: "vm-" + id, sshPublicKey: "ssh-ed25519 AAAA"))
    }
}

extension DeploymentEvent {
    static func new(_ seq: Int, of id: String = "dep_1", _ message: String = "Creating server…") -> DeploymentEvent {
        DeploymentEvent(
            id: "evt_\(seq)", deploymentId: id, seq: seq, ts: Timestamp(milliseconds: 1_767_693_600_000), level: .info,
            message: message)
    }
}
