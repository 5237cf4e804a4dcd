/// Neutron's refusals, in the words of neutron-lib's exceptions.
extension ServiceFault {
    static func neutron(_ status: Int, _ type: String, _ message: String) -> ServiceFault {
        ServiceFault(status: status, type: type, message: message)
    }

    static func neutronBadRequest(_ message: String) -> ServiceFault { neutron(400, "HTTPBadRequest", message) }

    static func invalidAttribute(_ name: String, _ reason: String) -> ServiceFault {
        neutronBadRequest("Invalid input for \(name). Reason: \(reason).")
    }

    static func invalidInput(_ message: String) -> ServiceFault {
        neutron(400, "InvalidInput", "Invalid input for operation: \(message).")
    }

    static func missingAttribute(_ name: String) -> ServiceFault {
        neutronBadRequest("Failed to parse request. Required attribute '\(name)' not specified")
    }

    static func badResource(_ resource: String, _ message: String) -> ServiceFault {
        neutron(400, "BadRequest", "Bad \(resource) request: \(message).")
    }

    static func notAuthorized(_ rule: String) -> ServiceFault {
        neutron(403, "PolicyNotAuthorized", "\(rule) is disallowed by policy")
    }

    static func networkNotFound(_ id: String) -> ServiceFault {
        neutron(404, "NetworkNotFound", "Network \(id) could not be found.")
    }

    static func subnetNotFound(_ id: String) -> ServiceFault {
        neutron(404, "SubnetNotFound", "Subnet \(id) could not be found.")
    }

    static func portNotFound(_ id: String) -> ServiceFault {
        neutron(404, "PortNotFound", "Port \(id) could not be found.")
    }

    static func routerNotFound(_ id: String) -> ServiceFault {
        neutron(404, "RouterNotFound", "Router \(id) could not be found")
    }

    static func floatingIPNotFound(_ id: String) -> ServiceFault {
        neutron(404, "FloatingIPNotFound", "Floating IP \(id) could not be found")
    }

    static func securityGroupNotFound(_ id: String) -> ServiceFault {
        neutron(404, "SecurityGroupNotFound", "Security group \(id) does not exist")
    }

    static func securityGroupRuleNotFound(_ id: String) -> ServiceFault {
        neutron(404, "SecurityGroupRuleNotFound", "Security group rule \(id) does not exist")
    }

    /// Golden neutron, `network-delete-in-use-409`.
    static func networkInUse(_ id: String, ports: [String]) -> ServiceFault {
        neutron(
            409, "NetworkInUse",
            "Unable to complete operation on network \(id). There are one or more ports still in use on the network, id for these ports is: \(ports.joined(separator: ","))."
        )
    }

    /// Golden heat_vm, `delete-failed-show`.
    static func subnetInUse(_ id: String) -> ServiceFault {
        neutron(
            409, "SubnetInUse",
            "Unable to complete operation on subnet \(id): One or more ports have an IP allocation from this subnet.")
    }

    static func noMoreAddresses(onNetwork id: String) -> ServiceFault {
        neutron(409, "IpAddressGenerationFailure", "No more IP addresses available on network \(id).")
    }

    static func addressInUse(_ address: IPAddress, onSubnet id: String) -> ServiceFault {
        neutron(409, "IpAddressAlreadyAllocated", "IP address \(address) already allocated in subnet \(id)")
    }

    /// Golden heat_more, `floatingip-quota-exceeded-show`.
    static func overQuota(_ resource: String) -> ServiceFault {
        neutron(409, "OverQuota", "Quota exceeded for resources: ['\(resource)'].")
    }
}
