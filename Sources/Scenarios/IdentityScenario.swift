import Runtime

/// Who may use the cloud, as its catalog says. Ids are made from names where none are given.
public struct IdentityScenario: Equatable, Sendable {
    public struct Domain: Equatable, Sendable {
        public var name: String
        public var id: String?

        public init(name: String, id: String? = nil) {
            self.name = name
            self.id = id
        }
    }

    public struct Project: Equatable, Sendable {
        public var name: String
        public var id: String?
        public var domain: String
        public var description: String

        public init(name: String, id: String? = nil, domain: String, description: String = "") {
            self.name = name
            self.id = id
            self.domain = domain
            self.description = description
        }
    }

    public struct User: Equatable, Sendable {
        /// What the user may do on one project.
        public struct Assignment: Equatable, Sendable {
            public var project: String
            public var roles: [String]

            public init(project: String, roles: [String]) {
                self.project = project
                self.roles = roles
            }
        }

        public var name: String
        public var id: String?
        public var domain: String
        public var password: String
        /// In the order in which tokens list projects and roles.
        public var assignments: [Assignment]

        public init(name: String, id: String? = nil, domain: String, password: String, assignments: [Assignment]) {
            self.name = name
            self.id = id
            self.domain = domain
            self.password = password
            self.assignments = assignments
        }
    }

    public struct Credential: Equatable, Sendable {
        public var name: String
        public var id: String?
        public var user: String
        public var project: String
        public var secret: String
        /// Of the user's roles on the project.
        public var roles: [String]
        /// Whether tokens of it may make other credentials.
        public var isUnrestricted: Bool
        public var expiresAt: Timestamp?

        public init(
            name: String, id: String? = nil, user: String, project: String, secret: String, roles: [String],
            isUnrestricted: Bool = false, expiresAt: Timestamp? = nil
        ) {
            self.name = name
            self.id = id
            self.user = user
            self.project = project
            self.secret = secret
            self.roles = roles
            self.isUnrestricted = isUnrestricted
            self.expiresAt = expiresAt
        }
    }

    public var domains: [Domain]
    public var projects: [Project]
    public var users: [User]
    /// The first is the portal's.
    public var credentials: [Credential]

    public init(domains: [Domain], projects: [Project], users: [User], credentials: [Credential]) {
        self.domains = domains
        self.projects = projects
        self.users = users
        self.credentials = credentials
    }
}

/// A Neutron network that exists from the beginning, in every region.
public struct NetworkScenario: Equatable, Sendable {
    public struct Subnet: Equatable, Sendable {
        public var name: String
        public var id: String?
        /// By region: `10.0.0.0/24`.
        public var ranges: [String: IPv4Range]

        public init(name: String, id: String? = nil, ranges: [String: IPv4Range]) {
            self.name = name
            self.id = id
            self.ranges = ranges
        }
    }

    public var name: String
    public var id: String?
    /// Whether it leads outside, and floating IPs are from it.
    public var isExternal: Bool
    public var isShared: Bool
    public var mtu: Int
    /// The name of the project whose it is.
    public var project: String
    public var subnets: [Subnet]

    public init(
        name: String, id: String? = nil, isExternal: Bool = false, isShared: Bool = false, mtu: Int = 1500,
        project: String, subnets: [Subnet]
    ) {
        self.name = name
        self.id = id
        self.isExternal = isExternal
        self.isShared = isShared
        self.mtu = mtu
        self.project = project
        self.subnets = subnets
    }
}

/// A range of IPv4 addresses in the notation of RFC 4632.
public struct IPv4Range: Equatable, Sendable, CustomStringConvertible {
    public let first: UInt32
    public let prefixLength: Int

    /// Reads `10.0.0.0/24`; nil for anything else, bits after the prefix included. Prefixes are from 8 to 30 bits, so
    /// that there is room for hosts.
    public init?(_ text: String) {
        guard let match = text.wholeMatch(of: /(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})/),
            let length = Int(match.5), (8...30).contains(length)
        else { return nil }
        let parts = [match.1, match.2, match.3, match.4].compactMap { UInt8($0) }
        guard parts.count == 4 else { return nil }
        first = parts.reduce(0) { $0 << 8 | UInt32($1) }
        prefixLength = length
        guard first & (UInt32.max >> UInt32(length)) == 0 else { return nil }
    }

    public var size: Int { 1 << (32 - prefixLength) }

    public func overlaps(_ other: IPv4Range) -> Bool {
        UInt64(first) < UInt64(other.first) + UInt64(other.size)
            && UInt64(other.first) < UInt64(first) + UInt64(size)
    }

    /// The address so many after the first.
    public func address(_ offset: Int) -> String {
        let address = first + UInt32(offset)
        return [24, 16, 8, 0].map { String(address >> UInt32($0) & 0xFF) }.joined(separator: ".")
    }

    public var description: String { "\(address(0))/\(prefixLength)" }
}
