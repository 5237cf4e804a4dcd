import HTTPTypes
import Runtime
import Scenarios

/// Cinder's Block Storage API v3: volumes. The project in a path may be left out, as since microversion 3.67.
enum CinderRoutes {
    private static let region = "/volume/:region"

    static let all: [ServiceRoute] =
        [
            .on(.get, region, needsToken: false) { _, call, _ in .json(300, ["versions": [version(call)]]) },
            .on(.get, region + "/v3", needsToken: false) { _, call, _ in .json(200, ["versions": [version(call)]]) },
        ] + routes(region + "/v3") + routes(region + "/v3/:project")

    private static func version(_ call: ServiceCall) -> JSONValue {
        [
            "id": "v3.0", "status": "CURRENT", "version": .string("3.\(CinderVersion.newest)"), "min_version": "3.0",
            "updated": "2023-08-31T00:00:00Z",
            "links": [
                ["rel": "self", "href": .string("\(call.baseURL)/volume/\(call.region ?? "")/v3/")],
                ["rel": "describedby", "type": "text/html", "href": "https://docs.openstack.org/"],
            ],
            "media-types": [
                ["base": "application/json", "type": "application/vnd.openstack.volume+json;version=3"]
            ],
        ]
    }

    private static func on(
        _ method: HTTPRequest.Method, _ path: String, _ handler: @escaping ServiceRoute.Handler
    ) -> ServiceRoute {
        .on(method, path) { services, call, change in
            try CinderVersion.check(call)
            if !call.parameter("project").isEmpty, call.parameter("project") != change.projectId,
                !change.requester.isAdmin
            {
                throw ServiceFault(400, "Malformed request url")
            }
            return try handler(&services, call, change)
        }
    }

    private static func routes(_ root: String) -> [ServiceRoute] {
        let volume = root + "/volumes/:volume"
        return [
            on(.get, root + "/volumes") { services, call, change in
                try VolumeView(services.volume, call).list(for: change.requester, isDetailed: false)
            },
            on(.get, root + "/volumes/detail") { services, call, change in
                try VolumeView(services.volume, call).list(for: change.requester, isDetailed: true)
            },
            on(.get, root + "/volumes/summary") { services, _, change in
                let own = services.volume.volumes.records(ofProject: change.projectId)
                let size = own.map(\.sizeGiB).reduce(0, +)
                return .json(
                    200,
                    [
                        "volume-summary": [
                            "total_count": .integer(own.count), "total_size": .integer(size), "metadata": [:],
                        ]
                    ])
            },
            on(.post, root + "/volumes") { services, call, change in
                let made = try services.createVolume(try call.object("volume"), by: change, drivenBy: .timers)
                return .json(202, ["volume": VolumeView(services.volume, call).detail(made)])
            },
            on(.get, volume) { services, call, change in
                let found = try services.volume.volume(call.parameter("volume"), for: change.requester)
                return .json(200, ["volume": VolumeView(services.volume, call).detail(found)])
            },
            on(.put, volume) { services, call, change in
                let id = call.parameter("volume")
                _ = try services.volume.volume(id, for: change.requester)
                let given = try call.object("volume")
                services.volume.volumes.update(id) { volume in
                    volume.name = given["name"]?.string ?? given["display_name"]?.string ?? volume.name
                    if let text = given["description"] { volume.description = text.string }
                    volume.updatedAt = change.now
                }
                let found = try services.volume.volume(id, for: change.requester)
                return .json(200, ["volume": VolumeView(services.volume, call).detail(found)])
            },
            on(.delete, volume) { services, call, change in
                try services.deleteVolume(call.parameter("volume"), by: change, drivenBy: .timers)
                return ServiceAnswer(status: 202)
            },
            on(.post, volume + "/action") { services, call, change in try act(&services, call, change) },
            on(.get, volume + "/metadata") { services, call, change in
                let found = try services.volume.volume(call.parameter("volume"), for: change.requester)
                return .json(200, ["metadata": .object(found.metadata.mapValues { .string($0) })])
            },
            on(.post, volume + "/metadata") { services, call, change in
                let id = call.parameter("volume")
                _ = try services.volume.volume(id, for: change.requester)
                let given = try call.object("metadata").object?.compactMapValues(\.string) ?? [:]
                services.volume.volumes.update(id) { $0.metadata.merge(given) { $1 } }
                return .json(200, ["metadata": .object(given.mapValues { .string($0) })])
            },
            on(.put, volume + "/metadata") { services, call, change in
                let id = call.parameter("volume")
                _ = try services.volume.volume(id, for: change.requester)
                let given = try call.object("metadata").object?.compactMapValues(\.string) ?? [:]
                services.volume.volumes.update(id) { $0.metadata = given }
                return .json(200, ["metadata": .object(given.mapValues { .string($0) })])
            },
            on(.delete, volume + "/metadata/:key") { services, call, change in
                let id = call.parameter("volume")
                let key = call.parameter("key")
                let found = try services.volume.volume(id, for: change.requester)
                guard found.metadata[key] != nil else {
                    throw ServiceFault(404, "Volume \(id) has no metadata with key \(key).")
                }
                services.volume.volumes.update(id) { $0.metadata[key] = nil }
                return ServiceAnswer(status: 200)
            },
        ] + offers(root)
    }

