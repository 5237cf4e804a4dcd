import Runtime

/// What a region offers, as the portal shows it.
public struct RegionCatalog: Equatable, Sendable {
    public let region: Region
    public let instanceTypes: [InstanceType]
    public let images: [Image]
    /// Whether VMs can have disks of any size. Where not, their disk is that of the instance type.
    public let hasVolumes: Bool

    public init(region: Region, instanceTypes: [InstanceType], images: [Image], hasVolumes: Bool = true) {
        self.region = region
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
