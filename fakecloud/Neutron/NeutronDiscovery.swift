import HTTPTypes
import Runtime
import Scenarios

/// What Neutron says of itself: its version, extensions and zones, and how much a project may have.
enum NeutronDiscovery {
    static let all = discovery + quotas

    private static let extensions = [
        "address-scope", "agent", "allowed-address-pairs", "availability_zone", "binding", "default-subnetpools",
        "dns-integration", "external-net", "ext-gw-mode", "extra_dhcp_opt", "extraroute", "extraroute-atomic",
        "filter-validation",
        "fip-port-details", "net-mtu", "network-ip-availability", "pagination",
        "port-security",
        "project-id", "provider", "quota_details", "quotas", "router", "security-group", "sorting",
        "standard-attr-description", "standard-attr-revisions", "standard-attr-tag", "standard-attr-timestamp",
        "stateful-security-group", "subnet_allocation",
    ]

    /// What there is none of.
    private static func empty(_ path: String, _ collection: String) -> ServiceRoute {
        .on(.get, NeutronRoutes.root + path) { _, _, _ in .json(200, .object([collection: []])) }
    }

    private static func describe(_ alias: String) -> JSONValue {
        [
            "alias": .string(alias), "name": .string(alias), "description": "", "links": [],
            "updated": "2013-01-01T00:00:00-00:00",
        ]
    }

    private static let discovery: [ServiceRoute] = [
        .on(.get, "/network/:region", needsToken: false) { _, call, _ in
            let link = "\(call.baseURL)/network/\(call.region ?? "")/v2.0/"
            return .json(
                200,
                [
                    "versions": [
                        ["id": "v2.0", "status": "CURRENT", "links": [["rel": "self", "href": .string(link)]]]
                    ]
                ])
        },
        .on(.get, NeutronRoutes.root) { _, call, _ in
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
        },
        .on(.get, NeutronRoutes.root + "/extensions") { _, _, _ in
            .json(200, ["extensions": .array(extensions.map(describe))])
        },
        .on(.get, NeutronRoutes.root + "/extensions/:alias") { _, call, _ in
            let alias = call.parameter("alias").withoutSuffix
            guard extensions.contains(alias) else {
                throw ServiceFault.neutron(
                    404, "ExtensionsNotFound", "Extensions not found: ['\(alias)'].")
            }
            return .json(200, ["extension": describe(alias)])
        },
        .on(.get, NeutronRoutes.root + "/availability_zones") { _, _, _ in
            .json(
                200,
                [
                    "availability_zones": .array(
                        ["network", "router"].map {
                            ["name": "nova", "resource": .string($0), "state": "available"]
                        })
                ])
        },
        empty("/subnetpools", "subnetpools"), empty("/agents", "agents"),
        empty("/address-scopes", "address_scopes"), empty("/address-groups", "address_groups"),
        empty("/rbac-policies", "rbac_policies"), empty("/qos/policies", "policies"), empty("/trunks", "trunks"),
        .on(.get, NeutronRoutes.root + "/network-ip-availabilities") { services, call, change in
            guard change.requester.isAdmin else { return .json(200, ["network_ip_availabilities": []]) }
            let state = services.network
            let items = state.networks.all.map { network -> JSONValue in
                let subnets = state.subnets.records(network.subnetIds)
                func used(_ subnet: Subnet) -> JSONValue { .integer(subnet.addresses.taken.count) }
                return [
                    "network_id": .string(network.id), "network_name": .string(network.name),
                    "project_id": .string(network.projectId), "tenant_id": .string(network.projectId),
                    "total_ips": .integer(subnets.map(\.addresses.capacity).reduce(0, +)),
                    "used_ips": .integer(subnets.map(\.addresses.taken.count).reduce(0, +)),
                    "subnet_ip_availability": .array(
                        subnets.map { subnet in
                            [
                                "subnet_id": .string(subnet.id), "subnet_name": .string(subnet.name),
                                "cidr": .string(subnet.cidr.description),
                                "ip_version": .integer(subnet.cidr.base.version.rawValue),
                                "total_ips": .integer(subnet.addresses.capacity), "used_ips": used(subnet),
                            ]
                        }),
                ]
            }
            return .json(200, ["network_ip_availabilities": .array(items)])
        },
    ]

    // Quotas.

    private static func quota(_ path: String, _ isDetailed: Bool, of project: String? = nil) -> ServiceRoute {
        .on(.get, NeutronRoutes.root + path) { services, call, change in
            let asked = call.parameter("project").withoutSuffix
            guard asked == change.projectId || change.requester.isAdmin else {
                throw ServiceFault.notAuthorized("rule:get_quota")
            }
            services.network.defaultGroup(of: asked)
            return .json(
                200, ["quota": NetworkView(services, call).quota(of: project ?? asked, isDetailed: isDetailed)])
        }
    }

    private static let quotas: [ServiceRoute] = [
        quota("/quotas/:project", false), quota("/quotas/:project/details.json", true),
        quota("/quotas/:project/details", true), quota("/quotas/:project/default", false, of: ""),
        quota("/quotas/:project/default.json", false, of: ""),
        .on(.put, NeutronRoutes.root + "/quotas/:project") { services, call, change in
            guard change.requester.isAdmin else { throw ServiceFault.notAuthorized("rule:update_quota") }
            let project = call.parameter("project").withoutSuffix
            for (name, value) in try call.object("quota").object ?? [:] {
                guard let resource = QuotaScenario.Resource(rawValue: name) else { continue }
                guard let limit = value.integer ?? value.string.flatMap({ Int($0) }), limit >= -1 else {
                    throw ServiceFault.invalidAttribute(name, "'\(value)' is not an integer")
                }
                services.network.quotas[project, default: [:]][resource] = limit
            }
            return .json(200, ["quota": NetworkView(services, call).quota(of: project, isDetailed: false)])
        },
        .on(.delete, NeutronRoutes.root + "/quotas/:project") { services, call, change in
            guard change.requester.isAdmin else { throw ServiceFault.notAuthorized("rule:delete_quota") }
            services.network.quotas[call.parameter("project").withoutSuffix] = nil
            return ServiceAnswer(status: 204)
        },
    ]
}
