import HTTPTypes
import OrderedCollections
import Runtime

/// A request to `POST /servers/{id}/action`: one key that names the action, with its arguments.
struct ServerAction {
    private let name: String
    private let arguments: JSONValue
    private let call: ServiceCall

    /// - Throws: ``ServiceFault`` for a body that does not name one action.
    init(_ call: ServiceCall) throws(ServiceFault) {
        guard let members = call.json?.object else { throw ServiceFault(400, "Malformed request body") }
        guard members.count == 1, let (name, arguments) = members.first else {
            throw ServiceFault(400, "Malformed request body")
        }
        self.name = name
        self.arguments = arguments
        self.call = call
    }

    func perform(
        _ services: inout RegionServices, _ id: String, _ change: Change, _ version: NovaVersion
    ) throws(ServiceFault) -> ServiceAnswer {
        let accepted = ServiceAnswer(status: 202, headers: [.contentType: "application/json"])
        switch name {
        case "os-start":
            try services.begin(.start, named: "start", from: [.stopped], server: id, by: change)
        case "os-stop":
            try services.begin(.stop, named: "stop", from: [.active, .error], server: id, by: change)
        case "pause": try services.begin(.pause, named: "pause", from: [.active], server: id, by: change)
        case "unpause": try services.begin(.unpause, named: "unpause", from: [.paused], server: id, by: change)
        case "suspend": try services.begin(.suspend, named: "suspend", from: [.active], server: id, by: change)
        case "resume": try services.begin(.resume, named: "resume", from: [.suspended], server: id, by: change)
        case "shelve":
            try services.begin(
                .shelve, named: "shelve", from: [.active, .stopped, .paused, .suspended], server: id, by: change)
        case "unshelve": try services.begin(.unshelve, named: "unshelve", from: [.shelved], server: id, by: change)
        case "rescue":
            try services.begin(.rescue, named: "rescue", from: [.active, .stopped, .error], server: id, by: change)
            return .json(200, ["adminPass": .string(arguments["adminPass"]?.string ?? String(change.random.suffix()))])
        case "unrescue": try services.begin(.unrescue, named: "unrescue", from: [.rescued], server: id, by: change)
        case "reboot": try reboot(&services, id, change)
        case "resize": try services.resize(id, to: try text("flavorRef"), by: change)
        case "confirmResize":
            try services.begin(.confirmResize, named: "confirmResize", from: [.resized], server: id, by: change)
            return ServiceAnswer(status: 204)
        case "revertResize":
            try services.begin(.revertResize, named: "revertResize", from: [.resized], server: id, by: change)
        case "rebuild": return try rebuild(&services, id, change, version)
        case "createImage": return try createImage(&services, id, change, version)
        case "lock", "unlock":
            let isLocked = name == "lock"
            services.compute.servers.update(id) { server in
                server.isLocked = isLocked
                server.lockReason = isLocked ? arguments["locked_reason"]?.string : nil
            }
        case "addSecurityGroup", "removeSecurityGroup":
            try services.setSecurityGroup(
                try text("name"), isMember: name == "addSecurityGroup", ofServer: id, by: change)
        case "os-getConsoleOutput":
            let lines = services.compute.servers[id]?.consoleLines ?? []
            let count = arguments["length"]?.integer ?? arguments["length"]?.string.flatMap { Int($0) }
            let shown = count.map { $0 < 0 ? lines[...] : lines.suffix($0) } ?? lines[...]
            return .json(200, ["output": .string(shown.joined(separator: "\n"))])
        case "changePassword": break
        case "removeFixedIp":
            try services.removeFixedIP(try text("address"), fromServer: id, by: change)
        case "forceDelete": try services.deleteServer(id, by: change, drivenBy: .timers)
        case "os-resetState":
            guard change.requester.isAdmin else { throw .policy("os_compute_api:os-admin-actions:reset_state") }
            let isActive = arguments["state"] == "active"
            services.compute.servers.update(id) { server in
                server.state = isActive ? .active : .error
                server.step = nil
                server.turn += 1
            }
        default: throw ServiceFault(400, "There is no such action: \(name)")
        }
        return accepted
    }

    private func text(_ key: String) throws(ServiceFault) -> String {
        guard let text = arguments[key]?.string ?? arguments[key]?.integer.map(String.init) else {
            throw .novaInput(name, arguments, "'\(key)' is a required property")
        }
        return text
    }

    private func reboot(
        _ services: inout RegionServices, _ id: String, _ change: Change
    ) throws(ServiceFault) {
        switch try text("type").uppercased() {
        case "SOFT": try services.begin(.softReboot, named: "reboot", from: [.active], server: id, by: change)
        case "HARD":
            try services.begin(
                .hardReboot, named: "reboot", from: [.active, .stopped, .paused, .suspended, .error], server: id,
                by: change)
        case let other: throw .novaInput("type", .string(other), "'\(other)' is not one of ['HARD', 'SOFT']")
        }
    }

    private func rebuild(
        _ services: inout RegionServices, _ id: String, _ change: Change, _ version: NovaVersion
    ) throws(ServiceFault) -> ServiceAnswer {
        let image = try text("imageRef")
        guard (try? services.image.image(image, for: change.requester)) != nil else {
            throw ServiceFault(400, "Cannot find image for rebuild")
        }
        try services.begin(
            .rebuild(image: image), named: "rebuild", from: [.active, .stopped, .error], server: id, by: change)
        services.compute.servers.update(id) { server in
            server.name = arguments["name"]?.string ?? server.name
            if let metadata = arguments["metadata"]?.object {
                server.metadata = metadata.compactMapValues(\.string)
            }
        }
        let server = try services.compute.server(id, for: change.requester)
        var json = NovaView(services, call, version, at: change.now).detail(server).object ?? [:]
        json["adminPass"] = .string(change.random.suffix())
        return .json(202, ["server": .object(json)])
    }

    private func createImage(
        _ services: inout RegionServices, _ id: String, _ change: Change, _ version: NovaVersion
    ) throws(ServiceFault) -> ServiceAnswer {
        let image = try services.createImage(
            ofServer: id, name: try text("name"), properties: arguments["metadata"] ?? [:], by: change)
        guard version.minor < 45 else { return .json(202, ["image_id": .string(image.id)]) }
        return ServiceAnswer(
            status: 202, headers: [.location: "\(call.baseURL)/image/\(call.region ?? "")/v2/images/\(image.id)"])
    }
}
