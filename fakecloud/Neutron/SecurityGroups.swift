import OrderedCollections
import Runtime
import Scenarios

/// Security groups and their rules (Networking API v2.0, "Security groups").
extension NetworkState {
    /// The group that every project has. Its id comes from the project's, so that it does not matter which call is
    /// the first to need it.
    @discardableResult
    mutating func defaultGroup(of project: String) -> SecurityGroup {
        let random = RandomSource(seed: 1).stream("default security group:\(project)")
        let id = random.uuid()
        if let group = securityGroups[id] { return group }
        let group = SecurityGroup(
            id: id, name: "default", projectId: project, description: "Default security group",
            stamp: Stamp(at: epoch))
        securityGroups.insert(group)
        for (direction, remote) in [("egress", nil), ("ingress", id)] as [(String, String?)] {
            for ethertype in ["IPv4", "IPv6"] {
                insert(
                    rule(
                        of: group, direction, ethertype, remoteGroup: remote, at: epoch, random))
            }
        }
        return group
    }

    private func rule(
        of group: SecurityGroup, _ direction: String, _ ethertype: String, remoteGroup: String? = nil,
        at now: Timestamp, _ random: RandomSource
    ) -> SecurityGroupRule {
        SecurityGroupRule(
            id: random.uuid(), projectId: group.projectId, stamp: Stamp(at: now, revision: 0), groupId: group.id,
            direction: direction, ethertype: ethertype, protocolName: nil, portMin: nil, portMax: nil,
            remotePrefix: nil, remoteGroupId: remoteGroup)
    }

    private mutating func insert(_ rule: SecurityGroupRule) {
        rules.insert(rule)
        rulesByGroup.add(rule.id, under: rule.groupId)
    }

    private static let groupAttributes: Set = ["name", "description", "project_id", "tenant_id", "stateful"]

    /// A new group lets everything out and nothing in.
    mutating func createSecurityGroup(_ request: JSONValue, by change: Change) throws(ServiceFault) -> SecurityGroup {
        let given = try NetworkAttributes(request, known: Self.groupAttributes)
        let project = try given.project(change)
        let name = try given.text("name") ?? ""
        guard name.lowercased() != "default" else {
            throw .neutron(409, "SecurityGroupDefaultAlreadyExists", "Default security group already exists.")
        }
        let group = SecurityGroup(
            id: change.random.uuid(), name: name, projectId: project,
            description: try given.text("description") ?? "", stamp: Stamp(at: change.now),
            isStateful: try given.flag("stateful") ?? true)
        defaultGroup(of: project)
        try checkQuota(.securityGroup, of: project)
        try checkQuota(.securityGroupRule, of: project, adding: 2)
        securityGroups.insert(group)
        for ethertype in ["IPv4", "IPv6"] {
            insert(rule(of: group, "egress", ethertype, at: change.now, change.random))
        }
        return group
    }

    mutating func updateSecurityGroup(
        _ id: String, _ request: JSONValue, by change: Change
    ) throws(ServiceFault) -> SecurityGroup {
        let group = try securityGroup(id, for: change.requester)
        let given = try NetworkAttributes(request, known: ["name", "description", "stateful"])
        var changed = group
        changed.name = try given.text("name") ?? group.name
        guard group.name != "default" || changed.name == group.name else {
            throw .neutron(
                409, "SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.")
        }
        changed.description = try given.text("description") ?? group.description
        changed.isStateful = try given.flag("stateful") ?? group.isStateful
        changed.stamp.touch(at: change.now)
        securityGroups.update(id) { $0 = changed }
        return changed
    }

    mutating func deleteSecurityGroup(_ id: String, by change: Change) throws(ServiceFault) {
        let group = try securityGroup(id, for: change.requester)
        guard group.portCount == 0 else {
            throw .neutron(409, "SecurityGroupInUse", "Security Group \(id) in use.")
        }
        guard group.name != "default" || change.requester.isAdmin else {
            throw .neutron(
                409, "SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.")
        }
        for rule in rulesByGroup[id] { rules.remove(rule) }
        rulesByGroup.removeAll(under: id)
        securityGroups.remove(id)
    }

    // Rules.

    private static let ruleAttributes: Set = [
        "security_group_id", "direction", "ethertype", "protocol", "port_range_min", "port_range_max",
        "remote_ip_prefix", "remote_group_id", "remote_address_group_id", "description", "project_id", "tenant_id",
    ]

