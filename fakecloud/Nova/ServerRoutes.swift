import HTTPTypes
import OrderedCollections
import Runtime

/// Nova's Compute API v2.1: servers and what belongs to them.
enum ServerRoutes {
    private static let root = "/compute/:region/v2.1/servers"
    private static let server = root + "/:server"

    static let all = servers + actions + metadata + tags + interfaces + volumes

    /// A route that shows something of one server.
    private static func get(
        _ path: String, _ operation: CloudOperation? = nil,
        _ show: @escaping @Sendable (NovaView, Instance) throws -> ServiceAnswer
    ) -> ServiceRoute {
        NovaRoutes.get("/servers/:server" + path, operation) { view, requester in
            try show(view, try view.services.compute.server(view.call.parameter("server"), for: requester))
        }
    }

    /// A route that changes something of one server.
    private static func change(
        _ method: HTTPRequest.Method, _ path: String, _ operation: CloudOperation? = nil,
        _ handler:
            @escaping @Sendable (inout RegionServices, ServiceCall, Change, _ id: String, NovaVersion) throws ->
            ServiceAnswer
    ) -> ServiceRoute {
        .on(method, server + path, operation) { services, call, change in
            let version = try NovaVersion(of: call)
            let id = call.parameter("server")
            _ = try services.compute.server(id, for: change.requester)
            return try handler(&services, call, change, id, version)
        }
    }

    private static let servers: [ServiceRoute] = [
        NovaRoutes.get("/servers", .novaServerList) { view, requester in
            try view.servers(for: requester, isDetailed: false)
        },
        NovaRoutes.get("/servers/detail", .novaServerList) { view, requester in
            try view.servers(for: requester, isDetailed: true)
        },
        get("", .novaServerShow) { view, server in .json(200, ["server": view.detail(server)]) },
        get("/ips") { view, server in .json(200, ["addresses": view.addresses(of: server)]) },
        get("/ips/:network") { view, server in
            let name = view.call.parameter("network")
            guard let addresses = view.addresses(of: server)[name] else {
                throw ServiceFault(404, "Network name \(name) not found on instance")
            }
            return .json(200, .object([name: addresses]))
        },
        get("/os-security-groups") { view, server in
            let network = view.services.network
            let ids = OrderedSet(
                network.ports.records(network.portsByDevice[server.id]).flatMap(\.securityGroupIds))
            let groups = network.securityGroups.records(ids).map { group -> JSONValue in
                [
                    "id": .string(group.id), "name": .string(group.name),
                    "description": .string(group.description), "tenant_id": .string(group.projectId), "rules": [],
                ]
            }
            return .json(200, ["security_groups": .array(groups)])
        },
        .on(.post, root, .novaServerCreate) { services, call, change in
            let version = try NovaVersion(of: call)
            let given = try call.object("server")
            guard version.minor < 37 || given["networks"] != nil else {
                throw ServiceFault.novaInput("server", given, "'networks' is a required property")
            }
            let hints = call.json?["os:scheduler_hints"] ?? call.json?["OS-SCH-HNT:scheduler_hints"] ?? [:]
            let server = try services.createServer(given, hints: hints, by: change, drivenBy: .timers)
            let view = NovaView(services, call, version, at: change.now)
            let password = given["adminPass"]?.string ?? String(change.random.suffix())
            let body: JSONValue = [
                "server": [
                    "id": .string(server.id), "links": view.links("servers/" + server.id),
                    "OS-DCF:diskConfig": "MANUAL", "adminPass": .string(password),
                    "security_groups": .array(server.securityGroupNames.map { ["name": .string($0)] }),
                ]
            ]
            return .json(202, body, headers: [.location: "\(view.root)/v2.1/servers/\(server.id)"])
        },
        change(.put, "") { services, call, change, id, version in
            let given = try call.object("server")
            if let name = given["name"]?.string, name.isEmpty {
                throw ServiceFault.novaInput("name", "", "'' is too short")
            }
            services.compute.servers.update(id) { server in
                server.name = given["name"]?.string ?? server.name
                if let text = given["description"] { server.description = text.string }
                server.accessIPv4 = given["accessIPv4"]?.string ?? server.accessIPv4
                server.accessIPv6 = given["accessIPv6"]?.string ?? server.accessIPv6
                server.updatedAt = change.now
            }
            let server = try services.compute.server(id, for: change.requester)
            return .json(200, ["server": NovaView(services, call, version, at: change.now).detail(server)])
        },
        change(.delete, "", .novaServerDelete) { services, _, change, id, _ in
            try services.deleteServer(id, by: change, drivenBy: .timers)
            return ServiceAnswer(status: 204)
        },
        change(.post, "/action", .novaServerAction) { services, call, change, id, version in
            try ServerAction(call).perform(&services, id, change, version)
        },
        change(.post, "/remote-consoles") { _, call, _, _, version in
            guard version.minor >= 6 else { throw ServiceFault(404, "The resource could not be found.") }
            let type = try call.object("remote_console")["type"]?.string ?? ""
            throw ServiceFault(400, "Unavailable console type \(type).")
        },
    ]

