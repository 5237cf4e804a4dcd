import HTTPTypes
import OrderedCollections
import Runtime
import Scenarios

/// Nova's Compute API v2.1: discovery, flavors, key pairs, limits, quotas and server groups.
enum NovaRoutes {
    private static let root = "/compute/:region/v2.1"

    static let all: [ServiceRoute] =
        [
            .on(.get, "/compute/:region", needsToken: false) { _, call, _ in NovaView.versions(call) },
            get("", needsToken: false) { view, _ in view.currentVersion() },
            get("/flavors", .novaFlavorList) { view, _ in try view.flavors(isDetailed: false) },
            get("/flavors/detail", .novaFlavorList) { view, _ in try view.flavors(isDetailed: true) },
            get("/flavors/:flavor") { view, _ in
                .json(200, ["flavor": .object(view.detail(try view.flavor(view.call.parameter("flavor"))))])
            },
            get("/flavors/:flavor/os-extra_specs") { view, _ in
                _ = try view.flavor(view.call.parameter("flavor"))
                return .json(200, ["extra_specs": [:]])
            },
            get("/os-availability-zone") { _, _ in
                .json(
                    200,
                    ["availabilityZoneInfo": [["zoneName": "nova", "zoneState": ["available": true], "hosts": .null]]])
            },
            get("/os-availability-zone/detail") { _, requester in
                guard requester.isAdmin else { throw ServiceFault.policy("os_compute_api:os-availability-zone:detail") }
                return .json(
                    200,
                    ["availabilityZoneInfo": [["zoneName": "nova", "zoneState": ["available": true], "hosts": [:]]]])
            },
            get("/extensions") { _, _ in .json(200, ["extensions": []]) },
            get("/os-simple-tenant-usage") { view, requester in try view.usages(for: requester) },
            get("/os-simple-tenant-usage/:project") { view, requester in
                let project = view.call.parameter("project")
                guard project == requester.projectId || requester.isAdmin else {
                    throw ServiceFault.policy("os_compute_api:os-simple-tenant-usage:show")
                }
                return try view.usage(of: project)
            },
            forbidden("/os-hypervisors", "os_compute_api:os-hypervisors:list"),
            forbidden("/os-hypervisors/detail", "os_compute_api:os-hypervisors:list-detail"),
            forbidden("/os-migrations", "os_compute_api:os-migrations:index"),
            forbidden("/os-services", "os_compute_api:os-services:list"),
            forbidden("/os-aggregates", "os_compute_api:os-aggregates:index"),
        ] + keyPairs + limits + groups

    /// A route that shows something.
    static func get(
        _ path: String, _ operation: CloudOperation? = nil, needsToken: Bool = true,
        _ show: @escaping @Sendable (NovaView, Requester) throws -> ServiceAnswer
    ) -> ServiceRoute {
        .on(.get, root + path, operation, needsToken: needsToken) { services, call, change in
            try show(NovaView(services, call, try NovaVersion(of: call), at: change.now), change.requester)
        }
    }

    /// What only administrators see; for them there is nothing, since the fake shows no hosts.
    private static func forbidden(_ path: String, _ rule: String) -> ServiceRoute {
        get(path) { _, requester in
            guard requester.isAdmin else { throw ServiceFault.policy(rule) }
            let key = path.split(separator: "/")[0].dropFirst("os-".count)
            return .json(200, .object([String(key): []]))
        }
    }

    private static let keyPairs: [ServiceRoute] = [
        get("/os-keypairs", .novaKeypairList) { view, requester in try view.keyPairs(of: requester.userId) },
        get("/os-keypairs/:name") { view, requester in
            view.detail(try view.services.compute.keyPair(view.call.parameter("name"), of: requester.userId))
        },
        .on(.post, root + "/os-keypairs") { services, call, change in
            let version = try NovaVersion(of: call)
            let given = try call.object("keypair")
            guard version.minor < 92 || given["public_key"] != nil else {
                throw ServiceFault.novaInput("keypair", given, "'public_key' is a required property")
            }
            let made = try services.compute.createKeyPair(given, by: change)
            return NovaView(services, call, version, at: change.now).created(made.pair, privateKey: made.privateKey)
        },
        .on(.delete, root + "/os-keypairs/:name") { services, call, change in
            let version = try NovaVersion(of: call)
            try services.compute.deleteKeyPair(call.parameter("name"), by: change)
            return ServiceAnswer(status: version.minor >= 2 ? 204 : 202)
        },
    ]

    /// The project of a path, where the requester may see its quotas.
    private static func project(_ call: ServiceCall, _ requester: Requester, _ rule: String) throws(ServiceFault)
        -> String
    {
        let project = call.parameter("project")
        guard project == requester.projectId || requester.isAdmin else {
            throw .policy("os_compute_api:os-quota-sets:" + rule)
        }
        return project
    }

    private static let limits: [ServiceRoute] = [
        get("/limits", .novaLimitsShow) { view, requester in
            let project = requester.isAdmin ? view.call.query("tenant_id") : nil
            return view.limits(of: project ?? requester.projectId)
        },
        get("/os-quota-sets/:project") { view, requester in
            view.quotas(of: try project(view.call, requester, "show"))
        },
        get("/os-quota-sets/:project/detail") { view, requester in
            view.quotas(of: try project(view.call, requester, "detail"), isDetailed: true)
        },
        get("/os-quota-sets/:project/defaults") { view, _ in view.quotas(of: "") },
        .on(.put, root + "/os-quota-sets/:project") { services, call, change in
            let version = try NovaVersion(of: call)
            guard change.requester.isAdmin else {
                throw ServiceFault.policy("os_compute_api:os-quota-sets:update")
            }
            let project = call.parameter("project")
            for (name, value) in try call.object("quota_set").object ?? [:] {
                guard let resource = QuotaScenario.Resource(rawValue: name) else { continue }
                guard let limit = value.integer, limit >= -1 else {
                    throw ServiceFault.novaInput(name, value, "\(value.pythonForm) is not of type 'integer'")
                }
                services.compute.quotas[project, default: [:]][resource] = limit
            }
            return NovaView(services, call, version, at: change.now).quotas(of: project)
        },
        .on(.delete, root + "/os-quota-sets/:project") { services, call, change in
            guard change.requester.isAdmin else {
                throw ServiceFault.policy("os_compute_api:os-quota-sets:delete")
            }
            services.compute.quotas[call.parameter("project")] = nil
            return ServiceAnswer(status: 202)
        },
    ]

    private static let groups: [ServiceRoute] = [
        get("/os-server-groups") { view, requester in
            let groups = view.services.compute.groups.records(ofProject: requester.projectId)
            return .json(200, ["server_groups": .array(groups.map(view.group))])
        },
        get("/os-server-groups/:group") { view, requester in
            let group = try view.services.compute.group(view.call.parameter("group"), for: requester)
            return .json(200, ["server_group": view.group(group)])
        },
        .on(.post, root + "/os-server-groups") { services, call, change in
            let version = try NovaVersion(of: call)
            let group = try services.compute.createGroup(try call.object("server_group"), by: change)
            return .json(200, ["server_group": NovaView(services, call, version, at: change.now).group(group)])
        },
        .on(.delete, root + "/os-server-groups/:group") { services, call, change in
            try services.compute.deleteGroup(call.parameter("group"), by: change)
            return ServiceAnswer(status: 204)
        },
    ]
}
