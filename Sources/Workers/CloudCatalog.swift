import Deployments
import Logging
import OpenStack
import Runtime
import Synchronization

/// The regions' offers, kept in memory and read again now and then. While a region does not answer, what it
/// offered before is served.
public final class CloudCatalog: Catalog {
    public let regions: [Region]
    private let clouds: [Entry]
    private let rules: OfferRules
    private let time: any TimeSource
    private let logger: Logger
    /// How long somebody waits for a region of which nothing is known yet.
    private static let patience: Duration = .seconds(10)

    private final class Entry: Sendable {
        let region: Region
        let client: OfferClient
        let project: ProjectClient
        let flight = SingleFlight<RegionCatalog>()
        let cached = Mutex<RegionCatalog?>(nil)

        init(_ cloud: CloudRegion) {
            region = cloud.region
            client = OfferClient(cloud.connection)
            project = ProjectClient(cloud.connection)
        }
    }

    /// - Parameter rules: which of it customers see.
    public init(
        _ clouds: [CloudRegion], rules: OfferRules = OfferRules(), surroundings: Surroundings, logger: Logger
    ) {
        regions = clouds.map(\.region)
        self.rules = rules
        self.clouds = clouds.map(Entry.init)
        time = surroundings.time
        self.logger = logger
    }

    public func catalog(of regionId: String) async throws -> RegionCatalog? {
        guard let entry = clouds.first(where: { $0.region.id == regionId }) else { return nil }
        if let cached = entry.cached.withLock({ $0 }) { return cached }
        return try await freshCatalog(of: regionId)
    }

    public func freshCatalog(of regionId: String) async throws -> RegionCatalog? {
        guard let entry = clouds.first(where: { $0.region.id == regionId }) else { return nil }
        do {
            return try await time.withTimeout(Self.patience) { try await self.refresh(entry) }
        } catch is TimedOut {
            throw RegionUnavailable(regionId: regionId)
        }
    }

    /// Reads every region's offer again at each interval, until the task is cancelled. A region that does not answer
    /// is asked again soon: that is how one without deployments is seen to be back.
    func run(every interval: Duration, whileDown retryInterval: Duration) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for entry in clouds {
                group.addTask {
                    while true {
                        var pause = interval
                        do {
                            _ = try await self.refresh(entry)
                        } catch let error where !error.isFinal {
                            self.logger.warning("\(error); serving what the region offered before")
                            pause = retryInterval
                        }
                        try await self.time.sleep(for: pause)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func refresh(_ entry: Entry) async throws -> RegionCatalog {
        try await entry.flight.run {
            guard case .ok(let flavors) = try await entry.client.flavors(),
                case .ok(let images) = try await entry.client.images()
            else { throw RegionUnavailable(regionId: entry.region.id) }
            let hasVolumes = (try? await entry.client.connection.offers(.volume)) ?? true
            var quotas: ProjectClient.ComputeQuotas?
            // A cloud that keeps its quotas to itself says no when it comes to it.
            if case .ok(let told) = try await entry.project.computeQuotas() { quotas = told }
            let catalog = Self.catalog(
                of: entry.region, flavors: flavors.filter { self.rules.offersInstanceType($0.name) },
                images: images.filter { self.rules.offersImage($0.name) }, hasVolumes: hasVolumes, quotas: quotas)
            entry.cached.withLock { $0 = catalog }
            return catalog
        }
    }

    static func catalog(
        of region: Region, flavors: [OfferClient.Flavor], images: [OfferClient.Image], hasVolumes: Bool = true,
        quotas: ProjectClient.ComputeQuotas? = nil
    ) -> RegionCatalog {
        let flavorNames = flavors.map(\.name)
        let imageNames = images.map(\.name)
        return RegionCatalog(
            region: region,
            instanceTypes: flavors.map {
                InstanceType(
                    id: publicId(of: $0.name, among: flavorNames, uuid: $0.id), name: $0.name, vcpus: $0.vcpus,
                    ramMiB: $0.ramMiB, diskGiB: $0.diskGiB)
            }.sorted { ($0.ramMiB, $0.vcpus, $0.name, $0.id) < ($1.ramMiB, $1.vcpus, $1.name, $1.id) },
            images: images.map {
                Deployments.Image(
                    id: publicId(of: $0.name, among: imageNames, uuid: $0.id), name: $0.name,
                    minDiskGiB: $0.minDiskGiB, minRamMiB: $0.minRamMiB, sshUser: $0.adminUser)
            }.sorted { ($0.name, $0.id) < ($1.name, $1.id) }, hasVolumes: hasVolumes,
            quota: quotas.map { quotas in
                func share(_ quota: ProjectClient.Quota) -> ComputeQuota.Share {
                    ComputeQuota.Share(used: quota.used, limit: quota.limit)
                }
                return ComputeQuota(
                    instances: share(quotas.instances), cores: share(quotas.cores), ramMiB: share(quotas.ramMiB))
            })
    }

    /// The name, where it means one thing and reads well in an address; else the cloud's own id. Heat takes both.
    static func publicId(of name: String, among names: [String], uuid: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        return isPlain && !name.isEmpty && names.count(where: { $0 == name }) == 1 ? name : uuid
    }
}
