import Runtime
import Synchronization
import WebSockets

/// A WebSocket in memory, with a network between its ends: what one side sends arrives at the other after a while,
/// in order. Where the network loses the connection, what was under way is lost with it.
final class Pipe: MessageSocket {
    /// What the client's side gets.
    enum Arrival: Sendable {
        case opened
        /// The upgrade was refused with this HTTP status.
        case refused(Int)
        /// A message, and how many lines the trace had when the server sent it.
        case text(String, sentAfter: Int)
        case ping
        /// The connection is over; without a code it was just gone.
        case closed(Int?)
    }

    private struct Sent<Content: Sendable>: Sendable {
        let content: Content
        let sentAt: Duration
    }

    private struct State {
        var isOver = false
        /// When the network lost the connection.
        var lostAt: Duration?
        /// Since when nothing gets through, and the client does not know.
        var silentSince: Duration?
        /// Until when the client reads nothing.
        var stalledUntil = Duration.zero
    }

    private let trace: Trace
    private let time: any TimeSource
    private let delay: Duration
    private let toServer: AsyncThrowingStream<Sent<SocketFrame>, any Error>
    private let serverMailbox: AsyncThrowingStream<Sent<SocketFrame>, any Error>.Continuation
    private let toClient: AsyncStream<Sent<Arrival>>
    private let clientMailbox: AsyncStream<Sent<Arrival>>.Continuation
    private let state = Mutex(State())
    /// Throws where the server is dead: a dead process sends nothing.
    private let checkAlive: @Sendable () throws -> Void

    /// - Parameter delay: how long anything is on its way.
    init(trace: Trace, time: any TimeSource, delay: Duration, checkAlive: @escaping @Sendable () throws -> Void) {
        self.trace = trace
        self.time = time
        self.delay = delay
        self.checkAlive = checkAlive
        (toServer, serverMailbox) = AsyncThrowingStream.makeStream()
        (toClient, clientMailbox) = AsyncStream.makeStream()
    }

    // The server's side.

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable {
        toServer.compactMap { [self] sent in try await arrives(sent) ? sent.content : nil }
    }

    func send(_ text: String) async throws {
        try checkAlive()
        // A peer that does not read stops the one who writes.
        while let rest = stall {
            try await time.sleep(for: min(rest, .milliseconds(200)))
            try checkAlive()
            guard isOpen else { throw WireCut() }
        }
        try deliver(.text(text, sentAfter: trace.count))
    }

    func ping() async throws {
        try checkAlive()
        try deliver(.ping)
    }

    func close(_ code: CloseCode) async {
        guard (try? checkAlive()) != nil else { return }
        end(code.rawValue)
    }

    private var stall: Duration? {
        let until = state.withLock { $0.isOver ? .zero : $0.stalledUntil }
        return until > time.uptime ? until - time.uptime : nil
    }

    func accept() throws { try deliver(.opened) }

    func refuse(_ status: Int) {
        yield(.refused(status))
        end(nil)
    }

    private func deliver(_ arrival: Arrival) throws {
        guard !state.withLock({ $0.isOver }) else { throw WireCut() }
        yield(arrival)
    }

    private func yield(_ arrival: Arrival) {
        clientMailbox.yield(Sent(content: arrival, sentAt: time.uptime))
    }

    private func end(_ code: Int?, lostAt: Duration? = nil) {
        let wasOver = state.withLock { state in
            defer { state.isOver = true }
            if !state.isOver { state.lostAt = lostAt }
            return state.isOver
        }
        guard !wasOver else { return }
        serverMailbox.finish()
        // A client that nothing gets through to does not learn of it.
        guard lostAt != nil || !isSilent else { return }
        yield(.closed(code))
        clientMailbox.finish()
    }

    private var isSilent: Bool { state.withLock { $0.silentSince != nil } }

    // The client's side.

    /// What arrives, each at its time.
    func arrivals(_ handle: (Arrival) async throws -> Void) async throws {
        for await sent in toClient {
            if case .closed = sent.content {
                try await time.sleep(until: sent.sentAt + delay)
            } else {
                guard try await arrives(sent) else { continue }
            }
            if case .ping = sent.content { sendToServer(.pong) }
            try await handle(sent.content)
        }
    }

    func sendFromClient(_ text: String) { sendToServer(.text(text)) }

    private func sendToServer(_ frame: SocketFrame) {
        guard !state.withLock({ $0.isOver }) else { return }
        serverMailbox.yield(Sent(content: frame, sentAt: time.uptime))
    }

    var isOpen: Bool { !state.withLock { $0.isOver } }

    /// The connection is over at once, for both; what was sent before still arrives.
    func reset() { end(nil) }

    /// The network loses the connection, and all that is under way.
    func lose() { end(nil, lostAt: time.uptime) }

    /// The client reads nothing for a while.
    func stall(for duration: Duration) {
        let until = time.uptime + duration
        state.withLock { $0.stalledUntil = max($0.stalledUntil, until) }
    }

    /// Nothing gets through any more, in either direction, and nobody is told.
    func goSilent() {
        let now = time.uptime
        state.withLock { state in
            if state.silentSince == nil { state.silentSince = now }
        }
    }

    /// The client learns that nothing gets through.
    func noticeSilence() {
        end(nil, lostAt: time.uptime)
        // The server may have ended it long before.
        yield(.closed(nil))
        clientMailbox.finish()
    }

    /// Waits until something arrives.
    ///
    /// - Returns: whether it does: it was not under way when the network lost the connection.
    private func arrives<Content>(_ sent: Sent<Content>) async throws -> Bool {
        let arrivesAt = sent.sentAt + delay
        func isLost() -> Bool {
            state.withLock { state in
                [state.lostAt, state.silentSince].contains { $0.map { $0 < arrivesAt } ?? false }
            }
        }
        if isLost() { return false }
        try await time.sleep(until: arrivesAt)
        return !isLost()
    }
}
