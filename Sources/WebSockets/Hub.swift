import Deployments
import Logging
import Runtime
import Synchronization

/// Tells sockets of committed changes, and of nothing else (semantics.md S7.1). It never waits for a socket.
public final class Hub: Sendable {
    private struct State {
        var nextId = 0
        /// By their number, in the order of their opening.
        var sockets: [Int: SocketMailbox] = [:]
        var subscribers: [String: [Int]] = [:]
        var isDraining = false
    }

    let store: any DeploymentStore
    let surroundings: Surroundings
    let limits: SocketLimits
    let sessionEnd: @Sendable (String) async throws -> Timestamp?
    let logger: Logger
    private let changes: AsyncStream<[CommittedChange]>
    private let state = Mutex(State())

    /// - Parameter sessionEnd: when a session ends as things are now; nil where it has ended.
    public init(
        store: any DeploymentStore, surroundings: Surroundings, limits: SocketLimits = SocketLimits(),
        sessionEnd: @escaping @Sendable (String) async throws -> Timestamp?, logger: Logger
    ) {
        self.store = store
        self.surroundings = surroundings
        self.limits = limits
        self.sessionEnd = sessionEnd
        self.logger = logger
        changes = store.changes()
    }

    /// Passes committed changes on, until the task is cancelled.
    ///
    /// - Throws: ``Crashed`` in a simulation.
    public func run() async throws {
        for await transaction in changes {
            try surroundings.crashPoints.reached(.feedRead)
            let now = surroundings.time.uptime
            for change in transaction {
                for mailbox in subscribers(of: change.deploymentId) { mailbox.offer(change, at: now) }
            }
            try surroundings.crashPoints.reached(.hubQueued)
        }
    }

    /// Whether new sockets are refused because the server ends.
    public var isDraining: Bool { state.withLock { $0.isDraining } }

    public var socketCount: Int { state.withLock { $0.sockets.count } }

    /// What waits to be sent on one socket.
    public struct Backlog: Equatable, Sendable {
        public var bytes: Int
        public var events: Int

        public init(bytes: Int = 0, events: Int = 0) {
            self.bytes = bytes
            self.events = events
        }
    }

    /// The most bytes and the most events that wait on any socket.
    public var largestBacklog: Backlog {
        openMailboxes.map(\.backlog).reduce(into: Backlog()) { most, one in
            most = Backlog(bytes: max(most.bytes, one.bytes), events: max(most.events, one.events))
        }
    }

    /// In the order of their opening.
    var openMailboxes: [SocketMailbox] {
        state.withLock { $0.sockets.sorted { $0.key < $1.key }.map(\.value) }
    }

    /// Closes the sockets of a session. After this no data frame of it leaves (semantics.md S8.15).
    public func endSession(_ sessionId: String) async {
        let ended = openMailboxes.filter { $0.identity.sessionId == sessionId }
        for mailbox in ended { mailbox.close(.sessionEnded) }
        for mailbox in ended { await mailbox.close(.sessionEnded, time: surroundings.time) }
    }

    /// Refuses new sockets and closes those that are open, evenly over a while, so that their clients do not come
    /// back all at once (semantics.md S8.14).
    public func drain(over period: Duration = .seconds(8)) async {
        let open = state.withLock { state in
            state.isDraining = true
            return state.sockets.sorted { $0.key < $1.key }.map(\.value)
        }
        for (index, mailbox) in open.enumerated() {
            if index > 0 { try? await surroundings.time.sleep(for: period / open.count) }
            mailbox.close(.serviceRestart)
        }
        let deadline = surroundings.time.uptime + .seconds(2)
        while socketCount > 0, surroundings.time.uptime < deadline {
            do { try await surroundings.time.sleep(for: .milliseconds(20)) } catch { return }
        }
    }

    // What sessions do.

    /// - Returns: the number of the socket, nil where the server drains.
    func open(_ mailbox: SocketMailbox) -> Int? {
        state.withLock { state in
            guard !state.isDraining else { return nil }
            state.nextId += 1
            state.sockets[state.nextId] = mailbox
            return state.nextId
        }
    }

    func close(_ id: Int) {
        state.withLock { state in
            state.sockets[id] = nil
            for (deployment, ids) in state.subscribers where ids.contains(id) {
                Self.remove(id, from: deployment, &state)
            }
        }
    }

    func subscribe(_ id: Int, to deploymentId: String) {
        state.withLock { state in
            if state.subscribers[deploymentId]?.contains(id) != true {
                state.subscribers[deploymentId, default: []].append(id)
            }
        }
    }

    func unsubscribe(_ id: Int, from deploymentId: String) {
        state.withLock { Self.remove(id, from: deploymentId, &$0) }
    }

    private static func remove(_ id: Int, from deploymentId: String, _ state: inout State) {
        state.subscribers[deploymentId]?.removeAll { $0 == id }
        if state.subscribers[deploymentId]?.isEmpty == true { state.subscribers[deploymentId] = nil }
    }

    private func subscribers(of deploymentId: String) -> [SocketMailbox] {
        state.withLock { state in (state.subscribers[deploymentId] ?? []).compactMap { state.sockets[$0] } }
    }
}
