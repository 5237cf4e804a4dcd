import Crypto
import Runtime
import Synchronization

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
    var count: Int { content.withLock { $0.count } }
}

extension [Trace.Line] {
    /// The trace as JSON Lines.
    public var text: String { map { "\($0.json)\n" }.joined() }

    /// SHA-256 of ``text``, in hexadecimal.
    public var hash: String {
        SHA256.hash(data: [UInt8](text.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
