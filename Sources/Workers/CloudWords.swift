import Deployments
import OpenStack

/// The cloud's words in ours: what a customer reads when a stack fails, and while it is made.
enum CloudWords {
    /// The code for a reason that Heat gives for a failed stack, or for a refusal (golden/README.md, "Reasons").
    static func code(for reason: String) -> Failure.Code {
        let text = reason.lowercased()
        func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if says("no valid host") { return .noCapacity }
        if says("quota", "maximum number of stacks", "forbidden: resources.") { return .quotaExceeded }
        if says("glance.image", "image") { return .imageUnavailable }
        if says("resources.volume", "volume") { return .volumeFailed }
        if says("resources.port", "resources.floating_ip", "neutron", "network", "floatingip", "ip address") {
            return .networkFailed
        }
        if says("timed out") { return .provisionTimeout }
        return .createFailed
    }

    /// A reason on one line, without the ids of requests.
    static func line(_ reason: String) -> String {
        let text = reason.replacing(/\ ?\(Request-ID: [^)]*\)/, with: "").split(whereSeparator: \.isNewline)
            .joined(separator: " ")
        return text.count > 300 ? text.prefix(299) + "…" : text
    }

    /// A line for the log of a deployment from a line of its stack's history; nil for what a customer need not know.
    static func draft(of event: StackEvent, in stackName: String) -> EventDraft? {
        guard event.resource != stackName else { return nil }
        let thing = nouns[event.resource] ?? event.resource
        func draft(_ level: DeploymentEvent.Level, _ text: String) -> EventDraft {
            EventDraft(level, text.prefix(1).uppercased() + text.dropFirst(), sourceId: event.id)
        }
        switch event.status {
        case "CREATE_IN_PROGRESS": return draft(.info, "creating \(thing)…")
        case "CREATE_COMPLETE": return draft(.info, "\(thing) ready")
        // The stack decides: a resource may fail and be tried again (semantics.md S6.7).
        case "CREATE_FAILED": return draft(.warn, "creating \(thing) failed: \(line(event.reason))")
        case "DELETE_IN_PROGRESS": return draft(.info, "removing \(thing)…")
        case "DELETE_COMPLETE": return draft(.info, "\(thing) removed")
        case "DELETE_FAILED": return draft(.warn, "removing \(thing) failed: \(line(event.reason))")
        default: return nil
        }
    }

    /// The resources of our template.
    private static let nouns = [
        "key": "SSH key", "security_group": "firewall", "port": "network port", "volume": "disk", "server": "server",
        "floating_ip": "public address",
    ]
}
