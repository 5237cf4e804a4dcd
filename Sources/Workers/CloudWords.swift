import Deployments
import OpenStack

// What the cloud says, in words that a customer understands.

extension Failure {
    /// Why a create failed, from Heat's reason (golden exchanges `no-valid-host-show`, `quota-show`,
    /// `bad-flavor-parameter`).
    init(creating reason: String) {
        let reason = reason.lowercased()
        func says(_ words: String...) -> Bool { words.contains(where: reason.contains) }
        let code: Code =
            if says("no valid host") {
                .noCapacity
            } else if says("quota", "maximum stacks per tenant") {
                .quotaExceeded
            } else if says("image") {
                .imageUnavailable
            } else if says("resources.volume", "volume", "cinder") {
                .volumeFailed
            } else if says(
                "resources.port", "resources.floating_ip", "resources.security_group", "network", "neutron")
            {
                .networkFailed
            } else {
                .createFailed
            }
        self.init(code)
    }
}

extension EventDraft {
    /// The line for an event of the cloud; nil for one that says nothing to a customer.
    ///
    /// - Parameter hasFailed: whether the stack itself has failed. Until then a resource that failed may be tried
    ///   again (semantics.md S6.7).
    init?(_ event: StackEvent, of template: StackTemplate, hasFailed: Bool) {
        guard let title = template.title(of: event.resource) else { return nil }
        let name = title.prefix(1).uppercased() + title.dropFirst()
        let trouble: DeploymentEvent.Level = hasFailed ? .error : .warn
        switch event.status {
        case "CREATE_IN_PROGRESS": self.init(.info, "Creating \(title)…", sourceId: event.id)
        case "CREATE_COMPLETE": self.init(.info, "\(name) ready", sourceId: event.id)
        case "CREATE_FAILED":
            self.init(trouble, "Creating \(title) failed" + Self.detail(event.reason), sourceId: event.id)
        case "DELETE_IN_PROGRESS": self.init(.info, "Deleting \(title)…", sourceId: event.id)
        case "DELETE_COMPLETE": self.init(.info, "\(name) deleted", sourceId: event.id)
        case "DELETE_FAILED":
            self.init(.warn, "Deleting \(title) failed" + Self.detail(event.reason), sourceId: event.id)
        default: return nil
        }
    }

    /// The part of a reason that is known to hold nothing of the cloud's inside: no host, no address, no trace.
    static func detail(_ reason: String) -> String {
        if reason.contains("No valid host was found") { return ": No valid host was found" }
        if reason.contains("Timed out") { return ": Timed out" }
        if reason.contains("cancelled") { return ": Cancelled" }
        let counted = /Quota exceeded for [a-z]+: Requested \d+, but already used \d+ of \d+ [a-z]+/
        if let quota = reason.firstMatch(of: counted) { return ": " + quota.output }
        return reason.lowercased().contains("quota") ? ": Quota exceeded" : ""
    }
}
