import Runtime

/// When a thing of Neutron was made and changed, and how often.
struct Stamp: Sendable {
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var revision: Int

    init(at now: Timestamp, revision: Int = 1) {
        createdAt = now
        updatedAt = now
        self.revision = revision
    }

    mutating func touch(at now: Timestamp) {
        updatedAt = now
        revision += 1
    }
}

/// What all things of Neutron have.
protocol NetworkRecord: ServiceRecord {
    var description: String { get set }
    var tags: [String] { get set }
    var stamp: Stamp { get set }
}

struct Network: NetworkRecord {
    let id: String
    var name: String
    let projectId: String
    var description = ""
    var tags: [String] = []
    var stamp: Stamp
    var isUp = true
    var isShared = false
    var isExternal = false
    var mtu = 1450
    var hasPortSecurity = true
    var subnetIds: [String] = []
}

struct Subnet: NetworkRecord {
    let id: String
    var name: String
    let projectId: String
    var description = ""
    var tags: [String] = []
    var stamp: Stamp
    let networkId: String
    let cidr: CIDR
    var gateway: IPAddress?
    var hasDHCP = true
    var nameServers: [String] = []
    var hostRoutes: [JSONValue] = []
    let ipv6AddressMode: String?
    let ipv6AdvertisementMode: String?
    var addresses: AddressAllocation
}

struct Port: NetworkRecord {
    struct FixedIP: Hashable, Sendable {
        let subnetId: String
        let address: IPAddress
    }

    enum Owner {
        static let routerInterface = "network:router_interface"
        static let routerGateway = "network:router_gateway"
    }

    let id: String
    var name: String
    let projectId: String
    var description = ""
    var tags: [String] = []
    var stamp: Stamp
    let networkId: String
    let mac: String
    var isUp = true
    var fixedIPs: [FixedIP] = []
    var deviceId = ""
    var deviceOwner = ""
    var securityGroupIds: [String] = []
    var allowedAddressPairs: [JSONValue] = []
    var vnicType = "normal"
    var hasPortSecurity = true
    var dnsName = ""
    /// Whether what it is plugged into runs.
    var isActive = false
    /// Whether Nova made it, and deletes it with the server.
    var belongsToServer = false
}

struct NetworkRouter: NetworkRecord {
    struct Gateway: Sendable {
        let networkId: String
        let portId: String
        let hasSNAT: Bool
    }

    let id: String
    var name: String
    let projectId: String
    var description = ""
    var tags: [String] = []
    var stamp: Stamp
    var isUp = true
    var gateway: Gateway?
    var routes: [JSONValue] = []
}

struct FloatingIP: NetworkRecord {
    struct Association: Sendable {
        let portId: String
        let fixedAddress: IPAddress
        let subnetId: String
        let routerId: String
    }

    let id: String
    let projectId: String
    var description = ""
    var tags: [String] = []
    var stamp: Stamp
    let networkId: String
    let subnetId: String
    let address: IPAddress
    var association: Association?

    /// Neutron's floating IPs have no name; they are looked for by address.
    var name: String { address.description }
}

struct SecurityGroup: NetworkRecord {
    let id: String
    var name: String
    let projectId: String
    var description = ""
    var tags: [String] = []
    var stamp: Stamp
    var isStateful = true
    /// Of how many ports it is a part.
    var portCount = 0
}

struct SecurityGroupRule: NetworkRecord {
    let id: String
    let projectId: String
    var description = ""
    var tags: [String] = []
    var stamp: Stamp
    let groupId: String
    let direction: String
    let ethertype: String
    let protocolName: String?
    let portMin: Int?
    let portMax: Int?
    let remotePrefix: String?
    let remoteGroupId: String?

    /// Rules have no names.
    var name: String { "" }

    func isSame(as other: SecurityGroupRule) -> Bool {
        (groupId, direction, ethertype, protocolName ?? "", remotePrefix ?? "", remoteGroupId ?? "")
            == (
                other.groupId, other.direction, other.ethertype, other.protocolName ?? "", other.remotePrefix ?? "",
                other.remoteGroupId ?? ""
            ) && portMin == other.portMin && portMax == other.portMax
    }
}
