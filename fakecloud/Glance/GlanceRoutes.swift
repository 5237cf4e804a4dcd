import HTTPTypes
import Runtime
import Scenarios

/// Glance's Image API v2: the images that can be booted.
extension FakeCloud {
    func addGlance(to routes: inout ServiceRoutes) {
        routes.on(.get, "/image/:region", needsToken: false) { _, call in ImageView.versions(300, call) }
        routes.on(.get, "/image/:region/versions", needsToken: false) { _, call in ImageView.versions(200, call) }
        let root = "/image/:region/v2/images"
        routes.on(.get, root, .glanceImageList) { engine, call in
            try ImageView(engine: engine, call: call).list()
        }
        routes.on(.get, root + "/:image") { engine, call in
            let view = ImageView(engine: engine, call: call)
            return .json(200, .object(view.json(of: try view.named())))
        }
        routes.on(.delete, root + "/:image") { engine, call in
            _ = try ImageView(engine: engine, call: call).named()
            throw CloudDialect.Refusal(
                status: 403, type: "Forbidden", message: "You are not authorized to complete delete_image action.")
        }
    }
}

/// Images as Glance's API shows them.
private struct ImageView {
    let engine: CloudEngine
    let call: ServiceCall

    /// Of 65,536 bytes of zero, which is what every image holds.
    private static let sha512 =
        "73e4153936dab198397b74ee9efc26093dda721eaab2f8d92786891153b45b04265a161b169c988edb0db2c53124607b6eaaa816559c5ce54f3dbc9fa6a7a4b2"

    static func versions(_ status: Int, _ call: ServiceCall) -> ServiceAnswer {
        let link: JSONValue = ["rel": "self", "href": .string("\(call.baseURL)/image/\(call.region ?? "")/v2/")]
        let minors = [18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
        let versions = minors.map { minor -> JSONValue in
            [
                "id": .string("v2.\(minor)"), "status": minor == minors[0] ? "CURRENT" : "SUPPORTED",
                "links": [link],
            ]
        }
        return .json(status, ["versions": .array(versions)])
    }

    func list() throws -> ServiceAnswer {
        var found = engine.scenario.images.filter { image in
            let json = json(of: image)
            return ["name", "status", "visibility", "id", "owner"].allSatisfy { key in
                call.query(key).map { json[key]?.string == $0 } ?? true
            }
        }
        try sort(&found)
        if let marker = call.query("marker") {
            guard let place = found.firstIndex(where: { engine.catalog.id(of: "image", $0.id) == marker }) else {
                throw CloudDialect.Refusal(
                    status: 400, type: "Bad Request", message: "No image found with ID \(marker)")
            }
            found.removeFirst(place + 1)
        }
        var body: [String: JSONValue] = ["schema": "/v2/schemas/images"]
        let query = call.query.filter { $0.name != "marker" }.map { "\($0.name)=\(Self.escaped($0.value))" }
        body["first"] = .string("/v2/images" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")))
        if let text = call.query("limit") {
            guard let limit = Int(text), limit >= 0 else {
                throw CloudDialect.Refusal(
                    status: 400, type: "Bad Request", message: "limit param must be an integer")
            }
            found = Array(found.prefix(limit))
            if found.count == limit, let last = found.last {
                let marker = "marker=" + engine.catalog.id(of: "image", last.id)
                body["next"] = .string("/v2/images?" + (query + [marker]).joined(separator: "&"))
            }
        }
        body["images"] = .array(found.map { .object(json(of: $0)) })
        return .json(200, .object(body))
    }

    /// `sort=name:asc`, or `sort_key` with `sort_dir`; else the scenario's order.
    private func sort(_ images: inout [ImageScenario]) throws {
        let parts = call.query("sort")?.split(separator: ":").map(String.init) ?? []
        guard let key = parts.first ?? call.query("sort_key") else { return }
        guard key == "name" else { return }
        images.sort { $0.id < $1.id }
        if (parts.dropFirst().first ?? call.query("sort_dir") ?? "desc") == "desc" { images.reverse() }
    }

    private static func escaped(_ text: String) -> String { text.replacing(":", with: "%3A") }

    func named() throws -> ImageScenario {
        let id = call.parameter("image")
        guard let image = engine.scenario.images.first(where: { engine.catalog.id(of: "image", $0.id) == id }) else {
            throw CloudDialect.Refusal(status: 404, type: "Not Found", message: "No image found with ID \(id)")
        }
        return image
    }

    func json(of image: ImageScenario) -> [String: JSONValue] {
        let id = engine.catalog.id(of: "image", image.id)
        var json: [String: JSONValue] = [
            "owner_specified.openstack.md5": "", "owner_specified.openstack.sha256": "",
            "owner_specified.openstack.object": .string("images/" + image.id), "name": .string(image.id),
            "disk_format": "raw", "container_format": "bare", "visibility": "public", "size": 65536,
            "virtual_size": 65536, "status": "active", "checksum": "fcd6bcb56c1689fcef28b57c22475bad",
            "protected": false,
            "min_ram": .integer(image.minRamMiB), "min_disk": .integer(image.minDiskGiB),
            "owner": .string(engine.catalog.hexId(of: "project", "admin")), "os_hidden": false,
            "os_hash_algo": "sha512", "os_hash_value": .string(Self.sha512), "id": .string(id),
            "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "tags": [],
            "self": .string("/v2/images/" + id), "file": .string("/v2/images/\(id)/file"),
            "schema": "/v2/schemas/image", "stores": "files",
        ]
        if let user = image.sshUser { json["os_admin_user"] = .string(user) }
        return json
    }
}
