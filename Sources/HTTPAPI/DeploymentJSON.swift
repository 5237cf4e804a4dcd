import Deployments
import Runtime

extension Deployment {
    /// The deployment as HTTP shows it, null for what is not known.
    var json: JSONValue {
        [
            "id": .string(id), "name": .string(name), "regionId": .string(regionId),
            "spec": [
                "instanceTypeId": .string(spec.instanceTypeId), "imageId": .string(spec.imageId),
                "storage": ["sizeGiB": .integer(spec.storageGiB)], "sshKeyId": .string(spec.sshKeyId),
            ],
            "status": .string(status.rawValue),
            "runtime": [
                "publicIp": JSONValue(runtime.publicIp), "privateIp": JSONValue(runtime.privateIp),
                "sshUser": JSONValue(runtime.sshUser),
            ],
            "lastError": lastError.map { ["code": .string($0.code.rawValue), "message": .string($0.message)] } ?? .null,
            "revision": .integer(revision), "createdAt": "\(createdAt)", "updatedAt": "\(updatedAt)",
        ]
    }
}
