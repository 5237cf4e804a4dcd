import HTTPTypes
import Runtime

/// What a region has to build VMs from: Nova's flavors, Glance's images, Neutron's networks.
public struct OfferClient: Sendable {
    public let connection: CloudConnection

    public struct Flavor: Equatable, Sendable {
        public let id: String
        public let name: String
        public let vcpus: Int
        public let ramMiB: Int
        public let diskGiB: Int

        public init(id: String, name: String, vcpus: Int, ramMiB: Int, diskGiB: Int) {
            self.id = id
            self.name = name
            self.vcpus = vcpus
            self.ramMiB = ramMiB
            self.diskGiB = diskGiB
        }
    }

    public struct Image: Equatable, Sendable {
        public let id: String
        public let name: String
        public let minDiskGiB: Int
        public let minRamMiB: Int
        /// The property `os_admin_user`.
        public let adminUser: String?

        public init(id: String, name: String, minDiskGiB: Int, minRamMiB: Int, adminUser: String?) {
            self.id = id
            self.name = name
            self.minDiskGiB = minDiskGiB
            self.minRamMiB = minRamMiB
            self.adminUser = adminUser
        }
    }

    public struct Network: Equatable, Sendable {
        public let id: String
        public let name: String
        public let isExternal: Bool
    }

    public init(_ connection: CloudConnection) {
        self.connection = connection
    }

    /// The flavors that are open for new servers.
    public func flavors() async throws -> Answer<[Flavor]> {
        try await connection.all(.compute, "flavors/detail", key: "flavors") { value in
            guard let id = value["id"]?.string, let name = value["name"]?.string, let vcpus = value["vcpus"]?.integer,
                let ram = value["ram"]?.integer
            else { return nil }
            guard value["OS-FLV-DISABLED:disabled"]?.bool != true else { return .some(nil) }
            return Flavor(id: id, name: name, vcpus: vcpus, ramMiB: ram, diskGiB: value["disk"]?.integer ?? 0)
        }
    }

    /// The images that are ready for use.
    public func images() async throws -> Answer<[Image]> {
        try await connection.all(
            .image, "images?limit=100&status=active", key: "images", next: { $0["next"]?.string },
            read: { value in
                guard let id = value["id"]?.string else { return nil }
                return Image(
                    id: id, name: value["name"]?.string ?? id, minDiskGiB: value["min_disk"]?.integer ?? 0,
                    minRamMiB: value["min_ram"]?.integer ?? 0, adminUser: value["os_admin_user"]?.string)
            })
    }

    public func networks() async throws -> Answer<[Network]> {
        try await connection.all(.network, "networks", key: "networks") { value in
            guard let id = value["id"]?.string else { return nil }
            return Network(
                id: id, name: value["name"]?.string ?? id, isExternal: value["router:external"]?.bool ?? false)
        }
    }
}
