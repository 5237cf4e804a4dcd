import Runtime

extension Scenario {
    /// The same story as a seed makes it: without what the swarm leaves out, and with a script in the place of each
    /// plan.
    public func planned(seed: UInt64) -> Scenario {
        var scenario = self
        for member in swarm
        where RandomSource(seed: seed).stream("swarm \(member.id)").fraction() >= member.chance {
            scenario.leaveOut(member.id)
        }
        for (index, user) in users.enumerated() {
            guard let plan = user.plan else { continue }
            let random = RandomSource(seed: seed).stream("plan \(user.name)")
            scenario.users[index].script = user.script + plan.script(of: user, in: self, random)
            scenario.users[index].plan = nil
        }
        return scenario
    }
}

extension Scenario {
    private mutating func leaveOut(_ id: String) {
        cloud.faults.removeAll { $0.id == id }
        deeds.removeAll { $0.id == id }
        crashes.removeAll { $0.id == id }
        pauses.removeAll { $0.id == id }
        storeFailures.removeAll { $0.id == id }
    }

    /// Whether it is one run of a set: what must happen in a run alone need happen in one of them only.
    public var isOfSet: Bool { seedCount > 1 || !parameters.isEmpty }

    /// The ids of what a seed may leave out.
    var idsOfTrouble: [String] {
        cloud.faults.map(\.id)
            + (deeds.map(\.id) + crashes.map(\.id) + pauses.map(\.id) + storeFailures.map(\.id)).compactMap { $0 }
    }
}

extension Scenario.Plan {
    /// So many deployments a user makes at most.
    private static let mostDeployments = 10

    fileprivate func script(of user: Scenario.User, in scenario: Scenario, _ random: RandomSource) -> [Step] {
        var steps: [Step] = []
        var (made, live): (Int, [String]) = (0, [])
        var tabs: [String] = []
        var opened = 0
        func add(_ action: Step.Action) { steps.append(Step(action: action, place: place)) }
        func pick(_ items: [String]) -> String { items[random.index(below: items.count)] }
        for _ in 0..<actions {
            add(.sleep(think))
            switch draw(random) {
            case .create where made < Self.mostDeployments:
                made += 1
                let label = "\(user.name)-vm\(made)"
                live.append(label)
                add(
                    .create(
                        Step.Creation(
                            label: label, name: label,
                            region: scenario.cloud.regions[random.index(below: scenario.cloud.regions.count)].id,
                            instanceType: scenario.cloud.instanceTypes.first?.id ?? "",
                            image: scenario.cloud.images.first?.id ?? "", storageGiB: 20, idempotencyKey: label,
                            status: 202)))
            case .open where !live.isEmpty:
                opened += 1
                let tab = "\(user.name)-t\(opened)"
                tabs.append(tab)
                add(.openPage(deployment: pick(live), tab: tab, pauseAfterFetch: nil))
                // Until it has its socket, there is none to lose.
                add(.sleep(.fixed(.seconds(5))))
            case .drop where !tabs.isEmpty: add(.dropSocket(tab: pick(tabs)))
            case .close where !tabs.isEmpty: add(.closePage(tab: tabs.remove(at: random.index(below: tabs.count))))
            case .delete where !live.isEmpty:
                add(.delete(deployment: live.remove(at: random.index(below: live.count))))
            default: break
            }
        }
        return steps
    }

    private func draw(_ random: RandomSource) -> Action {
        let weighted = mix.sorted { $0.key.rawValue < $1.key.rawValue }
        var rest = random.index(below: max(1, weighted.reduce(0) { $0 + $1.value }))
        for (action, weight) in weighted {
            if rest < weight { return action }
            rest -= weight
        }
        return .create
    }
}
