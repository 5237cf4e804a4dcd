import HTTPTypes
import Runtime

/// Glance's Image API v2.
enum GlanceRoutes {
    private static let root = "/image/:region/v2"
    private static let images = root + "/images"
    private static let image = images + "/:image"

    static let all: [ServiceRoute] = [
        .on(.get, "/image/:region", needsToken: false) { _, call, _ in ImageView.versions(300, call) },
        .on(.get, "/image/:region/versions", needsToken: false) { _, call, _ in ImageView.versions(200, call) },
        .on(.get, images, .glanceImageList) { services, call, change in
            try ImageView(services.image, call).list(for: change.requester)
        },
        .on(.get, image) { services, call, change in
            let found = try services.image.image(call.parameter("image"), for: change.requester)
            return .json(200, .object(ImageView(services.image, call).json(found)))
        },
        .on(.get, image + "/file") { services, call, change in
            let found = try services.image.image(call.parameter("image"), for: change.requester)
            guard found.holdsZeros else { return ServiceAnswer(status: 204) }
            return ServiceAnswer(
                status: 200, headers: [.contentType: "application/octet-stream"],
                body: Array(repeating: 0, count: Image.zeros))
        },
        .on(.get, image + "/members") { services, call, change in
            let found = try services.image.image(call.parameter("image"), for: change.requester)
            guard found.visibility == "shared" else {
                throw ServiceFault.glance(403, "Forbidden", "Only shared images have members.")
            }
            return .json(200, ["members": [], "schema": "/v2/schemas/members"])
        },
        .on(.post, images) { services, call, change in
            guard let given = call.json, given.object != nil else {
                throw ServiceFault.glance(400, "Bad Request", "Malformed request body")
            }
            let made = try services.image.createImage(given, by: change)
            return .json(
                201, .object(ImageView(services.image, call).json(made)),
                headers: [.location: "\(call.baseURL)/image/\(call.region ?? "")/v2/images/\(made.id)"])
        },
        .on(.put, image + "/file") { services, call, change in
            try services.image.upload(call.parameter("image"), call.upload ?? ImageData([]), by: change)
            return ServiceAnswer(status: 204)
        },
        .on(.patch, image) { services, call, change in
            let changed = try services.image.updateImage(call.parameter("image"), call.json ?? [], by: change)
            return .json(200, .object(ImageView(services.image, call).json(changed)))
        },
        .on(.delete, image) { services, call, change in
            try services.image.deleteImage(call.parameter("image"), by: change)
            return ServiceAnswer(status: 204)
        },
        .on(.post, image + "/actions/deactivate") { services, call, change in
            try services.image.setActive(call.parameter("image"), false, by: change)
            return ServiceAnswer(status: 204)
        },
        .on(.post, image + "/actions/reactivate") { services, call, change in
            try services.image.setActive(call.parameter("image"), true, by: change)
            return ServiceAnswer(status: 204)
        },
        .on(.put, image + "/tags/:tag") { services, call, change in
            try tag(&services, call, change) { tags, tag in if !tags.contains(tag) { tags.append(tag) } }
        },
        .on(.delete, image + "/tags/:tag") { services, call, change in
            try tag(&services, call, change) { tags, tag in tags.removeAll { $0 == tag } }
        },
        .on(.get, root + "/schemas/image") { _, _, _ in .json(200, ImageView.schema) },
        .on(.get, root + "/schemas/images") { _, _, _ in
            .json(
                200,
                [
                    "name": "images",
                    "properties": ["images": ["type": "array", "items": ImageView.schema]],
                ])
        },
    ]

    private static func tag(
        _ services: inout RegionServices, _ call: ServiceCall, _ change: Change,
        _ body: (inout [String], String) -> Void
    ) throws(ServiceFault) -> ServiceAnswer {
        let found = try services.image.image(call.parameter("image"), for: change.requester)
        guard change.requester.mayTouch(found) else {
            throw .glance(403, "Forbidden", "You are not authorized to complete modify_image action.")
        }
        services.image.images.update(found.id) { image in body(&image.tags, call.parameter("tag")) }
        return ServiceAnswer(status: 204)
    }
}
