import HTTPTypes
import Runtime
import Scenarios

/// Neutron's Networking API v2.0.
enum NeutronRoutes {
    static let root = "/network/:region/v2.0"

    static let all: [ServiceRoute] =
        NeutronDiscovery.all
        + collection(
            "networks", "network", .neutronNetworkList, also: ["is_default"], absent: ServiceFault.networkNotFound,
            seen: { state, call, requester in
                if let name = call.query("name"), !requester.isAdmin {
                    return state.networks.records(named: name).filter { state.isVisible($0, to: requester) }
                }
                return state.networks(seenBy: requester)
            }, find: { try $0.network($1, for: $2) }, create: { try $0.createNetwork($1, by: $2) },
            update: { try $0.updateNetwork($1, $2, by: $3) }, delete: { try $0.deleteNetwork($1, by: $2) },
            table: \.networks, json: { $0.json($1) })
        + collection(
            "subnets", "subnet", absent: ServiceFault.subnetNotFound,
            seen: { state, _, requester in
                state.subnets.records(state.networks(seenBy: requester).flatMap(\.subnetIds))
            }, find: { try $0.subnet($1, for: $2) }, create: { try $0.createSubnet($1, by: $2) },
            update: { try $0.updateSubnet($1, $2, by: $3) }, delete: { try $0.deleteSubnet($1, by: $2) },
            table: \.subnets, json: { $0.json($1) })
        + collection(
            "ports", "port", also: ["binding:host_id"], absent: ServiceFault.portNotFound,
            seen: { state, call, requester in
                let all: [Port] =
                    if let id = call.query("id") { state.ports.records([id]) } else if let id = call.query("device_id")
                    { state.ports.records(state.portsByDevice[id]) } else if let id = call.query("network_id") {
                        state.ports.records(state.portsByNetwork[id])
                    } else { state.records(state.ports, seenBy: requester) }
                return all.filter { requester.mayTouch($0) }
            }, find: { try $0.port($1, for: $2) }, create: { try $0.createPort($1, by: $2) },
            update: { try $0.updatePort($1, $2, by: $3) }, delete: { try $0.deletePort($1, by: $2) },
            table: \.ports, json: { $0.json($1) })
        + collection(
            "routers", "router", absent: ServiceFault.routerNotFound,
            seen: { state, _, requester in state.records(state.routers, seenBy: requester) },
            find: { try $0.router($1, for: $2) }, create: { try $0.createRouter($1, by: $2) },
            update: { try $0.updateRouter($1, $2, by: $3) }, delete: { try $0.deleteRouter($1, by: $2) },
            table: \.routers, json: { $0.json($1) }) + routerInterfaces
        + collection(
            "floatingips", "floatingip", absent: ServiceFault.floatingIPNotFound,
            seen: { state, call, requester in
                let all: [FloatingIP] =
                    if let id = call.query("port_id") {
                        state.floatingIPs.records(state.floatingIPsByPort[id])
                    } else if let address = call.query("floating_ip_address") {
                        state.floatingIPs.records(named: address)
                    } else { state.records(state.floatingIPs, seenBy: requester) }
                return all.filter { requester.mayTouch($0) }
            }, find: { try $0.floatingIP($1, for: $2) }, create: { try $0.createFloatingIP($1, by: $2) },
            update: { try $0.updateFloatingIP($1, $2, by: $3) }, delete: { try $0.deleteFloatingIP($1, by: $2) },
            table: \.floatingIPs, json: { $0.json($1) })
        + collection(
            "security-groups", "security_group", absent: ServiceFault.securityGroupNotFound,
            seen: { state, _, requester in state.records(state.securityGroups, seenBy: requester) },
            find: { try $0.securityGroup($1, for: $2) }, create: { try $0.createSecurityGroup($1, by: $2) },
            update: { try $0.updateSecurityGroup($1, $2, by: $3) },
            delete: { try $0.deleteSecurityGroup($1, by: $2) }, table: \.securityGroups, json: { $0.json($1) })
        + collection(
            "security-group-rules", "security_group_rule", absent: ServiceFault.securityGroupRuleNotFound,
            seen: { state, call, requester in
                let all: [SecurityGroupRule] =
                    if let group = call.query("security_group_id") {
                        state.rules.records(state.rulesByGroup[group])
                    } else { state.records(state.rules, seenBy: requester) }
                return all.filter { requester.mayTouch($0) }
            }, find: { try $0.rule($1, for: $2) }, create: { try $0.createRule($1, by: $2) }, update: nil,
            delete: { try $0.deleteRule($1, by: $2) }, table: \.rules, json: { $0.json($1) })

