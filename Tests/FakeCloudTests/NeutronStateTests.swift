import Runtime
import Scenarios
import Testing

@testable import FakeCloud

@Suite struct NeutronStateTests {
    /// A network with a subnet, and the ids of both.
    private func makeNetwork(
        _ region: inout NovaRegion, cidr: String = "10.9.0.0/24", as user: String = "demo"
    ) throws -> (network: String, subnet: String) {
        try region.act(as: user) { services, change in
            let network = try services.network.createNetwork(["name": "net"], by: change)
            let subnet = try services.network.createSubnet(
                ["network_id": .string(network.id), "cidr": .string(cidr), "ip_version": 4], by: change)
            return (network.id, subnet.id)
        }
    }

    private func makeRouter(_ region: inout NovaRegion, on subnet: String) throws -> String {
        let outside = region.network("public")
        return try region.act { services, change in
            let router = try services.network.createRouter(
                ["external_gateway_info": ["network_id": .string(outside)]], by: change)
            _ = try services.network.addRouterInterface(router.id, ["subnet_id": .string(subnet)], by: change)
            return router.id
        }
    }

    private func port(_ region: inout NovaRegion, on network: String) throws -> Port {
        try region.act { try $0.network.createPort(["network_id": .string(network)], by: $1) }
    }

    @Test("A floating IP whose port is null leads nowhere any more")
    func dissociation() throws {
        var region = NovaRegion()
        let (network, subnet) = try makeNetwork(&region)
        _ = try makeRouter(&region, on: subnet)
        let port = try port(&region, on: network)
        let outside = region.network("public")
        let floating = try region.act {
            try $0.network.createFloatingIP(
                ["floating_network_id": .string(outside), "port_id": .string(port.id), "subnet_id": .null], by: $1)
        }
        #expect(floating.association?.portId == port.id)
        let freed = try region.act { try $0.network.updateFloatingIP(floating.id, ["port_id": .null], by: $1) }
        #expect(freed.association == nil)
    }

    @Test("A port has the subnet's lowest free address and the default group, and gives the address back")
    func portAddresses() throws {
        var region = NovaRegion()
        let (network, _) = try makeNetwork(&region)
        let first = try port(&region, on: network)
        let second = try port(&region, on: network)
        #expect([first, second].flatMap(\.fixedIPs).map { "\($0.address)" } == ["10.9.0.2", "10.9.0.3"])
        #expect(region.services.network.securityGroups[first.securityGroupIds[0]]?.name == "default")
        try region.act { try $0.network.deletePort(first.id, by: $1) }
        let third = try port(&region, on: network)
        #expect(third.fixedIPs == first.fixedIPs)
    }

    @Test("A subnet without free addresses gives no port, and nothing of the attempt stays")
    func exhaustion() throws {
        var region = NovaRegion()
        let (network, subnet) = try makeNetwork(&region, cidr: "10.9.0.0/30")
        _ = try port(&region, on: network)
        let refused = fault { _ = try port(&region, on: network) }
        #expect(refused == .noMoreAddresses(onNetwork: network))
        #expect(region.services.network.portsByNetwork[network].count == 1)
        #expect(region.services.network.subnets[subnet]?.addresses.taken.count == 1)
    }

