import Runtime

/// Images as Glance's API shows them.
struct ImageView {
    private let state: ImageState
    private let call: ServiceCall

    init(_ state: ImageState, _ call: ServiceCall) {
        self.state = state
        self.call = call
    }

    static func versions(_ status: Int, _ call: ServiceCall) -> ServiceAnswer {
        let link: JSONValue = ["rel": "self", "href": .string("\(call.baseURL)/image/\(call.region ?? "")/v2/")]
        let minors = Array((0...18).reversed())
        let versions = minors.map { minor -> JSONValue in
            [
                "id": .string("v2.\(minor)"), "status": minor == minors[0] ? "CURRENT" : "SUPPORTED",
                "links": [link],
            ]
        }
        return .json(status, ["versions": .array(versions)])
    }

    /// Golden glance, `image`.
    func json(_ image: Image) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "id": .string(image.id), "name": .string(image.name), "disk_format": JSONValue(image.diskFormat),
            "container_format": JSONValue(image.containerFormat), "visibility": .string(image.visibility),
            "size": image.size.map { .integer($0) } ?? .null,
            "virtual_size": image.size.map { .integer($0) } ?? .null, "status": .string(image.status.rawValue),
            "checksum": JSONValue(image.checksum), "protected": .bool(image.isProtected),
            "min_ram": .integer(image.minRamMiB), "min_disk": .integer(image.minDiskGiB),
            "owner": .string(image.projectId), "os_hidden": .bool(image.isHidden),
            "os_hash_algo": image.hash == nil ? .null : "sha512", "os_hash_value": JSONValue(image.hash),
            "created_at": .string(image.createdAt.wholeSeconds),
            "updated_at": .string(image.updatedAt.wholeSeconds),
            "tags": .array(image.tags.map { .string($0) }), "self": .string("/v2/images/" + image.id),
            "file": .string("/v2/images/\(image.id)/file"), "schema": "/v2/schemas/image",
        ]
        if image.status != .queued { json["stores"] = "files" }
        return json.merging(image.properties) { own, _ in own }
    }

    private static let controls: Set = [
        "limit", "marker", "sort", "sort_key", "sort_dir", "member_status", "tag", "os_hidden",
    ]

    func list(for requester: Requester) throws(ServiceFault) -> ServiceAnswer {
        let filters = call.query.filter { !Self.controls.contains($0.name) }
        let areHiddenShown = call.query("os_hidden")?.lowercased() == "true"
        let tags = call.queries("tag")
        var found = state.images(seenBy: requester).filter { image in
            guard image.isHidden == areHiddenShown, tags.allSatisfy(image.tags.contains) else { return false }
            guard !filters.isEmpty else { return true }
            let json = json(image)
            return filters.allSatisfy { matches(image, json, $0.name, $0.value) }
        }
        sort(&found)
        if let marker = call.query("marker") {
            guard let place = found.firstIndex(where: { $0.id == marker }) else {
                throw .glance(400, "Bad Request", "No image found with ID \(marker)")
            }
            found.removeFirst(place + 1)
        }
        var body: [String: JSONValue] = ["schema": "/v2/schemas/images"]
        let query = call.query.filter { $0.name != "marker" }.map {
            "\($0.name)=\($0.value.addingPercentEncoding())"
        }
        body["first"] = .string("/v2/images" + (query.isEmpty ? "" : "?" + query.joined(separator: "&")))
        if let text = call.query("limit") {
            guard let limit = Int(text), limit >= 0 else {
                throw .glance(400, "Bad Request", "limit param must be an integer")
            }
            found = Array(found.prefix(limit))
            if limit > 0, found.count == limit, let last = found.last {
                body["next"] = .string("/v2/images?" + (query + ["marker=" + last.id]).joined(separator: "&"))
            }
        }
        body["images"] = .array(found.map { .object(json($0)) })
        return .json(200, .object(body))
    }

    private func matches(_ image: Image, _ json: [String: JSONValue], _ name: String, _ value: String) -> Bool {
        let values = value.hasPrefix("in:") ? value.dropFirst(3).split(separator: ",").map(String.init) : [value]
        switch name {
        case "size_min": return image.size ?? 0 >= Int(value) ?? 0
        case "size_max": return image.size ?? 0 <= Int(value) ?? .max
        default: return values.contains { $0 == json[name]?.string ?? json[name].map { "\($0)" } }
        }
    }

    /// `sort=name:asc`, or `sort_key` with `sort_dir`; else newest first.
    private func sort(_ images: inout [Image]) {
        let parts = call.query("sort")?.split(separator: ",").first?.split(separator: ":").map(String.init) ?? []
        guard let key = parts.first ?? call.query("sort_key"), key != "created_at" || parts.count > 1 else { return }
        let text: (Image) -> String =
            switch key {
            case "name": { $0.name }
            case "status": { $0.status.rawValue }
            case "id": { $0.id }
            default: { $0.createdAt.description }
            }
        images.sort { text($0) < text($1) }
        if (parts.dropFirst().first ?? call.query("sort_dir") ?? "desc") == "desc" { images.reverse() }
    }

    /// What an image looks like, as far as clients ask (JSON Schema).
    static let schema: JSONValue = {
        func property(_ type: String, isReadOnly: Bool = false) -> JSONValue {
            isReadOnly
                ? ["type": ["null", .string(type)], "readOnly": true, "description": ""]
                : ["type": ["null", .string(type)], "description": ""]
        }
        return [
            "name": "image", "additionalProperties": ["type": "string"],
            "links": [
                ["rel": "self", "href": "{self}"], ["rel": "enclosure", "href": "{file}"],
                ["rel": "describedby", "href": "{schema}"],
            ],
            "properties": [
                "id": ["type": "string", "description": "An identifier for the image"],
                "name": property("string"), "status": property("string", isReadOnly: true),
                "visibility": property("string"), "protected": ["type": "boolean"],
                "os_hidden": ["type": "boolean"], "checksum": property("string", isReadOnly: true),
                "os_hash_algo": property("string", isReadOnly: true),
                "os_hash_value": property("string", isReadOnly: true), "owner": property("string"),
                "size": property("integer", isReadOnly: true),
                "virtual_size": property("integer", isReadOnly: true), "container_format": property("string"),
                "disk_format": property("string"), "created_at": property("string", isReadOnly: true),
                "updated_at": property("string", isReadOnly: true),
                "tags": ["type": "array", "items": ["type": "string", "maxLength": 255]],
                "min_ram": ["type": "integer"], "min_disk": ["type": "integer"],
                "self": property("string", isReadOnly: true), "file": property("string", isReadOnly: true),
                "schema": property("string", isReadOnly: true),
            ],
        ]
    }()
}