    private static let routerInterfaces: [ServiceRoute] = [
        .on(.put, root + "/routers/:id/add_router_interface") { services, call, change in
            let router = call.parameter("id")
            let port = try services.network.addRouterInterface(router, call.json ?? [:], by: change)
            return answer(port, of: router)
        },
        .on(.put, root + "/routers/:id/remove_router_interface") { services, call, change in
            let router = call.parameter("id")
            let port = try services.network.removeRouterInterface(router, call.json ?? [:], by: change)
            return answer(port, of: router)
        },
        extraRoutes("add_extraroutes") { routes, given in
            routes += given.filter { !routes.contains($0) }
        },
        extraRoutes("remove_extraroutes") { routes, given in routes.removeAll(where: given.contains) },
    ]

    /// Adds routes to a router's, or takes some of them away, whatever the others are.
    private static func extraRoutes(
        _ path: String, _ change: @escaping @Sendable (inout [JSONValue], [JSONValue]) -> Void
    ) -> ServiceRoute {
        .on(.put, root + "/routers/:id/" + path) { services, call, context in
            let id = call.parameter("id")
            var routes = try services.network.router(id, for: context.requester).routes
            change(&routes, try call.object("router")["routes"]?.array ?? [])
            let router = try services.network.updateRouter(id, ["routes": .array(routes)], by: context)
            return .json(200, ["router": .object(NetworkView(services, call).json(router))])
        }
    }

    private static func answer(_ port: Port, of router: String) -> ServiceAnswer {
        let subnets = port.fixedIPs.map(\.subnetId)
        return .json(
            200,
            [
                "id": .string(router), "port_id": .string(port.id), "network_id": .string(port.networkId),
                "tenant_id": .string(port.projectId), "project_id": .string(port.projectId),
                "subnet_id": JSONValue(subnets.first), "subnet_ids": .array(subnets.map { .string($0) }), "tags": [],
            ])
    }

    // Collections.

