import Runtime
import Scenarios

/// Makes another story of a story: the same users on other networks, with a cloud that fails, a server that dies and
/// things that nobody planned, all drawn from a seed.
///
/// Each kind of trouble is in or out as a whole, so that seeds differ in kind and not only in number.
struct Variation {
    private(set) var document: StoryDocument
    private let story: Scenario
    private let random: RandomSource
    /// When all trouble ends.
    private let calm: Duration
    /// How many servers there are in it.
    private var instances: Int

    /// - Returns: nil where the seed says to play the story as it is: then what it expects must hold.
    static func vary(_ document: StoryDocument, of story: Scenario, seed: UInt64) -> StoryDocument? {
        let random = RandomSource(seed: seed).stream("variation")
        guard random.index(below: 8) > 0 else { return nil }
        var variation = Variation(document, of: story, random: random)
        variation.draw(seed: seed)
        return variation.document
    }

    private init(_ document: StoryDocument, of story: Scenario, random: RandomSource) {
        self.document = document
        self.story = story
        self.random = random
        calm = .seconds(60 * (2 + random.index(below: 14)))
        instances = story.instances
    }

    private mutating func draw(seed: UInt64) {
        document["seed"] = "\(seed)"
        // What the story expects need not hold in this one; what always holds must.
        document["expect"] = .map([])
        document[["time", "limit"]] = "24h"
        document["calm"] = ["after": "\(calm.shown)", "for": "3h"]
        if happens(30) { slowCloud() }
        if happens(30) { slowNetworks() }
        if happens(25) { document[["cloud", "auth", "tokenTtl"]] = "\(2 + random.index(below: 20))m" }
        if happens(25) { revokeTokens() }
        if happens(55) { for number in 1...(1 + random.index(below: 3)) { addFault(number) } }
        if happens(25) { addStackRule() }
        if happens(10) { deleteStack() }
        if instances == 1, happens(25) {
            instances = 2
            document[["portal", "instances"]] = "2"
        }
        for user in story.users { disturb(user) }
        if happens(20) { addStranger() }
        if happens(instances > 1 ? 30 : 10) {
            document.append(
                [
                    "instance": "\(random.index(below: instances))", "at": span(upTo: calm),
                    "for": span(upTo: .seconds(300)),
                ], to: ["portal", "pause"])
        }
        if happens(10) {
            document.append(
                [
                    "at": span(upTo: calm), "for": span(upTo: .seconds(60)), "how": "\(pick(["full", "busy"]))",
                ], to: ["portal", "store"])
        }
        if happens(50) { addCrashes() }
    }

    private func happens(_ percent: Int) -> Bool { random.index(below: 100) < percent }

    private func pick<Item>(_ items: [Item]) -> Item { items[random.index(below: items.count)] }

    /// A duration as scenarios write it, up to a limit and more often short than long.
    private func span(upTo limit: Duration) -> StoryDocument {
        let share = random.fraction() * random.fraction()
        return "\(max(1, Int((limit * share).wholeMilliseconds)))ms"
    }

    // The cloud.

    private mutating func slowCloud() {
        for region in story.cloud.regions {
            var latency: StoryDocument = ["default": "5ms..\(20 + random.index(below: 2000))ms"]
            if happens(50) { latency["heat.stack.create"] = "1s..\(2 + random.index(below: 50))s" }
            if happens(30) { latency["keystone.token.issue"] = "10ms..\(1 + random.index(below: 20))s" }
            if happens(30) { latency["heat.stack.list"] = "10ms..\(1 + random.index(below: 10))s" }
            document[["cloud", "regions", region.id, "latency"]] = latency
        }
    }

    private mutating func revokeTokens() {
        for _ in 0...random.index(below: 2) {
            document.append(["at": span(upTo: calm), "revokeTokens": "true"], to: ["cloud", "deeds"])
        }
    }

    private mutating func deleteStack() {
        guard let label = labels.first else { return }
        document.append(
            [
                "when": ["deployment": "\(label)", "status": "ACTIVE", "after": span(upTo: .seconds(120))],
                "deleteStack": "\(label)",
            ], to: ["cloud", "deeds"])
    }

