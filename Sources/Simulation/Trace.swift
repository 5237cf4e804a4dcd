import Crypto
import Runtime
import Synchronization

/// What happened in a run, line by line.
///
/// A line is canonical JSON: `t` (virtual milliseconds since the start), `n` (its number from 1), `actor`, `kind`,
/// and what belongs to the kind. The same run is the same bytes, so a hash tells runs apart.
public final class Trace: Sendable {
    public struct Line: Equatable, Sendable {
        public let t: Int
        public let n: Int
        public let actor: String
        public let kind: String
        public let fields: [String: JSONValue]

        /// The line as it is hashed and written.
        public var json: JSONValue {
            .object(
                fields.merging([
                    "t": .integer(t), "n": .integer(n), "actor": .string(actor), "kind": .string(kind),
                ]) { $1 })
        }
    }

    private let content = Mutex<[Line]>([])
    private let time: any TimeSource
    private let listener: @Sendable (Line) -> Void

    init(time: any TimeSource, listener: @escaping @Sendable (Line) -> Void) {
        self.time = time
        self.listener = listener
    }

    func note(_ actor: String, _ kind: String, _ fields: [String: JSONValue] = [:]) {
        let t = Int(time.uptime.wholeMilliseconds)
        let line = content.withLock { lines in
            let line = Line(t: t, n: lines.count + 1, actor: actor, kind: kind, fields: fields)
            lines.append(line)
            return line
        }
        listener(line)
    }

    var lines: [Line] { content.withLock { $0 } }
}

extension [Trace.Line] {
    /// The trace as JSON Lines.
    public var text: String { map { "\($0.json)\n" }.joined() }

    /// SHA-256 of ``text``, in hexadecimal.
    public var hash: String {
        SHA256.hash(data: [UInt8](text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension Trace.Line: CustomStringConvertible {
    /// The line of a story: `+00:12.345  alice  GET /deployments/dep_… 200`.
    public var description: String {
        func pad(_ number: Int, _ width: Int) -> String {
            String(repeating: "0", count: Swift.max(0, width - String(number).count)) + String(number)
        }
        let clock = "+\(pad(t / 60_000, 2)):\(pad(t / 1000 % 60, 2)).\(pad(t % 1000, 3))"
        let who = actor + String(repeating: " ", count: Swift.max(1, 16 - actor.count))
        return "\(clock)  \(who)\(told)"
    }

    private func text(_ key: String) -> String {
        fields[key].map { $0.string ?? "\($0)" } ?? ""
    }

    private var told: String {
        switch kind {
        case "http": "\(text("method")) \(text("path")) → \(text("status"))"
        case "call": "\(text("op"))\(fields["stack"]?.string.map { " " + $0 } ?? "") → \(text("status"))"
        case "commit": "commits \(text("deployment")): \(text("status")), revision \(text("revision"))"
        case "event": "logs for \(text("deployment")): \(text("message"))"
        case "frame": "gets \(frameText)"
        case "sent": "sends \(text("message"))"
        default:
            ([kind] + fields.sorted { $0.key < $1.key }.map { $0.value.string ?? "\($0.value)" }).joined(separator: " ")
        }
    }

    private var frameText: String {
        let frame = fields["frame"] ?? .null
        let what = frame["data"]?["status"]?.string ?? frame["data"]?["message"]?.string ?? frame["code"]?.string ?? ""
        return [frame["type"]?.string ?? "", what].joined(separator: " ")
    }
}
