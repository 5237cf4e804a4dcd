import Runtime
import Yams

/// Reads a whole scenario and checks that what it names exists.
struct ScenarioReader {
    let issues: Issues

    static let statuses = ["REQUESTED", "PROVISIONING", "ACTIVE", "ERROR", "DELETING", "DELETED"]

    func read(_ root: inout MapReader, standardCloud: CloudScenario) -> Scenario {
        let name = root.string("scenario", required: true) ?? ""
        let about = root.string("about", required: true) ?? ""
        var seed = root.integer("seed", in: 0...Int.max) ?? 1
        var seedCount = 1
        root.map("seeds") { seeds in
            seed = seeds.integer("from", in: 0...(Int.max / 2)) ?? seed
            seedCount = seeds.integer("count", in: 1...1_000_000, required: true) ?? 1
        }
        if root.has("seed"), root.has("seeds") { issues.add(root.place, "a story has a seed or seeds, not both") }
        var start = Timestamp(milliseconds: 1_767_693_600_000)
        var limit = Duration.seconds(3600)
        root.map("time") { time in
            if let given = time.instant("start") { start = given }
            if let given = time.duration("limit") { limit = given }
        }
        let swarm = root.entries("swarm").compactMap { entry in
            entry.node.percent(issues, what: entry.name).map {
                Scenario.SwarmMember(id: entry.name, chance: $0, place: entry.node.place(issues))
            }
        }
        var cloud = standardCloud
        var deeds: [Scenario.Deed] = []
        root.map("cloud") { reader in
            CloudReader(issues: issues).read(&reader, into: &cloud)
            deeds = reader.list("deeds", deed)
        }
        var crashes: [Scenario.Crash] = []
        var instances = 1
        var pauses: [Scenario.Pause] = []
        var storeFailures: [Scenario.StoreFailure] = []
        root.map("portal") { portal in
            instances = portal.integer("instances", in: 1...16) ?? 1
            crashes = self.crashes(&portal)
            pauses = portal.list("pause", pause)
            storeFailures = portal.list("store", storeFailure)
        }
        for pause in pauses where pause.instance >= instances {
            issues.add(pause.place, "there is no server \(pause.instance): instances is \(instances)")
        }
        for crash in crashes where crash.instance >= instances {
            issues.add(crash.place, "there is no server \(crash.instance): instances is \(instances)")
        }
        let calm = root.map("calm") { calm in
            Scenario.Calm(
                after: calm.duration("after") ?? .zero, duration: calm.duration("for", required: true) ?? .zero)
        }
        let users = root.entries("users").flatMap { self.users(named: $0.name, $0.node, cloud: cloud) }
        if users.isEmpty, root.node("users") == nil { issues.add(root.place, "users is missing: nobody acts") }
        let expectations = root.map("expect", required: true) { expect in
            ExpectationReader(issues: issues, cloud: cloud).read(&expect)
        }
        let scenario = Scenario(
            name: name, about: about, seed: UInt64(seed), seedCount: seedCount, swarm: swarm, start: start,
            limit: limit,
            cloud: cloud, deeds: deeds, instances: instances, crashes: crashes, pauses: pauses,
            storeFailures: storeFailures, calm: calm,
            users: users, expectations: expectations ?? Expectations())
        ReferenceCheck(issues: issues, scenario: scenario).run()
        return scenario
    }

