import HTTPTypes
import Runtime
import Scenarios

/// Glance's Image API v2: the images that can be booted.
extension FakeCloud {
    func addGlance(to routes: inout ServiceRoutes) {
        let root = "/image/:region/v2/images"
        routes.on(.get, root, .glanceImageList) { engine, call in
            var found = engine.scenario.images.filter { image in call.query("name").map { $0 == image.id } ?? true }
            if let status = call.query("status"), status != "active" { found = [] }
            if let marker = call.query("marker") {
                guard let place = found.firstIndex(where: { engine.catalog.id(of: "image", $0.id) == marker }) else {
                    throw CloudDialect.Refusal(
                        status: 400, type: "Bad Request", message: "No image found with ID \(marker)")
                }
                found.removeFirst(place + 1)
            }
            var body: [String: JSONValue] = ["first": "/v2/images", "schema": "/v2/schemas/images"]
            if let text = call.query("limit") {
                guard let limit = Int(text), limit >= 0 else {
                    throw CloudDialect.Refusal(
                        status: 400, type: "Bad Request", message: "limit param must be an integer")
                }
                found = Array(found.prefix(limit))
                body["first"] = .string("/v2/images?limit=\(limit)")
                if found.count == limit, let last = found.last {
                    let marker = engine.catalog.id(of: "image", last.id)
                    body["next"] = .string("/v2/images?limit=\(limit)&marker=\(marker)")
                }
            }
            body["images"] = .array(found.map { engine.json(of: $0) })
            return .json(200, .object(body))
        }
        routes.on(.get, root + "/:image") { engine, call in
            let id = call.parameter("image")
            guard let image = engine.scenario.images.first(where: { engine.catalog.id(of: "image", $0.id) == id })
            else {
                throw CloudDialect.Refusal(status: 404, type: "Not Found", message: "No image found with ID \(id)")
            }
            return .json(200, engine.json(of: image))
        }
    }
}

extension CloudEngine {
    fileprivate func json(of image: ImageScenario) -> JSONValue {
        let id = catalog.id(of: "image", image.id)
        var json: [String: JSONValue] = [
            "owner_specified.openstack.md5": "", "owner_specified.openstack.sha256": "",
            "owner_specified.openstack.object": .string("images/" + image.id), "name": .string(image.id),
            "disk_format": "raw", "container_format": "bare", "visibility": "public", "size": 65536,
            "virtual_size": 65536, "status": "active", "checksum": "", "protected": false,
            "min_ram": .integer(image.minRamMiB), "min_disk": .integer(image.minDiskGiB),
            "owner": .string(catalog.projectId), "os_hidden": false, "os_hash_algo": "sha512", "os_hash_value": "",
            "id": .string(id), "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "tags": [],
            "self": .string("/v2/images/" + id), "file": .string("/v2/images/\(id)/file"),
            "schema": "/v2/schemas/image", "stores": "files",
        ]
        if let user = image.sshUser { json["os_admin_user"] = .string(user) }
        return .object(json)
    }
}
