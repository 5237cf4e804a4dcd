import Runtime
import Yams

/// Reads what a user does.
struct StepReader {
    let issues: Issues
    let cloud: CloudScenario

    static let verbs = [
        "login", "logout", "create", "open-page", "close-page", "drop-socket", "unsubscribe",
        "stall-socket", "half-open", "send", "delete", "wait", "sleep", "at", "mark", "request", "retry",
        "list", "compare-view", "go-offline",
    ]

    /// Of a list, where nothing is said.
    private static let pageSize = 20

    func step(_ node: Node) -> Step? {
        let place = node.place(issues)
        // A step without details may be written as a bare word.
        if case .scalar(let scalar) = node {
            switch scalar.string {
            case "login": return Step(action: .login, place: place)
            case "logout": return Step(action: .logout, place: place)
            case "list": return Step(action: .list(pageSize: Self.pageSize), place: place)
            default:
                issues.add(place, "unknown step \(scalar.string)\(suggestion(scalar.string, Self.verbs))")
                return nil
            }
        }
        var reader = MapReader(node, issues)
        let entries = reader.allEntries()
        guard entries.count == 1, let (verb, verbPlace, details) = entries.first else {
            issues.add(place, "a step is one thing that a user does")
            return nil
        }
        guard Self.verbs.contains(verb) else {
            issues.add(verbPlace, "unknown step \(verb)\(suggestion(verb, Self.verbs))")
            return nil
        }
        switch verb {
        case "sleep": return details.spread(issues, what: verb).map { Step(action: .sleep($0), place: verbPlace) }
        case "at": return details.duration(issues, what: verb).map { Step(action: .at($0), place: verbPlace) }
        case "mark": return details.string(issues, what: verb).map { Step(action: .mark($0), place: verbPlace) }
        default: break
        }
        var detail = MapReader(details, issues)
        let action = action(verb, &detail)
        detail.refuseUnknownKeys()
        return action.map { Step(action: $0, place: verbPlace) }
    }

    private func action(_ verb: String, _ reader: inout MapReader) -> Step.Action? {
        switch verb {
        case "login": return .login
        case "logout": return .logout
        case "create": return creation(&reader).map(Step.Action.create)
        case "open-page":
            let deployment = reader.string("deployment", required: true)
            let tab = reader.string("tab") ?? deployment
            let pause = reader.map("pauseAfterFetch", condition) ?? nil
            guard let deployment, let tab else { return nil }
            return .openPage(deployment: deployment, tab: tab, pauseAfterFetch: pause)
        case "close-page": return reader.string("tab", required: true).map { .closePage(tab: $0) }
        case "drop-socket": return reader.string("tab", required: true).map { .dropSocket(tab: $0) }
        case "unsubscribe": return reader.string("tab", required: true).map { .unsubscribe(tab: $0) }
        case "stall-socket", "half-open":
            let tab = reader.string("tab", required: true)
            let duration = reader.spread("for", required: true)
            guard let tab, let duration else { return nil }
            return verb == "half-open" ? .halfOpen(tab: tab, duration) : .stallSocket(tab: tab, duration)
        case "send":
            let tab = reader.string("tab", required: true)
            let text = reader.string("text", required: true)
            let times = reader.integer("times", in: 1...10_000) ?? 1
            guard let tab, let text else { return nil }
            return .send(tab: tab, text: text, times: times)
        case "delete": return reader.string("deployment", required: true).map { .delete(deployment: $0) }
        case "request": return request(&reader).map { .request($0) }
        case "retry":
            let deployment = reader.string("deployment", required: true)
            let status = reader.integer("status", in: 100...599) ?? 202
            return deployment.map { .retry(deployment: $0, status: status) }
        case "list": return .list(pageSize: reader.integer("pageSize", in: 1...100) ?? Self.pageSize)
        case "compare-view": return reader.string("tab", required: true).map { .compareView(tab: $0) }
        case "go-offline": return reader.spread("for", required: true).map { .goOffline($0) }
        default: return wait(&reader)
        }
    }

    private func wait(_ reader: inout MapReader) -> Step.Action? {
        let kinds = ["deployment", "mark", "frame", "op"]
        guard kinds.filter(reader.has).count == 1 else {
            issues.add(
                reader.place, "a wait is for a deployment with its status, a mark, a frame on a tab, or calls of an op")
            return nil
        }
        if reader.has("deployment") { return condition(&reader).map { .wait($0) } }
        let within = reader.duration("within") ?? .seconds(300)
        if let name = reader.string("mark") { return .waitFor(.mark(name), within: within) }
        if let node = reader.node("frame") {
            let pattern = ExpectationReader(issues: issues, cloud: cloud).pattern(node)
            return reader.string("tab", required: true).map { .waitFor(.frame(pattern, tab: $0), within: within) }
        }
        let count = reader.integer("count", in: 1...1_000_000) ?? 1
        return reader.word("op", of: CloudReader.operations).map { .waitFor(.calls($0, count: count), within: within) }
    }

    private func request(_ reader: inout MapReader) -> Step.Request? {
        let method = reader.word("method", of: ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"], required: true)
        let path = reader.string("path", required: true)
        let body = reader.node("body")?.json
        let headers = FaultReader(issues: issues, regions: []).headers(&reader)
        let status = reader.integer("status", in: 100...599, required: true)
        let answer = reader.node("answer").map { ExpectationReader(issues: issues, cloud: cloud).pattern($0) }
        var kept: [String: String] = [:]
        for entry in reader.entries("keep") { kept[entry.name] = entry.node.string(issues, what: entry.name) }
        guard let method, let path, let status else { return nil }
        if !path.hasPrefix("/") { issues.add(reader.place, "path begins with a slash, not \(path)") }
        return Step.Request(
            method: method, path: path, body: body, headers: headers, status: status, answer: answer,
            kept: kept)
    }

    private func condition(_ reader: inout MapReader) -> Step.Condition? {
        let deployment = reader.string("deployment", required: true)
        let status = reader.word("status", of: ScenarioReader.statuses, required: true)
        let within = reader.duration("within") ?? .seconds(300)
        guard let deployment, let status else { return nil }
        return Step.Condition(deployment: deployment, status: status, within: within)
    }

    private func creation(_ reader: inout MapReader) -> Step.Creation? {
        let label = reader.string("as", required: true)
        let name = reader.string("name") ?? label
        let region = reader.string("region") ?? cloud.regions.first?.id
        let instanceType = reader.string("instanceType") ?? cloud.instanceTypes.first?.id
        let image = reader.string("image") ?? cloud.images.first?.id
        let storage = reader.integer("storage", in: 1...100_000) ?? 20
        let key = reader.string("idempotencyKey")
        let status = reader.integer("status", in: 100...599) ?? 202
        guard let label, let name, let region, let instanceType, let image else { return nil }
        return Step.Creation(
            label: label, name: name, region: region, instanceType: instanceType, image: image, storageGiB: storage,
            idempotencyKey: key, status: status)
    }
}
