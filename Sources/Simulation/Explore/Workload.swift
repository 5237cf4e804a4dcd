import Runtime
import Scenarios

/// A story that nobody wrote: some users, one or two regions and one or two servers, and what users do, drawn from a
/// seed. Each step is written out, so that it can be shrunk as any other story.
struct Workload {
    /// What it is called where the files of stories are.
    static let name = "generated"

    private let random: RandomSource
    private let regions: [String]
    private var steps: [StoryDocument] = []
    private var labels: [String] = []
    private var tabs: [String] = []

    static func document(seed: UInt64) -> StoryDocument {
        let random = RandomSource(seed: seed).stream("workload")
        let regions = random.index(below: 3) == 0 ? ["west", "east"] : ["west"]
        var users: [StoryDocument.Member] = []
        for number in 1...(1 + random.index(below: 4)) {
            var workload = Workload(random: random, regions: regions)
            workload.draw("u\(number)")
            let user: StoryDocument = [
                "arrives": "0s..20s",
                "network": ["rtt": "1ms..\(5 + random.index(below: 300))ms"], "script": .list(workload.steps),
            ]
            users.append(StoryDocument.Member("u\(number)", user))
        }
        return [
            "scenario": .text(name, isQuoted: false), "about": "Nobody planned it.", "seed": "\(seed)",
            "time": ["limit": "24h"], "cloud": ["regions": .map(regions.map { StoryDocument.Member($0, .map([])) })],
            "portal": ["instances": random.index(below: 3) == 0 ? "2" : "1"], "users": .map(users),
            "calm": ["after": "10m", "for": "3h"], "expect": .map([]),
        ]
    }

    private init(random: RandomSource, regions: [String]) {
        self.random = random
        self.regions = regions
    }

    private func pick<Item>(_ items: [Item]) -> Item { items[random.index(below: items.count)] }

    private mutating func draw(_ user: String) {
        steps.append("login")
        for number in 1...(4 + random.index(below: 16)) {
            act(user, number)
            if random.index(below: 4) > 0 { steps.append(["sleep": "\(1 + random.index(below: 30_000))ms"]) }
        }
        if random.index(below: 4) == 0 { steps.append("logout") }
    }

    private mutating func act(_ user: String, _ number: Int) {
        let label = labels.isEmpty ? nil : pick(labels)
        let tab = tabs.isEmpty ? nil : pick(tabs)
        switch (random.index(below: 20), label, tab) {
        case (0..<5, _, _) where labels.count < 5, (_, nil, _):
            let label = "\(user)-vm\(number)"
            labels.append(label)
            steps.append(
                ["create": ["as": "\(label)", "region": "\(pick(regions))", "idempotencyKey": "\(label)"]])
        case (5..<10, let label?, _):
            let tab = "\(user)-t\(number)"
            tabs.append(tab)
            steps.append(["open-page": ["deployment": "\(label)", "tab": "\(tab)"]])
            // Until it has its socket, there is none to lose.
            steps.append(["sleep": "3s"])
        case (10..<12, let label?, _): steps.append(["delete": ["deployment": "\(label)"]])
        case (12, _, _): steps.append(["list": ["pageSize": "\(1 + random.index(below: 3))"]])
        case (13, _, _): steps.append(["sleep": "\(30 + random.index(below: 120))s"])
        case (14, _, let tab?): steps.append(["unsubscribe": ["tab": "\(tab)"]])
        case (15, _, let tab?): steps.append(["close-page": ["tab": "\(tab)"]])
        case (16, let label?, _):
            steps.append(["wait": ["deployment": "\(label)", "status": "ACTIVE", "within": "3m"]])
        case (17, _, _): steps += ["logout", "login"]
        case (_, _, let tab?): steps.append(["drop-socket": ["tab": "\(tab)"]])
        default: steps.append(["list": ["pageSize": "2"]])
        }
    }
}
