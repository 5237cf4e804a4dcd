import Runtime
import Yams

/// Reads `cloud.deeds`.
struct DeedReader {
    let issues: Issues
    let regions: [String]

    static let acts =
        ["revokeTokens", "revokeCredential", "restoreCredential", "quotas", "hideRegion", "showRegion"]
        + Scenario.Deed.StackAct.allCases.map(\.rawValue) + Scenario.Deed.ServerAct.allCases.map(\.rawValue)

    func deed(_ node: Node) -> Scenario.Deed? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        let id = reader.string("id")
        let at = reader.spread("at")
        let seen = reader.map("when", moment) ?? nil
        let act = act(&reader)
        guard reader.has("at") != reader.has("when") else {
            issues.add(reader.place, "a deed has an at or a when")
            return nil
        }
        guard let act, let moment = at.map({ .at($0) }) ?? seen else { return nil }
        return Scenario.Deed(id: id, moment: moment, act: act, place: reader.place)
    }

    private func moment(_ when: inout MapReader) -> Scenario.Deed.Moment? {
        let after = when.spread("after") ?? .fixed(.zero)
        guard when.has("deployment") != when.has("op") else {
            issues.add(when.place, "when is about a deployment with its status, or about calls of an op")
            return nil
        }
        if when.has("op") {
            let operation = when.word("op", of: CloudReader.operations)
            let nth = when.integer("nth", in: 1...1_000_000) ?? 1
            return operation.map { .called($0, nth: nth, after: after) }
        }
        let deployment = when.string("deployment")
        let status = when.word("status", of: ScenarioReader.statuses, required: true)
        guard let deployment, let status else { return nil }
        return .seen(deployment: deployment, status: status, after: after)
    }

    private func act(_ reader: inout MapReader) -> Scenario.Deed.Act? {
        let reason = reader.string("reason")
        var acts: [Scenario.Deed.Act] = []
        if reader.bool("revokeTokens") == true { acts.append(.revokeTokens) }
        if reader.bool("revokeCredential") == true { acts.append(.revokeCredential) }
        if reader.bool("restoreCredential") == true { acts.append(.restoreCredential) }
        if let region = reader.word("hideRegion", of: regions) { acts.append(.hideRegion(region)) }
        if let region = reader.word("showRegion", of: regions) { acts.append(.showRegion(region)) }
        if reader.has("quotas") {
            var quota = QuotaScenario(stacks: -1)
            CloudReader(issues: issues).quotas(&reader, into: &quota)
            acts.append(.quotas(stacks: quota.stacks < 0 ? nil : quota.stacks, quota.limits))
        }
        for act in Scenario.Deed.StackAct.allCases {
            guard let deployment = reader.string(act.rawValue) else { continue }
            acts.append(.stack(act, deployment: deployment, reason: reason ?? "An operator has done this"))
        }
        for act in Scenario.Deed.ServerAct.allCases {
            guard let deployment = reader.string(act.rawValue) else { continue }
            acts.append(.server(act, deployment: deployment, reason: reason ?? "The host has failed"))
        }
        let given = Self.acts.filter(reader.has)
        guard given.count == 1 else {
            issues.add(reader.place, "a deed is one of \(Self.acts.joined(separator: ", "))")
            return nil
        }
        if reason != nil, !["failStack", "breakServer"].contains(given[0]) {
            issues.add(reader.place, "reason is of failStack and breakServer")
        }
        if acts.isEmpty, given[0].hasSuffix("Credential") || given[0] == "revokeTokens" {
            issues.add(reader.place, "\(given[0]) is true where it is said at all")
        }
        return acts.first
    }
}
