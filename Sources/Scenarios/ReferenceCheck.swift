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
        checkTimes()
        let tabs = scenario.users.flatMap(Self.tabs)
        for final in scenario.expectations.final {
            if case .deployment(let label, _, _, _) = final.fact { check(label, "deployment", labels, final.place) }
            if case .page(let tab, _) = final.fact { check(tab, "tab", tabs, final.place) }
            if let given = final.given { check(given.deployment, "deployment", labels, final.place) }
        }
        for moment in scenario.expectations.moments { check(moment) }
        for always in scenario.expectations.always {
            check(always.deployment, "deployment", labels, always.place)
            check(always.after, always.place)
        }
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
        case .waitFor(let sight, let within):
            check(within, step.place)
            switch sight {
            case .mark(let name): check(name, "mark", marks, step.place)
            case .frame(let pattern, let tab):
                check(tab, "tab", tabs, step.place)
                for text in pattern.texts { checkLabels(in: text, step.place) }
            case .calls: break
            }
        case .at(let time): check(time, step.place)
        case .request(let request):
            checkLabels(in: request.path, step.place, also: keptNames)
            for text in request.answer?.texts ?? [] { checkLabels(in: text, step.place) }
        case .compareView(let tab): check(tab, "tab", tabs, step.place)
        case .login, .logout, .list, .sleep, .mark, .goOffline: break
        }
    }

    private func check(_ moment: Expectations.Moment) {
        check(moment.deployment, "deployment", labels, moment.place)
        switch moment.kind {
        case .at(let time), .within(let time): check(time, moment.place)
        }
    }

    /// What is later than the end never happens.
    private func check(_ time: Duration, _ place: Place) {
        guard time > scenario.limit else { return }
        issues.add(place, "\(time.shown) is past the time's limit, \(scenario.limit.shown)")
    }

    /// What is to happen at times.
    private func checkTimes() {
        for deed in scenario.deeds { if case .at(let at) = deed.moment { check(at.earliest, deed.place) } }
        for drain in scenario.drains { check(drain.at.earliest, drain.place) }
        for pause in scenario.pauses { check(pause.at.earliest, pause.place) }
        for failure in scenario.storeFailures { check(failure.at.earliest, failure.place) }
        for jump in scenario.clockJumps { check(jump.at.earliest, jump.place) }
        for crash in scenario.crashes { if case .at(let at) = crash.moment { check(at, crash.place) } }
        for rule in scenario.cloud.faults {
            if let from = rule.when.window?.from { check(from.earliest, rule.place) }
        }
        let points = scenario.crashes.compactMap { if case .point(let point, _) = $0.moment { point } else { nil } }
        for sometimes in scenario.expectations.sometimes {
            if case .crash(let point) = sometimes.subject, !points.contains(point) {
                issues.add(sometimes.place, "no server of the story can die at \(point.rawValue)")
            }
        }
    }

    /// What is kept of answers.
    private var keptNames: [String] {
        scenario.users.flatMap(\.script).flatMap { step -> [String] in
            if case .request(let request) = step.action { request.kept.keys.sorted() } else { [] }
        }
    }

    private var marks: [String] {
        scenario.users.flatMap(\.script).compactMap { if case .mark(let name) = $0.action { name } else { nil } }
    }

    private func check(_ deed: Scenario.Deed) {
        // A story without users is for real ones, who give their deployments names.
        guard !scenario.users.isEmpty else { return }
        if case .seen(let deployment, _, _) = deed.moment { check(deployment, "deployment", labels, deed.place) }
        if let deployment = deed.act.deployment { check(deployment, "deployment", labels, deed.place) }
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
    ///
    /// - Parameter others: what else has such a name there.
    private func checkLabels(in text: String, _ place: Place, also others: [String] = []) {
        for match in text.matches(of: /\$\{([^}]*)\}/) {
            check(String(match.1), "deployment", labels + others, place)
        }
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
        case .contains(let patterns): patterns
        }
    }
}

extension Pattern {
    /// All texts in it, in the order of their keys.
    fileprivate var texts: [String] {
        switch self {
        case .exactly(let value): value.string.map { [$0] } ?? []
        case .isNull, .isAny, .matches: []
        case .any(let patterns), .array(let patterns): patterns.flatMap(\.texts)
        case .object(let members): members.sorted { $0.key < $1.key }.flatMap(\.value.texts)
        }
    }
}
