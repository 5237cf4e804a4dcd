import Runtime

/// What a region offers, as the portal shows it.
public struct RegionCatalog: Equatable, Sendable {
    public let region: Region
    public let instanceTypes: [InstanceType]
    public let images: [Image]
    /// Whether VMs can have disks of any size. Where not, their disk is that of the instance type.
    public let hasVolumes: Bool
    /// What the portal's project may use there; nil where nobody says.
    public let quota: ComputeQuota?

    public init(
        region: Region, instanceTypes: [InstanceType], images: [Image], hasVolumes: Bool = true,
        quota: ComputeQuota? = nil
    ) {
        self.region = region
        self.quota = quota
        self.instanceTypes = instanceTypes
        self.images = images
        self.hasVolumes = hasVolumes
    }
}

public struct Region: Equatable, Sendable {
    public let id: String
    public let name: String

    public init(id: String, name: String) {
        self.id = id
        self.name = name
    }
}

/// How much of a region the portal may use, and uses.
public struct ComputeQuota: Equatable, Sendable {
    public struct Share: Equatable, Sendable {
        public let used: Int
        /// nil for no limit.
        public let limit: Int?

        public init(used: Int, limit: Int?) {
            self.used = used
            self.limit = limit
        }

        public var left: Int? { limit.map { max(0, $0 - used) } }
    }

    public let instances: Share
    public let cores: Share
    public let ramMiB: Share

    public init(instances: Share, cores: Share, ramMiB: Share) {
        self.instances = instances
        self.cores = cores
        self.ramMiB = ramMiB
    }
}

/// A Nova flavor.
public struct InstanceType: Equatable, Sendable {
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

/// A Glance image.
public struct Image: Equatable, Sendable {
    public let id: String
    public let name: String
    public let minDiskGiB: Int
    public let minRamMiB: Int
    /// The account to sign in with, from the image's property `os_admin_user`.
    public let sshUser: String?

    public init(id: String, name: String, minDiskGiB: Int, minRamMiB: Int, sshUser: String?) {
        self.id = id
        self.name = name
        self.minDiskGiB = minDiskGiB
        self.minRamMiB = minRamMiB
        self.sshUser = sshUser
    }
}

/// The port to the cloud's catalog. Answers come from a cache that its adapter refreshes.
public protocol Catalog: Sendable {
    /// The regions that the portal is configured with, in the order of its configuration.
    var regions: [Region] { get }

    /// - Returns: nil for an unknown region.
    /// - Throws: ``RegionUnavailable`` where nothing is cached and the cloud does not answer.
    func catalog(of regionId: String) async throws -> RegionCatalog?

    /// The same, asked of the cloud now.
    func freshCatalog(of regionId: String) async throws -> RegionCatalog?
}

/// A region does not answer, and nothing that it said before will do.
public struct RegionUnavailable: Error, Equatable, CustomStringConvertible {
    public let regionId: String
    public let retryAfter: Duration

    public init(regionId: String, retryAfter: Duration = .seconds(15)) {
        self.regionId = regionId
        self.retryAfter = retryAfter
    }

    public var description: String { "the region \(regionId) does not answer at the moment" }
}