    private static let operations = [
        "heat.stack.create", "heat.stack.create", "heat.stack.find", "heat.stack.show", "heat.stack.list",
        "heat.stack.delete", "heat.event.list", "keystone.token.issue", "heat.*", "*",
    ]

    private mutating func addFault(_ number: Int) {
        var rule: StoryDocument = ["id": "explored-\(number)", "op": .text(pick(Self.operations), isQuoted: true)]
        switch random.index(below: 4) {
        case 0: rule["when"] = ["nth": "\(1 + random.index(below: 4))"]
        case 1: rule["when"] = ["first": "\(1 + random.index(below: 4))"]
        case 2: rule["when"] = ["chance": "\(5 + random.index(below: 60))%"]
        default:
            rule["when"] = ["window": ["from": span(upTo: calm), "for": span(upTo: calm)]]
        }
        let (answer, effects) = pick(Self.answers)
        rule["answer"] = answer
        if !effects.isEmpty, happens(70) {
            rule["effect"] = happens(25) && effects.contains("late") ? ["late": "1s..40s"] : "\(pick(effects))"
        }
        if rule["effect"]?.text == "late" { rule["effect"] = ["late": "1s..40s"] }
        document.append(rule, to: ["cloud", "faults"])
    }

    /// What the cloud says, and what may have become of the request nevertheless.
    private static let answers: [(StoryDocument, [String])] = [
        (["status": "500"], ["none", "applied", "late"]), (["status": "502"], ["none", "applied", "late"]),
        (["status": "503"], ["none", "applied", "late"]),
        (["status": "504", "html": "<h1>504 Gateway Time-out</h1>"], ["none", "applied", "late"]),
        (["status": "429"], ["none"]), (["status": "429"], ["none"]),
        (["status": "429", "retryAfter": "3s..40s"], ["none"]),
        (["status": "401"], ["none"]), (["status": "404", "html": "<h1>Not Found</h1>"], ["none"]),
        (["status": "200", "html": "<h1>Welcome</h1>"], ["none", "applied"]),
        (["truncate": "20"], ["none", "applied", "late"]), (["empty": "true"], ["none", "applied", "late"]),
        (["garbage": "200"], ["none", "applied"]), (["reset": "before-answer"], ["none", "applied", "late"]),
        (["reset": "mid-body"], ["none", "applied"]), (["reset": "before-request"], []), (["refuse": "true"], []),
        (["hang": "5s..90s"], ["none", "applied"]),
    ]

    private mutating func addStackRule() {
        let resource = pick(CloudResource.all)
        var rule: StoryDocument = ["match": ["name": .text("vm-*", isQuoted: true), "nth": "1"]]
        switch random.index(below: 5) {
        case 0: rule[["create", resource]] = ["fails": "No valid host was found. ", "takes": "1s..20s"]
        case 1: rule[["create", resource]] = ["stuck": "true"]
        case 2:
            let times = StoryDocument("\(1 + random.index(below: 4))")
            rule[["delete", resource]] = ["fails": "Conflict: it is in use", "times": times, "takes": "1s..20s"]
        case 3: rule[["delete", resource]] = ["takes": "10s..300s"]
        default: rule["vanishesAfter"] = span(upTo: .seconds(120))
        }
        document[["cloud", "stacks"]] = .list([rule] + (document[["cloud", "stacks"]]?.items ?? []))
    }

    // The users.

    private var labels: [String] {
        story.users.flatMap(\.script).compactMap {
            if case .create(let creation) = $0.action { creation.label } else { nil }
        }
    }

    private mutating func slowNetworks() {
        for user in story.users {
            document[["users", user.name, "network", "rtt"]] = "1ms..\(5 + random.index(below: 1500))ms"
        }
    }

