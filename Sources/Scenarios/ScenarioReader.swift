import Runtime
import Yams

extension Scenario {
    private static let largestFile = 1 << 20
    private static let mostNodes = 100_000

    /// Reads a scenario file.
    ///
    /// - Parameters:
    ///   - file: its name, for messages.
    ///   - standardCloud: what holds where the file says nothing of the cloud.
    /// - Throws: ``ScenarioErrors`` with all that is wrong.
    public init(parsing text: String, file: String, standardCloud: CloudScenario) throws(ScenarioErrors) {
        let issues = Issues(file: file)
        func refuse(_ line: Int, _ column: Int, _ message: String) -> ScenarioErrors {
            ScenarioErrors(issues: [.init(place: issues.place(line, column), message: message)])
        }
        guard text.utf8.count <= Self.largestFile else { throw refuse(1, 1, "a scenario has at most 1 MiB") }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            let (line, column, message) = error.placeAndMessage
            throw refuse(line, column, message)
        } catch {
            throw refuse(1, 1, "\(error)")
        }
        guard let node else { throw refuse(1, 1, "the file is empty") }
        var budget = Self.mostNodes
        guard node.isWithin(&budget) else {
            throw refuse(1, 1, "the file has more than \(Self.mostNodes) values once its aliases are followed")
        }
        var reader = MapReader(node, issues)
        let scenario = ScenarioReader(issues: issues).read(&reader, standardCloud: standardCloud)
        reader.refuseUnknownKeys()
        guard issues.all.isEmpty else {
            throw ScenarioErrors(
                issues: issues.all.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) })
        }
        self = scenario
    }
}

extension Node {
    /// Walks all values, aliases followed, until a budget is used up: a small file can stand for a huge one.
    fileprivate func isWithin(_ budget: inout Int) -> Bool {
        budget -= 1
        guard budget >= 0 else { return false }
        switch self {
        case .scalar, .alias: return true
        case .sequence(let items):
            for item in items where !item.isWithin(&budget) { return false }
            return true
        case .mapping(let pairs):
            for (key, value) in pairs where !key.isWithin(&budget) || !value.isWithin(&budget) { return false }
            return true
        }
    }
}

extension YamlError {
    fileprivate var placeAndMessage: (Int, Int, String) {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (mark.line, mark.column, "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            (
                context.mark.line, context.mark.column,
                "the key \(duplicates.map { "\($0)" }.joined(separator: ", ")) is there twice"
            )
        default: (1, 1, "not YAML: \(self)")
        }
    }
}

/// Reads a whole scenario and checks that what it names exists.
private struct ScenarioReader {
    let issues: Issues

    private static let statuses = ["REQUESTED", "PROVISIONING", "ACTIVE", "ERROR", "DELETING", "DELETED"]

    func read(_ root: inout MapReader, standardCloud: CloudScenario) -> Scenario {
        let name = root.string("scenario", required: true) ?? ""
        let about = root.string("about", required: true) ?? ""
        let seed = root.integer("seed", in: 0...Int.max) ?? 1
        var start = Timestamp(milliseconds: 1_767_693_600_000)
        var limit = Duration.seconds(3600)
        root.map("time") { time in
            if let given = time.instant("start") { start = given }
            if let given = time.duration("limit") { limit = given }
        }
        var cloud = standardCloud
        root.map("cloud") { CloudReader(issues: issues).read(&$0, into: &cloud) }
        var crash: Scenario.Crash?
        root.map("portal") { portal in crash = portal.map("crash", self.crash) ?? nil }
        let users = root.entries("users").map { user(named: $0.name, $0.node, cloud: cloud) }
        if users.isEmpty, root.node("users") == nil { issues.add(root.place, "users is missing: nobody acts") }
        let expectations = root.map("expect", required: true) { expect in
            let final = expect.list("final") { self.final($0, cloud: cloud) }
            let counts = expect.list("requests", count)
            let sockets = expect.list("sockets", socket)
            return Expectations(final: final, counts: counts, sockets: sockets)
        }
        let scenario = Scenario(
            name: name, about: about, seed: UInt64(seed), start: start, limit: limit, cloud: cloud, crash: crash,
            users: users, expectations: expectations ?? Expectations())
        checkNames(scenario)
        return scenario
    }

    private func crash(_ reader: inout MapReader) -> Scenario.Crash? {
        let point = reader.word("point", of: CrashPoint.allCases.map(\.rawValue)).flatMap(CrashPoint.init(rawValue:))
        let nth = reader.integer("nth", in: 1...1_000_000) ?? 1
        let at = reader.duration("at")
        let restartAfter = reader.spread("restartAfter") ?? .fixed(.seconds(1))
        switch (point, at) {
        case (let point?, nil):
            return Scenario.Crash(moment: .point(point, nth: nth), restartAfter: restartAfter, place: reader.place)
        case (nil, let at?): return Scenario.Crash(moment: .at(at), restartAfter: restartAfter, place: reader.place)
        default:
            issues.add(reader.place, "a crash has a point or an at")
            return nil
        }
    }

