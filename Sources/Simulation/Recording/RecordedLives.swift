import FakeCloud
import OpenStack
import Runtime
import Scenarios
import Workers

/// What the stacks of a cloud lived through, by what the portal's own template calls its resources.
struct RecordedLives {
    /// What went wrong with a resource, and with how many stacks.
    struct Trouble: Equatable {
        let regionId: String
        /// In the portal's template.
        let resource: String
        let failure: StackHistory.Failure
        var stacks = 1
    }

    /// How long the types of resources took, by action. Those of the portal's template that no stack has are missing.
    private(set) var durations: [String: [StackHistory.Action: [Duration]]] = [:]
    /// The most frequent first.
    private(set) var troubles: [Trouble] = []

    /// - Parameter message: gives a reason without what identifies anybody.
    init(_ observations: Observations, message: (String) -> String) {
        for region in observations.regions {
            for stack in region.stacks {
                let history = StackHistory(stack.events, of: stack.name)
                for step in history.steps {
                    guard let type = Self.type(of: step.resource, in: stack) else { continue }
                    durations[type, default: [:]][step.action, default: []].append(step.took)
                }
                for failure in history.failures {
                    guard let type = Self.type(of: failure.resource, in: stack), let name = Self.names[type] else {
                        continue
                    }
                    note(Trouble(regionId: region.id, resource: name, failure: failure.told(message)))
                }
            }
        }
        // Sorting is stable.
        troubles.sort { $0.stacks > $1.stacks }
    }

    private mutating func note(_ trouble: Trouble) {
        let known = troubles.firstIndex { other in
            other.regionId == trouble.regionId && other.resource == trouble.resource
                && other.failure.action == trouble.failure.action && other.failure.reason == trouble.failure.reason
                && (other.failure.times == nil) == (trouble.failure.times == nil)
        }
        if let known { troubles[known].stacks += 1 } else { troubles.append(trouble) }
    }

    /// The types of the portal's own resources.
    static let types = StackTemplate.standard.resourceTypes
    private static let names = Dictionary(types.map { ($0.value, $0.key) }, uniquingKeysWith: { $1 })

    /// The type that stands for a resource's in a scenario. A type that is the cloud's own, or nothing in the fake, is
    /// taken for that of the portal's resource of the same name; nil where there is none.
    private static func type(of resource: String, in stack: Observations.Stack) -> String? {
        guard let type = stack.types[resource] else { return nil }
        if names[type] != nil { return type }
        return types[resource] ?? (FakeCloud.resourceTypes.contains(type) ? type : nil)
    }
}

extension StackHistory.Failure {
    /// With another reason: the core of Heat's words, which the fake wraps again.
    fileprivate func told(_ message: (String) -> String) -> StackHistory.Failure {
        var core = reason[...]
        if let match = core.prefixMatch(of: #/[A-Za-z]+: resources\.[^:]+: /#) {
            core = core[match.range.upperBound...]
        }
        if let match = core.firstMatch(of: /Went to status ERROR due to "Message: (.*), Code: \d+"/) { core = match.1 }
        let words = message(String(core))
        return StackHistory.Failure(
            resource: resource, action: action, reason: words.isEmpty ? "unknown" : words, took: took, times: times,
            isStuck: isStuck)
    }
}
