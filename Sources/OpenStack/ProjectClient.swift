import HTTPTypes
import Runtime

/// What the project that the portal signs in to may do: asked by the doctor, and never by a worker.
public struct ProjectClient: Sendable {
    public let connection: CloudConnection

    /// A quota and how much of it is in use; nil for no limit.
    public struct Quota: Equatable, Sendable {
        public let used: Int
        public let limit: Int?

        /// - Parameter limit: as services write it: -1 for none.
        public init(used: Int, limit: Int) {
            self.used = used
            self.limit = limit < 0 ? nil : limit
        }

        public var isUsedUp: Bool { limit.map { used >= $0 } ?? false }
    }

    public struct ComputeQuotas: Equatable, Sendable {
        public let instances: Quota
        public let cores: Quota
        public let ramMiB: Quota
    }

    public init(_ connection: CloudConnection) {
        self.connection = connection
    }

    /// Nova's quotas of the project (golden exchange `limits`).
    public func computeQuotas() async throws -> Answer<ComputeQuotas> {
        try await get(.compute, "limits").reading { body in
            let limits = body["limits"]?["absolute"]
            func quota(_ used: String, _ limit: String) -> Quota? {
                guard let used = limits?[used]?.integer, let limit = limits?[limit]?.integer else { return nil }
                return Quota(used: used, limit: limit)
            }
            guard let instances = quota("totalInstancesUsed", "maxTotalInstances"),
                let cores = quota("totalCoresUsed", "maxTotalCores"),
                let ram = quota("totalRAMUsed", "maxTotalRAMSize")
            else { return nil }
            return ComputeQuotas(instances: instances, cores: cores, ramMiB: ram)
        }
    }

    /// Neutron's quotas of the project, by what they are of: `floatingip`, `port`, `security_group`, … (golden
    /// exchange `quotas-details`).
    public func networkQuotas(of projectId: String) async throws -> Answer<[String: Quota]> {
        try await get(.network, "quotas/" + percentEncoded(projectId) + "/details.json").reading { body in
            body["quota"]?.object?.compactMapValues { quota in
                guard let used = quota["used"]?.integer, let limit = quota["limit"]?.integer else { return nil }
                return Quota(used: used, limit: limit)
            }
        }
    }

    /// When an application credential expires, nil for never (golden exchange `appcred-get`).
    public func expiry(ofApplicationCredential id: String, of userId: String) async throws -> Answer<Timestamp?> {
        let path = "users/" + percentEncoded(userId) + "/application_credentials/" + percentEncoded(id)
        return try await get(.identity, path).reading { body in
            guard let credential = body["application_credential"] else { return nil }
            return .some(credential["expires_at"]?.string.flatMap { Timestamp($0.hasSuffix("Z") ? $0 : $0 + "Z") })
        }
    }

    /// Makes a trust of the user in itself that lasts a minute, and removes it: what Heat does with every stack, and
    /// what a strict Keystone refuses to application credentials (golden/README.md).
    public func tryTrust(as holder: TokenHolder) async throws -> Answer<Void> {
        guard let userId = holder.userId, let projectId = holder.projectId else {
            return .unknown(CloudFailure(message: "the token names no user or project"))
        }
        let user = JSONValue.string(userId)
        let body: JSONValue = [
            "trust": [
                "trustor_user_id": user, "trustee_user_id": user, "project_id": .string(projectId),
                "impersonation": true, "roles": .array(holder.roles.map { ["name": .string($0)] }),
                "expires_at": .string((connection.time.now + .seconds(60)).microseconds),
            ]
        ]
        let exchange = try await connection.exchange(.identity, .post, "OS-TRUST/trusts", body: body)
        if case .answered(let response) = exchange, response.status == 403 {
            let words = (try? JSONValue(parsing: response.body))?["error"]?["message"]?.string
            return .rejected(CloudFailure(status: 403, message: words ?? "HTTP 403"))
        }
        let answer = Answer<JSONValue>(exchange, to: .create, at: connection.time.now)
        guard case .ok(let trust) = answer else { return answer.flatMap { _ in .ok(()) } }
        guard let id = trust["trust"]?["id"]?.string else {
            return .unknown(CloudFailure(message: "a body of another shape"))
        }
        _ = try await connection.exchange(.identity, .delete, "OS-TRUST/trusts/" + percentEncoded(id))
        return .ok(())
    }

    private func get(_ service: CloudService, _ path: String) async throws -> Answer<JSONValue> {
        let exchange = try await connection.exchange(service, .get, path)
        return Answer(exchange, to: .read, at: connection.time.now)
    }
}