    mutating func createRule(_ request: JSONValue, by change: Change) throws(ServiceFault) -> SecurityGroupRule {
        let given = try NetworkAttributes(request, known: Self.ruleAttributes)
        let group = try securityGroup(try given.required("security_group_id"), for: change.requester)
        let direction = try given.required("direction")
        guard ["ingress", "egress"].contains(direction) else {
            throw .invalidAttribute("direction", "'\(direction)' is not in ['ingress', 'egress']")
        }
        let ethertype = try given.text("ethertype") ?? "IPv4"
        guard ["IPv4", "IPv6"].contains(ethertype) else {
            throw .neutron(
                400, "SecurityGroupRuleInvalidEtherType",
                "Security group rule for ethertype '\(ethertype)' not supported. Allowed values are ['IPv4', 'IPv6'].")
        }
        let remoteGroup = try given.text("remote_group_id")
        if let remoteGroup { _ = try securityGroup(remoteGroup, for: change.requester) }
        let prefix = try remotePrefix(given, ethertype: ethertype)
        guard prefix == nil || remoteGroup == nil else {
            throw .neutron(
                400, "SecurityGroupMultipleRemoteEntitiesNotAllowed",
                "Only one of remote_ip_prefix, remote_group_id or remote_address_group_id may be provided.")
        }
        let (protocolName, ports) = try protocolAndPorts(given)
        let rule = SecurityGroupRule(
            id: change.random.uuid(), projectId: group.projectId, description: try given.text("description") ?? "",
            stamp: Stamp(at: change.now, revision: 0), groupId: group.id, direction: direction, ethertype: ethertype,
            protocolName: protocolName, portMin: ports.min, portMax: ports.max, remotePrefix: prefix,
            remoteGroupId: remoteGroup)
        if let same = rules.records(rulesByGroup[group.id]).first(where: rule.isSame) {
            throw .neutron(
                409, "SecurityGroupRuleExists", "Security group rule already exists. Rule id is \(same.id).")
        }
        try checkQuota(.securityGroupRule, of: group.projectId)
        insert(rule)
        securityGroups.update(group.id) { $0.stamp.touch(at: change.now) }
        return rule
    }

    private func remotePrefix(_ given: NetworkAttributes, ethertype: String) throws(ServiceFault) -> String? {
        guard let text = try given.text("remote_ip_prefix") else { return nil }
        let full = text.contains("/") ? text : text + (text.contains(":") ? "/128" : "/32")
        guard let cidr = CIDR(full) else {
            throw .invalidAttribute("remote_ip_prefix", "'\(text)' is not a valid IP subnet")
        }
        guard (cidr.base.version == .v4) == (ethertype == "IPv4") else {
            throw .neutron(
                400, "SecurityGroupRuleParameterConflict",
                "Conflicting value ethertype \(ethertype) for CIDR \(text)")
        }
        return cidr.description
    }

    private static let portProtocols: Set = ["tcp", "udp", "sctp", "dccp", "udplite", "6", "17", "132", "33", "136"]
    private static let otherProtocols: Set = [
        "icmp", "icmpv6", "ipv6-icmp", "ah", "egp", "esp", "gre", "igmp", "ipip", "ipv6-encap", "ipv6-frag",
        "ipv6-nonxt", "ipv6-opts", "ipv6-route", "ospf", "pgm", "rsvp", "vrrp",
    ]

    private func protocolAndPorts(
        _ given: NetworkAttributes
    ) throws(ServiceFault) -> (String?, (min: Int?, max: Int?)) {
        var name = given["protocol"]?.string ?? given["protocol"]?.integer.map(String.init)
        name = name?.lowercased()
        if name == "any" { name = nil }
        if let name {
            let isNumber = Int(name).map { (0...255).contains($0) } ?? false
            guard isNumber || Self.portProtocols.contains(name) || Self.otherProtocols.contains(name) else {
                throw .neutron(
                    400, "SecurityGroupRuleInvalidProtocol",
                    "Security group rule protocol \(name) not supported. Only protocol values \((Self.portProtocols.union(Self.otherProtocols)).filter { Int($0) == nil }.sorted()) and integer representations [0 to 255] are supported."
                )
            }
        }
        let ports = (min: try given.integer("port_range_min"), max: try given.integer("port_range_max"))
        guard ports.min != nil || ports.max != nil else { return (name, ports) }
        guard let name else {
            throw .neutron(
                400, "SecurityGroupProtocolRequiredWithPorts",
                "Must also specify protocol if port range is given.")
        }
        if ["icmp", "icmpv6", "ipv6-icmp", "1", "58"].contains(name) {
            for (field, value) in [("port_range_min", ports.min), ("port_range_max", ports.max)] {
                if let value, !(0...255).contains(value) {
                    throw .neutron(
                        400, "SecurityGroupInvalidIcmpValue",
                        "Invalid value for ICMP \(field == "port_range_min" ? "type" : "code") (\(field)) \(value). It must be 0 to 255."
                    )
                }
            }
            return (name, ports)
        }
        guard let low = ports.min, let high = ports.max, low <= high, (1...65535).contains(low), high <= 65535 else {
            throw .neutron(
                400, "SecurityGroupInvalidPortRange",
                "For TCP/UDP protocols, port_range_min must be <= port_range_max")
        }
        return (name, ports)
    }

    mutating func deleteRule(_ id: String, by change: Change) throws(ServiceFault) {
        let rule = try rule(id, for: change.requester)
        rules.remove(id)
        rulesByGroup.remove(id, under: rule.groupId)
        securityGroups.update(rule.groupId) { $0.stamp.touch(at: change.now) }
    }
}
