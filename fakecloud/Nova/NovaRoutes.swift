import HTTPTypes
import Runtime
import Scenarios

/// Nova's Compute API v2.1: what a catalog needs.
extension FakeCloud {
    func addNova(to routes: inout ServiceRoutes) {
        let root = "/compute/:region/v2.1"
        routes.on(.get, root, needsToken: false) { _, call in
            let link: JSONValue = [
                "rel": "self", "href": .string("\(call.baseURL)/compute/\(call.region ?? "")/v2.1/"),
            ]
            return NovaView.answer(
                [
                    "version": [
                        "id": "v2.1", "status": "CURRENT", "version": "2.104", "min_version": "2.1",
                        "updated": "2013-07-23T11:33:21Z",
                        "links": [
                            link, ["rel": "describedby", "type": "text/html", "href": "http://docs.openstack.org/"],
                        ],
                        "media-types": [
                            [
                                "base": "application/json",
                                "type": "application/vnd.openstack.compute+json;version=2.1",
                            ]
                        ],
                    ]
                ])
        }
        routes.on(.get, root + "/flavors", .novaFlavorList) { engine, call in
            try NovaView(engine: engine, call: call).flavors(isDetailed: false)
        }
        routes.on(.get, root + "/flavors/detail", .novaFlavorList) { engine, call in
            try NovaView(engine: engine, call: call).flavors(isDetailed: true)
        }
        routes.on(.get, root + "/flavors/:flavor") { engine, call in
            try NovaView(engine: engine, call: call).flavor()
        }
        routes.on(.get, root + "/os-keypairs", .novaKeypairList) { engine, call in
            NovaView(engine: engine, call: call).keypairs()
        }
        routes.on(.get, root + "/limits", .novaLimitsShow) { engine, call in
            NovaView(engine: engine, call: call).limits()
        }
    }
}

private struct NovaView {
    let engine: CloudEngine
    let call: ServiceCall

    static func answer(_ body: JSONValue) -> ServiceAnswer {
        .json(
            200, body,
            headers: [
                HTTPField.Name("OpenStack-API-Version")!: "compute 2.1",
                HTTPField.Name("X-OpenStack-Nova-API-Version")!: "2.1", .vary: "OpenStack-API-Version",
            ])
    }

    private var root: String { "\(call.baseURL)/compute/\(call.region ?? "")" }

    /// In the order of their ids, as Nova lists them.
    private var all: [(id: String, flavor: InstanceTypeScenario)] {
        engine.scenario.instanceTypes.map { (engine.catalog.id(of: "flavor", $0.id), $0) }.sorted { $0.id < $1.id }
    }

    func flavors(isDetailed: Bool) throws -> ServiceAnswer {
        var found = all
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
        return Self.answer(.object(body))
    }

    func flavor() throws -> ServiceAnswer {
        let id = call.parameter("flavor")
        guard let found = all.first(where: { $0.id == id }) else {
            throw CloudDialect.Refusal(
                status: 404, type: "itemNotFound", message: "Flavor \(id) could not be found.")
        }
        return Self.answer(["flavor": .object(detail(found.id, found.flavor))])
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

    private var servers: [StackRecord.Resource] {
        engine.stacks(in: call.region ?? "").flatMap(\.resources).filter {
            $0.template.kind == .server && !$0.isAbsent
        }
    }

    func keypairs() -> ServiceAnswer {
        let keys = engine.stacks(in: call.region ?? "").flatMap { stack in
            stack.resources.filter { $0.template.kind == .keyPair && !$0.isAbsent }.map { key -> JSONValue in
                [
                    "keypair": [
                        "name": .string(stack.name), "public_key": key.attributes?["public_key"] ?? "",
                        "fingerprint": "",
                    ]
                ]
            }
        }
        return Self.answer(["keypairs": .array(keys)])
    }

    func limits() -> ServiceAnswer {
        let absolute: [String: JSONValue] = [
            "maxTotalCores": -1, "maxPersonality": 5, "maxPersonalitySize": 10240, "maxTotalInstances": -1,
            "maxTotalKeypairs": 100, "maxServerMeta": 128, "maxImageMeta": 128, "maxTotalRAMSize": -1,
            "maxServerGroups": 10, "maxServerGroupMembers": 10, "maxTotalFloatingIps": -1, "maxSecurityGroups": -1,
            "maxSecurityGroupRules": -1, "totalRAMUsed": 0, "totalCoresUsed": 0,
            "totalInstancesUsed": .integer(servers.count), "totalFloatingIpsUsed": 0, "totalSecurityGroupsUsed": 0,
            "totalServerGroupsUsed": 0,
        ]
        return Self.answer(["limits": ["rate": [], "absolute": .object(absolute)]])
    }
}
