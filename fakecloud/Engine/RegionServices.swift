import Runtime
import Scenarios

/// What happens by itself to a thing of a service.
enum ServiceEvent: Sendable {
    /// A server's step ends, if it is still at that turn.
    case server(String, turn: Int)
    case volume(String, turn: Int)
}

/// The services of a region beside Heat: their states, and what concerns more than one of them.
///
/// A stack's resource and a call of an API change them through the same functions, with the same request.
struct RegionServices: Sendable {
    var compute: ComputeState
    var network: NetworkState
    var volume: VolumeState
    var image: ImageState
    /// Heat's.
    var configs = SoftwareConfigs()
    let lifecycles: [String: LifecycleScenario]
    private var due: [(event: ServiceEvent, delay: Duration)] = []

    /// When the regions of every fake began, as their catalog shows it.
    static let epoch = Timestamp(milliseconds: 1_767_225_600_000)

    init(_ catalog: FakeCatalog, region: String) {
        let scenario = catalog.scenario
        let limits = scenario.quota.limits
        compute = ComputeState(
            flavors: scenario.instanceTypes.map {
                Flavor(
                    id: catalog.id(of: "flavor", $0.id), name: $0.id, vcpus: $0.vcpus, ramMiB: $0.ramMiB,
                    diskGiB: $0.diskGiB)
            }, hosts: scenario.hosts, quota: limits)
        network = NetworkState(quota: limits, epoch: Self.epoch)
        volume = VolumeState(quota: limits)
        image = ImageState()
        lifecycles = scenario.lifecycles
        for (place, item) in scenario.images.enumerated() {
            image.insert(Image(item, catalog, at: Self.epoch - .seconds(place)))
        }
        network.addNetworks(of: catalog, region: region)
    }

    /// Lets an event happen after a while.
    mutating func schedule(_ event: ServiceEvent, after delay: Duration) {
        due.append((event, delay))
    }

    /// The events that were scheduled since the last call: the engine's timers take them.
    mutating func takeDue() -> [(event: ServiceEvent, delay: Duration)] {
        defer { due = [] }
        return due
    }

    mutating func fire(_ event: ServiceEvent, at now: Timestamp) {
        switch event {
        case .server(let id, let turn):
            if compute.servers[id]?.turn == turn { finishStep(ofServer: id, at: now) }
        case .volume(let id, let turn):
            guard let found = volume.volumes[id], found.turn == turn else { return }
            if found.status == .deleting {
                volume.finishDelete(volume: id)
            } else {
                volume.finishCreate(volume: id, at: now)
            }
        }
    }

    func lifecycle(_ type: String) -> LifecycleScenario { lifecycles[type] ?? LifecycleScenario() }

    // Volumes, whose making and deleting takes time.

    /// See ``VolumeState/createVolume(_:by:images:)``.
    mutating func createVolume(
        _ request: JSONValue, by change: Change, drivenBy driver: Driver
    ) throws(ServiceFault) -> Volume {
        let made = try volume.createVolume(request, by: change, images: image)
        if driver == .timers {
            schedule(
                .volume(made.id, turn: made.turn),
                after: lifecycle("OS::Cinder::Volume").create.draw(from: change.random))
        }
        return made
    }

    /// The volume is gone when its time is over; `finishDelete(volume:)` ends it for a caller.
    mutating func deleteVolume(_ id: String, by change: Change, drivenBy driver: Driver) throws(ServiceFault) {
        try volume.deleteVolume(id, by: change)
        if driver == .timers, let turn = volume.volumes[id]?.turn {
            schedule(
                .volume(id, turn: turn), after: lifecycle("OS::Cinder::Volume").delete.draw(from: change.random))
        }
    }
}

extension Image {
    /// As many zeros golden glance's images are.
    static let zeros = 65536
    private static let catalogImage: Image = {
        var image = Image(
            id: "", name: "", projectId: "", status: .queued, visibility: "public", createdAt: RegionServices.epoch,
            updatedAt: RegionServices.epoch)
        image.setData(ImageData(Array(repeating: 0, count: zeros)))
        return image
    }()

    /// Whether its bytes are those of the catalog's images, the only ones that can be read.
    var holdsZeros: Bool { hash == Self.catalogImage.hash }

    fileprivate init(_ item: ImageScenario, _ catalog: FakeCatalog, at instant: Timestamp) {
        let data = Self.catalogImage
        var properties: [String: JSONValue] = [
            "owner_specified.openstack.md5": "", "owner_specified.openstack.sha256": "",
            "owner_specified.openstack.object": .string("images/" + item.id),
        ]
        if let user = item.sshUser { properties["os_admin_user"] = .string(user) }
        self.init(
            id: catalog.id(of: "image", item.id), name: item.id,
            projectId: catalog.hexId(of: "project", catalog.scenario.operatorProject), status: .active,
            visibility: "public", minDiskGiB: item.minDiskGiB, minRamMiB: item.minRamMiB, diskFormat: "raw",
            containerFormat: "bare", properties: properties, size: data.size, checksum: data.checksum,
            hash: data.hash, createdAt: instant, updatedAt: instant)
    }
}
