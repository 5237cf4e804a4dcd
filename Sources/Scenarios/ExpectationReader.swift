import Runtime
import Yams

/// Reads what must come of a story.
struct ExpectationReader {
    let issues: Issues
    let cloud: CloudScenario

    func read(_ expect: inout MapReader) -> Expectations {
        Expectations(
            final: expect.list("final", final), counts: expect.list("requests", count),
            sockets: expect.list("sockets", socket))
    }

    private func final(_ node: Node) -> Expectations.Final? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        if let region = reader.word("cloud", of: cloud.regions.map(\.id)) {
            guard let stacks = reader.integer("liveStacks", in: 0...1_000_000, required: true) else { return nil }
            return Expectations.Final(fact: .cloud(region: region, liveStacks: stacks), place: reader.place)
        }
        guard let deployment = reader.string("deployment") else {
            issues.add(reader.place, "a final fact is about a deployment or a cloud")
            return nil
        }
        let status = reader.word("status", of: ScenarioReader.statuses)
        let lastError = reader.string("lastError")
        let event = reader.string("event")
        return Expectations.Final(
            fact: .deployment(deployment, status: status, lastError: lastError, event: event), place: reader.place)
    }

    private func count(_ node: Node) -> Expectations.Count? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        let operation = reader.word("op", of: CloudReader.operations)
        let method = reader.string("http")
        let path = reader.string("path")
        let sent = reader.word("sent", of: ["subscribe", "unsubscribe"])
        let user = reader.string("user")
        let count = reader.integer("count", in: 0...1_000_000)
        let most = reader.integer("atMost", in: 0...1_000_000)
        guard let upper = count ?? most else {
            issues.add(reader.place, "a count says count or atMost")
            return nil
        }
        let subject: Expectations.Count.Subject
        if let operation {
            subject = .operation(operation)
        } else if let method, let path {
            subject = .http(method: method, path: path, user: user)
        } else if let sent {
            subject = .sent(type: sent, user: user)
        } else {
            issues.add(reader.place, "a count is about an op, an http method with its path, or a type sent")
            return nil
        }
        return Expectations.Count(subject: subject, range: (count ?? 0)...upper, place: reader.place)
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
        issues.add(reader.place, "a part of a sequence is a frame, an until or a rest")
        return nil
    }

    private func pattern(_ node: Node) -> Pattern {
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
                if only.name == "any", case .sequence(let items) = only.node { return .any(items.map(pattern)) }
            }
            return .object(Dictionary(entries.map { ($0.name, pattern($0.node)) }, uniquingKeysWith: { $1 }))
        }
    }
}
