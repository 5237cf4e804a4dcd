import Deployments
import Runtime

/// A message to a client (design.md section 6). Keys are always present, with null for what is not known; only
/// `id` and an error's `deploymentId` are left out where there is none.
public enum ServerMessage: Equatable, Sendable {
    case subscribed(deploymentId: String, id: JSONValue? = nil)
    case updated(Deployment)
    case event(DeploymentEvent)
    /// - Parameter code: a stable code of semantics.md section 9.
    case error(code: String, message: String, deploymentId: String? = nil, id: JSONValue? = nil)
}

extension ServerMessage {
    /// The text of the frame: canonical JSON.
    public var text: String { json.description }

    private var json: JSONValue {
        switch self {
        case .subscribed(let deploymentId, let id):
            return .object(["type": "subscribed", "deploymentId": .string(deploymentId)].adding(id: id))
        case .updated(let deployment):
            return [
                "type": "deployment.updated", "deploymentId": .string(deployment.id),
                "data": deployment.updateData,
            ]
        case .event(let event):
            return [
                "type": "deployment.event", "deploymentId": .string(event.deploymentId),
                "data": [
                    "seq": .integer(event.seq), "ts": "\(event.ts)", "level": .string(event.level.rawValue),
                    "message": .string(event.message),
                ],
            ]
        case .error(let code, let message, let deploymentId, let id):
            var members: [String: JSONValue] = [
                "type": "error", "code": .string(code), "message": .string(message),
            ]
            members["deploymentId"] = deploymentId.map(JSONValue.string)
            return .object(members.adding(id: id))
        }
    }
}

extension Deployment {
    /// What `deployment.updated` carries: `{status, runtime, lastError, updatedAt, revision}`.
    public var updateData: JSONValue {
        [
            "status": .string(status.rawValue),
            "runtime": [
                "publicIp": JSONValue(runtime.publicIp), "privateIp": JSONValue(runtime.privateIp),
                "sshUser": JSONValue(runtime.sshUser),
            ],
            "lastError": lastError.map { ["code": .string($0.code.rawValue), "message": .string($0.message)] } ?? .null,
            "updatedAt": "\(updatedAt)",
            "revision": .integer(revision),
        ]
    }
}

extension [String: JSONValue] {
    fileprivate func adding(id: JSONValue?) -> Self {
        var members = self
        members["id"] = id
        return members
    }
}
