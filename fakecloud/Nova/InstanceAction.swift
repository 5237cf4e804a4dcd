import Runtime

/// What was done to a server by whom, as Nova remembers it (Compute API v2.1, "Servers actions").
struct InstanceAction: Sendable {
    /// As Nova names it: `create`, `stop`, `reboot`, …
    let name: String
    /// Of the request that asked for it.
    let requestId: String
    let userId: String
    let projectId: String
    let startedAt: Timestamp
    /// Nil while it goes on.
    var endedAt: Timestamp?
    var isFailed = false

    init(_ name: String, by change: Change) {
        self.name = name
        requestId = change.requestId
        userId = change.requester.userId
        projectId = change.projectId
        startedAt = change.now
    }

    /// What Nova's compute service calls its part of it.
    fileprivate var event: String {
        switch name {
        case "create": "compute__do_build_and_run_instance"
        case "delete": "compute_terminate_instance"
        default: "compute_\(name)_instance"
        }
    }
}

extension Instance {
    /// - Parameter isOver: whether there is nothing to wait for.
    mutating func note(_ name: String, by change: Change, isOver: Bool = false) {
        var action = InstanceAction(name, by: change)
        if isOver { action.endedAt = change.now }
        actions.append(action)
    }

    /// What was under way has come to its end.
    mutating func endActions(at now: Timestamp, failed: Bool = false) {
        for index in actions.indices where actions[index].endedAt == nil {
            actions[index].endedAt = now
            actions[index].isFailed = failed
        }
    }
}

extension NovaView {
    /// Newest first.
    func actions(of server: Instance) -> ServiceAnswer {
        .json(200, ["instanceActions": .array(server.actions.reversed().map { .object(brief($0, of: server)) })])
    }

    func action(of server: Instance, for requester: Requester) throws(ServiceFault) -> ServiceAnswer {
        let id = call.parameter("action")
        guard let action = server.actions.first(where: { $0.requestId == id }) else {
            throw ServiceFault(404, "Action for request_id \(id) on instance \(server.id) not found")
        }
        var json = brief(action, of: server)
        if version.minor >= 51 || requester.isAdmin {
            var event: [String: JSONValue] = [
                "event": .string(action.event), "start_time": .string(action.startedAt.novaText),
                "finish_time": JSONValue(action.endedAt?.novaText),
                "result": action.endedAt == nil ? .null : action.isFailed ? "Error" : "Success",
            ]
            if requester.isAdmin { event["traceback"] = .null }
            if version.minor >= 62 { event["hostId"] = .string(hostId(of: server)) }
            if version.minor >= 84 { event["details"] = .null }
            json["events"] = [.object(event)]
        }
        return .json(200, ["instanceAction": .object(json)])
    }

    private func brief(_ action: InstanceAction, of server: Instance) -> [String: JSONValue] {
        var json: [String: JSONValue] = [
            "action": .string(action.name), "instance_uuid": .string(server.id),
            "request_id": .string(action.requestId), "user_id": .string(action.userId),
            "project_id": .string(action.projectId), "start_time": .string(action.startedAt.novaText),
            "message": action.isFailed ? "Error" : .null,
        ]
        if version.minor >= 58 { json["updated_at"] = .string((action.endedAt ?? action.startedAt).novaText) }
        return json
    }
}
