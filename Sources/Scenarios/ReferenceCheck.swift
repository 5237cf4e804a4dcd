import Runtime

/// Looks for what a scenario names and does not have, and for what can never hold.
struct ReferenceCheck {
    let issues: Issues
    let scenario: Scenario

    private var labels: [String] {
        scenario.users.flatMap(\.script).compactMap {
            if case .create(let creation) = $0.action { creation.label } else { nil }
        }
    }

    func run() {
        refuseTwins()
        for member in scenario.swarm {
            check(member.id, "fault, deed, crash, pause or failure of the store", scenario.idsOfTrouble, member.place)
        }
        for user in scenario.users {
            let tabs = Self.tabs(of: user)
            for step in user.script { check(step, tabs: tabs) }
        }
        for deed in scenario.deeds { check(deed) }
        let tabs = scenario.users.flatMap(Self.tabs)
        for final in scenario.expectations.final {
            if case .deployment(let label, _, _, _) = final.fact { check(label, "deployment", labels, final.place) }
            if let given = final.given { check(given.deployment, "deployment", labels, final.place) }
        }
        for moment in scenario.expectations.moments { check(moment) }
        for never in scenario.expectations.never {
            switch never.subject {
            case .status(let label, _), .change(let label, _, _): check(label, "deployment", labels, never.place)
            case .frame(let pattern, let tab):
                if let tab { check(tab, "tab", tabs, never.place) }
                for text in pattern.texts { checkLabels(in: text, never.place) }
            }
        }
        for count in scenario.expectations.counts { check(count) }
        for socket in scenario.expectations.sockets {
            check(socket.tab, "tab", tabs, socket.place)
            for part in socket.sequence {
                for text in part.patterns.flatMap(\.texts) { checkLabels(in: text, socket.place) }
            }
        }
    }

    private static func tabs(of user: Scenario.User) -> [String] {
        user.script.compactMap { if case .openPage(_, let tab, _) = $0.action { tab } else { nil } }
    }

    /// Deployments and tabs are named once in a story.
    private func refuseTwins() {
        var seen: Set<String> = []
        for step in scenario.users.flatMap(\.script) {
            switch step.action {
            case .create(let creation):
                guard !seen.insert("deployment " + creation.label).inserted else { continue }
                issues.add(step.place, "two deployments are called \(creation.label)")
            case .openPage(_, let tab, _):
                guard !seen.insert("tab " + tab).inserted else { continue }
                issues.add(step.place, "two tabs are called \(tab)")
            default: break
            }
        }
    }

    private func check(_ step: Step, tabs: [String]) {
        switch step.action {
        case .openPage(let deployment, _, let pause):
            check(deployment, "deployment", labels, step.place)
            if let pause { check(pause, step.place) }
        case .delete(let deployment), .retry(let deployment, _): check(deployment, "deployment", labels, step.place)
        case .wait(let condition): check(condition, step.place)
        case .closePage(let tab), .dropSocket(let tab), .unsubscribe(let tab), .stallSocket(let tab, _),
            .halfOpen(let tab, _), .send(let tab, _, _):
            check(tab, "tab", tabs, step.place)
        case .create(let creation):
            check(creation.region, "region", scenario.cloud.regions.map(\.id), step.place)
        case .login, .logout, .list, .sleep: break
        }
    }

    private func check(_ moment: Expectations.Moment) {
        check(moment.deployment, "deployment", labels, moment.place)
        switch moment.kind {
        case .at(let time), .within(let time):
            guard time > scenario.limit else { return }
            issues.add(moment.place, "\(time.shown) is past the time's limit, \(scenario.limit.shown)")
        }
    }

    private func check(_ deed: Scenario.Deed) {
        if case .seen(let deployment, _, _) = deed.moment { check(deployment, "deployment", labels, deed.place) }
        if case .deleteStack(let deployment) = deed.act { check(deployment, "deployment", labels, deed.place) }
    }

    private func check(_ condition: Step.Condition, _ place: Place) {
        check(condition.deployment, "deployment", labels, place)
        if condition.within > scenario.limit {
            issues.add(
                place, "within is \(condition.within.shown), longer than the time's limit, \(scenario.limit.shown)")
        }
    }

    private func check(_ count: Expectations.Count) {
        switch count.subject {
        case .operation: break
        case .http(_, let path, let user):
            checkLabels(in: path, count.place)
            if let user { check(user, "user", scenario.users.map(\.name), count.place) }
        case .sent(_, let user):
            if let user { check(user, "user", scenario.users.map(\.name), count.place) }
        }
    }

    /// `${label}` stands for the id of a deployment.
    private func checkLabels(in text: String, _ place: Place) {
        for match in text.matches(of: /\$\{([^}]*)\}/) { check(String(match.1), "deployment", labels, place) }
    }

    private func check(_ name: String, _ kind: String, _ known: [String], _ place: Place) {
        guard !known.contains(name) else { return }
        issues.add(place, "no \(kind) is called \(name)\(suggestion(name, known))")
    }
}

extension Expectations.Socket.Part {
    fileprivate var patterns: [Pattern] {
        switch self {
        case .frame(let pattern): [pattern]
        case .until(let pattern, let between): [pattern] + between
        case .rest(let only): only
        }
    }
}

extension Pattern {
    /// All texts in it, in the order of their keys.
    fileprivate var texts: [String] {
        switch self {
        case .exactly(let value): value.string.map { [$0] } ?? []
        case .isNull, .isAny: []
        case .any(let patterns), .array(let patterns): patterns.flatMap(\.texts)
        case .object(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.texts)
        }
    }
}
