import HTTPTypes
import OrderedCollections
import Runtime
import Scenarios

/// What Nova's API shows.
struct NovaView {
    let services: RegionServices
    let call: ServiceCall
    let version: NovaVersion
    let now: Timestamp

    init(_ services: RegionServices, _ call: ServiceCall, _ version: NovaVersion, at now: Timestamp) {
        self.services = services
        self.call = call
        self.version = version
        self.now = now
    }

    var root: String { Self.root(call) }

    private static func root(_ call: ServiceCall) -> String { "\(call.baseURL)/compute/\(call.region ?? "")" }

    // Discovery.

    private static func link(_ call: ServiceCall, _ path: String) -> JSONValue {
        ["rel": "self", "href": .string(root(call) + path)]
    }

    static func versions(_ call: ServiceCall) -> ServiceAnswer {
        .json(
            200,
            [
                "versions": [
                    [
                        "id": "v2.0", "status": "DEPRECATED", "version": "", "min_version": "",
                        "updated": "2025-07-04T12:00:00Z", "links": [link(call, "/v2/")],
                    ],
                    [
                        "id": "v2.1", "status": "CURRENT", "version": .string("\(NovaVersion.newest)"),
                        "min_version": .string("\(NovaVersion.oldest)"), "updated": "2013-07-23T11:33:21Z",
                        "links": [link(call, "/v2.1/")],
                    ],
                ]
            ])
    }

    /// The answer to a version that there is not: where the same would be in those that there are.
    static func choices(_ call: ServiceCall) -> ServiceAnswer {
        let path = call.servicePath.hasSuffix("/") ? String(call.servicePath.dropLast()) : call.servicePath
        func choice(_ id: String, _ status: String, _ prefix: String, _ type: String) -> JSONValue {
            [
                "id": .string(id), "status": .string(status), "links": [link(call, prefix + path)],
                "media-types": [
                    [
                        "base": "application/json",
                        "type": .string("application/vnd.openstack.compute+json;version=\(type)"),
                    ]
                ],
            ]
        }
        return .json(
            300,
            [
                "choices": [
                    choice("v2.0", "DEPRECATED", "/v2", "2"), choice("v2.1", "CURRENT", "/v2.1", "2.1"),
                ]
            ])
    }

    func currentVersion() -> ServiceAnswer {
        .json(
            200,
            [
                "version": [
                    "id": "v2.1", "status": "CURRENT", "version": .string("\(NovaVersion.newest)"),
                    "min_version": .string("\(NovaVersion.oldest)"), "updated": "2013-07-23T11:33:21Z",
                    "links": [
                        Self.link(call, "/v2.1/"),
                        ["rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"],
                    ],
                    "media-types": [
                        ["base": "application/json", "type": "application/vnd.openstack.compute+json;version=2.1"]
                    ],
                ]
            ])
    }

    // Lists.

    /// A page of a list with the link to the next one, as Nova pages everything.
    ///
    /// - Parameters:
    ///   - path: of the list under the API's root: `flavors/detail`.
    ///   - key: of the list in the body: `flavors`.
    func page<Record>(
        _ all: [Record], path: String, key: String, id: (Record) -> String, json: (Record) -> JSONValue
    ) throws(ServiceFault) -> ServiceAnswer {
        var found = all[...]
        if let marker = call.query("marker") {
            guard let place = all.firstIndex(where: { id($0) == marker }) else {
                throw ServiceFault(400, "marker [\(marker)] not found")
            }
            found = all[(place + 1)...]
        }
        var body: [String: JSONValue] = [:]
        let most = 1000
        var limit = most
        if let text = call.query("limit") {
            guard let given = Int(text), given >= 0 else {
                throw ServiceFault(
                    400,
                    "Invalid input for query parameters limit. Value: \(text). '\(text)' does not match '^[0-9]*$'")
            }
            limit = min(given, most)
        }
        let isPaged = call.query("limit") != nil || found.count > limit
        found = found.prefix(limit)
        if isPaged, found.count == limit, let last = found.last {
            var query = call.query.filter { !["limit", "marker"].contains($0.name) }.map {
                "\($0.name)=\($0.value.addingPercentEncoding())"
            }
            if let text = call.query("limit") { query.append("limit=" + text) }
            query.append("marker=" + id(last))
            let next = "\(root)/v2.1/\(path)?" + query.joined(separator: "&")
            body[key + "_links"] = [["rel": "next", "href": .string(next)]]
        }
        body[key] = .array(found.map(json))
        return .json(200, .object(body))
    }

