import OrderedCollections
import Runtime
import Scenarios

/// Servers, key pairs and server groups in one region, and the hosts under them: Nova's state.
///
/// What needs other services too (making and deleting a server, interfaces, volumes) is in ``RegionServices``.
struct ComputeState: Sendable {
    struct Usage: Equatable, Sendable {
        var instances = 0
        var cores = 0
        var ramMiB = 0
    }

    /// In the scenario's order. (Nova's is that of the ids, which mean nothing.)
    let flavors: OrderedDictionary<String, Flavor>
    var servers = ResourceTable<Instance>()
    var groups = ResourceTable<ServerGroup>()
    /// By user, then by name.
    var keyPairs: [String: OrderedDictionary<String, KeyPair>] = [:]
    var keyPairsMade = 0
    var usage: [String: Usage] = [:]
    /// By project where an administrator set them.
    var quotas: [String: [QuotaScenario.Resource: Int]] = [:]
    let standardQuota: [QuotaScenario.Resource: Int]
    /// What the hosts still have; empty where there is room for everything.
    private var hosts: OrderedDictionary<String, HostScenario>

    init(flavors: [Flavor], hosts: [HostScenario], quota: [QuotaScenario.Resource: Int]) {
        self.flavors = OrderedDictionary(
            flavors.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.hosts = OrderedDictionary(hosts.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        standardQuota = quota
    }

    /// By id or name.
    func flavor(_ reference: String) -> Flavor? {
        flavors[reference] ?? flavors.values.first { $0.name == reference }
    }

    func server(_ id: String, for requester: Requester) throws(ServiceFault) -> Instance {
        guard let server = servers[id], requester.mayTouch(server) else {
            throw ServiceFault(404, "Instance \(id) could not be found.")
        }
        return server
    }

    // Quotas.

    static let counted: [QuotaScenario.Resource] = [.cores, .instances, .ram]

    /// - Returns: -1 for no limit.
    func limit(_ resource: QuotaScenario.Resource, of project: String) -> Int {
        quotas[project]?[resource] ?? standardQuota[resource] ?? -1
    }

    /// Golden nova and heat_vm, `quota-show`, `ram-quota-resource`.
    func checkQuota(_ wanted: Usage, of project: String) throws(ServiceFault) {
        let used = usage[project] ?? Usage()
        let all = [
            (QuotaScenario.Resource.cores, wanted.cores, used.cores),
            (.instances, wanted.instances, used.instances), (.ram, wanted.ramMiB, used.ramMiB),
        ]
        let over = all.filter { resource, wanted, used in
            let limit = limit(resource, of: project)
            return wanted > 0 && limit >= 0 && used + wanted > limit
        }
        guard !over.isEmpty else { return }
        func joined(_ text: ((QuotaScenario.Resource, Int, Int)) -> String) -> String {
            over.map(text).joined(separator: ", ")
        }
        let names = joined { $0.0.rawValue }
        let limits = joined { "\(limit($0.0, of: project))" }
        throw ServiceFault(
            403,
            "Quota exceeded for \(names): Requested \(joined { "\($0.1)" }), but already used \(joined { "\($0.2)" }) of \(limits) \(names)"
        )
    }

    mutating func use(_ flavor: Flavor, instances: Int, of project: String, sign: Int = 1) {
        usage[project, default: Usage()].instances += instances * sign
        usage[project, default: Usage()].cores += flavor.vcpus * sign
        usage[project, default: Usage()].ramMiB += flavor.ramMiB * sign
    }

    // Hosts.

    /// Takes room on the host that has the most memory left.
    ///
    /// - Returns: nil where no host has enough.
    mutating func place(_ flavor: Flavor, group: ServerGroup?) -> String? {
        guard !hosts.isEmpty else { return "compute-1" }
        let others = Set(group?.members.compactMap { servers[$0]?.host } ?? [])
        let fitting = hosts.values.filter { host in
            let isAllowed =
                switch group?.policy {
                case "anti-affinity": !others.contains(host.id)
                case "affinity": others.isEmpty || others.contains(host.id)
                default: true
                }
            return isAllowed && host.vcpus >= flavor.vcpus && host.ramMiB >= flavor.ramMiB
                && host.diskGiB >= flavor.diskGiB
        }
        guard var best = fitting.first else { return nil }
        for host in fitting where host.ramMiB > best.ramMiB { best = host }
        change(best.id, flavor, sign: -1)
        return best.id
    }

    mutating func leave(_ host: String?, _ flavor: Flavor) {
        if let host { change(host, flavor, sign: 1) }
    }

    private mutating func change(_ host: String, _ flavor: Flavor, sign: Int) {
        hosts[host]?.vcpus += flavor.vcpus * sign
        hosts[host]?.ramMiB += flavor.ramMiB * sign
        hosts[host]?.diskGiB += flavor.diskGiB * sign
    }

    // Key pairs.

    func keyPair(_ name: String, of user: String) throws(ServiceFault) -> KeyPair {
        guard let pair = keyPairs[user]?[name] else {
            throw ServiceFault(404, "Keypair \(name) not found for user \(user)")
        }
        return pair
    }

    /// - Parameter request: `{"name": …, "public_key": …, "type": …}`; without a public key a pair is made.
    /// - Returns: the pair, with the private key where it was made.
    mutating func createKeyPair(
        _ request: JSONValue, by change: Change
    ) throws(ServiceFault) -> (pair: KeyPair, privateKey: String?) {
        let user = change.requester.userId
        guard let name = request["name"]?.string else {
            throw .novaInput("keypair", request, "'name' is a required property")
        }
        // The pattern as golden nova, `keypair-bad-name` shows it, with its doubled backslashes.
        guard name.wholeMatch(of: /[_\- a-zA-Z0-9]{1,255}/) != nil else {
            throw .novaInput("name", .string(name), "'\(name)' does not match '^[_\\\\- a-zA-Z0-9]+$'")
        }
        var privateKey: String?
        var publicKey = request["public_key"]?.string
        if publicKey == nil {
            let made = KeyPair.generate(comment: "Generated-by-Nova", change.random)
            publicKey = made.publicKey
            privateKey = made.privateKey
        }
        let type = request["type"]?.string ?? "ssh"
        guard
            let pair = KeyPair(
                name: name, publicKey: publicKey ?? "", userId: user, type: type, at: change.now,
                number: keyPairsMade + 1)
        else { throw ServiceFault(400, "Keypair data is invalid: failed to generate fingerprint") }
        guard keyPairs[user]?[name] == nil else {
            throw ServiceFault(409, "Key pair '\(name)' already exists.")
        }
        let limit = limit(.keyPairs, of: change.projectId)
        if limit >= 0, keyPairs[user]?.count ?? 0 >= limit {
            throw ServiceFault(403, "Quota exceeded, too many key pairs.")
        }
        keyPairsMade += 1
        keyPairs[user, default: [:]][name] = pair
        return (pair, privateKey)
    }

    mutating func deleteKeyPair(_ name: String, by change: Change) throws(ServiceFault) {
        _ = try keyPair(name, of: change.requester.userId)
        keyPairs[change.requester.userId]?[name] = nil
    }

    // Server groups.

    func group(_ id: String, for requester: Requester) throws(ServiceFault) -> ServerGroup {
        guard let group = groups[id], requester.mayTouch(group) else {
            throw ServiceFault(404, "Instance group \(id) could not be found.")
        }
        return group
    }

    /// - Parameter request: `{"name": …, "policy": …}`, or `"policies": […]` before microversion 2.64.
    mutating func createGroup(_ request: JSONValue, by change: Change) throws(ServiceFault) -> ServerGroup {
        guard let name = request["name"]?.string, !name.isEmpty else {
            throw .novaInput("server_group", request, "'name' is a required property")
        }
        let policies = ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"]
        guard let policy = request["policy"]?.string ?? request["policies"]?[0]?.string else {
            throw .novaInput("server_group", request, "'policy' is a required property")
        }
        guard policies.contains(policy) else {
            let list = policies.map { "'\($0)'" }.joined(separator: ", ")
            throw .novaInput("policy", .string(policy), "'\(policy)' is not one of [\(list)]")
        }
        let limit = limit(.serverGroups, of: change.projectId)
        if limit >= 0, groups.count(ofProject: change.projectId) >= limit {
            throw ServiceFault(403, "Quota exceeded, too many server groups.")
        }
        let group = ServerGroup(
            id: change.random.uuid(), name: name, projectId: change.projectId, userId: change.requester.userId,
            policy: policy, rules: request["rules"] ?? [:])
        groups.insert(group)
        return group
    }

    mutating func deleteGroup(_ id: String, by change: Change) throws(ServiceFault) {
        _ = try group(id, for: change.requester)
        groups.remove(id)
    }
}

extension ServiceFault {
    /// A body that breaks the schema (golden nova, `keypair-bad-name`).
    /// The greatest number that Nova and Cinder take (`DB_MAX_INT`).
    static let greatestInput = 2_147_483_647

    /// A whole number within limits, as their schemas have it.
    static func novaInteger(
        _ field: String, _ value: Int, in range: ClosedRange<Int> = 1...greatestInput
    ) throws(ServiceFault) -> Int {
        if value < range.lowerBound {
            throw novaInput(field, .integer(value), "\(value) is less than the minimum of \(range.lowerBound)")
        }
        if value > range.upperBound {
            throw novaInput(field, .integer(value), "\(value) is greater than the maximum of \(range.upperBound)")
        }
        return value
    }

    static func novaInput(_ field: String, _ value: JSONValue, _ reason: String) -> ServiceFault {
        ServiceFault(
            400,
            "Invalid input for field/attribute \(field). Value: \(value.pythonText). \(reason)")
    }
}
