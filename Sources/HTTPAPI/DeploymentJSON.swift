import Deployments
import Runtime
import WebSockets

extension Deployment {
    /// The deployment as HTTP shows it: what it is, and what an update on the WebSocket carries.
    var json: JSONValue {
        let fixed: [String: JSONValue] = [
            "id": .string(id), "name": .string(name), "regionId": .string(regionId),
            "spec": [
                "instanceTypeId": .string(spec.instanceTypeId), "imageId": .string(spec.imageId),
                "storage": ["sizeGiB": .integer(spec.storageGiB)], "sshKeyId": .string(spec.sshKeyId),
            ],
            "createdAt": "\(createdAt)",
        ]
        return .object(fixed.merging(updateData.object ?? [:]) { $1 })
    }
}