    @Test("A network with ports and a subnet with addresses are in use; without them they can be deleted")
    func inUse() throws {
        var region = NovaRegion()
        let (network, subnet) = try makeNetwork(&region)
        let port = try port(&region, on: network)
        #expect(
            fault { try region.act { try $0.network.deleteNetwork(network, by: $1) } }
                == .networkInUse(network, ports: [port.id]))
        #expect(fault { try region.act { try $0.network.deleteSubnet(subnet, by: $1) } } == .subnetInUse(subnet))
        try region.act { services, change in
            try services.network.deletePort(port.id, by: change)
            try services.network.deleteSubnet(subnet, by: change)
            try services.network.deleteNetwork(network, by: change)
        }
        #expect(region.services.network.networks[network] == nil)
    }

    @Test("Subnets of one network do not overlap; those of different ones may")
    func overlap() throws {
        var region = NovaRegion()
        let (network, _) = try makeNetwork(&region)
        let request: JSONValue = ["network_id": .string(network), "cidr": "10.9.0.128/25", "ip_version": 4]
        let refused = fault { try region.act { _ = try $0.network.createSubnet(request, by: $1) } }
        #expect(
            refused?.message
                == "Invalid input for operation: Requested subnet with cidr: 10.9.0.128/25 for network: \(network) overlaps with another subnet."
        )
        _ = try makeNetwork(&region)
    }

    @Test("A floating IP reaches a port only over a router, and keeps the router as it is")
    func floatingIP() throws {
        var region = NovaRegion()
        let (network, subnet) = try makeNetwork(&region)
        let port = try port(&region, on: network)
        let outside = region.network("public")
        let request: JSONValue = ["floating_network_id": .string(outside), "port_id": .string(port.id)]
        let before = region.services.network.used(.floatingIP, by: region.project("demo"))
        #expect(
            fault { try region.act { _ = try $0.network.createFloatingIP(request, by: $1) } }?.type
                == "ExternalGatewayForFloatingIPNotFound")
        #expect(region.services.network.used(.floatingIP, by: region.project("demo")) == before)
        let router = try makeRouter(&region, on: subnet)
        let floating = try region.act { try $0.network.createFloatingIP(request, by: $1) }
        #expect(floating.association?.routerId == router)
        #expect(
            fault { try region.act { _ = try $0.network.createFloatingIP(request, by: $1) } }?.type
                == "FloatingIPPortAlreadyAssociated")
        let interface: JSONValue = ["subnet_id": .string(subnet)]
        #expect(
            fault { try region.act { _ = try $0.network.removeRouterInterface(router, interface, by: $1) } }?.type
                == "RouterInterfaceInUseByFloatingIP")
        #expect(
            fault {
                try region.act { _ = try $0.network.updateRouter(router, ["external_gateway_info": [:]], by: $1) }
            }?.type == "RouterExternalGatewayInUseByFloatingIp")
        try region.act { try $0.network.deletePort(port.id, by: $1) }
        #expect(region.services.network.floatingIPs[floating.id]?.association == nil)
        try region.act { _ = try $0.network.removeRouterInterface(router, interface, by: $1) }
    }

    @Test("A deleted floating IP's address is free again")
    func floatingIPGivenBack() throws {
        var region = NovaRegion()
        let request: JSONValue = ["floating_network_id": .string(region.network("public"))]
        let first = try region.act { try $0.network.createFloatingIP(request, by: $1) }
        try region.act { try $0.network.deleteFloatingIP(first.id, by: $1) }
        let second = try region.act { try $0.network.createFloatingIP(request, by: $1) }
        #expect(second.address == first.address)
    }

    @Test("A router with interfaces stays; its gateway's address comes back with it")
    func routerDeletion() throws {
        var region = NovaRegion()
        let (_, subnet) = try makeNetwork(&region)
        let router = try makeRouter(&region, on: subnet)
        #expect(
            fault { try region.act { try $0.network.deleteRouter(router, by: $1) } }
                == .neutron(409, "RouterInUse", "Router \(router) still has ports"))
        let gateway = try #require(region.services.network.routers[router]?.gateway?.portId)
        let address = try #require(region.services.network.ports[gateway]?.fixedIPs.first)
        try region.act { services, change in
            _ = try services.network.removeRouterInterface(router, ["subnet_id": .string(subnet)], by: change)
            try services.network.deleteRouter(router, by: change)
        }
        #expect(region.services.network.subnets[address.subnetId]?.addresses.taken.contains(address.address) == false)
    }

    @Test("Another project's things are not found, and a common network is found and not changed")
    func otherProject() throws {
        var region = NovaRegion()
        let (network, subnet) = try makeNetwork(&region)
        let port = try port(&region, on: network)
        let outside = region.network("public")
        #expect(
            fault { try region.act(as: "other") { _ = try $0.network.network(network, for: $1.requester) } }
                == .networkNotFound(network))
        #expect(
            fault { try region.act(as: "other") { try $0.network.deleteSubnet(subnet, by: $1) } }
                == .subnetNotFound(subnet))
        #expect(
            fault { try region.act(as: "other") { try $0.network.deletePort(port.id, by: $1) } }
                == .portNotFound(port.id))
        #expect(fault { try region.act { try $0.network.deleteNetwork(outside, by: $1) } }?.status == 403)
    }

    @Test("Each quota counts its own things, up to the limit and no further, and less after a deletion")
    func quotas() throws {
        // The project has a network, a subnet and a router's port from the catalog.
        var region = NovaRegion(limits: [.network: 2, .subnet: 2, .port: 2, .floatingIP: 1, .securityGroup: 2])
        let (network, _) = try makeNetwork(&region)
        #expect(fault { _ = try makeNetwork(&region) } == .overQuota("network"))
        _ = try makeNetwork(&region, as: "other")
        let port = try port(&region, on: network)
        #expect(fault { _ = try self.port(&region, on: network) } == .overQuota("port"))
        try region.act { try $0.network.deletePort(port.id, by: $1) }
        _ = try self.port(&region, on: network)
        let floating: JSONValue = ["floating_network_id": .string(region.network("public"))]
        try region.act { _ = try $0.network.createFloatingIP(floating, by: $1) }
        let refused = fault { try region.act { _ = try $0.network.createFloatingIP(floating, by: $1) } }
        #expect(refused?.message == "Quota exceeded for resources: ['floatingip'].")
        try region.act { _ = try $0.network.createSecurityGroup(["name": "a"], by: $1) }
        #expect(
            fault { try region.act { _ = try $0.network.createSecurityGroup(["name": "b"], by: $1) } }
                == .overQuota("security_group"))
    }

    @Test("A security group in use stays, the same rule is made once, ports belong to a range and a protocol")
    func securityGroups() throws {
        var region = NovaRegion()
        let group = try region.act { try $0.network.createSecurityGroup(["name": "web"], by: $1) }
        #expect(region.services.network.rulesByGroup[group.id].count == 2)
        let rule: [String: JSONValue] = [
            "security_group_id": .string(group.id), "direction": "ingress", "protocol": "tcp", "port_range_min": 22,
            "port_range_max": 22, "remote_ip_prefix": "0.0.0.0/0",
        ]
        let made = try region.act { try $0.network.createRule(.object(rule), by: $1) }
        func refusal(_ more: [String: JSONValue]) -> ServiceFault? {
            let request = JSONValue.object(rule.merging(more) { $1 })
            return fault { try region.act { _ = try $0.network.createRule(request, by: $1) } }
        }
        #expect(refusal([:])?.message == "Security group rule already exists. Rule id is \(made.id).")
        #expect(refusal(["port_range_max": 21])?.type == "SecurityGroupInvalidPortRange")
        #expect(refusal(["protocol": .null])?.type == "SecurityGroupProtocolRequiredWithPorts")
        #expect(refusal(["ethertype": "IPv6"])?.type == "SecurityGroupRuleParameterConflict")
        #expect(
            refusal(["remote_group_id": .string(group.id)])?.type == "SecurityGroupMultipleRemoteEntitiesNotAllowed")
        let privateNetwork = region.network("private")
        let port = try region.act {
            try $0.network.createPort(
                ["network_id": .string(privateNetwork), "security_groups": [.string(group.id)]], by: $1)
        }
        #expect(
            fault { try region.act { try $0.network.deleteSecurityGroup(group.id, by: $1) } }?.type
                == "SecurityGroupInUse")
        try region.act { services, change in
            try services.network.deletePort(port.id, by: change)
            try services.network.deleteSecurityGroup(group.id, by: change)
        }
        #expect(region.services.network.rules[made.id] == nil)
    }

    @Test("The default group is the same whoever needs it first, and cannot be made or deleted")
    func defaultGroup() throws {
        var region = NovaRegion()
        var other = NovaRegion(seed: 99)
        let project = region.project("demo")
        let group = try region.act { services, _ in services.network.defaultGroup(of: project) }
        let same = try other.act { services, _ in services.network.defaultGroup(of: project) }
        #expect(same.id == group.id)
        #expect(region.services.network.rulesByGroup[group.id].count == 4)
        #expect(
            fault { try region.act { try $0.network.deleteSecurityGroup(group.id, by: $1) } }?.type
                == "SecurityGroupCannotRemoveDefault")
        #expect(
            fault { try region.act { _ = try $0.network.createSecurityGroup(["name": "default"], by: $1) } }?.status
                == 409)
    }
}
