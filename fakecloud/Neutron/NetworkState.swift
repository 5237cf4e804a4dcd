import Runtime
import Scenarios

/// Networks and what belongs to them in one region: Neutron's state, with all that its API changes.
///
/// Requests are the objects that the API takes (`{"name": …, "cidr": …}`), without the key around them. All changes
/// throw a ``ServiceFault`` in Neutron's words and change nothing then.
struct NetworkState: Sendable {
    var networks = ResourceTable<Network>()
    var subnets = ResourceTable<Subnet>()
    var ports = ResourceTable<Port>()
    var routers = ResourceTable<NetworkRouter>()
    var floatingIPs = ResourceTable<FloatingIP>()
    var securityGroups = ResourceTable<SecurityGroup>()
    var rules = ResourceTable<SecurityGroupRule>()

    /// Networks that all projects see.
    var commonNetworks = IdIndex()
    static let common = "common"
    var portsByDevice = IdIndex()
    var portsByNetwork = IdIndex()
    /// Only ports of routers.
    var routerPortsBySubnet = IdIndex()
    var floatingIPsByPort = IdIndex()
    var floatingIPsByNetwork = IdIndex()
    var floatingIPsByRouter = IdIndex()
    var rulesByGroup = IdIndex()
    var macs: Set<String> = []

    /// By project where an administrator set them.
    var quotas: [String: [QuotaScenario.Resource: Int]] = [:]
    var standardQuota: [QuotaScenario.Resource: Int]
    /// When the region began.
    let epoch: Timestamp

    init(quota: [QuotaScenario.Resource: Int], epoch: Timestamp) {
        standardQuota = quota
        self.epoch = epoch
    }

    // Quotas.

    static let counted: [QuotaScenario.Resource] = [
        .network, .subnet, .port, .router, .floatingIP, .securityGroup, .securityGroupRule,
    ]

    /// - Returns: -1 for no limit.
    func limit(_ resource: QuotaScenario.Resource, of project: String) -> Int {
        quotas[project]?[resource] ?? standardQuota[resource] ?? -1
    }

    func used(_ resource: QuotaScenario.Resource, by project: String) -> Int {
        switch resource {
        case .network: networks.count(ofProject: project)
        case .subnet: subnets.count(ofProject: project)
        case .port: ports.count(ofProject: project)
        case .router: routers.count(ofProject: project)
        case .floatingIP: floatingIPs.count(ofProject: project)
        case .securityGroup: securityGroups.count(ofProject: project)
        case .securityGroupRule: rules.count(ofProject: project)
        default: 0
        }
    }

    func checkQuota(_ resource: QuotaScenario.Resource, of project: String, adding count: Int = 1) throws(ServiceFault)
    {
        let limit = limit(resource, of: project)
        if limit >= 0, used(resource, by: project) + count > limit { throw .overQuota(resource.rawValue) }
    }

    // Who sees what.

    func isVisible(_ network: Network, to requester: Requester) -> Bool {
        requester.isAdmin || network.projectId == requester.projectId || network.isShared || network.isExternal
    }

    /// Oldest first.
    func networks(seenBy requester: Requester) -> [Network] {
        if requester.isAdmin { return Array(networks.all) }
        let own = networks.records(ofProject: requester.projectId)
        let others = networks.records(commonNetworks[Self.common]).filter { $0.projectId != requester.projectId }
        return (own + others).sorted { $0.stamp.createdAt < $1.stamp.createdAt }
    }

    func network(_ id: String, for requester: Requester) throws(ServiceFault) -> Network {
        guard let network = networks[id], isVisible(network, to: requester) else { throw .networkNotFound(id) }
        return network
    }

    func subnet(_ id: String, for requester: Requester) throws(ServiceFault) -> Subnet {
        guard let subnet = subnets[id], let network = networks[subnet.networkId], isVisible(network, to: requester)
        else { throw .subnetNotFound(id) }
        return subnet
    }

    /// The things of a table that a requester sees: its own, or all for an administrator.
    func records<Record>(_ table: ResourceTable<Record>, seenBy requester: Requester) -> [Record] {
        requester.isAdmin ? Array(table.all) : table.records(ofProject: requester.projectId)
    }

    func port(_ id: String, for requester: Requester) throws(ServiceFault) -> Port {
        guard let port = ports[id], requester.mayTouch(port) else { throw .portNotFound(id) }
        return port
    }

    func router(_ id: String, for requester: Requester) throws(ServiceFault) -> NetworkRouter {
        guard let router = routers[id], requester.mayTouch(router) else { throw .routerNotFound(id) }
        return router
    }

    func floatingIP(_ id: String, for requester: Requester) throws(ServiceFault) -> FloatingIP {
        guard let found = floatingIPs[id], requester.mayTouch(found) else { throw .floatingIPNotFound(id) }
        return found
    }

    func securityGroup(_ id: String, for requester: Requester) throws(ServiceFault) -> SecurityGroup {
        guard let group = securityGroups[id], requester.mayTouch(group) else { throw .securityGroupNotFound(id) }
        return group
    }

    func rule(_ id: String, for requester: Requester) throws(ServiceFault) -> SecurityGroupRule {
        guard let rule = rules[id], requester.mayTouch(rule) else { throw .securityGroupRuleNotFound(id) }
        return rule
    }
}

extension Requester {
    func mayTouch(_ record: some ServiceRecord) -> Bool { isAdmin || record.projectId == projectId }
}