    // Users.

    private func user(named name: String, _ node: Node, cloud: CloudScenario) -> Scenario.User {
        var reader = MapReader(node, issues)
        let isVerified = reader.bool("verified") ?? true
        let roundTrip = reader.map("network") { $0.spread("rtt") } ?? nil
        let script = reader.list("script") { step($0, cloud: cloud) }
        reader.refuseUnknownKeys()
        return Scenario.User(
            name: name, isVerified: isVerified, roundTrip: roundTrip ?? .fixed(.milliseconds(20)), script: script)
    }

    private static let verbs = [
        "login", "logout", "create", "open-page", "close-page", "drop-socket", "delete", "wait", "sleep",
    ]

    private func step(_ node: Node, cloud: CloudScenario) -> Step? {
        let place = node.place(issues)
        // A step without details may be written as a bare word.
        if case .scalar(let scalar) = node {
            switch scalar.string {
            case "login": return Step(action: .login, place: place)
            case "logout": return Step(action: .logout, place: place)
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
        let action = action(verb, &detail, cloud: cloud)
        detail.refuseUnknownKeys()
        return action.map { Step(action: $0, place: verbPlace) }
    }

    private func action(_ verb: String, _ reader: inout MapReader, cloud: CloudScenario) -> Step.Action? {
        switch verb {
        case "login": return .login
        case "logout": return .logout
        case "create": return creation(&reader, cloud: cloud).map(Step.Action.create)
        case "open-page":
            let deployment = reader.string("deployment", required: true)
            let tab = reader.string("tab") ?? deployment
            let pause = reader.map("pauseAfterFetch", condition) ?? nil
            guard let deployment, let tab else { return nil }
            return .openPage(deployment: deployment, tab: tab, pauseAfterFetch: pause)
        case "close-page": return reader.string("tab", required: true).map { .closePage(tab: $0) }
        case "drop-socket": return reader.string("tab", required: true).map { .dropSocket(tab: $0) }
        case "delete": return reader.string("deployment", required: true).map { .delete(deployment: $0) }
        default: return condition(&reader).map { .wait($0) }
        }
    }

    private func condition(_ reader: inout MapReader) -> Step.Condition? {
        let deployment = reader.string("deployment", required: true)
        let status = reader.word("status", of: Self.statuses, required: true)
        let within = reader.duration("within") ?? .seconds(300)
        guard let deployment, let status else { return nil }
        return Step.Condition(deployment: deployment, status: status, within: within)
    }

    private func creation(_ reader: inout MapReader, cloud: CloudScenario) -> Step.Creation? {
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

    // Expectations.

    private func final(_ node: Node, cloud: CloudScenario) -> Expectations.Final? {
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
        let status = reader.word("status", of: Self.statuses)
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

    // Dead references.

    private func checkNames(_ scenario: Scenario) {
        let steps = scenario.users.flatMap(\.script)
        let labels = steps.compactMap { if case .create(let creation) = $0.action { creation.label } else { nil } }
        let tabs = steps.compactMap { if case .openPage(_, let tab, _) = $0.action { tab } else { nil } }
        func check(_ name: String, _ kind: String, _ known: [String], _ place: Place) {
            guard !known.contains(name) else { return }
            issues.add(place, "no \(kind) is called \(name)\(suggestion(name, known))")
        }
        for label in Set(labels) where labels.filter({ $0 == label }).count > 1 {
            issues.add(issues.place(1, 1), "two deployments are called \(label)")
        }
        for step in steps {
            switch step.action {
            case .openPage(let deployment, _, let pause):
                check(deployment, "deployment", labels, step.place)
                if let pause { check(pause.deployment, "deployment", labels, step.place) }
            case .delete(let deployment): check(deployment, "deployment", labels, step.place)
            case .wait(let condition):
                check(condition.deployment, "deployment", labels, step.place)
                if condition.within > scenario.limit {
                    issues.add(step.place, "within is longer than the time's limit")
                }
            case .closePage(let tab), .dropSocket(let tab): check(tab, "tab", tabs, step.place)
            case .create(let creation):
                check(creation.region, "region", scenario.cloud.regions.map(\.id), step.place)
            case .login, .logout, .sleep: break
            }
        }
        for final in scenario.expectations.final {
            if case .deployment(let label, _, _, _) = final.fact { check(label, "deployment", labels, final.place) }
        }
        for socket in scenario.expectations.sockets { check(socket.tab, "tab", tabs, socket.place) }
        for count in scenario.expectations.counts {
            switch count.subject {
            case .http(_, _, let user?), .sent(_, let user?):
                check(user, "user", scenario.users.map(\.name), count.place)
            default: break
            }
        }
    }
}
