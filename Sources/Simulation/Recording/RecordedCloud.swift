import FakeCloud
import OpenStack
import Runtime
import Scenarios

/// The part `cloud` of a scenario as it was observed, without a name, an id or an address of it.
struct RecordedCloud {
    /// A VM that the cloud can make.
    struct Order {
        let instanceType: String?
        let image: String?
        let storageGiB: Int
    }

    let document: StoryDocument
    /// The made-up names of the regions, in their order.
    let regions: [String]
    /// Those in which nothing that a VM needs went wrong each time.
    let regionsForVMs: [String]
    /// What went wrong with stacks, with the made-up names of the regions.
    let troubles: [RecordedLives.Trouble]
    /// Rules for calls that went wrong.
    let faults: [StoryDocument]
    let order: Order
    /// For people who read the file.
    let remarks: [String]

    /// More kinds of trouble a region than this are left out, the rarest ones.
    private static let troublesAtMost = 5

    init(_ observations: Observations) {
        var anonymiser = Anonymiser()
        let regions = observations.regions.map { anonymiser.name("region", for: $0.id) }
        let catalog = Catalog(observations, &anonymiser)
        let lives = RecordedLives(observations) { anonymiser.message($0) }

        var cloud: StoryDocument = .map([])
        if let life = observations.tokenLife { cloud["auth"] = ["tokenTtl": .text(life.shown, isQuoted: false)] }
        cloud["regions"] = .map(
            zip(regions, observations.regions).map { StoryDocument.Member($0, Self.region($1.calls)) })
        if !catalog.document.members.isEmpty { cloud["catalog"] = catalog.document }
        if let quotas = Self.quotas(observations.regions) { cloud["quotas"] = quotas }
        if let lifecycles = Self.lifecycles(lives) { cloud["lifecycles"] = lifecycles }
        var troubles: [RecordedLives.Trouble] = []
        for (name, region) in zip(regions, observations.regions) {
            for trouble in lives.troubles.filter({ $0.regionId == region.id }).prefix(Self.troublesAtMost) {
                troubles.append(
                    RecordedLives.Trouble(
                        regionId: name, resource: trouble.resource, failure: trouble.failure, stacks: trouble.stacks))
            }
        }
        if !troubles.isEmpty { cloud["stacks"] = .list(troubles.map(Self.rule)) }
        faults = Self.faults(zip(regions, observations.regions).map { ($0, $1.calls) })
        document = cloud
        self.regions = regions
        regionsForVMs = zip(regions, observations.regions).filter { Self.isFitForVMs($1.calls) }.map(\.0)
        self.troubles = troubles
        order = catalog.order
        remarks = Self.remarks(observations, lives, troubles)
    }

    // Calls.

    private static func region(_ calls: [ObservedCall]) -> StoryDocument {
        let answered = calls.filter { !$0.isFault }
        // Signing in and creating take far longer than what portals ask for again and again.
        let reads = answered.filter { $0.operation != .keystoneTokenIssue && $0.operation != .heatStackCreate }
        var latency: StoryDocument = .map([])
        if let all = FittedSpread(reads.map(\.took)) { latency["default"] = all.document }
        for operation in CloudOperation.allCases {
            guard let spread = FittedSpread(answered.filter { $0.operation == operation }.map(\.took)) else { continue }
            latency[operation.rawValue] = spread.document
        }
        return latency.members.isEmpty ? .map([]) : ["latency": latency]
    }

    private static func isFitForVMs(_ calls: [ObservedCall]) -> Bool {
        let needed: [CloudOperation] = [
            .keystoneTokenIssue, .heatStackCreate, .heatStackList, .novaFlavorList, .glanceImageList,
        ]
        return needed.allSatisfy { operation in
            let calls = calls.filter { $0.operation == operation }
            return calls.isEmpty || calls.contains { !$0.isFault }
        }
    }

    /// One rule an operation: as often as it was seen, one of what was seen. The fake has one Keystone for all regions,
    /// so a region whose own does not work is one whose services do not.
    private static func faults(_ regions: [(name: String, calls: [ObservedCall])]) -> [StoryDocument] {
        func isOfKeystone(_ call: ObservedCall) -> Bool { call.operation == .keystoneTokenIssue }
        var signIns: [ObservedCall] = []
        var rules: [StoryDocument] = []
        for (name, calls) in regions {
            let own = calls.filter(isOfKeystone)
            if own.contains(where: { !$0.isFault }) {
                signIns += own
            } else {
                rules += [rule("\(name)-sign-in", ["heat.*", "nova.*", "glance.*", "neutron.*"], in: name, own)]
                    .compactMap(\.self)
            }
            for operation in CloudOperation.allCases where operation != .keystoneTokenIssue {
                let calls = calls.filter { $0.operation == operation }
                if let rule = rule("\(name)-\(operation.rawValue)", [operation.rawValue], in: name, calls) {
                    rules.append(rule)
                }
            }
        }
        let issue = CloudOperation.keystoneTokenIssue.rawValue
        return [rule(issue, [issue], in: nil, signIns)].compactMap(\.self) + rules
    }

