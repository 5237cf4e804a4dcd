import Deployments
import Runtime
import Synchronization

/// What one open socket is subscribed to and what waits to be sent on it. The hub puts in and never waits; the
/// session's writer takes out.
final class SocketMailbox: Sendable {
    private struct Subscription {
        /// What came in since it was registered, until its snapshot is queued; nil after that.
        var buffer: [CommittedChange]?
        var lastRevision = 0
        var lastSeq = 0
    }

    private struct State {
        var queue: OutboundQueue
        var subscriptions: [String: Subscription] = [:]
        var closing: CloseCode?
    }

    /// What the writer does next.
    enum Next: Equatable {
        case send(OutboundQueue.Content)
        case wait(until: Duration)
        case rest
        case close(CloseCode)
    }

    let identity: SocketIdentity
    /// Raised when the writer has something to look at.
    let wakeUp = Signal()
    private let socket: any MessageSocket
    private let limits: SocketLimits
    private let state: Mutex<State>

    init(socket: any MessageSocket, identity: SocketIdentity, limits: SocketLimits) {
        self.socket = socket
        self.identity = identity
        self.limits = limits
        state = Mutex(State(queue: OutboundQueue(limits: limits)))
    }

    // The hub's side.

    /// Takes a committed change, where the socket is subscribed to its deployment.
    func offer(_ change: CommittedChange, at now: Duration) {
        withState { state in
            guard state.closing == nil, var subscription = state.subscriptions[change.deploymentId] else { return }
            if subscription.buffer != nil {
                subscription.buffer?.append(change)
            } else {
                Self.push(change, &subscription, &state.queue, at: now)
            }
            state.subscriptions[change.deploymentId] = subscription
            if state.queue.isOverfull(at: now) { state.closing = .slowConsumer }
        }
    }

    /// Ends the socket; what waits is not sent any more.
    func close(_ code: CloseCode) {
        withState { state in
            guard state.closing == nil else { return }
            state.closing = code
            state.queue.removeAll()
        }
    }

    /// Ends the socket and sees to it that nothing of its data leaves after this returns (semantics.md S8.15).
    func close(_ code: CloseCode, time: any TimeSource) async {
        close(code)
        let deadline = time.uptime + limits.farewell
        while state.withLock({ $0.queue.isSendingData }), time.uptime < deadline {
            // Who is cancelled waits no longer, and ends the connection at once.
            do { try await time.sleep(for: .milliseconds(5)) } catch { break }
        }
        if state.withLock({ $0.queue.isSendingData }) { await socket.close(code) }
    }

    /// Loses the connection, in a rehearsal.
    func lose(_ loss: SocketLoss) async {
        if loss == .close { close(.goingAway) } else { await socket.lose(loss) }
    }

    /// Why the socket ends; nil while it does not.
    var closing: CloseCode? { state.withLock { $0.closing } }

    // The session's side: subscriptions.

    var subscriptionCount: Int { state.withLock { $0.subscriptions.count } }

    func isSubscribed(to deploymentId: String) -> Bool {
        state.withLock { $0.subscriptions[deploymentId] != nil }
    }

    /// From here on changes are kept for this subscription: before the snapshot is read, so that none falls between.
    func register(_ deploymentId: String) {
        state.withLock { $0.subscriptions[deploymentId] = Subscription(buffer: []) }
    }

    /// Queues the ack, the snapshot and what came in meanwhile (semantics.md S8.2, d to g).
    ///
    /// - Parameters:
    ///   - snapshot: the committed state, read after ``register(_:)``.
    ///   - known: the revision that the client has already.
    ///   - events: those that it asked for; nil where it asked for none.
    func complete(
        _ deploymentId: String, ack: ServerMessage, snapshot: Deployment, known: Int?, events: [DeploymentEvent]?,
        at now: Duration
    ) {
        withState { state in
            guard state.closing == nil, var subscription = state.subscriptions[deploymentId] else { return }
            // What waits from a subscription before this one is in the snapshot, or among the events.
            if events == nil { state.queue.removeUpdates(of: deploymentId) } else { state.queue.remove(deploymentId) }
            state.queue.append(.reply(ack.text), at: now)
            if known != snapshot.revision {
                state.queue.append(
                    .update(deploymentId: deploymentId, text: ServerMessage.updated(snapshot).text), at: now)
            }
            subscription.lastRevision = snapshot.revision
            for event in events ?? [] { Self.push(.event(event), &subscription, &state.queue, at: now, paced: false) }
            let buffered = subscription.buffer ?? []
            subscription.buffer = nil
            for change in buffered { Self.push(change, &subscription, &state.queue, at: now) }
            state.subscriptions[deploymentId] = subscription
            if state.queue.isOverfull(at: now) { state.closing = .slowConsumer }
        }
    }

    func unsubscribe(_ deploymentId: String) {
        state.withLock { state in
            state.subscriptions[deploymentId] = nil
            state.queue.remove(deploymentId)
        }
    }

    func reply(_ message: ServerMessage, at now: Duration) {
        withState { state in
            guard state.closing == nil else { return }
            state.queue.append(.reply(message.text), at: now)
            if state.queue.isOverfull(at: now) { state.closing = .slowConsumer }
        }
    }

    func ping(at now: Duration) {
        withState { if $0.closing == nil { $0.queue.append(.ping, at: now) } }
    }

    // The session's side: the writer.

    func next(at now: Duration) -> Next {
        state.withLock { state in
            if let code = state.closing { return .close(code) }
            switch state.queue.next(at: now) {
            case .send(let content): return .send(content)
            case .wait(let until): return .wait(until: until)
            case .nothing: return .rest
            }
        }
    }

    /// Whether data waits, of any deployment.
    var hasData: Bool { state.withLock { $0.queue.hasData } }

    func sent() {
        state.withLock { $0.queue.flightEnded() }
    }

    /// What waits, and what is being sent.
    var backlog: Hub.Backlog {
        state.withLock { Hub.Backlog(bytes: $0.queue.bytes, events: $0.queue.events) }
    }

    /// Whether a frame is stuck: the peer does not read.
    func isStuck(at now: Duration) -> Bool {
        state.withLock { $0.queue.isOverfull(at: now) || ($0.closing != nil && $0.queue.deadline != nil) }
    }

    private func withState(_ change: (inout State) -> Void) {
        state.withLock { change(&$0) }
        wakeUp.raise()
    }

    /// Revisions and numbers strictly rise on a subscription: what is not newer is dropped.
    private static func push(
        _ change: CommittedChange, _ subscription: inout Subscription, _ queue: inout OutboundQueue,
        at now: Duration, paced: Bool = true
    ) {
        switch change {
        case .updated(let deployment):
            guard deployment.revision > subscription.lastRevision else { return }
            subscription.lastRevision = deployment.revision
            queue.append(.update(deploymentId: deployment.id, text: ServerMessage.updated(deployment).text), at: now)
        case .event(let event):
            guard event.seq > subscription.lastSeq else { return }
            subscription.lastSeq = event.seq
            queue.append(
                .event(deploymentId: event.deploymentId, text: ServerMessage.event(event).text), at: now, paced: paced)
        }
    }
}
