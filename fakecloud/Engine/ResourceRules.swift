import Runtime

/// What Heat's resource types check beyond their single properties.
extension ResourceKind {
    /// - Parameters:
    ///   - values: of the properties, with defaults.
    ///   - name: of the resource in the template.
    ///   - names: what the services know.
    /// - Throws: ``HeatFault`` in the words of Heat's class.
    func checkTogether(_ values: [String: JSONValue], name: String, names: CatalogNames) throws {
        switch self {
        case .keyPair:
            if !isSet(values["public_key"]) {
                throw HeatFault.invalid(
                    "The public_key property is required by the nova API version currently used.")
            }
        case .server: try ServerRules(values: values, name: name).check(names)
        case .port:
            if isSet(values["fixed_ips"]), values["no_fixed_ips"] == true {
                throw Self.conflict("fixed_ips", "no_fixed_ips")
            }
        case .subnet: try checkSubnet(values)
        case .router:
            if values["distributed"] == true, isSet(values["l3_agent_id"]) || isSet(values["l3_agent_ids"]) {
                throw Self.conflict("distributed", "l3_agent_id/l3_agent_ids")
            }
            if values["ha"] == true, values["distributed"] == true { throw Self.conflict("distributed", "ha") }
            if values["ha"] != true, (values["l3_agent_ids"]?.array?.count ?? 0) > 1 {
                throw HeatFault.invalid("Non HA routers can only have one L3 agent.")
            }
        case .routerInterface:
            let (hasSubnet, hasPort) = (values["subnet"] != nil, values["port"] != nil)
            if hasSubnet, hasPort { throw Self.conflict("subnet", "port") }
            if !hasSubnet, !hasPort { throw Self.unspecified("subnet", "port") }
        case .floatingIP:
            if values["port_id"] == nil, values["fixed_ip_address"] != nil {
                throw HeatFault(
                    status: 500, type: "ResourcePropertyDependency",
                    message: "fixed_ip_address cannot be specified without port_id.")
            }
        case .securityGroup:
            if values["name"] == "default" {
                throw HeatFault.invalid("Security groups cannot be assigned the name \"default\".")
            }
        case .securityGroupRule: try checkRule(values)
        case .volume: try checkVolume(values)
        case .randomString:
            let minimums = ["character_sequences", "character_classes"].flatMap { values[$0]?.array ?? [] }
            if minimums.compactMap({ $0["min"]?.integer }).reduce(0, +) > values["length"]?.integer ?? 32 {
                throw HeatFault.invalid(
                    "Length property cannot be smaller than combined character class and character sequence minimums")
            }
        case .value: try checkValue(values, name: name)
        default: return
        }
    }

    private func isSet(_ value: JSONValue?) -> Bool { value?.isTruthy ?? false }

    static func conflict(_ properties: String...) -> HeatFault {
        HeatFault(
            status: 400, type: "ResourcePropertyConflict",
            message:
                "Cannot define the following properties at the same time: \(properties.joined(separator: ", ")).")
    }

    private static func unspecified(_ properties: String...) -> HeatFault {
        HeatFault(
            status: 400, type: "PropertyUnspecifiedError",
            message:
                "At least one of the following properties must be specified: \(properties.joined(separator: ", ")).")
    }

    private func checkSubnet(_ values: [String: JSONValue]) throws {
        let (pool, cidr) = (values["subnetpool"], values["cidr"])
        if pool != nil, isSet(cidr) { throw Self.conflict("subnetpool", "cidr") }
        if pool == nil, !isSet(cidr) { throw Self.unspecified("subnetpool", "cidr") }
        if isSet(values["prefixlen"]), isSet(cidr) { throw Self.conflict("prefixlen", "cidr") }
        let modes = [values["ipv6_ra_mode"], values["ipv6_address_mode"]].filter(isSet)
        if values["ip_version"]?.integer == 4, !modes.isEmpty {
            throw HeatFault.invalid("ipv6_ra_mode and ipv6_address_mode are not supported for ipv4.")
        }
        if modes.count == 2, modes[0] != modes[1] {
            throw HeatFault.invalid(
                "When both ipv6_ra_mode and ipv6_address_mode are set, they must be equal.")
        }
    }

    private func checkRule(_ values: [String: JSONValue]) throws {
        if values["remote_group"] != nil, values["remote_ip_prefix"] != nil {
            throw Self.conflict("remote_group", "remote_ip_prefix")
        }
        let isICMP = values["protocol"]?.string.map(["icmp", "icmpv6", "ipv6-icmp"].contains) ?? false
        if let low = values["port_range_min"]?.integer, let high = values["port_range_max"]?.integer, high < low,
            !isICMP
        {
            throw HeatFault.invalid(
                "The minimum port number must be less than or equal to the maximum port number.")
        }
    }

    private func checkVolume(_ values: [String: JSONValue]) throws {
        guard !isSet(values["backup_id"]) else { return }
        let sources = ["snapshot_id", "source_volid", "image"].filter { isSet(values[$0]) }
        let list = JSONValue.array(sources.map { .string($0) }).pythonForm
        if values["size"] == nil, sources.count != 1 || sources == ["image"] {
            throw HeatFault.invalid(
                "If neither \"backup_id\" nor \"size\" is provided, one and only one of \"source_volid\", \"snapshot_id\" must be specified, but currently specified options: \(list)."
            )
        }
        if values["size"] != nil, sources.count > 1 {
            throw HeatFault.invalid(
                "If \"size\" is provided, only one of \"image\", \"imageRef\", \"source_volid\", \"snapshot_id\" can be specified, but currently specified options: \(list)."
            )
        }
    }

    /// The type that a value says it is of.
    private func checkValue(_ values: [String: JSONValue], name: String) throws {
        guard let type = values["type"]?.string, let value = values["value"], value != .null else { return }
        func refuse(_ problem: String) -> HeatFault {
            .invalid(error: "Property error", at: "resources.\(name).properties.value", problem)
        }
        switch type {
        case "number":
            do { _ = try value.asNumber() } catch let problem as TemplateProblem { throw refuse(problem.message) }
        case "boolean":
            guard value.bool != nil || ["true", "false"].contains(value.string?.lowercased()) else {
                throw refuse("\"\(value.pythonText.lowercased())\" is not a valid boolean")
            }
        case "comma_delimited_list":
            if value.array == nil { throw refuse("\"\(value.pythonForm)\" is not a list") }
        case "json":
            if value.object == nil { throw refuse("\"\(value.pythonText)\" is not a map") }
        default:
            if value.string == nil, value.bool == nil, value.integer == nil {
                throw refuse("Value must be a string; got \(value.pythonForm)")
            }
        }
    }
}
