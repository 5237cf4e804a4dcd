import Runtime
import Synchronization
import WebSockets

/// A WebSocket in memory, with a network between its ends: what one side sends arrives at the other after a while,
/// in order.
final class Pipe: MessageSocket {
    /// What the client's side gets.
    enum Arrival: Sendable {
        case opened
        /// The upgrade was refused with this HTTP status.
        case refused(Int)
        case text(String)
        case ping
        /// The connection is over; without a code it was just gone.
        case closed(Int?)
    }

    private let time: any TimeSource
    private let delay: Duration
    private let toServer: AsyncThrowingStream<SocketFrame, any Error>
    private let serverMailbox: AsyncThrowingStream<SocketFrame, any Error>.Continuation
    private let toClient: AsyncStream<(at: Duration, arrival: Arrival)>
    private let clientMailbox: AsyncStream<(at: Duration, arrival: Arrival)>.Continuation
    private let isOver = Mutex(false)
    /// Throws where the server is dead: a dead process sends nothing.
    private let checkAlive: @Sendable () throws -> Void

    /// - Parameter delay: how long anything is on its way.
    init(time: any TimeSource, delay: Duration, checkAlive: @escaping @Sendable () throws -> Void) {
        self.time = time
        self.delay = delay
        self.checkAlive = checkAlive
        (toServer, serverMailbox) = AsyncThrowingStream.makeStream()
        (toClient, clientMailbox) = AsyncStream.makeStream()
    }

    // The server's side.

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable { toServer }

    func send(_ text: String) async throws {
        try checkAlive()
        try deliver(.text(text))
    }

    func ping() async throws {
        try checkAlive()
        try deliver(.ping)
    }

    func close(_ code: CloseCode) async {
        guard (try? checkAlive()) != nil else { return }
        end(code.rawValue)
    }

    func accept() throws { try deliver(.opened) }

    func refuse(_ status: Int) {
        clientMailbox.yield((time.uptime + delay, .refused(status)))
        end(nil)
    }

    private func deliver(_ arrival: Arrival) throws {
        guard !isOver.withLock({ $0 }) else { throw WireCut() }
        clientMailbox.yield((time.uptime + delay, arrival))
    }

    private func end(_ code: Int?) {
        let wasOver = isOver.withLock { isOver in
            defer { isOver = true }
            return isOver
        }
        guard !wasOver else { return }
        clientMailbox.yield((time.uptime + delay, .closed(code)))
        clientMailbox.finish()
        serverMailbox.finish()
    }

    // The client's side.

    /// What arrives, each at its time.
    func arrivals(_ handle: (Arrival) async throws -> Void) async throws {
        for await (at, arrival) in toClient {
            try await time.sleep(until: at)
            if case .ping = arrival { serverMailbox.yield(.pong) }
            try await handle(arrival)
        }
    }

    func sendFromClient(_ text: String) {
        guard !isOver.withLock({ $0 }) else { return }
        serverMailbox.yield(.text(text))
    }

    /// The connection is gone at once, for both.
    func reset() { end(nil) }
}