    func links(_ path: String) -> JSONValue {
        [
            ["rel": "self", "href": .string("\(root)/v2.1/\(path)")],
            ["rel": "bookmark", "href": .string("\(root)/\(path)")],
        ]
    }

    // Flavors.

    func flavors(isDetailed: Bool) throws(ServiceFault) -> ServiceAnswer {
        let leastRam = call.query("minRam").flatMap { Int($0) } ?? 0
        let leastDisk = call.query("minDisk").flatMap { Int($0) } ?? 0
        let found = services.compute.flavors.values.filter { $0.ramMiB >= leastRam && $0.diskGiB >= leastDisk }
        return try page(
            found, path: isDetailed ? "flavors/detail" : "flavors", key: "flavors", id: \.id,
            json: { .object(isDetailed ? detail($0) : brief($0)) })
    }

    func flavor(_ id: String) throws(ServiceFault) -> Flavor {
        guard let flavor = services.compute.flavors[id] else {
            throw ServiceFault(404, "Flavor \(id) could not be found.")
        }
        return flavor
    }

    private func brief(_ flavor: Flavor) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "id": .string(flavor.id), "name": .string(flavor.name), "links": links("flavors/" + flavor.id),
        ]
        if version.minor >= 55 { json["description"] = .null }
        return json
    }

    func detail(_ flavor: Flavor) -> [String: JSONValue] {
        var json = brief(flavor).merging([
            "ram": .integer(flavor.ramMiB), "disk": .integer(flavor.diskGiB), "OS-FLV-EXT-DATA:ephemeral": 0,
            "swap": version.minor >= 75 ? 0 : "", "OS-FLV-DISABLED:disabled": false,
            "vcpus": .integer(flavor.vcpus), "os-flavor-access:is_public": true, "rxtx_factor": 1.0,
        ]) { $1 }
        if version.minor >= 61 { json["extra_specs"] = [:] }
        return json
    }

    // Key pairs.

    func keyPairs(of user: String) throws(ServiceFault) -> ServiceAnswer {
        let pairs = services.compute.keyPairs[user].map { Array($0.values) } ?? []
        guard version.minor >= 35 else {
            return .json(200, ["keypairs": .array(pairs.map { ["keypair": .object(brief($0))] })])
        }
        return try page(
            pairs, path: "os-keypairs", key: "keypairs", id: \.name, json: { ["keypair": .object(brief($0))] })
    }

    private func brief(_ pair: KeyPair) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "name": .string(pair.name), "public_key": .string(pair.publicKey),
            "fingerprint": .string(pair.fingerprint),
        ]
        if version.minor >= 2 { json["type"] = .string(pair.type) }
        return json
    }

    func created(_ pair: KeyPair, privateKey: String?) -> ServiceAnswer {
        var json = brief(pair)
        json["user_id"] = .string(pair.userId)
        if let privateKey { json["private_key"] = .string(privateKey) }
        return .json(version.minor >= 2 ? 201 : 200, ["keypair": .object(json)])
    }

    func detail(_ pair: KeyPair) -> ServiceAnswer {
        var json = brief(pair)
        json["user_id"] = .string(pair.userId)
        json["created_at"] = .string(pair.createdAt.novaText)
        json["deleted"] = false
        json["deleted_at"] = .null
        json["updated_at"] = .null
        json["id"] = .integer(pair.number)
        return .json(200, ["keypair": .object(json)])
    }

    // Limits and quotas.

    func limits(of project: String) -> ServiceAnswer {
        let compute = services.compute
        let used = compute.usage[project] ?? ComputeState.Usage()
        var absolute: [String: JSONValue] = [
            "maxTotalCores": .integer(compute.limit(.cores, of: project)),
            "maxTotalInstances": .integer(compute.limit(.instances, of: project)),
            "maxTotalKeypairs": .integer(compute.limit(.keyPairs, of: project)), "maxServerMeta": 128,
            "maxTotalRAMSize": .integer(compute.limit(.ram, of: project)),
            "maxServerGroups": .integer(compute.limit(.serverGroups, of: project)), "maxServerGroupMembers": 10,
            "totalRAMUsed": .integer(used.ramMiB), "totalCoresUsed": .integer(used.cores),
            "totalInstancesUsed": .integer(used.instances),
            "totalServerGroupsUsed": .integer(compute.groups.count(ofProject: project)),
        ]
        // Later versions have left out what Nova hands on to others, and what nobody may do any more.
        if version.minor < 36 {
            absolute.merge([
                "maxTotalFloatingIps": -1, "maxSecurityGroups": -1, "maxSecurityGroupRules": -1,
                "totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0,
            ]) { $1 }
        }
        if version.minor < 39 { absolute["maxImageMeta"] = 128 }
        if version.minor < 57 { absolute.merge(["maxPersonality": 5, "maxPersonalitySize": 10240]) { $1 } }
        return .json(200, ["limits": ["rate": [], "absolute": .object(absolute)]])
    }

    /// - Parameter isDetailed: whether what is used is told too.
    func quotas(of project: String, isDetailed: Bool = false) -> ServiceAnswer {
        let compute = services.compute
        let used = compute.usage[project] ?? ComputeState.Usage()
        var quotas: [String: (limit: Int, used: Int)] = [
            "cores": (compute.limit(.cores, of: project), used.cores),
            "instances": (compute.limit(.instances, of: project), used.instances),
            "ram": (compute.limit(.ram, of: project), used.ramMiB),
            "key_pairs": (compute.limit(.keyPairs, of: project), 0), "metadata_items": (128, 0),
            "server_groups": (
                compute.limit(.serverGroups, of: project), compute.groups.count(ofProject: project)
            ), "server_group_members": (10, 0),
        ]
        if version.minor < 36 {
            for name in ["fixed_ips", "floating_ips", "security_group_rules", "security_groups"] {
                quotas[name] = (-1, 0)
            }
        }
        if version.minor < 57 {
            quotas["injected_file_content_bytes"] = (10240, 0)
            quotas["injected_file_path_bytes"] = (255, 0)
            quotas["injected_files"] = (5, 0)
        }
        var json = quotas.mapValues { quota -> JSONValue in
            isDetailed
                ? ["limit": .integer(quota.limit), "in_use": .integer(quota.used), "reserved": 0]
                : .integer(quota.limit)
        }
        json["id"] = .string(project)
        return .json(200, ["quota_set": .object(json)])
    }

    // Server groups.

    func group(_ group: ServerGroup) -> JSONValue {
        var json: [String: JSONValue] = [
            "id": .string(group.id), "name": .string(group.name),
            "members": .array(group.members.map { .string($0) }),
        ]
        if version.minor >= 64 {
            json["policy"] = .string(group.policy)
            json["rules"] = group.rules
        } else {
            json["policies"] = [.string(group.policy)]
            json["metadata"] = [:]
        }
        if version.minor >= 13 {
            json["project_id"] = .string(group.projectId)
            json["user_id"] = .string(group.userId)
        }
        return .object(json)
    }
}

extension Timestamp {
    /// As Nova writes times beside those that it writes otherwise: `2026-01-06T10:00:00.000000`.
    var novaText: String { wholeSeconds.dropLast() + ".000000" }
}

extension String {
    /// As a value of a query.
    func addingPercentEncoding() -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)
        return utf8.map { byte in
            plain.contains(byte)
                ? String(UnicodeScalar(byte))
                : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }
}
