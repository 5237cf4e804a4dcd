import HTTPTypes
import Runtime
import Scenarios

/// What Nova's API shows.
struct NovaView {
    let engine: CloudEngine
    let call: ServiceCall
    let version: NovaVersion

    /// - Throws: ``CloudDialect/Refusal`` where the microversion is none that Nova has.
    init(_ engine: CloudEngine, _ call: ServiceCall) throws {
        self.engine = engine
        self.call = call
        version = try NovaVersion(of: call)
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

    // Flavors.

    /// In the scenario's order. (Nova's is that of the ids, which mean nothing.)
    private var all: [(id: String, flavor: InstanceTypeScenario)] {
        engine.scenario.instanceTypes.map { (engine.catalog.id(of: "flavor", $0.id), $0) }
    }

    func flavors(isDetailed: Bool) throws -> ServiceAnswer {
        var found = all
        if let least = call.query("minRam").flatMap({ Int($0) }) { found = found.filter { $0.flavor.ramMiB >= least } }
        if let least = call.query("minDisk").flatMap({ Int($0) }) {
            found = found.filter { $0.flavor.diskGiB >= least }
        }
        if let marker = call.query("marker") {
            guard let place = found.firstIndex(where: { $0.id == marker }) else {
                throw CloudDialect.Refusal(status: 400, type: "badRequest", message: "marker [\(marker)] not found")
            }
            found.removeFirst(place + 1)
        }
        var body: [String: JSONValue] = [:]
        if let text = call.query("limit") {
            guard let limit = Int(text), limit >= 0 else {
                throw CloudDialect.Refusal(
                    status: 400, type: "badRequest",
                    message:
                        "Invalid input for query parameters limit. Value: \(text). '\(text)' does not match '^[0-9]*$'")
            }
            if found.count >= limit, limit > 0, let last = found.prefix(limit).last {
                let path = isDetailed ? "flavors/detail" : "flavors"
                body["flavors_links"] = [
                    ["rel": "next", "href": .string("\(root)/v2.1/\(path)?limit=\(limit)&marker=\(last.id)")]
                ]
            }
            found = Array(found.prefix(limit))
        }
        body["flavors"] = .array(
            found.map { .object(isDetailed ? detail($0.id, $0.flavor) : brief($0.id, $0.flavor)) })
        return .json(200, .object(body))
    }

    func flavor() throws -> ServiceAnswer {
        let id = call.parameter("flavor")
        guard let found = all.first(where: { $0.id == id }) else {
            throw CloudDialect.Refusal(
                status: 404, type: "itemNotFound", message: "Flavor \(id) could not be found.")
        }
        return .json(200, ["flavor": .object(detail(found.id, found.flavor))])
    }

    private func brief(_ id: String, _ flavor: InstanceTypeScenario) -> [String: JSONValue] {
        [
            "id": .string(id), "name": .string(flavor.id),
            "links": [
                ["rel": "self", "href": .string("\(root)/v2.1/flavors/\(id)")],
                ["rel": "bookmark", "href": .string("\(root)/flavors/\(id)")],
            ],
        ]
    }

    private func detail(_ id: String, _ flavor: InstanceTypeScenario) -> [String: JSONValue] {
        brief(id, flavor).merging([
            "ram": .integer(flavor.ramMiB), "disk": .integer(flavor.diskGiB), "swap": "",
            "OS-FLV-EXT-DATA:ephemeral": 0, "OS-FLV-DISABLED:disabled": false, "vcpus": .integer(flavor.vcpus),
            "os-flavor-access:is_public": true, "rxtx_factor": 1.0,
        ]) { $1 }
    }

    // Limits.

    /// What the servers of the project use.
    private var used: (instances: Int, cores: Int, ramMiB: Int) {
        let place = StackPlace(region: call.region ?? "", project: call.token?.project?.id ?? "")
        var used = (instances: 0, cores: 0, ramMiB: 0)
        for stack in engine.stacks(in: place) {
            for index in stack.resources.indices {
                let resource = stack.resources[index]
                guard resource.kind == .server, !resource.isAbsent, resource.physicalId != nil else { continue }
                let name = engine.evaluated(index, stack)["flavor"]?.string
                let flavor = all.first { $0.id == name || $0.flavor.id == name }?.flavor
                used.instances += 1
                used.cores += flavor?.vcpus ?? 0
                used.ramMiB += flavor?.ramMiB ?? 0
            }
        }
        return used
    }

    func limits() -> ServiceAnswer {
        let used = used
        var absolute: [String: JSONValue] = [
            "maxTotalCores": -1, "maxTotalInstances": -1, "maxTotalKeypairs": 100, "maxServerMeta": 128,
            "maxTotalRAMSize": -1, "maxServerGroups": 10, "maxServerGroupMembers": 10,
            "totalRAMUsed": .integer(used.ramMiB), "totalCoresUsed": .integer(used.cores),
            "totalInstancesUsed": .integer(used.instances), "totalServerGroupsUsed": 0,
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

    func quotas() throws -> ServiceAnswer {
        let id = call.parameter("project")
        guard id == call.token?.project?.id || call.token?.isAdmin == true else {
            throw CloudDialect.Refusal(
                status: 403, type: "forbidden",
                message: "Policy doesn't allow os_compute_api:os-quota-sets:show to be performed.")
        }
        var quotas: [String: JSONValue] = [
            "id": .string(id), "cores": -1, "instances": -1, "key_pairs": 100, "metadata_items": 128, "ram": -1,
            "server_group_members": 10, "server_groups": 10,
        ]
        if version.minor < 36 {
            quotas.merge(["fixed_ips": -1, "floating_ips": -1, "security_group_rules": -1, "security_groups": -1]) {
                $1
            }
        }
        if version.minor < 57 {
            quotas.merge(
                ["injected_file_content_bytes": 10240, "injected_file_path_bytes": 255, "injected_files": 5]
            ) { $1 }
        }
        return .json(200, ["quota_set": .object(quotas)])
    }
}
