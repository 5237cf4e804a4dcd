import HTTPTypes
import Runtime
import Scenarios

/// Neutron's Networking API v2.0: the networks that a stack's port and floating IP are on.
extension FakeCloud {
    func addNeutron(to routes: inout ServiceRoutes) {
        let root = "/network/:region/v2.0"
        routes.on(.get, root) { _, call in
            let base = "\(call.baseURL)/network/\(call.region ?? "")/v2.0/"
            let resources = [
                ("network", "networks"), ("subnet", "subnets"), ("subnetpool", "subnetpools"), ("port", "ports"),
            ]
            return .json(
                200,
                [
                    "resources": .array(
                        resources.map { name, collection in
                            [
                                "name": .string(name), "collection": .string(collection),
                                "links": [["rel": "self", "href": .string(base + collection)]],
                            ]
                        })
                ])
        }
        routes.on(.get, root + "/networks", .neutronNetworkList) { engine, call in
            try NetworkView(engine: engine, call: call).list()
        }
        routes.on(.get, root + "/networks/:network") { engine, call in
            try NetworkView(engine: engine, call: call).show()
        }
    }
}

/// Networks as Neutron's API shows them: those of the region, and those that stacks have made.
private struct NetworkView {
    let engine: CloudEngine
    let call: ServiceCall

    private static let attributes: Set<String> = [
        "id", "name", "tenant_id", "project_id", "admin_state_up", "mtu", "status", "shared", "router:external",
        "description", "tags", "is_default", "revision_number",
    ]
    private static let controls: Set<String> = [
        "fields", "limit", "marker", "page_reverse", "sort_key", "sort_dir",
    ]

    func list() throws -> ServiceAnswer {
        let filters = call.query.filter { !Self.controls.contains($0.name) }
        if let unknown = filters.first(where: { !Self.attributes.contains($0.name) })?.name {
            throw CloudDialect.Refusal(
                status: 400, type: "HTTPBadRequest", message: "['\(unknown)'] is invalid attribute for filtering")
        }
        var found = all.filter { network in
            filters.allSatisfy { filter in
                network[filter.name].map { text(of: $0) == filter.value.lowercased() } ?? false
            }
        }
        if let key = call.query("sort_key") {
            found.sort { text(of: $0[key] ?? .null) < text(of: $1[key] ?? .null) }
            if call.query("sort_dir") == "desc" { found.reverse() }
        }
        if let marker = call.query("marker") {
            guard let place = found.firstIndex(where: { $0["id"]?.string == marker }) else { throw absent(marker) }
            found.removeFirst(place + 1)
        }
        var body: [String: JSONValue] = [:]
        if let limit = call.query("limit").flatMap({ Int($0) }), limit > 0 {
            found = Array(found.prefix(limit))
            if found.count == limit { body["networks_links"] = links(limit, found) }
        }
        let fields = Set(call.queries("fields"))
        let shown = found.map { network -> JSONValue in
            .object(fields.isEmpty ? network : network.filter { fields.contains($0.key) })
        }
        body["networks"] = .array(shown)
        return .json(200, .object(body))
    }

    private func links(_ limit: Int, _ page: [[String: JSONValue]]) -> JSONValue {
        let base = "\(call.baseURL)/network/\(call.region ?? "")/v2.0/networks?limit=\(limit)&marker="
        let last = page.last?["id"]?.string ?? ""
        let first = page.first?["id"]?.string ?? ""
        return [
            ["rel": "next", "href": .string(base + last)],
            ["rel": "previous", "href": .string(base + first + "&page_reverse=True")],
        ]
    }

    private func text(of value: JSONValue) -> String { (value.string ?? "\(value)").lowercased() }

    func show() throws -> ServiceAnswer {
        var id = call.parameter("network")
        if id.hasSuffix(".json") { id.removeLast(5) }
        guard let network = all.first(where: { $0["id"]?.string == id }) else { throw absent(id) }
        return .json(200, ["network": .object(network)])
    }

    private func absent(_ id: String) -> CloudDialect.Refusal {
        CloudDialect.Refusal(status: 404, type: "NetworkNotFound", message: "Network \(id) could not be found.")
    }

    private var all: [[String: JSONValue]] {
        let project = call.token?.project?.id ?? ""
        let place = StackPlace(region: call.region ?? "", project: project)
        let made = engine.stacks(in: place).flatMap { stack in
            stack.resources.compactMap { resource -> [String: JSONValue]? in
                guard resource.kind == .network, resource.state == .complete, !resource.isAbsent,
                    let id = resource.physicalId
                else { return nil }
                return network(
                    id: id, name: resource.attributes?["name"]?.string ?? "", project: project, isExternal: false,
                    subnets: subnets(of: id, in: stack), at: resource.updatedAt.wholeSeconds)
            }
        }
        let own = engine.scenario.networks.map { known in
            network(
                id: engine.catalog.id(of: "network", known.name), name: known.name,
                project: known.isExternal ? engine.catalog.hexId(of: "project", known.project) : project,
                isExternal: known.isExternal,
                subnets: known.subnets.map { .string(engine.catalog.id(of: "subnet", $0.name)) },
                at: "2026-01-01T00:00:00Z")
        }
        return own + made
    }

    private func subnets(of network: String, in stack: StackRecord) -> [JSONValue] {
        stack.resources.indices.compactMap { index in
            let resource = stack.resources[index]
            guard resource.kind == .subnet, resource.isCreated, let id = resource.physicalId else { return nil }
            let properties = engine.evaluated(index, stack)
            return properties["network"]?.string == network || properties["network_id"]?.string == network
                ? .string(id) : nil
        }
    }

    private func network(
        id: String, name: String, project: String, isExternal: Bool, subnets: [JSONValue], at instant: String
    ) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "id": .string(id), "name": .string(name), "tenant_id": .string(project), "project_id": .string(project),
            "admin_state_up": true, "mtu": isExternal ? 1500 : 1450, "status": "ACTIVE", "subnets": .array(subnets),
            "shared": false, "availability_zone_hints": [], "availability_zones": [], "ipv4_address_scope": .null,
            "ipv6_address_scope": .null, "router:external": .bool(isExternal), "qinq": false,
            "vlan_transparent": false, "description": "", "port_security_enabled": true, "tags": [],
            "created_at": .string(instant), "updated_at": .string(instant), "revision_number": 2,
        ]
        if isExternal { json["is_default"] = false }
        return json
    }
}
