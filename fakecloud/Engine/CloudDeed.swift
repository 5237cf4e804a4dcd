import OrderedCollections
import Runtime
import Scenarios

/// Something that an operator, somebody else or a fate does to the cloud, past its users.
public enum CloudDeed: Equatable, Sendable {
    /// All tokens: clients have to sign in again.
    case revokeTokens
    /// The first application credential of the catalog, which is the portal's; its tokens end with it.
    case revokeCredential, restoreCredential
    /// To the newest live stack of a name.
    case stack(Scenario.Deed.StackAct, name: String, region: String, reason: String)
    /// To the server of a stack.
    case server(Scenario.Deed.ServerAct, stack: String, region: String, reason: String)
    /// From now on; what it does not name stays.
    case setQuota(stacks: Int?, [QuotaScenario.Resource: Int])
    /// Its endpoints are not in the catalogs of new tokens.
    case hideRegion(String)
    case showRegion(String)
}

extension CloudEngine {
    /// - Returns: whether there was something to do it to.
    mutating func perform(_ deed: CloudDeed, seed: UInt64) -> Bool {
        switch deed {
        case .revokeTokens: revokeAllTokens()
        case .revokeCredential:
            guard let credential = ownCredential, identity.credentials[credential.id] != nil else { return false }
            identity.credentials[credential.id] = nil
            tokenCache = TokenCache()
        case .restoreCredential:
            guard let credential = ownCredential else { return false }
            identity.credentials[credential.id] = credential
        case .stack(let act, let name, let region, let reason):
            if act == .occupyName { return occupy(name, in: region, seed: seed) }
            guard let stack = liveStack(name, in: region) else { return false }
            return perform(act, stack, reason)
        case .server(let act, let name, let region, let reason):
            guard let stack = liveStack(name, in: region) else { return false }
            return perform(act, stack, reason, seed: seed)
        case .setQuota(let stacks, let limits): setQuota(stacks: stacks, limits)
        case .hideRegion(let region): return hiddenRegions.insert(region).inserted
        case .showRegion(let region): return hiddenRegions.remove(region) != nil
        }
        return true
    }

    /// The portal's credential, as the catalog has it.
    private var ownCredential: Identity.Credential? { Identity(scenario.identity, catalog).credentials.values.first }

    private func liveStack(_ name: String, in region: String) -> StackRecord? {
        stacks(in: region).last { $0.name == name && !$0.isGone }
    }

    private mutating func perform(_ act: Scenario.Deed.StackAct, _ stack: StackRecord, _ reason: String) -> Bool {
        let (id, place) = (stack.id, stack.place)
        switch act {
        case .deleteStack: withStack(id, in: place.region) { $0.vanish(&$1) }
        case .suspendStack, .resumeStack, .checkStack:
            return (try? self.act(String(act.rawValue.dropLast("Stack".count)), id, in: place)) != nil
        case .finishStack:
            guard stack.state == .inProgress else { return false }
            withStack(id, in: place.region) { $0.hurry(&$1) }
        case .failStack:
            guard stack.state == .inProgress else { return false }
            withStack(id, in: place.region) { engine, stack in
                for index in stack.resources.indices where stack.resources[index].state == .inProgress {
                    engine.stop(index, &stack, reason)
                }
                engine.fail(&stack, reason)
                engine.proceed(&stack)
            }
        case .pruneEvents: withStack(id, in: place.region) { $1.events = [] }
        case .occupyName: return false
        }
        return true
    }

    /// What is under way is done at once, and what follows from it.
    private mutating func hurry(_ stack: inout StackRecord) {
        while stack.state == .inProgress,
            let resource = stack.resources.first(where: { $0.state == .inProgress })
        {
            finish(resource.name, turn: resource.turn, of: &stack)
            // One that is tried again would be for ever.
            guard stack.resources.first(where: { $0.turn == resource.turn })?.state != .inProgress else { return }
        }
    }

