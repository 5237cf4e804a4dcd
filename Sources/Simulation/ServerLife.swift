import Deployments
import HTTPAPI
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import OpenStack
import Runtime
import Storage
import Synchronization
import WebSockets
import Workers

/// One life of the simulated server process: from its start to its death, after which none of its tasks has an
/// effect any more. Its store and the cloud live on.
final class ServerLife: Sendable {
    struct Asked: Sendable {
        let head: HTTPRequest
        let body: [UInt8]
        let from: String
    }

    struct Answered: Sendable {
        let status: Int
        let headers: HTTPFields
        let body: [UInt8]
    }

    private struct Upgrade: Sendable {
        let head: HTTPRequest
        let from: String
        let pipe: Pipe
    }

    /// Whether the process still lives, and what ends it.
    final class Pulse: Sendable {
        private let dead = Mutex(false)
        let died = Signal()

        func check() throws {
            if dead.withLock({ $0 }) { throw Crashed(point: nil) }
        }

        func stop() {
            dead.withLock { $0 = true }
            died.raise()
        }
    }

    let portal: Portal
    let pulse: Pulse
    /// What it is called in the trace.
    let actor: String
    private let mutant: Mutant?
    private let time: any TimeSource
    private let trace: Trace
    private let requests = Wire<Asked, Answered>()
    private let upgrades: AsyncStream<Upgrade>
    private let upgradeMailbox: AsyncStream<Upgrade>.Continuation
    private let pipes = Mutex<[Pipe]>([])

    private init(
        portal: Portal, pulse: Pulse, actor: String, mutant: Mutant?, time: any TimeSource, trace: Trace
    ) {
        self.portal = portal
        self.actor = actor
        self.mutant = mutant
        self.pulse = pulse
        self.time = time
        self.trace = trace
        (upgrades, upgradeMailbox) = AsyncStream.makeStream()
    }

    /// Starts the process on a store that may have seen others before.
    ///
    /// - Parameters:
    ///   - actor: what it is called in the trace.
    ///   - feed: what all servers on the store commit.
    ///   - isAlone: whether there is no other server.
    ///   - storeFailure: why the store takes no writes now.
    ///   - mutant: what is wrong with the server, deliberately.
    ///   - onPoint: is told of every crash point that is passed; true ends the process there.
    ///   - onCommit: is told of every commit, in its turn.
    static func start(
        on ground: Portal.Ground, through cloud: InProcessCloud, calls: CallBook, as actor: String, feed: Feed,
        isAlone: Bool, mutant: Mutant?,
        storeFailure: @escaping @Sendable () -> StoreUnavailable?,
        surroundings: Surroundings, trace: Trace, logger: Logger, onPoint: @escaping @Sendable (CrashPoint) -> Bool,
        onCommit: @escaping @Sendable ([CommittedChange]) -> Void
    ) async throws -> ServerLife {
        let pulse = Pulse()
        let crashPoints = CrashPoints { point in
            try pulse.check()
            if onPoint(point) {
                pulse.stop()
                throw Crashed(point: point)
            }
        }
        var mortal = ground
        mortal.database = ground.database.guarded { try pulse.check() }
        let transport = MortalTransport(
            inner: cloud, pulse: pulse, crashPoints: crashPoints, calls: calls, actor: actor)
        for index in mortal.regions.indices {
            mortal.regions[index].access.transport =
                mutant?.transport(over: transport, time: surroundings.time) ?? transport
        }
        let portal = try await Portal(
            on: mortal, workers: mutant?.workerSettings ?? WorkerSettings(),
            surroundings: Surroundings(
                time: surroundings.time, random: surroundings.random, crashPoints: crashPoints),
            logger: logger, observer: onCommit
        ) { store in
            let failing = FailingStore(inner: store, failure: storeFailure)
            let shared: any DeploymentStore = isAlone ? failing : FeedStore(inner: failing, feed: feed)
            return mutant?.store(over: shared, feed: feed, surroundings: surroundings) ?? shared
        }
        return ServerLife(
            portal: portal, pulse: pulse, actor: actor, mutant: mutant, time: surroundings.time, trace: trace)
    }

    /// Lives until it dies, or the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.runPortal() }
            group.addTask { await self.requests.run { try await self.answer($0) } }
            group.addTask { await self.serveSockets() }
            _ = await pulse.died.wait()
            pulse.stop()
            group.cancelAll()
        }
        // Nobody answers any more: connections end, those that wait learn that they were cut.
        for pipe in pipes.withLock({ $0 }) { pipe.reset() }
    }

    /// What runs beside the requests. Where it fails, the process ends, as it does in production.
    private func runPortal() async {
        do {
            try await portal.run()
        } catch is CancellationError {
        } catch is Crashed {
        } catch {
            trace.note("server", "log", ["level": "critical", "message": .string("\(error)")])
            pulse.stop()
        }
    }

    private func answer(_ asked: Asked) async throws -> Answered {
        try pulse.check()
        let request = Request(head: asked.head, body: RequestBody(buffer: ByteBuffer(bytes: asked.body)))
        let response = try await portal.api.respond(to: request, from: asked.from)
        let body = try await response.collectBody()
        try pulse.check()
        return Answered(status: response.status.code, headers: response.headers, body: body)
    }

    private func serveSockets() async {
        await withDiscardingTaskGroup { group in
            for await upgrade in upgrades {
                group.addTask { try? await self.serve(upgrade) }
            }
        }
    }

    private func serve(_ upgrade: Upgrade) async throws {
        guard let identity = try await portal.api.socketIdentity(for: upgrade.head) else {
            let refusal = try await answer(Asked(head: upgrade.head, body: [], from: upgrade.from))
            return upgrade.pipe.refuse(refusal.status)
        }
        try upgrade.pipe.accept()
        try await SocketOwner.$customerId.withValue(identity.customerId) {
            try await portal.hub.serve(mutant?.socket(over: upgrade.pipe) ?? upgrade.pipe, identity: identity)
        }
    }

    // What the outside does.

    /// - Throws: ``WireCut`` where the process dies before it has answered.
    func send(_ asked: Asked) async throws -> Answered {
        try await requests.send(asked)
    }

    /// How many of its sockets still have somebody at their other end.
    var openSockets: Int { pipes.withLock { $0.count(where: \.isOpen) } }

    func open(_ head: HTTPRequest, from: String, delay: Duration) -> Pipe {
        let pipe = Pipe(trace: trace, time: time, delay: delay) { [pulse] in try pulse.check() }
        pipes.withLock { $0.append(pipe) }
        upgradeMailbox.yield(Upgrade(head: head, from: from, pipe: pipe))
        if (try? pulse.check()) == nil { pipe.reset() }
        return pipe
    }
}
