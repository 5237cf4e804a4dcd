import Crypto
import Deployments
import FakeCloud
import Runtime
import Synchronization
import WebSockets

/// What happened in a run, line by line.
///
/// A line is canonical JSON: `t` (virtual milliseconds since the start), `n` (its number from 1), `actor`, `kind`,
/// and what belongs to the kind; scenarios/README.md lists the kinds. The same run is the same bytes, so a hash tells
/// runs apart.
public final class Trace: Sendable {
    public struct Line: Equatable, Sendable {
        public let t: Int
        public let n: Int
        public let actor: String
        public let kind: String
        public let fields: [String: JSONValue]

        subscript(field: String) -> JSONValue? { fields[field] }

        /// The line as it is hashed and written.
        public var json: JSONValue {
            .object(
                fields.merging([
                    "t": .integer(t), "n": .integer(n), "actor": .string(actor), "kind": .string(kind),
                ]) { $1 })
        }
    }

    private struct Content {
        var lines: [Line] = []
        /// How many there were, with those that are not kept any more.
        var count = 0
    }

    private let content = Mutex(Content())
    private let capacity: Int
    private let time: any TimeSource
    private let listener: @Sendable (Line) -> Void

    /// - Parameter capacity: how many lines are kept, the newest ones; a run keeps all of its lines.
    init(time: any TimeSource, capacity: Int = .max, listener: @escaping @Sendable (Line) -> Void) {
        self.time = time
        self.capacity = capacity
        self.listener = listener
    }

    func note(_ actor: String, _ kind: String, _ fields: [String: JSONValue] = [:]) {
        let t = Int(time.uptime.wholeMilliseconds)
        let line = content.withLock { content in
            content.count += 1
            let line = Line(t: t, n: content.count, actor: actor, kind: kind, fields: fields)
            content.lines.append(line)
            // A tenth at a time, so that it is not done for each.
            if content.lines.count > capacity { content.lines.removeFirst(max(1, capacity / 10)) }
            return line
        }
        listener(line)
    }

    var lines: [Line] { content.withLock { $0.lines } }
    var count: Int { content.withLock { $0.count } }
}

// What a run and a served portal note alike.

extension Trace {
    func note(_ call: CloudCall) {
        note(
            "cloud" + (call.region.map { "/" + $0 } ?? ""), "call",
            [
                "op": .string(call.operation.rawValue), "status": call.status.map { .integer($0) } ?? .null,
                "stack": JSONValue(call.stack),
            ])
    }

    /// - Parameter more: what else is known about it.
    func note(_ change: CommittedChange, _ more: [String: JSONValue] = [:]) {
        switch change {
        case .updated(let deployment):
            let fields = ["deployment": .string(deployment.id), "data": deployment.updateData]
            note("store", "commit", fields.merging(more) { $1 })
        case .event(let event):
            note(
                "store", "event",
                [
                    "deployment": .string(event.deploymentId), "seq": .integer(event.seq), "ts": "\(event.ts)",
                    "level": .string(event.level.rawValue), "message": .string(event.message),
                ])
        }
    }
}

extension [Trace.Line] {
    /// The trace as JSON Lines.
    public var text: String { map { "\($0.json)\n" }.joined() }

    /// SHA-256 of ``text``, in hexadecimal.
    public var hash: String {
        SHA256.hash(data: [UInt8](text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