    // What was done to it.

    private static let actions: [ServiceRoute] = [
        get("/os-instance-actions") { view, server in view.actions(of: server) },
        NovaRoutes.get("/servers/:server/os-instance-actions/:action") { view, requester in
            let server = try view.services.compute.server(view.call.parameter("server"), for: requester)
            return try view.action(of: server, for: requester)
        },
    ]

    // Metadata.

    private static let metadata: [ServiceRoute] = [
        get("/metadata") { _, server in .json(200, ["metadata": json(server.metadata)]) },
        get("/metadata/:key") { view, server in
            let key = view.call.parameter("key")
            guard let value = server.metadata[key] else { throw ServiceFault(404, "Metadata item was not found") }
            return .json(200, ["meta": .object([key: .string(value)])])
        },
        change(.post, "/metadata") { services, call, change, id, _ in
            let given = try texts(call.object("metadata"))
            return setMetadata(&services, id, change) { $0.merge(given) { $1 } }
        },
        change(.put, "/metadata") { services, call, change, id, _ in
            let given = try texts(call.object("metadata"))
            return setMetadata(&services, id, change) { $0 = given }
        },
        change(.put, "/metadata/:key") { services, call, change, id, _ in
            let given = try texts(call.object("meta"))
            guard Array(given.keys) == [call.parameter("key")] else {
                throw ServiceFault(400, "Request body and URI mismatch")
            }
            _ = setMetadata(&services, id, change) { $0.merge(given) { $1 } }
            return .json(200, ["meta": json(given)])
        },
        change(.delete, "/metadata/:key") { services, call, change, id, _ in
            let key = call.parameter("key")
            guard services.compute.servers[id]?.metadata[key] != nil else {
                throw ServiceFault(404, "Metadata item was not found")
            }
            _ = setMetadata(&services, id, change) { $0[key] = nil }
            return ServiceAnswer(status: 204)
        },
    ]

    private static func json(_ metadata: [String: String]) -> JSONValue {
        .object(metadata.mapValues { .string($0) })
    }

    private static func texts(_ object: JSONValue) throws(ServiceFault) -> [String: String] {
        let members = object.object ?? [:]
        if let wrong = members.sorted(by: { $0.key < $1.key }).first(where: { $0.value.string == nil }) {
            throw .novaInput(wrong.key, wrong.value, "\(wrong.value.pythonForm) is not of type 'string'")
        }
        return members.compactMapValues(\.string)
    }

    private static func setMetadata(
        _ services: inout RegionServices, _ id: String, _ change: Change, _ body: (inout [String: String]) -> Void
    ) -> ServiceAnswer {
        var result: [String: String] = [:]
        services.compute.servers.update(id) { server in
            body(&server.metadata)
            server.updatedAt = change.now
            result = server.metadata
        }
        return .json(200, ["metadata": json(result)])
    }

    // Tags.

