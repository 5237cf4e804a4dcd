import Auth
import Deployments
import FakeCloud
import HTTPAPI
import HTTPTypes
import Runtime
import Synchronization
import WebSockets

/// The trace of a portal that is served and not simulated: its newest lines, in the same words as those of a run, and
/// told as they come to those who follow.
public final class ServedTrace: Timeline, PortalObserver {
    private struct State {
        var followers: [AsyncStream<[JSONValue]>.Continuation] = []
        /// Addresses of users by their customer's id.
        var names: [String: String] = [:]
        var sockets = 0
    }

    /// How many lines a follower may be behind; it sees by their numbers that it missed some.
    private static let backlog = 2000

    private let trace: Trace
    private let state: MutexBox<State>

    /// - Parameter capacity: how many lines are kept.
    public init(time: any TimeSource, capacity: Int = 10_000) {
        let state = MutexBox(State())
        self.state = state
        trace = Trace(time: time, capacity: capacity) { line in
            state.update { state in
                state.followers.removeAll { follower in
                    if case .terminated = follower.yield([line.json]) { true } else { false }
                }
            }
        }
    }

    // Reading.

    public func lines(after number: Int) -> [JSONValue] {
        trace.lines.drop { $0.n <= number }.map(\.json)
    }

    public func follow(after number: Int) -> AsyncStream<[JSONValue]> {
        let (stream, follower) = AsyncStream<[JSONValue]>.makeStream(bufferingPolicy: .bufferingNewest(Self.backlog))
        follower.yield(lines(after: number))
        state.update { $0.followers.append(follower) }
        return stream
    }

    /// Something was done behind the portal's back.
    public func noteDeed(_ what: String, in region: String?) {
        trace.note("cloud" + (region.map { "/" + $0 } ?? ""), "deed", ["what": .string(what)])
    }

    // What is seen.

    public func observe(_ call: CloudCall) { trace.note(call) }

    public func observe(_ transaction: [CommittedChange]) {
        for change in transaction {
            if case .updated(let deployment) = change, deployment.revision == 1 {
                trace.note(
                    "story", "named", ["deployment": .string(deployment.id), "label": .string(deployment.name)])
            }
            trace.note(change)
        }
    }

    public func answered(_ request: HTTPRequest, with status: Int, to principal: Principal?) {
        let path = request.path ?? ""
        guard !path.hasPrefix("/_hothouse"), !path.hasPrefix("/console"), path != "/" else { return }
        if let principal { state.update { $0.names[principal.customerId] = principal.email } }
        trace.note(
            principal?.email ?? "visitor", "http",
            ["method": .string(request.method.rawValue), "path": .string(path), "status": .integer(status)])
    }

    public func observing(_ socket: any MessageSocket, of identity: SocketIdentity) -> any MessageSocket {
        let actor = state.update { state in
            state.sockets += 1
            return "\(state.names[identity.customerId] ?? identity.customerId)/\(state.sockets)"
        }
        trace.note(actor, "opened")
        return ObservedSocket(inner: socket, actor: actor, trace: trace)
    }
}

/// A socket that notes what passes.
private struct ObservedSocket: MessageSocket {
    let inner: any MessageSocket
    let actor: String
    let trace: Trace

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable { noting(inner.frames) }

    private func noting(
        _ frames: some AsyncSequence<SocketFrame, any Error> & Sendable
    ) -> any AsyncSequence<SocketFrame, any Error> & Sendable {
        frames.map { [actor, trace] frame in
            if case .text(let text) = frame, let message = try? JSONValue(parsing: text.utf8) {
                trace.note(actor, "sent", ["message": message])
            }
            return frame
        }
    }

    func send(_ text: String) async throws {
        try await inner.send(text)
        if let frame = try? JSONValue(parsing: text.utf8) { trace.note(actor, "frame", ["frame": frame]) }
    }

    func ping() async throws { try await inner.ping() }

    func close(_ code: CloseCode) async {
        trace.note(actor, "closed", ["code": .integer(code.rawValue)])
        await inner.close(code)
    }

    func lose(_ loss: SocketLoss) async {
        trace.note(actor, "dropped", ["how": .string(loss.rawValue)])
        await inner.lose(loss)
    }
}
