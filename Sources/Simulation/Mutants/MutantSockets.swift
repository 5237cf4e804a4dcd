import Runtime
import Synchronization
import WebSockets

/// Keeps back the first state after each acknowledgement.
final class SnapshotDroppingSocket: MessageSocket {
    private let inner: any MessageSocket
    private let isDue = Mutex(false)

    init(inner: any MessageSocket) {
        self.inner = inner
    }

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable { inner.frames }

    func send(_ text: String) async throws {
        let type = (try? JSONValue(parsing: text.utf8))?["type"]?.string
        let isDropped = isDue.withLock { isDue in
            defer { isDue = type == "subscribed" }
            return isDue && type == "deployment.updated"
        }
        if !isDropped { try await inner.send(text) }
    }

    func ping() async throws { try await inner.ping() }
    func close(_ code: CloseCode) async { await inner.close(code) }
}

/// Does not hear that a subscription is over.
struct DeafSocket: MessageSocket {
    let inner: any MessageSocket

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable {
        Heard(inner: inner).stream
    }

    /// The frames but for those that end a subscription.
    private struct Heard {
        let inner: any MessageSocket

        var stream: any AsyncSequence<SocketFrame, any Error> & Sendable { filtered(inner.frames) }

        private func filtered(
            _ frames: any AsyncSequence<SocketFrame, any Error> & Sendable
        ) -> any AsyncSequence<SocketFrame, any Error> & Sendable {
            func open(
                _ frames: some AsyncSequence<SocketFrame, any Error> & Sendable
            ) -> any AsyncSequence<SocketFrame, any Error> & Sendable {
                frames.filter { frame in
                    guard case .text(let text) = frame else { return true }
                    return (try? JSONValue(parsing: text.utf8))?["type"]?.string != "unsubscribe"
                }
            }
            return open(frames)
        }
    }

    func send(_ text: String) async throws { try await inner.send(text) }
    func ping() async throws { try await inner.ping() }
    func close(_ code: CloseCode) async { await inner.close(code) }
}

/// Keeps back every thirtieth event.
final class EventDroppingSocket: MessageSocket {
    private let inner: any MessageSocket
    private let events = Mutex(0)

    init(inner: any MessageSocket) {
        self.inner = inner
    }

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable { inner.frames }

    func send(_ text: String) async throws {
        let isEvent = (try? JSONValue(parsing: text.utf8))?["type"]?.string == "deployment.event"
        let isDropped = events.withLock { events in
            if isEvent { events += 1 }
            return isEvent && events % 30 == 0
        }
        if !isDropped { try await inner.send(text) }
    }

    func ping() async throws { try await inner.ping() }
    func close(_ code: CloseCode) async { await inner.close(code) }
}