    /// Somebody else has a stack of this name, in the project of the portal.
    private mutating func occupy(_ name: String, in region: String, seed: UInt64) -> Bool {
        guard let project = ownCredential?.project.id, liveStack(name, in: region) == nil else { return false }
        let body: JSONValue = [
            "stack_name": .string(name), "tags": "somebody-elses",
            "template": [
                "heat_template_version": "2018-08-31",
                "resources": ["x": ["type": "OS::Heat::Value", "properties": ["value": "x"]]],
            ],
        ]
        return (try? createStack(body, in: StackPlace(region: region, project: project), seed: seed)) != nil
    }

    private mutating func perform(
        _ act: Scenario.Deed.ServerAct, _ stack: StackRecord, _ reason: String, seed: UInt64
    ) -> Bool {
        let servers = stack.resources.filter { $0.kind == .server && !$0.isAbsent }.compactMap(\.physicalId)
        guard let id = servers.last else { return false }
        let change = Change(requester: stack.requester, now: now, random: RandomSource(seed: seed))
        let isDone = withServices(in: stack.place.region) { [now] services in
            guard services.compute.servers[id] != nil else { return false }
            switch act {
            case .deleteServer: try? services.deleteServer(id, by: change, drivenBy: .timers)
            case .breakServer: services.fail(server: id, reason, at: now)
            case .stopServer:
                return
                    (try? services.begin(.stop, named: "stop", from: [.active, .error], server: id, by: change)) != nil
            }
            return true
        }
        return isDone ?? false
    }

    private mutating func setQuota(stacks: Int?, _ limits: [QuotaScenario.Resource: Int]) {
        if let stacks { stackQuota = stacks }
        for region in scenario.regions {
            withServices(in: region.id) { services in
                services.compute.standardQuota.merge(limits) { $1 }
                services.network.standardQuota.merge(limits) { $1 }
                services.volume.standardQuota.merge(limits) { $1 }
            }
        }
    }
}

// As a line of the journal.

extension CloudDeed {
    var json: JSONValue {
        switch self {
        case .revokeTokens: ["deed": "revokeTokens"]
        case .revokeCredential: ["deed": "revokeCredential"]
        case .restoreCredential: ["deed": "restoreCredential"]
        case .stack(let act, let name, let region, let reason):
            [
                "deed": .string(act.rawValue), "name": .string(name), "region": .string(region),
                "reason": .string(reason),
            ]
        case .server(let act, let name, let region, let reason):
            [
                "deed": .string(act.rawValue), "name": .string(name), "region": .string(region),
                "reason": .string(reason),
            ]
        case .setQuota(let stacks, let limits):
            [
                "deed": "quotas", "stacks": stacks.map { .integer($0) } ?? .null,
                "limits": .object(
                    Dictionary(limits.map { ($0.key.rawValue, .integer($0.value)) }, uniquingKeysWith: { $1 })),
            ]
        case .hideRegion(let region): ["deed": "hideRegion", "region": .string(region)]
        case .showRegion(let region): ["deed": "showRegion", "region": .string(region)]
        }
    }

    init?(_ json: JSONValue) {
        let (deed, region) = (json["deed"]?.string ?? "", json["region"]?.string ?? "")
        let (name, reason) = (json["name"]?.string ?? "", json["reason"]?.string ?? "")
        switch deed {
        case "revokeTokens": self = .revokeTokens
        case "revokeCredential": self = .revokeCredential
        case "restoreCredential": self = .restoreCredential
        case "hideRegion": self = .hideRegion(region)
        case "showRegion": self = .showRegion(region)
        case "quotas":
            let limits = (json["limits"]?.object ?? [:]).compactMap { key, value in
                QuotaScenario.Resource(rawValue: key).flatMap { key in value.integer.map { (key, $0) } }
            }
            self = .setQuota(stacks: json["stacks"]?.integer, Dictionary(limits, uniquingKeysWith: { $1 }))
        default:
            if let act = Scenario.Deed.StackAct(rawValue: deed) {
                self = .stack(act, name: name, region: region, reason: reason)
            } else if let act = Scenario.Deed.ServerAct(rawValue: deed) {
                self = .server(act, stack: name, region: region, reason: reason)
            } else {
                return nil
            }
        }
    }
}
