import Runtime
import Yams

/// Reads a whole scenario and checks that what it names exists.
struct ScenarioReader {
    let issues: Issues

    static let statuses = ["REQUESTED", "PROVISIONING", "ACTIVE", "ERROR", "DELETING", "DELETED"]

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
        var deeds: [Scenario.Deed] = []
        root.map("cloud") { reader in
            CloudReader(issues: issues).read(&reader, into: &cloud)
            deeds = reader.list("deeds", deed)
        }
        var crashes: [Scenario.Crash] = []
        var instances = 1
        root.map("portal") { portal in
            instances = portal.integer("instances", in: 1...16) ?? 1
            crashes = self.crashes(&portal)
        }
        for crash in crashes where crash.instance >= instances {
            issues.add(crash.place, "there is no server \(crash.instance): instances is \(instances)")
        }
        let calm = root.map("calm") { calm in
            Scenario.Calm(
                after: calm.duration("after") ?? .zero, duration: calm.duration("for", required: true) ?? .zero)
        }
        let users = root.entries("users").map { user(named: $0.name, $0.node, cloud: cloud) }
        if users.isEmpty, root.node("users") == nil { issues.add(root.place, "users is missing: nobody acts") }
        let expectations = root.map("expect", required: true) { expect in
            ExpectationReader(issues: issues, cloud: cloud).read(&expect)
        }
        let scenario = Scenario(
            name: name, about: about, seed: UInt64(seed), start: start, limit: limit, cloud: cloud, deeds: deeds,
            instances: instances, crashes: crashes, calm: calm,
            users: users, expectations: expectations ?? Expectations())
        ReferenceCheck(issues: issues, scenario: scenario).run()
        return scenario
    }

    private func deed(_ node: Node) -> Scenario.Deed? {
        var reader = MapReader(node, issues)
        defer { reader.refuseUnknownKeys() }
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
        return Scenario.Deed(moment: moment, act: act, place: reader.place)
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
                moment: .point(point, nth: nth), instance: instance, restartAfter: restartAfter, place: reader.place)
        case (nil, let at?):
            return Scenario.Crash(
                moment: .at(at), instance: instance, restartAfter: restartAfter, place: reader.place)
        default: return nil
        }
    }

    private func user(named name: String, _ node: Node, cloud: CloudScenario) -> Scenario.User {
        var reader = MapReader(node, issues)
        let isVerified = reader.bool("verified") ?? true
        let roundTrip = reader.map("network") { $0.spread("rtt") } ?? nil
        let script = reader.list("script") { StepReader(issues: issues, cloud: cloud).step($0) }
        reader.refuseUnknownKeys()
        return Scenario.User(
            name: name, isVerified: isVerified, roundTrip: roundTrip ?? .fixed(.milliseconds(20)), script: script)
    }
}
