import Runtime
import Scenarios

struct Volume: ServiceRecord {
    struct Attachment: Sendable {
        let id: String
        let serverId: String
        let device: String
        let attachedAt: Timestamp
        /// Whether it goes with the server.
        let isDeletedWithServer: Bool
        let tag: String?
    }

    enum Status: String, Sendable {
        case creating, available, deleting, error
        case inUse = "in-use"
    }

    let id: String
    var name: String
    let projectId: String
    let userId: String
    var description: String?
    var sizeGiB: Int
    let type: String
    let imageId: String?
    let sourceId: String?
    let isMultiattach: Bool
    var isBootable: Bool
    var metadata: [String: String]
    let createdAt: Timestamp
    var updatedAt: Timestamp?
    var status = Status.creating
    var attachments: [Attachment] = []
    /// Grows with every step, so that the timers of the one before are void.
    var turn = 0
}

/// Volumes and what they are attached to in one region: Cinder's state.
struct VolumeState: Sendable {
    static let type = "standard"
    static let typeId = RandomSource(seed: 1).stream("volume type:" + type).uuid()

    var volumes = ResourceTable<Volume>()
    var volumesByServer = IdIndex()
    private(set) var gigabytes: [String: Int] = [:]
    /// By project where an administrator set them.
    var quotas: [String: [QuotaScenario.Resource: Int]] = [:]
    let standardQuota: [QuotaScenario.Resource: Int]

    init(quota: [QuotaScenario.Resource: Int]) {
        standardQuota = quota
    }

    /// - Returns: -1 for no limit.
    func limit(_ resource: QuotaScenario.Resource, of project: String) -> Int {
        quotas[project]?[resource] ?? standardQuota[resource] ?? -1
    }

    func checkQuota(volumes count: Int, gigabytes size: Int, of project: String) throws(ServiceFault) {
        let most = limit(.volumes, of: project)
        if most >= 0, volumes.count(ofProject: project) + count > most {
            throw ServiceFault(
                413,
                "VolumeLimitExceeded: Maximum number of volumes allowed (\(most)) exceeded for quota 'volumes'.")
        }
        let room = limit(.gigabytes, of: project)
        let used = gigabytes[project] ?? 0
        if room >= 0, used + size > room {
            throw ServiceFault(
                413,
                "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested \(size)G, quota is \(room)G and \(used)G has been consumed."
            )
        }
    }

    func volume(_ id: String, for requester: Requester) throws(ServiceFault) -> Volume {
        guard let volume = volumes[id], requester.mayTouch(volume) else {
            throw ServiceFault(404, "Volume \(id) could not be found.")
        }
        return volume
    }

    /// - Parameter request: `{"size": 10, "name": …, "imageRef": …}` (Block Storage API v3, "Create a volume").
    mutating func createVolume(
        _ request: JSONValue, by change: Change, images: ImageState
    ) throws(ServiceFault) -> Volume {
        var image: Image?
        if let id = request["imageRef"]?.string ?? request["image_id"]?.string {
            guard let found = try? images.image(id, for: change.requester) else {
                throw ServiceFault(400, "Invalid image identifier or unable to access requested image.")
            }
            image = found
        }
        var source: Volume?
        if let id = request["source_volid"]?.string {
            source = try volume(id, for: change.requester)
        }
        guard let given = request["size"], given != .null else {
            guard let source else {
                throw .novaInput("volume", request, "'size' is a required property")
            }
            return try insert(source.sizeGiB, request, image, source, change)
        }
        guard let size = given.integer ?? given.string.flatMap({ Int($0) }) else {
            throw .novaInput("size", given, "\(given.pythonForm) is not of type 'integer'")
        }
        _ = try ServiceFault.novaInteger("size", size)
        if let image, size < image.minDiskGiB {
            throw ServiceFault(
                400,
                "Invalid input received: Volume size \(size)GB cannot be smaller than the image minDisk size \(image.minDiskGiB)GB."
            )
        }
        if let source, size < source.sizeGiB {
            throw ServiceFault(
                400,
                "Invalid input received: Volume size '\(size)'GB cannot be smaller than original volume size  \(source.sizeGiB)GB. They must be >= original volume size."
            )
        }
        return try insert(size, request, image, source, change)
    }