    /// Lets a user do more than the story says, at places that nobody planned.
    private mutating func disturb(_ user: Scenario.User) {
        let path = ["users", user.name, "script"]
        var steps = document[path]?.items ?? []
        func insert(_ step: StoryDocument, after index: Int) {
            let place = min(steps.count, index + 1 + random.index(below: max(1, steps.count - index)))
            steps.insert(step, at: place)
            if happens(60) { steps.insert(["sleep": span(upTo: .seconds(30))], at: place) }
        }
        func place(of verb: String) -> Int? { steps.firstIndex { $0[verb] != nil } }
        // A lost answer is asked for again with the same key, as a client that minds its requests does.
        for index in steps.indices
        where steps[index]["create"] != nil && steps[index][["create", "idempotencyKey"]] == nil {
            steps[index][["create", "idempotencyKey"]] = "explored-\(index)"
        }
        if happens(20), let index = place(of: "create"), var again = steps[index]["create"] {
            // The same request once more, as a double click sends it.
            let label = again["as"]?.text ?? ""
            if again["name"] == nil { again["name"] = "\(label)" }
            again["as"] = "\(label)-again"
            insert(["create": again], after: index)
        }
        if happens(30), let index = place(of: "open-page") {
            let page = steps[index]["open-page"]
            let (deployment, tab) = (page?["deployment"]?.text ?? "", page?["tab"]?.text ?? "")
            insert(["open-page": ["deployment": "\(deployment)", "tab": "\(tab)-second"]], after: index)
        }
        if happens(30), let index = place(of: "open-page"), let tab = steps[index][["open-page", "tab"]]?.text {
            insert(["drop-socket": ["tab": "\(tab)"]], after: index)
        }
        if happens(15), let index = place(of: "open-page"), let tab = steps[index][["open-page", "tab"]]?.text {
            insert(["unsubscribe": ["tab": "\(tab)"]], after: index)
        }
        if happens(10), let index = place(of: "open-page"), let tab = steps[index][["open-page", "tab"]]?.text {
            let verb = pick(["stall-socket", "half-open"])
            insert([verb: ["tab": "\(tab)", "for": span(upTo: .seconds(200))]], after: index)
        }
        if happens(25), let index = place(of: "create"), let label = steps[index][["create", "as"]]?.text {
            insert(["delete": ["deployment": "\(label)"]], after: index)
        }
        if happens(20), let index = place(of: "create"), let label = steps[index][["create", "as"]]?.text {
            // Where it is not in ERROR the server refuses, and the user does no more.
            steps.append(["sleep": span(upTo: calm)])
            steps.append(["retry": ["deployment": "\(label)"]])
        }
        if happens(10) { insert(["list": ["pageSize": "\(1 + random.index(below: 3))"]], after: 0) }
        if happens(10) { steps.append("logout") }
        document[path] = .list(steps)
    }

    /// Somebody else looks at what is not theirs.
    private mutating func addStranger() {
        guard let label = labels.first else { return }
        document[["users", "stranger"]] = [
            "script": [
                "login", ["wait": ["deployment": "\(label)", "status": "PROVISIONING", "within": "5m"]],
                ["sleep": span(upTo: .seconds(30))],
                ["open-page": ["deployment": "\(label)", "tab": "strange"]], ["sleep": "1m"],
            ]
        ]
    }

    // The server.

    /// Where what was done and what is known of it are apart comes more often.
    private static let crashPoints: [CrashPoint] =
        CrashPoint.allCases + [
            .workerIntentCommitted, .workerCreateSent, .workerCreateAnswered, .workerDeleteSent,
            .workerDeleteAnswered, .httpDeleteCommitted, .httpCreateCommitted,
        ]

    private mutating func addCrashes() {
        var crashes: [StoryDocument] = []
        for _ in 0...random.index(below: 3) {
            var crash: StoryDocument =
                happens(70)
                ? [
                    "point": "\(pick(Self.crashPoints).rawValue)",
                    "nth": "\(happens(60) ? 1 : 1 + random.index(below: 6))",
                ] : ["at": span(upTo: calm)]
            crash["instance"] = "\(random.index(below: instances))"
            crash["restartAfter"] = span(upTo: .seconds(40))
            crashes.append(crash)
        }
        document[["portal", "crash"]] = .list(crashes)
    }
}

/// The resources of the portal's template that a story can let fail.
private enum CloudResource {
    static let all = ["key", "security_group", "port", "volume", "server", "floating_ip"]
}