    /// The routes that all collections have: list, create, show, update, delete, tags.
    ///
    /// - Parameters:
    ///   - seen: what a requester sees, or of it at least what the query asks for.
    ///   - also: attributes that can be asked for though items do not show them.
    private static func collection<Record: NetworkRecord>(
        _ path: String, _ name: String, _ list: CloudOperation? = nil, also: Set<String> = [],
        absent: @escaping @Sendable (String) -> ServiceFault,
        seen: @escaping @Sendable (NetworkState, ServiceCall, Requester) -> [Record],
        find: @escaping @Sendable (NetworkState, String, Requester) throws -> Record,
        create: @escaping @Sendable (inout NetworkState, JSONValue, Change) throws -> Record,
        update: (@Sendable (inout NetworkState, String, JSONValue, Change) throws -> Record)?,
        delete: @escaping @Sendable (inout NetworkState, String, Change) throws -> Void,
        table: any (WritableKeyPath<NetworkState, ResourceTable<Record>> & Sendable),
        json: @escaping @Sendable (NetworkView, Record) -> [String: JSONValue]
    ) -> [ServiceRoute] {
        let collection = name + "s"
        let all = "\(root)/\(path)"
        let one = all + "/:id"
        func tags(
            _ method: HTTPRequest.Method, _ path: String,
            _ change: @escaping @Sendable (inout [String], ServiceCall) throws -> ServiceAnswer?
        ) -> ServiceRoute {
            .on(method, one + "/tags" + path) { services, call, context in
                let record = try find(services.network, call.parameter("id"), context.requester)
                guard context.requester.mayTouch(record) else {
                    throw ServiceFault.notAuthorized("rule:update_\(name)")
                }
                var tags = record.tags
                let answer = try change(&tags, call)
                if tags != record.tags {
                    services.network[keyPath: table].update(record.id) { record in
                        record.tags = tags
                        record.stamp.touch(at: context.now)
                    }
                }
                return answer ?? .json(200, ["tags": .array(tags.map { .string($0) })])
            }
        }
        var routes: [ServiceRoute] = [
            .on(.get, all, list) { services, call, change in
                services.network.defaultGroup(of: change.projectId)
                let view = NetworkView(services, call)
                let found = seen(services.network, call, change.requester)
                let attributes = Set(NetworkAttributes.shown[name] ?? []).union(also)
                return try view.list(found.map { json(view, $0) }, collection, attributes: attributes, absent: absent)
            },
            .on(.post, all) { services, call, change in
                let record = try create(&services.network, try call.object(name), change)
                return .json(201, .object([name: .object(json(NetworkView(services, call), record))]))
            },
            .on(.get, one) { services, call, change in
                services.network.defaultGroup(of: change.projectId)
                let record = try find(services.network, call.parameter("id").withoutSuffix, change.requester)
                let fields = Set(call.queries("fields"))
                let shown = json(NetworkView(services, call), record).filter {
                    fields.isEmpty || fields.contains($0.key)
                }
                return .json(200, .object([name: .object(shown)]))
            },
            .on(.delete, one) { services, call, change in
                try delete(&services.network, call.parameter("id").withoutSuffix, change)
                return ServiceAnswer(status: 204)
            },
            tags(.get, "") { _, _ in nil },
            tags(.put, "") { tags, call in
                guard let given = call.json?["tags"]?.array?.compactMap(\.string) else {
                    throw ServiceFault.neutronBadRequest("Invalid tags body")
                }
                tags = given
                return nil
            },
            tags(.delete, "") { tags, _ in
                tags = []
                return ServiceAnswer(status: 204)
            },
            tags(.put, "/:tag") { tags, call in
                let tag = call.parameter("tag")
                if !tags.contains(tag) { tags.append(tag) }
                return ServiceAnswer(status: 201)
            },
            tags(.delete, "/:tag") { tags, call in
                let tag = call.parameter("tag")
                guard tags.contains(tag) else {
                    throw ServiceFault.neutron(404, "TagNotFound", "Tag \(tag) could not be found.")
                }
                tags.removeAll { $0 == tag }
                return ServiceAnswer(status: 204)
            },
        ]
        if let update {
            routes.append(
                .on(.put, one) { services, call, change in
                    let id = call.parameter("id").withoutSuffix
                    let record = try update(&services.network, id, try call.object(name), change)
                    return .json(200, .object([name: .object(json(NetworkView(services, call), record))]))
                })
        }
        return routes
    }
}

extension NetworkAttributes {
    private static let common = [
        "id", "name", "tenant_id", "project_id", "description", "revision_number", "created_at", "updated_at",
    ]

    /// What lists can be filtered by.
    static let shown: [String: [String]] = [
        "network": common + [
            "admin_state_up", "mtu", "status", "shared", "router:external", "port_security_enabled", "is_default",
            "ipv4_address_scope", "ipv6_address_scope", "availability_zone_hints",
            "vlan_transparent", "qinq",
        ],
        "subnet": common + [
            "network_id", "cidr", "ip_version", "gateway_ip", "enable_dhcp", "ipv6_address_mode", "ipv6_ra_mode",
            "subnetpool_id", "segment_id", "router:external",
        ],
        "port": common + [
            "network_id", "mac_address", "admin_state_up", "status", "device_id", "device_owner", "fixed_ips",
            "security_groups", "binding:vnic_type", "port_security_enabled", "dns_name",
        ],
        "router": common + ["admin_state_up", "status", "flavor_id"],
        "floatingip": common + [
            "floating_ip_address", "floating_network_id", "router_id", "port_id", "fixed_ip_address", "status",
        ],
        "security_group": common + ["stateful", "shared"],
        "security_group_rule": common + [
            "security_group_id", "ethertype", "direction", "protocol", "port_range_min", "port_range_max",
            "remote_ip_prefix", "remote_group_id", "remote_address_group_id", "normalized_cidr",
            "belongs_to_default_sg",
        ],
    ]
}

extension String {
    /// Without the `.json` that Neutron allows at the end of every path.
    var withoutSuffix: String { hasSuffix(".json") ? String(dropLast(5)) : self }
}