    private mutating func insert(
        _ size: Int, _ request: JSONValue, _ image: Image?, _ source: Volume?, _ change: Change
    ) throws(ServiceFault) -> Volume {
        if let type = request["volume_type"]?.string, type != Self.type {
            throw ServiceFault(404, "Volume type with name \(type) could not be found.")
        }
        try checkQuota(volumes: 1, gigabytes: size, of: change.projectId)
        let volume = Volume(
            id: change.random.uuid(), name: request["name"]?.string ?? "", projectId: change.projectId,
            userId: change.requester.userId, description: request["description"]?.string, sizeGiB: size,
            type: Self.type, imageId: image?.id ?? source?.imageId, sourceId: source?.id,
            isMultiattach: request["multiattach"] == true, isBootable: image != nil || source?.isBootable == true,
            metadata: (request["metadata"]?.object ?? [:]).compactMapValues(\.string), createdAt: change.now)
        volumes.insert(volume)
        gigabytes[change.projectId, default: 0] += size
        return volume
    }

    mutating func finishCreate(volume id: String, at now: Timestamp) {
        volumes.update(id) { volume in
            guard volume.status == .creating else { return }
            volume.status = volume.attachments.isEmpty ? .available : .inUse
            volume.updatedAt = now
        }
    }

    /// Its making has failed.
    mutating func fail(volume id: String, at now: Timestamp) {
        volumes.update(id) { volume in
            volume.status = .error
            volume.updatedAt = now
        }
    }

    mutating func deleteVolume(_ id: String, by change: Change) throws(ServiceFault) {
        let volume = try volume(id, for: change.requester)
        guard volume.attachments.isEmpty, volume.status != .inUse, volume.status != .creating else {
            throw ServiceFault(
                400,
                "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer."
            )
        }
        volumes.update(id) { volume in
            volume.status = .deleting
            volume.turn += 1
            volume.updatedAt = change.now
        }
    }

    mutating func finishDelete(volume id: String) {
        guard let volume = volumes.remove(id) else { return }
        gigabytes[volume.projectId, default: 0] -= volume.sizeGiB
        for attachment in volume.attachments { volumesByServer.remove(id, under: attachment.serverId) }
    }

    mutating func extend(_ id: String, to size: Int, by change: Change) throws(ServiceFault) {
        _ = try ServiceFault.novaInteger("new_size", size)
        let volume = try volume(id, for: change.requester)
        guard volume.status == .available else {
            throw ServiceFault(
                400,
                "Invalid volume: Volume \(id) status must be '['available']' to extend, currently \(volume.status.rawValue)."
            )
        }
        guard size > volume.sizeGiB else {
            throw ServiceFault(
                400,
                "Invalid input received: New size for extend must be greater than current size. (current: \(volume.sizeGiB), extended: \(size))."
            )
        }
        try checkQuota(volumes: 0, gigabytes: size - volume.sizeGiB, of: volume.projectId)
        gigabytes[volume.projectId, default: 0] += size - volume.sizeGiB
        volumes.update(id) { volume in
            volume.sizeGiB = size
            volume.updatedAt = change.now
        }
    }

    // Attachments.

    func checkFree(_ volume: Volume) throws(ServiceFault) {
        guard volume.status == .available || (volume.isMultiattach && volume.status == .inUse) else {
            throw ServiceFault(
                400,
                "Invalid volume: volume \(volume.id) status must be available or downloading to reserve. Current status is \(volume.status.rawValue)"
            )
        }
    }

    mutating func attach(_ id: String, _ attachment: Volume.Attachment) {
        volumes.update(id) { volume in
            volume.attachments.append(attachment)
            if volume.status == .available { volume.status = .inUse }
            volume.updatedAt = attachment.attachedAt
        }
        volumesByServer.add(id, under: attachment.serverId)
    }

    mutating func detach(_ id: String, from server: String, at now: Timestamp) {
        volumes.update(id) { volume in
            volume.attachments.removeAll { $0.serverId == server }
            if volume.attachments.isEmpty, volume.status == .inUse { volume.status = .available }
            volume.updatedAt = now
        }
        volumesByServer.remove(id, under: server)
    }

    /// The volumes of a server with how they are attached, in the order in which they were.
    func attachments(of server: String) -> [(volume: Volume, attachment: Volume.Attachment)] {
        volumes.records(volumesByServer[server]).compactMap { volume in
            volume.attachments.first { $0.serverId == server }.map { (volume, $0) }
        }
    }
}
