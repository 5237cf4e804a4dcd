import HTTPTypes
import Runtime

/// Placement's API: its discovery. Nobody but administrators and Nova has to do with the rest.
enum PlacementRoutes {
    static let all: [ServiceRoute] = [
        .on(.get, "/placement/:region", needsToken: false) { _, _, _ in
            .json(
                200,
                [
                    "versions": [
                        [
                            "id": "v1.0", "min_version": "1.0", "max_version": "1.39", "status": "CURRENT",
                            "links": [["rel": "self", "href": ""]],
                        ]
                    ]
                ])
        }
    ]
}
