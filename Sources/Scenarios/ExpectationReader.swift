import Runtime
import Yams

/// Reads what must come of a story.
struct ExpectationReader {
    let issues: Issues
    let cloud: CloudScenario

    func read(_ expect: inout MapReader) -> Expectations {
        Expectations(
            final: expect.list("final", final),
            moments: expect.list("eventually") { moment($0, "within") } + expect.list("at") { moment($0, "time") },
            always: expect.list("always", always), never: expect.list("never", never),
            sometimes: expect.list("sometimes", sometimes),
            counts: expect.list("requests", count),
            sockets: expect.list("sockets", socket))
    }

    private func final(_ node: Node) -> Expectations.Final? {
        var reader = MapReader(node, issues)
        guard ["cloud", "deployment", "tab"].filter(reader.has).count == 1 else {
            issues.add(reader.place, "a final fact is about a deployment, a cloud or a tab")
            return nil
        }
        defer { reader.refuseUnknownKeys() }
        let given = reader.map("given", condition) ?? nil
        if reader.has("cloud") {
            let region = reader.word("cloud", of: cloud.regions.map(\.id))
            let stacks = reader.integer("liveStacks", in: 0...1_000_000, required: true)
            guard let region, let stacks else { return nil }
            return Expectations.Final(
                fact: .cloud(region: region, liveStacks: stacks), given: given, place: reader.place)
        }
        if reader.has("tab") {
            let tab = reader.string("tab")
            let status = reader.word("status", of: ScenarioReader.statuses, required: true)
            guard let tab, let status else { return nil }
            return Expectations.Final(fact: .page(tab: tab, status: status), given: given, place: reader.place)
        }
        let deployment = reader.string("deployment")
        let status = reader.word("status", of: ScenarioReader.statuses)
        let lastError = reader.string("lastError")
        let event = reader.string("event")
        return deployment.map {
            Expectations.Final(
                fact: .deployment($0, status: status, lastError: lastError, event: event), given: given,
                place: reader.place)
        }
    }

    private func condition(_ reader: inout MapReader) -> Expectations.Condition? {
        let deployment = reader.string("deployment", required: true)
        let status = reader.word("status", of: ScenarioReader.statuses, required: true)
        guard let deployment, let status else { return nil }
        return Expectations.Condition(deployment: deployment, status: status)
    }

