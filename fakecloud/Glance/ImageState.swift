import Runtime
import Scenarios

struct Image: ServiceRecord {
    enum Status: String, Sendable {
        case queued, active, deactivated
    }

    let id: String
    var name: String
    let projectId: String
    var status: Status
    var visibility: String
    var minDiskGiB = 0
    var minRamMiB = 0
    var diskFormat: String?
    var containerFormat: String?
    var isProtected = false
    var isHidden = false
    var tags: [String] = []
    /// What has no member of its own: `os_distro`, …
    var properties: [String: JSONValue] = [:]
    var size: Int?
    var checksum: String?
    var hash: String?
    let createdAt: Timestamp
    var updatedAt: Timestamp
}

/// The images of one region: Glance's state. Of an uploaded image its size and hashes are kept, not its bytes.
struct ImageState: Sendable {
    var images = ResourceTable<Image>()
    private var common = IdIndex()
    private static let everybody = "everybody"

    mutating func insert(_ image: Image) {
        images.insert(image)
        if image.visibility == "public" { common.add(image.id, under: Self.everybody) }
    }

    /// Newest first, as Glance lists them.
    func images(seenBy requester: Requester) -> [Image] {
        let all =
            requester.isAdmin
            ? Array(images.all)
            : images.records(common[Self.everybody])
                + images.records(ofProject: requester.projectId).filter { $0.visibility != "public" }
        return all.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
    }

    func image(_ id: String, for requester: Requester) throws(ServiceFault) -> Image {
        guard let image = images[id],
            requester.mayTouch(image) || ["public", "community"].contains(image.visibility)
        else { throw .glance(404, "Not Found", "No image found with ID \(id)") }
        return image
    }

    private func ownImage(_ id: String, _ change: Change, _ action: String) throws(ServiceFault) -> Image {
        let image = try image(id, for: change.requester)
        // Golden glance, `image-delete-403`.
        guard change.requester.mayTouch(image) else {
            throw .glance(403, "Forbidden", "You are not authorized to complete \(action) action.")
        }
        return image
    }

    private static let members: Set = [
        "id", "name", "visibility", "min_disk", "min_ram", "disk_format", "container_format", "protected", "tags",
        "os_hidden", "owner",
    ]

    /// - Parameter request: `{"name": …, "disk_format": …, …}` (Image API v2, "Create image").
    mutating func createImage(_ request: JSONValue, by change: Change) throws(ServiceFault) -> Image {
        let id = request["id"]?.string ?? change.random.uuid()
        guard images[id] == nil else {
            throw .glance(409, "Conflict", "Image ID \(id) already exists!")
        }
        let visibility = request["visibility"]?.string ?? "shared"
        guard ["public", "private", "shared", "community"].contains(visibility) else {
            throw .glance(
                400, "Bad Request",
                "Provided object does not match schema 'image': \(visibility) is not a valid visibility")
        }
        guard visibility != "public" || change.requester.isAdmin else {
            throw .glance(403, "Forbidden", "You are not authorized to complete publicize_image action.")
        }
        let image = Image(
            id: id, name: request["name"]?.string ?? "", projectId: change.projectId, status: .queued,
            visibility: visibility, minDiskGiB: request["min_disk"]?.integer ?? 0,
            minRamMiB: request["min_ram"]?.integer ?? 0, diskFormat: request["disk_format"]?.string,
            containerFormat: request["container_format"]?.string, isProtected: request["protected"] == true,
            isHidden: request["os_hidden"] == true, tags: request["tags"]?.array?.compactMap(\.string) ?? [],
            properties: (request.object ?? [:]).filter { !Self.members.contains($0.key) }, createdAt: change.now,
            updatedAt: change.now)
        insert(image)
        return image
    }

    mutating func upload(_ id: String, _ data: ImageData, by change: Change) throws(ServiceFault) {
        let image = try ownImage(id, change, "upload_image")
        guard image.status == .queued else {
            throw .glance(
                409, "Conflict", "Image status transition from \(image.status.rawValue) to saving is not allowed")
        }
        images.update(id) { image in
            image.setData(data)
            image.updatedAt = change.now
        }
    }

    /// - Parameter request: a list of JSON Patch operations (RFC 6902) on the image's members.
    mutating func updateImage(_ id: String, _ request: JSONValue, by change: Change) throws(ServiceFault) -> Image {
        var image = try ownImage(id, change, "modify_image")
        for step in request.array ?? [] {
            let name = String((step["path"]?.string ?? "").drop { $0 == "/" })
            let value = step["op"]?.string == "remove" ? JSONValue.null : step["value"] ?? .null
            switch name {
            case "name": image.name = value.string ?? ""
            case "visibility":
                guard value.string != "public" || change.requester.isAdmin else {
                    throw .glance(403, "Forbidden", "You are not authorized to complete publicize_image action.")
                }
                image.visibility = value.string ?? image.visibility
            case "min_disk": image.minDiskGiB = value.integer ?? 0
            case "min_ram": image.minRamMiB = value.integer ?? 0
            case "disk_format": image.diskFormat = value.string
            case "container_format": image.containerFormat = value.string
            case "protected": image.isProtected = value == true
            case "os_hidden": image.isHidden = value == true
            case "tags": image.tags = value.array?.compactMap(\.string) ?? []
            default: image.properties[name] = value == .null ? nil : value
            }
        }
        image.updatedAt = change.now
        let changed = image
        images.update(id) { $0 = changed }
        common.remove(id, under: Self.everybody)
        if changed.visibility == "public" { common.add(id, under: Self.everybody) }
        return changed
    }

    mutating func deleteImage(_ id: String, by change: Change) throws(ServiceFault) {
        let image = try ownImage(id, change, "delete_image")
        guard !image.isProtected else {
            throw .glance(403, "Forbidden", "Image \(id) is protected and cannot be deleted.")
        }
        images.remove(id)
        common.remove(id, under: Self.everybody)
    }

    /// - Parameter isActive: false to keep it from being booted and read.
    mutating func setActive(_ id: String, _ isActive: Bool, by change: Change) throws(ServiceFault) {
        let image = try ownImage(id, change, isActive ? "reactivate" : "deactivate")
        guard image.status != .queued else {
            throw .glance(
                403, "Forbidden",
                "Image status transition from queued to \(isActive ? "active" : "deactivated") is not allowed")
        }
        images.update(id) { image in
            image.status = isActive ? .active : .deactivated
            image.updatedAt = change.now
        }
    }

    /// A server's snapshot has been taken.
    mutating func finishSnapshot(_ id: String, at now: Timestamp) {
        images.update(id) { image in
            image.status = .active
            image.size = 0
            image.updatedAt = now
        }
    }
}

extension Image {
    mutating func setData(_ data: ImageData) {
        status = .active
        size = data.size
        checksum = data.checksum
        hash = data.hash
    }
}

extension ServiceFault {
    static func glance(_ status: Int, _ title: String, _ message: String) -> ServiceFault {
        ServiceFault(status: status, type: title, message: message)
    }
}
