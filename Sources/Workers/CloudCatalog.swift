import Deployments
import Logging
import OpenStack
import Runtime

/// The catalog from Nova and Glance, kept and refreshed, and served stale while a region is out.
public actor CloudCatalog: Catalog {
    public nonisolated let regions: [Region]
    private let clouds: [CloudRegion]
    private let surroundings: Surroundings
    private let logger: Logger
    private var cached: [String: RegionCatalog] = [:]

    public init(clouds: [CloudRegion], surroundings: Surroundings, logger: Logger) {
        self.clouds = clouds
        regions = clouds.map { Region(id: $0.id, name: $0.id) }
        self.surroundings = surroundings
        self.logger = logger
    }

    public func catalog(of regionId: String) async throws -> RegionCatalog? {
        if let known = cached[regionId] { return known }
        guard let cloud = clouds.first(where: { $0.id == regionId }) else { return nil }
        guard let fresh = try await read(cloud) else { throw RegionUnavailable(regionId: regionId) }
        return fresh
    }

    /// Keeps the catalog fresh, until the task is cancelled.
    public func run() async throws {
        while true {
            for cloud in clouds { _ = try await read(cloud) }
            try await surroundings.time.sleep(
                for: cached.count == clouds.count ? Self.refreshInterval : Self.retryInterval)
        }
    }

    private static let refreshInterval = Duration.seconds(300)
    private static let retryInterval = Duration.seconds(15)

    private func read(_ cloud: CloudRegion) async throws -> RegionCatalog? {
        guard case .ok(let flavors) = try await cloud.flavors(), case .ok(let images) = try await cloud.images() else {
            logger.warning("the catalog of \(cloud.id) could not be read")
            return nil
        }
        let flavorIds = shortIds(flavors.map { ($0.id, $0.name) })
        let imageIds = shortIds(images.map { ($0.id, $0.name) })
        let catalog = RegionCatalog(
            region: Region(id: cloud.id, name: cloud.id),
            instanceTypes: zip(flavors, flavorIds).map { flavor, id in
                InstanceType(
                    id: id, name: flavor.name, vcpus: flavor.vcpus, ramMiB: flavor.ramMiB, diskGiB: flavor.diskGiB)
            },
            images: zip(images, imageIds).map { image, id in
                Image(
                    id: id, name: image.name, minDiskGiB: image.minDiskGiB, minRamMiB: image.minRamMiB,
                    sshUser: image.adminUser)
            })
        cached[cloud.id] = catalog
        return catalog
    }
}

/// A name where it is the only one of its kind and fits a URL, else the id: Heat takes both.
private func shortIds(_ items: [(id: String, name: String)]) -> [String] {
    items.map { item in
        let isUnique = items.filter { $0.name == item.name }.count == 1
        return isUnique && item.name.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]*/) != nil ? item.name : item.id
    }
}