    /// - Parameter key: of the time: `within` for eventually, `time` for at.
    private func moment(_ node: Node, _ key: String) -> Expectations.Moment? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        let time = key == "within" ? reader.duration("within", required: true) : reader.duration("time", required: true)
        let deployment = reader.string("deployment", required: true)
        let statuses = statuses(&reader)
        guard let time, let deployment, !statuses.isEmpty else { return nil }
        return Expectations.Moment(
            kind: key == "within" ? .within(time) : .at(time), deployment: deployment, statuses: statuses,
            place: reader.place)
    }

    /// One status, or a list of which one must be.
    private func statuses(_ reader: inout MapReader) -> [String] {
        guard case .sequence? = reader.node("status", required: true) else {
            return [reader.word("status", of: ScenarioReader.statuses)].compactMap { $0 }
        }
        return reader.list("status") { node in
            guard let text = node.string(issues, what: "status") else { return nil }
            guard ScenarioReader.statuses.contains(text) else {
                issues.add(
                    node.place(issues), "unknown status \(text)\(suggestion(text, ScenarioReader.statuses))")
                return nil
            }
            return text
        }
    }

    private func always(_ node: Node) -> Expectations.Always? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        let deployment = reader.string("deployment", required: true)
        let statuses = statuses(&reader)
        let after = reader.duration("after") ?? .zero
        guard let deployment, !statuses.isEmpty else { return nil }
        return Expectations.Always(deployment: deployment, statuses: statuses, after: after, place: reader.place)
    }

    private func never(_ node: Node) -> Expectations.Never? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        func never(_ subject: Expectations.Never.Subject) -> Expectations.Never {
            Expectations.Never(subject: subject, place: reader.place)
        }
        if let frame = reader.node("frame") {
            let tab = reader.string("tab")
            return never(.frame(pattern(frame), tab: tab))
        }
        let deployment = reader.string("deployment", required: true)
        if reader.has("from") || reader.has("to") {
            let from = reader.word("from", of: ScenarioReader.statuses, required: true)
            let to = reader.word("to", of: ScenarioReader.statuses, required: true)
            guard let deployment, let from, let to else { return nil }
            return never(.change(deployment: deployment, from: from, to: to))
        }
        let status = reader.word("status", of: ScenarioReader.statuses, required: true)
        guard let deployment, let status else { return nil }
        return never(.status(deployment: deployment, status))
    }

    private func sometimes(_ node: Node) -> Expectations.Sometimes? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        func sometimes(_ subject: Expectations.Sometimes.Subject) -> Expectations.Sometimes {
            Expectations.Sometimes(subject: subject, place: reader.place)
        }
        if reader.has("from") || reader.has("to") {
            let from = reader.word("from", of: ScenarioReader.statuses, required: true)
            let to = reader.word("to", of: ScenarioReader.statuses, required: true)
            guard let from, let to else { return nil }
            return sometimes(.change(from: from, to: to))
        }
        if let code = reader.string("code") { return sometimes(.code(code)) }
        if let code = reader.integer("close", in: 1000...4999) { return sometimes(.close(code)) }
        if let point = reader.word("crash", of: CrashPoint.allCases.map(\.rawValue)).flatMap(CrashPoint.init) {
            return sometimes(.crash(point))
        }
        if reader.has("op") {
            let operation = reader.word("op", of: CloudReader.operations)
            let answer = reader.integer("answer", in: 100...599, required: true)
            guard let operation, let answer else { return nil }
            return sometimes(.call(operation, status: answer))
        }
        if let status = reader.word("status", of: ScenarioReader.statuses) { return sometimes(.status(status)) }
        issues.add(
            reader.place, "what is sometimes reached is a status, a from and to, a code, a close, a crash or an op")
        return nil
    }

    private func count(_ node: Node) -> Expectations.Count? {
        var reader = MapReader(node, issues)
        guard ["op", "http", "sent"].filter(reader.has).count == 1 else {
            issues.add(reader.place, "a count is about an op, an http method with its path, or a type sent")
            return nil
        }
        let numbers = 0...1_000_000
        guard reader.has("count") != (reader.has("atMost") || reader.has("atLeast")) else {
            issues.add(reader.place, "a count says count, atMost or atLeast")
            return nil
        }
        defer { reader.refuseUnknownKeys() }
        let subject = subject(&reader)
        let count = reader.integer("count", in: numbers)
        let least = reader.integer("atLeast", in: numbers) ?? count ?? 0
        let most = reader.integer("atMost", in: numbers) ?? count ?? numbers.upperBound
        let over = reader.duration("over")
        guard least <= most else {
            issues.add(reader.place, "atLeast is more than atMost")
            return nil
        }
        if over != nil, !reader.has("atMost") || least > 0 {
            issues.add(reader.place, "over is of an atMost: how many in any while of this length")
        }
        return subject.map { Expectations.Count(subject: $0, range: least...most, over: over, place: reader.place) }
    }

    private func subject(_ reader: inout MapReader) -> Expectations.Count.Subject? {
        if reader.has("op") {
            let operation = reader.word("op", of: CloudReader.operations)
            let region = reader.word("region", of: cloud.regions.map(\.id))
            let status = reader.integer("answer", in: 100...599)
            return operation.map { .operation($0, region: region, status: status) }
        }
        if reader.has("sent") {
            let type = reader.word("sent", of: ["subscribe", "unsubscribe"])
            let user = reader.string("user")
            return type.map { .sent(type: $0, user: user) }
        }
        let method = reader.string("http")
        let path = reader.string("path", required: true)
        let user = reader.string("user")
        guard let method, let path else { return nil }
        return .http(method: method, path: path, user: user)
    }

    private func socket(_ node: Node) -> Expectations.Socket? {
        var reader = MapReader(node, issues)
        let tab = reader.string("tab", required: true)
        let keys = reader.word("keys", of: ["exact", "written"])
        let sequence = reader.list("sequence", part)
        reader.refuseUnknownKeys()
        return tab.map {
            Expectations.Socket(tab: $0, isExact: keys == "exact", sequence: sequence, place: reader.place)
        }
    }

    private func part(_ node: Node) -> Expectations.Socket.Part? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        if let frame = reader.node("frame") { return .frame(pattern(frame)) }
        if let part = reader.map(
            "until",
            { until -> Expectations.Socket.Part? in
                let between = until.list("between", pattern)
                return until.node("frame", required: true).map { .until(pattern($0), between: between) }
            })
        {
            return part
        }
        if let patterns = reader.map("rest", { rest in rest.list("only", pattern) }) { return .rest(only: patterns) }
        if reader.has("contains") { return .contains(reader.list("contains", pattern)) }
        issues.add(reader.place, "a part of a sequence is a frame, an until, a rest or a contains")
        return nil
    }

    func pattern(_ node: Node) -> Pattern {
        switch node {
        case .alias: return .isNull
        case .sequence(let items): return .array(items.map(pattern))
        case .scalar(let scalar):
            if scalar.style == .plain {
                if let number = Int(scalar.string) { return .exactly(.integer(number)) }
                if ["true", "false"].contains(scalar.string) { return .exactly(.bool(scalar.string == "true")) }
                if ["", "~", "null"].contains(scalar.string) {
                    issues.add(node.place(issues), "write { is: null } for a value that must be null")
                }
            }
            return .exactly(.string(scalar.string))
        case .mapping:
            var reader = MapReader(node, issues)
            let entries = reader.allEntries()
            if entries.count == 1, let only = entries.first {
                if only.name == "is", case .scalar(let scalar) = only.node {
                    if scalar.string == "null" { return .isNull }
                    if scalar.string == "any" { return .isAny }
                }
                if only.name == "matches", let text = only.node.string(issues, what: "matches") {
                    guard (try? Regex(text)) != nil else {
                        issues.add(only.node.place(issues), "no regular expression: \(text)")
                        return .isAny
                    }
                    return .matches(text)
                }
                if only.name == "any", case .sequence(let items) = only.node { return .any(items.map(pattern)) }
            }
            return .object(Dictionary(entries.map { ($0.name, pattern($0.node)) }, uniquingKeysWith: { $1 }))
        }
    }
}