    private static func rule(
        _ id: String, _ operations: [String], in region: String?, _ calls: [ObservedCall]
    ) -> StoryDocument? {
        let faults = calls.filter(\.isFault)
        guard !faults.isEmpty else { return nil }
        var kinds: [(fault: ObservedCall, count: Int)] = []
        for fault in faults {
            if let known = kinds.firstIndex(where: { $0.fault.outcome == fault.outcome }) {
                kinds[known].count += 1
            } else {
                kinds.append((fault, 1))
            }
        }
        let patterns = operations.map { StoryDocument.text($0, isQuoted: $0.contains("*")) }
        var rule: StoryDocument = ["id": "\(id)", "op": patterns.count == 1 ? patterns[0] : .list(patterns)]
        if let region { rule["where"] = ["region": "\(region)"] }
        rule["when"] = ["chance": .text(percent(faults.count, of: calls.count), isQuoted: true)]
        if kinds.count == 1 {
            rule["answer"] = answer(kinds[0].fault)
        } else {
            let picks = kinds.map { kind -> StoryDocument in
                var pick: StoryDocument = ["weight": "\(kind.count)"]
                for member in answer(kind.fault).members { pick[member.key] = member.value }
                return pick
            }
            rule["answer"] = ["pick": .list(picks)]
        }
        return rule
    }

    private static func answer(_ call: ObservedCall) -> StoryDocument {
        switch call.outcome {
        case .refused: ["refuse": "true"]
        case .reset: ["reset": "before-answer"]
        case .hung: ["hang": .text(Duration.milliseconds(call.took.wholeMilliseconds).shown, isQuoted: false)]
        case .answered(let status, let retryAfter, let isJSON):
            .map(
                [StoryDocument.Member("status", "\(status)")]
                    + (isJSON ? [] : [StoryDocument.Member("html", .text("<html><body/></html>", isQuoted: true))])
                    + (retryAfter.map { [StoryDocument.Member("retryAfter", "\(max(0, $0))s")] } ?? []))
        }
    }

    private static func percent(_ part: Int, of whole: Int) -> String {
        let hundredths = max(1, (part * 10_000 + whole / 2) / whole)
        let rest = hundredths % 100
        return "\(hundredths / 100)" + (rest == 0 ? "" : rest < 10 ? ".0\(rest)" : ".\(rest)") + "%"
    }

    // Stacks.

    private static func lifecycles(_ lives: RecordedLives) -> StoryDocument? {
        guard !lives.durations.isEmpty else { return nil }
        var lifecycles: StoryDocument = .map([])
        let types = Set(lives.durations.keys).union(RecordedLives.types.values)
        // What the recorded stacks have not takes no time in the portal's either.
        let hasCreates = lives.durations.values.contains { $0[.create] != nil }
        let hasDeletes = lives.durations.values.contains { $0[.delete] != nil }
        for type in types.sorted() {
            let seen = lives.durations[type] ?? [:]
            var lifecycle: StoryDocument = .map([])
            let create = FittedSpread(ofWholeSeconds: seen[.create] ?? (hasCreates ? [.zero] : []))
            let delete = FittedSpread(ofWholeSeconds: seen[.delete] ?? (hasDeletes ? [.zero] : []))
            if let create { lifecycle["create"] = create.document }
            if let delete { lifecycle["delete"] = delete.document }
            lifecycles[type] = lifecycle
        }
        return lifecycles
    }

    /// A rule for the second stack that comes to it: the first one of each region goes well, and each rule takes one
    /// from those that follow it.
    private static func rule(for trouble: RecordedLives.Trouble) -> StoryDocument {
        let failure = trouble.failure
        let takes = StoryDocument.text(failure.took.shown, isQuoted: false)
        var fate: StoryDocument = failure.isStuck ? ["stuck": "true"] : ["takes": takes]
        if !failure.isStuck {
            fate["fails"] = .text(failure.reason, isQuoted: true)
            // A deletion that fails for ever would never end the story.
            if let times = failure.times ?? (failure.action == .delete ? 1 : nil) { fate["times"] = "\(min(times, 5))" }
        }
        let action = failure.action.rawValue.lowercased()
        return .map([
            StoryDocument.Member("match", ["region": .text(trouble.regionId, isQuoted: false), "nth": "2"]),
            StoryDocument.Member(action, .map([StoryDocument.Member(trouble.resource, fate)])),
        ])
    }

    // What there is.