    private static let tags: [ServiceRoute] = [
        get("/tags") { _, server in .json(200, ["tags": .array(server.tags.map { .string($0) })]) },
        get("/tags/:tag") { view, server in
            guard server.tags.contains(view.call.parameter("tag")) else { throw noTag(view.call, server.id) }
            return ServiceAnswer(status: 204)
        },
        change(.put, "/tags") { services, call, _, id, _ in
            guard let given = call.json?["tags"]?.array?.compactMap(\.string) else {
                throw ServiceFault.novaInput("tags", call.json ?? .null, "'tags' is a required property")
            }
            let tags = Array(OrderedSet(given))
            services.compute.servers.update(id) { $0.tags = tags }
            return .json(200, ["tags": .array(tags.map { .string($0) })])
        },
        change(.put, "/tags/:tag") { services, call, _, id, _ in
            let tag = call.parameter("tag")
            guard services.compute.servers[id]?.tags.contains(tag) == false else { return ServiceAnswer(status: 204) }
            services.compute.servers.update(id) { $0.tags.append(tag) }
            return ServiceAnswer(status: 201)
        },
        change(.delete, "/tags") { services, _, _, id, _ in
            services.compute.servers.update(id) { $0.tags = [] }
            return ServiceAnswer(status: 204)
        },
        change(.delete, "/tags/:tag") { services, call, _, id, _ in
            let tag = call.parameter("tag")
            guard services.compute.servers[id]?.tags.contains(tag) == true else { throw noTag(call, id) }
            services.compute.servers.update(id) { $0.tags.removeAll { $0 == tag } }
            return ServiceAnswer(status: 204)
        },
    ]

    private static func noTag(_ call: ServiceCall, _ id: String) -> ServiceFault {
        ServiceFault(404, "Server \(id) has no tag '\(call.parameter("tag"))'")
    }

    // Interfaces.

    private static let interfaces: [ServiceRoute] = [
        get("/os-interface") { view, server in
            let network = view.services.network
            let ports = network.ports.records(network.portsByDevice[server.id])
            return .json(200, ["interfaceAttachments": .array(ports.map(view.interface))])
        },
        get("/os-interface/:port") { view, server in
            let id = view.call.parameter("port")
            guard let port = view.services.network.ports[id], port.deviceId == server.id else {
                throw ServiceFault(
                    404, "Instance \(server.id) does not have port with id \(id)")
            }
            return .json(200, ["interfaceAttachment": view.interface(port)])
        },
        change(.post, "/os-interface") { services, call, change, id, version in
            let given = call.json?["interfaceAttachment"] ?? [:]
            let port = try services.attachInterface(given, to: id, by: change)
            return .json(
                200, ["interfaceAttachment": NovaView(services, call, version, at: change.now).interface(port)])
        },
        change(.delete, "/os-interface/:port") { services, call, change, id, _ in
            try services.detachInterface(call.parameter("port"), from: id, by: change)
            return ServiceAnswer(status: 202)
        },
    ]

    // Volumes.

    private static let volumes: [ServiceRoute] = [
        get("/os-volume_attachments") { view, server in
            let attached = view.services.volume.attachments(of: server.id)
            return .json(
                200, ["volumeAttachments": .array(attached.map { view.attachment($0.volume, $0.attachment) })])
        },
        NovaRoutes.get("/servers/:server/os-volume_attachments/:volume") { view, requester in
            let found = try view.services.attachment(
                view.call.parameter("volume"), of: view.call.parameter("server"), by: requester)
            return .json(200, ["volumeAttachment": view.attachment(found.volume, found.attachment)])
        },
        change(.post, "/os-volume_attachments") { services, call, change, id, version in
            let given = try call.object("volumeAttachment")
            _ = try services.attachVolume(given, to: id, by: change)
            let found = try services.attachment(given["volumeId"]?.string ?? "", of: id, by: change.requester)
            let json = NovaView(services, call, version, at: change.now).attachment(found.volume, found.attachment)
            return .json(200, ["volumeAttachment": json])
        },
        change(.delete, "/os-volume_attachments/:volume") { services, call, change, id, _ in
            try services.detachVolume(call.parameter("volume"), from: id, by: change)
            return ServiceAnswer(status: 202)
        },
    ]
}
