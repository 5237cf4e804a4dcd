import Runtime
import Scenarios

/// Tells a run line by line, for people: deployments by what the story calls them, and runs of the same question to
/// the cloud as one line. The trace itself keeps every line.
public struct StoryTeller {
    private struct Repeated {
        let first: Trace.Line
        var last: Trace.Line
        var count = 1
    }

    private let actorWidth: Int
    private let minuteDigits: Int
    private var labels: [String: String] = [:]
    /// Reads of the cloud in a row, by the first of each kind.
    private var reads: [Repeated] = []

    public init(_ scenario: Scenario) {
        var actors = ["server", "store"] + scenario.cloud.regions.map { "cloud/" + $0.id }
        for user in scenario.users {
            actors.append(user.name)
            for step in user.script {
                if case .openPage(_, let tab, _) = step.action { actors.append(user.name + "/" + tab) }
            }
        }
        actorWidth = actors.map(\.count).max() ?? 0
        minuteDigits = max(2, String(Int(scenario.limit.inSeconds) / 60).count)
    }

    /// - Returns: what can be told by now; reads of the cloud are held back until something else happens.
    public mutating func tell(_ line: Trace.Line) -> [String] {
        if line.kind == "named" {
            if let id = line["deployment"]?.string { labels[id] = line["label"]?.string }
            return []
        }
        guard Self.isTold(line) else { return [] }
        if Self.isRead(line) {
            if let known = reads.firstIndex(where: { $0.first.actor == line.actor && $0.first.fields == line.fields }) {
                reads[known].last = line
                reads[known].count += 1
            } else {
                reads.append(Repeated(first: line, last: line))
            }
            return []
        }
        return finish() + [text(line)]
    }

    /// Whether a line is part of the story: what is asked shows where it is answered, and what becomes of a stack where
    /// it is read.
    static func isTold(_ line: Trace.Line) -> Bool {
        !["asks", "told", "named", "request", "stack"].contains(line.kind)
    }

    /// What was held back.
    public mutating func finish() -> [String] {
        defer { reads = [] }
        return reads.map { read in
            guard read.count > 1 else { return text(read.first) }
            return text(read.first) + " ×\(read.count), the last at \(clock(read.last))"
        }
    }

    private static func isRead(_ line: Trace.Line) -> Bool {
        guard line.kind == "call", let operation = line["op"]?.string else { return false }
        return [".list", ".show", ".find"].contains { operation.hasSuffix($0) }
    }

    /// One line: `+00:12.345  alice     POST /deployments → 202`.
    public func text(_ line: Trace.Line) -> String {
        let padding = String(repeating: " ", count: max(0, actorWidth - line.actor.count))
        return "\(clock(line))  \(line.actor)\(padding)  \(named(told(line)))"
    }

    private func clock(_ line: Trace.Line) -> String {
        func pad(_ number: Int, _ width: Int) -> String {
            String(repeating: "0", count: max(0, width - String(number).count)) + String(number)
        }
        return "+\(pad(line.t / 60_000, minuteDigits)):\(pad(line.t / 1000 % 60, 2)).\(pad(line.t % 1000, 3))"
    }

    /// A text with the deployments' labels in the place of their ids.
    public func named(_ text: String) -> String {
        labels.sorted { $0.key < $1.key }.reduce(text) { text, label in
            text.replacing("vm-" + label.key.lowercased(), with: label.value).replacing(label.key, with: label.value)
        }
    }

    /// What a line says, without its time and actor.
    func told(_ line: Trace.Line) -> String {
        func text(_ key: String) -> String { line[key].map { $0.string ?? "\($0)" } ?? "" }
        switch line.kind {
        case "http": return "\(text("method")) \(text("path")) → \(text("status"))"
        case "call": return "\(text("op"))\(line["stack"]?.string.map { " " + $0 } ?? "") → \(text("status"))"
        case "commit": return "commits \(text("deployment")): \(state(line["data"]))"
        case "event": return "logs for \(text("deployment")): \(text("message"))"
        case "frame": return "← \(frame(line["frame"] ?? .null))"
        case "sent":
            return "→ \(line["message"]?["type"]?.string ?? "") \(line["message"]?["deploymentId"]?.string ?? "")"
        case "opened": return "has a socket"
        case "closed": return line["code"]?.integer.map { "its socket is closed with \($0)" } ?? "its socket is gone"
        case "refused": return "is refused a socket: \(text("status"))"
        case "unreachable": return "reaches no server"
        case "dropped": return "the network loses its socket"
        case "dies": return line["point"]?.string.map { "dies at \($0)" } ?? "dies"
        case "stalled": return "reads nothing from its socket for \(text("ms")) ms"
        case "silent": return "nothing gets through its socket for \(text("ms")) ms"
        case "paused": return "stands still"
        case "wakes": return "goes on"
        case "calm": return "nothing goes wrong any more"
        case "deed": return text("what")
        case "leak": return "a secret is told in \(text("where"))"
        case "backlog": return "has \(text("bytes")) bytes and \(text("events")) events waiting for one socket"
        case "log": return "\(text("level")): \(text("message"))"
        case "failed": return "FAILED: \(text("message"))"
        default: return line.kind
        }
    }

    private func frame(_ frame: JSONValue) -> String {
        let type = frame["type"]?.string ?? "\(frame)"
        let deployment = frame["deploymentId"]?.string ?? ""
        switch type {
        case "deployment.updated": return "\(type) \(deployment): \(state(frame["data"]))"
        case "deployment.event": return "\(type) \(deployment): \(frame["data"]?["message"]?.string ?? "")"
        case "error": return "\(type) \(frame["code"]?.string ?? "") \(deployment)"
        default: return "\(type) \(deployment)"
        }
    }

    private func state(_ data: JSONValue?) -> String {
        let reason = data?["lastError"]?["code"]?.string.map { " (\($0))" } ?? ""
        return "\(data?["status"]?.string ?? "")\(reason), revision \(data?["revision"]?.integer ?? 0)"
    }
}
