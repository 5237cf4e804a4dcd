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
        root.map("cloud") { CloudReader(issues: issues).read(&$0, into: &cloud) }
        var crash: Scenario.Crash?
        root.map("portal") { portal in crash = portal.map("crash", self.crash) ?? nil }
        let users = root.entries("users").map { user(named: $0.name, $0.node, cloud: cloud) }
        if users.isEmpty, root.node("users") == nil { issues.add(root.place, "users is missing: nobody acts") }
        let expectations = root.map("expect", required: true) { expect in
            ExpectationReader(issues: issues, cloud: cloud).read(&expect)
        }
        let scenario = Scenario(
            name: name, about: about, seed: UInt64(seed), start: start, limit: limit, cloud: cloud, crash: crash,
            users: users, expectations: expectations ?? Expectations())
        ReferenceCheck(issues: issues, scenario: scenario).run()
        return scenario
    }

    private func crash(_ reader: inout MapReader) -> Scenario.Crash? {
        let point = reader.word("point", of: CrashPoint.allCases.map(\.rawValue)).flatMap(CrashPoint.init(rawValue:))
        let nth = reader.integer("nth", in: 1...1_000_000) ?? 1
        let at = reader.duration("at")
        let restartAfter = reader.spread("restartAfter") ?? .fixed(.seconds(1))
        guard reader.has("point") != reader.has("at") else {
            issues.add(reader.place, "a crash has a point or an at")
            return nil
        }
        switch (point, at) {
        case (let point?, nil):
            return Scenario.Crash(moment: .point(point, nth: nth), restartAfter: restartAfter, place: reader.place)
        case (nil, let at?): return Scenario.Crash(moment: .at(at), restartAfter: restartAfter, place: reader.place)
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
