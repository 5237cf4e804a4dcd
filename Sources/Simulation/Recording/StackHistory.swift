import OpenStack
import Runtime

/// What the events of a stack say: how long its resources took, and what failed.
struct StackHistory: Equatable, Sendable {
    enum Action: String, Sendable {
        case create = "CREATE"
        case delete = "DELETE"
    }

    struct Step: Equatable, Sendable {
        let resource: String
        let action: Action
        let took: Duration
    }

    struct Failure: Equatable, Sendable {
        let resource: String
        let action: Action
        /// Heat's words.
        let reason: String
        let took: Duration
        /// How often it failed before it came about; nil where it did not.
        var times: Int?
        /// Whether it is a create that Heat's time limit ended: it would have gone on for ever.
        var isStuck = false
    }

    /// What came about.
    private(set) var steps: [Step] = []
    /// The first failure of each of the stack's actions: the others follow from it.
    private(set) var failures: [Failure] = []

    private struct Attempt {
        let action: Action
        var start: Timestamp
        var failures = 0
        var first: (reason: String, took: Duration, at: Timestamp)?
    }

    /// - Parameters:
    ///   - events: oldest first.
    ///   - name: the stack's, under which its own events are.
    init(_ events: [StackEvent], of name: String) {
        var attempts: [String: Attempt] = [:]
        var found: [(at: Timestamp, failure: Failure)] = []
        var isDeletion = false
        func conclude(_ resource: String, times: Int?) {
            guard let attempt = attempts.removeValue(forKey: resource), let first = attempt.first else { return }
            let failure = Failure(
                resource: resource, action: attempt.action, reason: first.reason, took: first.took, times: times,
                isStuck: attempt.action == .create && Self.isTimeout(first.reason))
            found.append((first.at, failure))
        }
        for event in events {
            guard event.resource != name else {
                isDeletion = event.status.hasPrefix("DELETE")
                continue
            }
            guard let (action, status) = Self.parts(event.status), let time = event.time else { continue }
            let attempt = attempts[event.resource]
            // What a failed attempt to create a resource has left is deleted before the next: that is no deletion.
            if action == .delete, attempt?.action == .create, !isDeletion { continue }
            switch status {
            case "IN_PROGRESS":
                if attempt?.action != action { conclude(event.resource, times: nil) }
                attempts[event.resource, default: Attempt(action: action, start: time)].start = time
            case "COMPLETE":
                guard let attempt, attempt.action == action else { continue }
                steps.append(Step(resource: event.resource, action: action, took: time - attempt.start))
                conclude(event.resource, times: attempt.failures)
                attempts[event.resource] = nil
            default:
                // What a user cancelled, and what was aborted because something else failed, tells nothing of its own.
                let isOther = event.reason.prefixMatch(of: /[A-Z]+ aborted \(/) != nil && !Self.isTimeout(event.reason)
                guard var attempt, attempt.action == action, !isOther else { continue }
                attempt.failures += 1
                attempt.first = attempt.first ?? (event.reason, time - attempt.start, time)
                attempts[event.resource] = attempt
            }
        }
        for resource in attempts.keys.sorted() { conclude(resource, times: nil) }
        for (_, failure) in found.sorted(by: { $0.at < $1.at }) {
            let isSecond = failures.contains { $0.action == failure.action && $0.times == nil }
            if failure.times != nil || !isSecond { failures.append(failure) }
        }
    }

    /// Whether Heat's time limit ended it (golden heat_more, `timeout-resources`).
    private static func isTimeout(_ reason: String) -> Bool {
        reason.contains(" aborted (Task ") && reason.hasSuffix("Timed out)")
    }

    private static func parts(_ status: String) -> (Action, Substring)? {
        let parts = status.split(separator: "_", maxSplits: 1)
        guard parts.count == 2, let action = Action(rawValue: String(parts[0])) else { return nil }
        return (action, parts[1])
    }
}
