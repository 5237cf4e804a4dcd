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
        guard reader.has("cloud") != reader.has("deployment") else {
            issues.add(reader.place, "a final fact is about a deployment or a cloud")
            return nil
        }
        defer { reader.refuseUnknownKeys() }
        if reader.has("cloud") {
            let region = reader.word("cloud", of: cloud.regions.map(\.id))
            let stacks = reader.integer("liveStacks", in: 0...1_000_000, required: true)
            guard let region, let stacks else { return nil }
            return Expectations.Final(fact: .cloud(region: region, liveStacks: stacks), place: reader.place)
        }
        let deployment = reader.string("deployment")
        let status = reader.word("status", of: ScenarioReader.statuses)
        let lastError = reader.string("lastError")
        let event = reader.string("event")
        return deployment.map {
            Expectations.Final(
                fact: .deployment($0, status: status, lastError: lastError, event: event), place: reader.place)
        }
    }

    private func count(_ node: Node) -> Expectations.Count? {
        var reader = MapReader(node, issues)
        guard ["op", "http", "sent"].filter(reader.has).count == 1 else {
            issues.add(reader.place, "a count is about an op, an http method with its path, or a type sent")
            return nil
        }
        guard reader.has("count") != reader.has("atMost") else {
            issues.add(reader.place, "a count says count or atMost")
            return nil
        }
        defer { reader.refuseUnknownKeys() }
        let subject = subject(&reader)
        let count = reader.integer("count", in: 0...1_000_000)
        let most = reader.integer("atMost", in: 0...1_000_000)
        guard let subject, let upper = count ?? most else { return nil }
        return Expectations.Count(subject: subject, range: (count ?? 0)...upper, place: reader.place)
    }

    private func subject(_ reader: inout MapReader) -> Expectations.Count.Subject? {
        if reader.has("op") { return reader.word("op", of: CloudReader.operations).map { .operation($0) } }
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