    private func deed(_ node: Node) -> Scenario.Deed? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        let id = reader.string("id")
        let at = reader.spread("at")
        let seen = reader.map("when") { when -> Scenario.Deed.Moment? in
            let deployment = when.string("deployment", required: true)
            let status = when.word("status", of: Self.statuses, required: true)
            let after = when.spread("after") ?? .fixed(.zero)
            guard let deployment, let status else { return nil }
            return .seen(deployment: deployment, status: status, after: after)
        }
        guard reader.has("at") != reader.has("when") else {
            issues.add(reader.place, "a deed has an at or a when")
            return nil
        }
        let acts: [Scenario.Deed.Act?] = [
            reader.bool("revokeTokens") == true ? .revokeTokens : nil,
            reader.string("deleteStack").map { .deleteStack(deployment: $0) },
        ]
        guard let act = acts.compactMap({ $0 }).first, acts.count(where: { $0 != nil }) == 1 else {
            issues.add(reader.place, "a deed is one of revokeTokens: true and deleteStack")
            return nil
        }
        guard let moment = at.map({ .at($0) }) ?? seen ?? nil else { return nil }
        return Scenario.Deed(id: id, moment: moment, act: act, place: reader.place)
    }

    /// One, or a list of them.
    private func crashes(_ portal: inout MapReader) -> [Scenario.Crash] {
        guard case .sequence? = portal.node("crash") else {
            return [portal.map("crash", crash) ?? nil].compactMap { $0 }
        }
        return portal.list("crash") { node in
            var reader = MapReader(node, issues)
            defer { reader.refuseUnknownKeys() }
            return crash(&reader)
        }
    }

    private func crash(_ reader: inout MapReader) -> Scenario.Crash? {
        let id = reader.string("id")
        let point = reader.word("point", of: CrashPoint.allCases.map(\.rawValue)).flatMap(CrashPoint.init(rawValue:))
        let nth = reader.integer("nth", in: 1...1_000_000) ?? 1
        let at = reader.duration("at")
        let instance = reader.integer("instance", in: 0...15) ?? 0
        let restartAfter = reader.spread("restartAfter") ?? .fixed(.seconds(1))
        guard reader.has("point") != reader.has("at") else {
            issues.add(reader.place, "a crash has a point or an at")
            return nil
        }
        switch (point, at) {
        case (let point?, nil):
            return Scenario.Crash(
                id: id, moment: .point(point, nth: nth), instance: instance, restartAfter: restartAfter,
                place: reader.place)
        case (nil, let at?):
            return Scenario.Crash(
                id: id, moment: .at(at), instance: instance, restartAfter: restartAfter, place: reader.place)
        default: return nil
        }
    }

    private func pause(_ node: Node) -> Scenario.Pause? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        let id = reader.string("id")
        let instance = reader.integer("instance", in: 0...15) ?? 0
        let at = reader.spread("at", required: true)
        let duration = reader.spread("for", required: true)
        guard let at, let duration else { return nil }
        return Scenario.Pause(id: id, instance: instance, at: at, duration: duration, place: reader.place)
    }

    private func storeFailure(_ node: Node) -> Scenario.StoreFailure? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
        let id = reader.string("id")
        let at = reader.spread("at", required: true)
        let duration = reader.spread("for", required: true)
        let how = reader.word("how", of: Scenario.StoreFailure.Reason.allCases.map(\.rawValue), required: true)
        guard let at, let duration, let reason = how.flatMap(Scenario.StoreFailure.Reason.init) else { return nil }
        return Scenario.StoreFailure(id: id, at: at, duration: duration, reason: reason, place: reader.place)
    }

    /// One user, or a crowd that all do the same, each with deployments and tabs of their own.
    private func users(named name: String, _ node: Node, cloud: CloudScenario) -> [Scenario.User] {
        var count = 1
        let template = user(named: name, node, cloud: cloud, count: &count)
        guard count > 1 else { return [template] }
        return (1...count).map { number in
            var user = template
            user.name += "-\(number)"
            user.script = template.script.map { $0.renamed { $0 + "-\(number)" } }
            return user
        }
    }

    private func plan(_ reader: inout MapReader) -> Scenario.Plan {
        let actions = reader.integer("actions", in: 1...10_000) ?? 10
        let think = reader.spread("think") ?? .uniform(.seconds(1), .seconds(10))
        var mix: [Scenario.Plan.Action: Int] = [:]
        reader.map("mix") { mixes in
            for action in Scenario.Plan.Action.allCases {
                mix[action] = mixes.integer(action.rawValue, in: 0...1_000_000)
            }
        }
        if mix.isEmpty { mix = [.create: 3, .open: 5, .drop: 2, .close: 1, .delete: 2] }
        if mix.values.reduce(0, +) == 0 { issues.add(reader.place, "the weights sum to 0: nothing is done") }
        return Scenario.Plan(actions: actions, think: think, mix: mix, place: reader.place)
    }

    private func user(named name: String, _ node: Node, cloud: CloudScenario, count: inout Int) -> Scenario.User {
        var reader = MapReader(node, issues)
        let isVerified = reader.bool("verified") ?? true
        count = reader.integer("count", in: 1...1000) ?? 1
        let arrives = reader.spread("arrives") ?? .fixed(.zero)
        let roundTrip = reader.map("network") { $0.spread("rtt") } ?? nil
        let plan = reader.map("plan", plan)
        let script = reader.list("script") { StepReader(issues: issues, cloud: cloud).step($0) }
        reader.refuseUnknownKeys()
        return Scenario.User(
            name: name, isVerified: isVerified, roundTrip: roundTrip ?? .fixed(.milliseconds(20)), arrives: arrives,
            script: script, plan: plan)
    }
}
