import Auth
import Deployments
import HTTPTypes
import Hummingbird
import Runtime

/// `/ssh-keys` (design.md section 5).
struct SSHKeyRoutes {
    let service: SSHKeyService

    func add(to routes: inout RouteTable) {
        routes.on(.get, "/ssh-keys") { request, context in
            let keys = try await service.keys(of: try context.principal().customerId)
            return Response(status: .ok, json: ["items": .array(keys.map(\.json))])
        }
        routes.on(.post, "/ssh-keys") { request, context in
            let key = try await service.add(try await request.json(), for: try context.principal().customerId)
            return Response(status: .created, json: key.json, headers: [.location: "/ssh-keys/" + key.id])
        }
        routes.on(.delete, "/ssh-keys/:id") { request, context in
            guard let id = context.parameters.get("id") else { throw DeploymentError.notFound }
            try await service.delete(id, of: try context.principal().customerId)
            return Response(status: .noContent)
        }
    }
}

extension SSHKey {
    fileprivate var json: JSONValue {
        [
            "id": .string(id), "name": .string(name), "publicKey": .string(publicKey),
            "fingerprint": .string(fingerprint), "createdAt": "\(createdAt)",
        ]
    }
}
