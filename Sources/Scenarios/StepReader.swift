import Runtime
import Yams

/// Reads what a user does.
struct StepReader {
    let issues: Issues
    let cloud: CloudScenario

    static let verbs = [
        "login", "logout", "create", "open-page", "close-page", "drop-socket", "unsubscribe",
        "stall-socket", "half-open", "send", "delete", "retry", "list", "wait", "sleep",
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
        if verb == "sleep" {
            return details.spread(issues, what: "sleep").map { Step(action: .sleep($0), place: verbPlace) }
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
        case "retry":
            let status = reader.integer("status", in: 100...599) ?? 202
            return reader.string("deployment", required: true).map { .retry(deployment: $0, status: status) }
        case "list": return .list(pageSize: reader.integer("pageSize", in: 1...100) ?? Self.pageSize)
        default: return condition(&reader).map { .wait($0) }
        }
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
