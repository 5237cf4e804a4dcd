import HTTPTypes
import Runtime

/// Neutron's Networking API v2.0: the networks that a stack's port and floating IP are on.
extension FakeCloud {
    func addNeutron(to routes: inout ServiceRoutes) {
        let root = "/network/:region/v2.0/networks"
        routes.on(.get, root, .neutronNetworkList) { engine, call in
            let filters: Set<String> = [
                "name", "id", "router:external", "fields", "limit", "status", "sort_key", "sort_dir",
            ]
            if let unknown = call.query.first(where: { !filters.contains($0.name) })?.name {
                throw CloudDialect.Refusal(
                    status: 400, type: "HTTPBadRequest", message: "['\(unknown)'] is invalid attribute for filtering")
            }
            let fields = Set(call.queries("fields"))
            let found = ["private", "public"].map { engine.json(ofNetwork: $0) }.filter { network in
                ["name", "id", "status"].allSatisfy { key in call.query(key).map { network[key]?.string == $0 } ?? true
                }
                    && call.query("router:external").map {
                        network["router:external"] == .bool($0.lowercased() == "true")
                    } ?? true
            }
            let shown = found.map { network -> JSONValue in
                fields.isEmpty ? network : .object((network.object ?? [:]).filter { fields.contains($0.key) })
            }
            return .json(200, ["networks": .array(shown)])
        }
        routes.on(.get, root + "/:network") { engine, call in
            let id = call.parameter("network")
            guard let name = ["private", "public"].first(where: { engine.catalog.id(of: "network", $0) == id }) else {
                throw CloudDialect.Refusal(
                    status: 404, type: "NetworkNotFound", message: "Network \(id) could not be found.")
            }
            return .json(200, ["network": engine.json(ofNetwork: name)])
        }
    }
}

extension CloudEngine {
    fileprivate func json(ofNetwork name: String) -> JSONValue {
        let isExternal = name == "public"
        var json: [String: JSONValue] = [
            "id": .string(catalog.id(of: "network", name)), "name": .string(name),
            "tenant_id": .string(catalog.projectId), "project_id": .string(catalog.projectId), "admin_state_up": true,
            "mtu": isExternal ? 1500 : 1450, "status": "ACTIVE",
            "subnets": [.string(catalog.id(of: "subnet", name))], "shared": false, "availability_zone_hints": [],
            "availability_zones": [], "ipv4_address_scope": .null, "ipv6_address_scope": .null,
            "router:external": .bool(isExternal), "qinq": false, "vlan_transparent": false, "description": "",
            "port_security_enabled": true, "tags": [], "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z", "revision_number": 2,
        ]
        if isExternal { json["is_default"] = false }
        return .object(json)
    }
}