    /// Of each project in each region: the least that a region has. What one VM would not fit into is left out.
    private static func quotas(_ regions: [Observations.Region]) -> StoryDocument? {
        var limits: [(key: String, limit: Int)] = []
        func add(_ key: String, atLeast least: Int, _ limit: (Observations.Region) -> Int?) {
            guard let limit = regions.compactMap(limit).min(), limit >= least else { return }
            limits.append((key, limit))
        }
        add("instances", atLeast: 1) { $0.computeQuotas?.instances.limit }
        add("cores", atLeast: 4) { $0.computeQuotas?.cores.limit }
        add("ramMiB", atLeast: 8192) { $0.computeQuotas?.ramMiB.limit }
        for (name, key, least) in [
            ("port", "ports", 2), ("floatingip", "floatingIps", 1), ("security_group", "securityGroups", 2),
            ("security_group_rule", "securityGroupRules", 10),
        ] {
            add(key, atLeast: least) { $0.networkQuotas[name]?.limit }
        }
        return limits.isEmpty ? nil : .map(limits.map { StoryDocument.Member($0.key, "\($0.limit)") })
    }

    private static func remarks(
        _ observations: Observations, _ lives: RecordedLives, _ troubles: [RecordedLives.Trouble]
    ) -> [String] {
        var remarks = [
            "Recorded from a real cloud by `hothouse record`: \(observations.calls.count) calls, the events of "
                + "\(observations.stacks.count) stacks.",
            "Names, ids and addresses are made up; what is no word of OpenStack's messages is left out of them.",
        ]
        if lives.durations.isEmpty {
            remarks.append("No stack told how long its resources took: that is as in the bundled cloud.")
        }
        for type in lives.durations.keys.sorted() {
            let counts = [StackHistory.Action.create, .delete].compactMap { action in
                lives.durations[type]?[action].map { "\($0.count) × \(action.rawValue.lowercased())" }
            }
            remarks.append("\(type): \(counts.joined(separator: ", "))")
        }
        for trouble in troubles {
            remarks.append(
                "\(trouble.regionId): the \(trouble.failure.action.rawValue.lowercased()) of \(trouble.resource) went "
                    + "wrong with \(trouble.stacks) stacks")
        }
        return remarks
    }
}

/// The instance types and images of all regions.
private struct Catalog {
    let document: StoryDocument
    let order: RecordedCloud.Order

    init(_ observations: Observations, _ anonymiser: inout Anonymiser) {
        var types: [(name: String, flavor: OfferClient.Flavor)] = []
        var images: [(name: String, image: OfferClient.Image)] = []
        for region in observations.regions {
            for flavor in region.flavors
            where (1...1024).contains(flavor.vcpus) && (1...(1 << 30)).contains(flavor.ramMiB) {
                let name = anonymiser.nameUnlessPublic("type", for: flavor.name)
                if !types.contains(where: { $0.name == name }) { types.append((name, flavor)) }
            }
            for image in region.images {
                let name = anonymiser.nameUnlessPublic("image", for: image.name)
                if !images.contains(where: { $0.name == name }) { images.append((name, image)) }
            }
        }
        var document: StoryDocument = .map([])
        if !types.isEmpty {
            document["instanceTypes"] = .map(types.map { StoryDocument.Member($0.name, Self.type($0.flavor)) })
        }
        if !images.isEmpty {
            document["images"] = .map(
                images.map { StoryDocument.Member($0.name, Self.image($0.image, &anonymiser)) })
        }
        self.document = document
        let image = images.min { ($0.image.minDiskGiB, $0.image.minRamMiB) < ($1.image.minDiskGiB, $1.image.minRamMiB) }
        let type = types.filter { $0.flavor.ramMiB >= image?.image.minRamMiB ?? 0 }
            .min { ($0.flavor.ramMiB, $0.flavor.vcpus) < ($1.flavor.ramMiB, $1.flavor.vcpus) }
        order = RecordedCloud.Order(
            instanceType: type?.name, image: image?.name, storageGiB: max(20, image?.image.minDiskGiB ?? 0))
    }

    private static func type(_ flavor: OfferClient.Flavor) -> StoryDocument {
        let diskGiB = min(max(0, flavor.diskGiB), 1 << 20)
        return ["vcpus": "\(flavor.vcpus)", "ramMiB": "\(flavor.ramMiB)", "diskGiB": "\(diskGiB)"]
    }

    private static func image(_ image: OfferClient.Image, _ anonymiser: inout Anonymiser) -> StoryDocument {
        let (disk, ram) = (min(max(0, image.minDiskGiB), 1 << 20), min(max(0, image.minRamMiB), 1 << 30))
        var document: StoryDocument = ["minDiskGiB": "\(disk)", "minRamMiB": "\(ram)"]
        if let user = image.adminUser, !user.isEmpty {
            let shown = PublicWords.isPublicAccount(user) ? user : anonymiser.name("account", for: user)
            document["sshUser"] = .text(shown, isQuoted: false)
        }
        return document
    }
}