    /// What there is none of.
    private static func empty(_ path: String, _ collection: String) -> ServiceRoute {
        on(.get, path) { _, _, _ in .json(200, .object([collection: []])) }
    }

    /// What the service has to offer, and how much of it a project may have.
    private static func offers(_ root: String) -> [ServiceRoute] {
        let type: JSONValue = [
            "id": .string(VolumeState.typeId),
            "name": .string(VolumeState.type), "description": .null, "is_public": true, "extra_specs": [:],
            "qos_specs_id": .null, "os-volume-type-access:is_public": true,
        ]
        return [
            on(.get, root + "/types") { _, _, _ in .json(200, ["volume_types": [type]]) },
            on(.get, root + "/types/:type") { _, call, _ in
                let id = call.parameter("type")
                guard id == "default" || id == type["id"]?.string else {
                    throw ServiceFault(404, "Volume type \(id) could not be found.")
                }
                return .json(200, ["volume_type": type])
            },
            empty(root + "/snapshots", "snapshots"), empty(root + "/snapshots/detail", "snapshots"),
            empty(root + "/backups", "backups"), empty(root + "/backups/detail", "backups"),
            empty(root + "/extensions", "extensions"),
            on(.get, root + "/os-services") { _, _, change in
                guard change.requester.isAdmin else { throw ServiceFault.policy("volume_extension:services:index") }
                return .json(200, ["services": []])
            },
            on(.get, root + "/os-availability-zone") { _, _, _ in
                .json(200, ["availabilityZoneInfo": [["zoneName": "nova", "zoneState": ["available": true]]]])
            },
            on(.get, root + "/limits") { services, call, change in
                .json(200, ["limits": VolumeView(services.volume, call).limits(of: change.projectId)])
            },
            on(.get, root + "/os-quota-sets/:target") { services, call, change in
                let target = call.parameter("target")
                guard target == change.projectId || change.requester.isAdmin else {
                    throw ServiceFault.policy("volume_extension:quotas:show")
                }
                let withUsage = call.query("usage")?.lowercased() == "true"
                return .json(
                    200, ["quota_set": VolumeView(services.volume, call).quotas(of: target, withUsage: withUsage)])
            },
            on(.get, root + "/os-quota-sets/:target/defaults") { services, call, _ in
                .json(200, ["quota_set": VolumeView(services.volume, call).quotas(of: "", withUsage: false)])
            },
            on(.put, root + "/os-quota-sets/:target") { services, call, change in
                guard change.requester.isAdmin else {
                    throw ServiceFault.policy("volume_extension:quotas:update")
                }
                let target = call.parameter("target")
                for (name, value) in try call.object("quota_set").object ?? [:] {
                    guard let resource = QuotaScenario.Resource(rawValue: name), let limit = value.integer else {
                        continue
                    }
                    services.volume.quotas[target, default: [:]][resource] = limit
                }
                return .json(
                    200, ["quota_set": VolumeView(services.volume, call).quotas(of: target, withUsage: false)])
            },
        ]
    }

    private static func act(
        _ services: inout RegionServices, _ call: ServiceCall, _ change: Change
    ) throws(ServiceFault) -> ServiceAnswer {
        let id = call.parameter("volume")
        _ = try services.volume.volume(id, for: change.requester)
        guard let members = call.json?.object, members.count == 1, let (name, arguments) = members.first else {
            throw ServiceFault(400, "Malformed request body")
        }
        switch name {
        case "os-extend":
            guard let size = arguments["new_size"]?.integer else {
                throw .novaInput(name, arguments, "'new_size' is a required property")
            }
            try services.volume.extend(id, to: size, by: change)
            return ServiceAnswer(status: 202)
        case "os-set_bootable":
            services.volume.volumes.update(id) { $0.isBootable = arguments["bootable"] == true }
            return ServiceAnswer(status: 200)
        case "os-reset_status":
            guard change.requester.isAdmin else {
                throw .policy("volume_extension:volume_admin_actions:reset_status")
            }
            guard let status = arguments["status"]?.string.flatMap({ Volume.Status(rawValue: $0) }) else {
                throw .novaInput("status", arguments["status"] ?? .null, "it is no status of a volume")
            }
            services.volume.volumes.update(id) { $0.status = status }
            return ServiceAnswer(status: 202)
        default: throw ServiceFault(400, "There is no such action: \(name)")
        }
    }
}
