import Runtime
import Scenarios

/// Which rule of the scenario governs a stack.
extension CloudEngine {
    /// The rule that governs a new stack: the first whose conditions it meets. Each counts those that meet what it says
    /// beside its `nth`, and draws its luck from the stack's seed.
    mutating func rule(for stack: StackRecord) -> StackRule? {
        let region = stack.place.region
        for (index, rule) in scenario.stackRules.enumerated() where isMet(rule, by: stack) {
            let count = (regions[region]?.ruleMatches[index] ?? 0) + 1
            regions[region]?.ruleMatches[index] = count
            if let nth = rule.nth, nth != count { continue }
            if let chance = rule.chance, stack.random.stream("rule \(index)").fraction() >= chance { continue }
            return rule
        }
        return nil
    }

    private func isMet(_ rule: StackRule, by stack: StackRecord) -> Bool {
        guard rule.region == nil || rule.region == stack.place.region,
            rule.name.map({ Glob($0).matches(stack.name) }) ?? true,
            rule.tag.map({ tag in stack.tags.contains { Glob(tag).matches($0) } }) ?? true
        else { return false }
        guard rule.instanceType != nil || rule.image != nil else { return true }
        return stack.template.resources.contains { resource in
            guard resource.kind == .server else { return false }
            let properties = evaluated(resource, stack)
            func isIt(_ name: String?, _ kind: String, _ property: String) -> Bool {
                name.map { [$0, catalog.id(of: kind, $0)].contains(properties[property]?.string) } ?? true
            }
            return isIt(rule.instanceType, "flavor", "flavor") && isIt(rule.image, "image", "image")
        }
    }
}
