import Runtime
import Synchronization
import WebSockets

/// A socket whose peer is the test.
final class ScriptedSocket: MessageSocket {
    struct Gone: Error {}

    private struct State {
        var sent: [JSONValue] = []
        var pings = 0
        var closed: CloseCode?
        var isStalled = false
        /// The send that waits for the peer to read.
        var stalled: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())
    private let stream: AsyncThrowingStream<SocketFrame, any Error>
    private let mailbox: AsyncThrowingStream<SocketFrame, any Error>.Continuation

    init() {
        (stream, mailbox) = AsyncThrowingStream.makeStream()
    }

    // The server's side.

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable { stream }

    func send(_ text: String) async throws {
        try await passing { $0.sent.append((try? JSONValue(parsing: text.utf8)) ?? .string(text)) }
    }

    func ping() async throws {
        try await passing { $0.pings += 1 }
    }

    func close(_ code: CloseCode) async {
        let stalled = state.withLock { state in
            if state.closed == nil { state.closed = code }
            defer { state.stalled = nil }
            return state.stalled
        }
        stalled?.resume()
        mailbox.finish()
    }

    private func passing(_ take: (inout State) -> Void) async throws {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    guard state.isStalled, state.closed == nil, !Task.isCancelled else { return true }
                    state.stalled = continuation
                    return false
                }
                if isFree { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in
                defer { state.stalled = nil }
                return state.stalled
            }?.resume()
        }
        try Task.checkCancellation()
        try state.withLock { state in
            if state.closed != nil { throw Gone() }
            take(&state)
        }
    }

    // The peer's side.

    /// What came since the last call.
    func received() -> [JSONValue] {
        state.withLock { state in
            defer { state.sent = [] }
            return state.sent
        }
    }

    /// The essence of what came and was not taken yet.
    var peek: [String] { Scene.essence(state.withLock { $0.sent }) }

    var pings: Int { state.withLock { $0.pings } }
    var closed: CloseCode? { state.withLock { $0.closed } }

    func say(_ message: JSONValue) { mailbox.yield(.text(message.description)) }
    func give(_ frame: SocketFrame) { mailbox.yield(frame) }

    /// The connection is gone.
    func leave() { mailbox.finish(throwing: Gone()) }

    func stopReading() { state.withLock { $0.isStalled = true } }

    func readOn() {
        state.withLock { state in
            state.isStalled = false
            defer { state.stalled = nil }
            return state.stalled
        }?.resume()
    }
}
