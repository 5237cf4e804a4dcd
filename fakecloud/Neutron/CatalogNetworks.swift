import Runtime
import Scenarios

extension NetworkState {
    /// The networks of the catalog, with a router between each project's own ones and the outside.
    mutating func addNetworks(of catalog: FakeCatalog, region: String) {
        let random = RandomSource(seed: 1).stream("networks of " + region)
        // What the operator put up was not refused for a quota.
        for network in catalog.scenario.networks {
            quotas[catalog.hexId(of: "project", network.project)] = Dictionary(
                Self.counted.map { ($0, -1) }, uniquingKeysWith: { $1 })
        }
        defer { quotas = [:] }
        do {
            for network in catalog.scenario.networks {
                try add(network, of: catalog, region: region, random)
            }
            guard let outside = catalog.scenario.networks.first(where: \.isExternal) else { return }
            let inside = catalog.scenario.networks.filter { !$0.isExternal }
            var routers: [String: String] = [:]
            for network in inside {
                let change = change(for: network, catalog, random)
                let router =
                    try routers[network.project]
                    ?? addRouter(
                        "router\(routers.count + 1)", to: outside, catalog, change)
                routers[network.project] = router
                for subnet in network.subnets {
                    // One whose addresses the router has already elsewhere is not joined to it.
                    _ = try? addRouterInterface(
                        router, ["subnet_id": .string(catalog.id(of: "subnet", subnet.name))], by: change)
                }
            }
        } catch {
            preconditionFailure("the catalog's networks are refused: \(error)")
        }
    }

    private func change(for network: NetworkScenario, _ catalog: FakeCatalog, _ random: RandomSource) -> Change {
        let project = catalog.hexId(of: "project", network.project)
        return Change(
            requester: Requester(userId: "", projectId: project, isAdmin: true), now: epoch, random: random)
    }

    private mutating func add(
        _ network: NetworkScenario, of catalog: FakeCatalog, region: String, _ random: RandomSource
    ) throws(ServiceFault) {
        let change = change(for: network, catalog, random)
        let id = catalog.id(of: "network", network.name)
        _ = try createNetwork(
            [
                "name": .string(network.name), "router:external": .bool(network.isExternal),
                "shared": .bool(network.isShared), "mtu": .integer(network.mtu),
            ], by: change, id: id)
        for subnet in network.subnets {
            let isFirst = subnet == network.subnets.first
            guard
                let range = subnet.ranges[region]
                    ?? (isFirst ? Self.range(of: network, region: region, catalog) : nil)
            else { continue }
            var request: [String: JSONValue] = [
                "name": .string(subnet.name), "network_id": .string(id), "ip_version": 4,
                "cidr": .string("\(range)"), "enable_dhcp": .bool(!network.isExternal),
            ]
            // As in many clouds, the first addresses are for the infrastructure.
            if range.size >= 16 {
                request["allocation_pools"] = [
                    ["start": .string(range.address(4)), "end": .string(range.address(range.size - 2))]
                ]
            }
            _ = try createSubnet(.object(request), by: change, id: catalog.id(of: "subnet", subnet.name))
        }
    }

    /// The range in a region that the catalog does not know.
    private static func range(of network: NetworkScenario, region: String, _ catalog: FakeCatalog) -> IPv4Range? {
        let index = catalog.scenario.regions.firstIndex { $0.id == region } ?? 0
        // RFC 5737's documentation networks.
        let outside = ["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"][index % 3]
        return IPv4Range(network.isExternal ? outside : "10.\(index % 256).0.0/24")
    }

    /// - Returns: the id of the new router.
    private mutating func addRouter(
        _ name: String, to outside: NetworkScenario, _ catalog: FakeCatalog, _ change: Change
    ) throws(ServiceFault) -> String {
        let networkId = catalog.id(of: "network", outside.name)
        var gateway: [String: JSONValue] = ["network_id": .string(networkId)]
        if let subnet = networks[networkId]?.subnetIds.first.flatMap({ subnets[$0] }),
            let first = subnet.addresses.pools.first?.lowerBound, let base = subnet.gateway,
            base.advanced(by: 1) < first
        {
            let address = IPAddress(.v4, base.number + UInt128(routers.count + 1))
            if address < first { gateway["external_fixed_ips"] = [["ip_address": .string(address.description)]] }
        }
        let router = try createRouter(
            ["name": .string(name), "external_gateway_info": .object(gateway)], by: change,
            id: catalog.id(of: "router", name))
        return router.id
    }
}

extension CloudScenario {
    /// The name of the project whose things are everybody's: that of an administrator.
    var operatorProject: String {
        let assignments = identity.users.flatMap(\.assignments)
        return assignments.first { $0.roles.contains("admin") }?.project ?? identity.projects.first?.name ?? ""
    }
}
