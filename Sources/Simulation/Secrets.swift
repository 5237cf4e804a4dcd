import Logging
import Runtime
import Synchronization

/// What must be in no log, message, answer or trace: tokens, cookies, passwords (X1).
final class Secrets: Sendable {
    private let values = Mutex<Set<String>>([])

    /// What is shorter is found by chance.
    private static let shortest = 8

    func keep(_ text: some StringProtocol) {
        guard text.count >= Self.shortest else { return }
        values.withLock { _ = $0.insert(String(text)) }
    }

    /// All of them, sorted.
    var all: [String] { values.withLock { $0.sorted() } }

    /// Whether a text tells one.
    func areTold(in text: String) -> Bool {
        values.withLock { $0.contains { text.contains($0) } }
    }
}

/// Puts the server's warnings and errors into the trace, and looks for secrets in all that it logs, whatever the
/// level.
struct TraceLogHandler: LogHandler {
    let trace: Trace
    let secrets: Secrets
    var logLevel = Logger.Level.trace
    var metadata: Logger.Metadata = [:]

    init(trace: Trace, secrets: Secrets) {
        self.trace = trace
        self.secrets = secrets
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let more = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let text = ([event.message.description] + more.map { "\($0.value)" }).joined(separator: " ")
        if secrets.areTold(in: text) {
            trace.note("server", "leak", ["where": .string("a log of level \(event.level.rawValue)")])
        }
        guard event.level >= .warning else { return }
        trace.note("server", "log", ["level": .string(event.level.rawValue), "message": .string("\(event.message)")])
    }
}
