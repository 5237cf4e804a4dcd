import Foundation
import Runtime

/// A customer's SSH keys.
public struct SSHKeyService: Sendable {
    private let store: any DeploymentStore
    private let surroundings: Surroundings

    public init(store: any DeploymentStore, surroundings: Surroundings) {
        self.store = store
        self.surroundings = surroundings
    }

    public func keys(of customerId: String) async throws -> [SSHKey] {
        try await store.read { try $0.sshKeys(of: customerId) }
    }

    /// Adds a key from `{name, publicKey}`; the same key again gives the first one back.
    ///
    /// - Throws: ``DeploymentError/invalid(_:)``, ``StoreUnavailable``.
    public func add(_ body: JSONValue, for customerId: String) async throws -> SSHKey {
        var reader = FieldReader(Self.trimmed(body))
        let name = reader.string("name", length: 1...100)
        var key: OpenSSHPublicKey?
        do {
            key = try reader.string("publicKey", length: 1...16_384, isPasted: true).map(
                OpenSSHPublicKey.init(parsing:))
        } catch {
            reader.refuse("publicKey", error.code, error.sentence)
        }
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let name, let key else { throw DeploymentError.invalid(reader.errors) }
        let added = SSHKey(
            id: surroundings.identifier("key"), customerId: customerId, name: name, publicKey: key.line,
            fingerprint: key.fingerprint, createdAt: surroundings.time.now)
        return try await store.write { tx in
            let keys = try tx.sshKeys(of: customerId)
            if let same = keys.first(where: { $0.fingerprint == key.fingerprint }) { return same }
            guard keys.count < Self.keysPerCustomer else {
                throw DeploymentError.invalid([
                    FieldError(
                        pointer: "/publicKey", code: "TOO_MANY",
                        message: "a customer has at most \(Self.keysPerCustomer) SSH keys; delete one first")
                ])
            }
            try tx.insert(added)
            return added
        }
    }

    /// A key is pasted from a file whose line has an end.
    private static func trimmed(_ body: JSONValue) -> JSONValue {
        guard case .object(var members) = body, let text = members["publicKey"]?.string else { return body }
        members["publicKey"] = .string(text.trimmingCharacters(in: .whitespacesAndNewlines))
        return .object(members)
    }

    /// Removes a key. Deployments that were made with it keep it.
    ///
    /// - Throws: ``DeploymentError/notFound``, also for another customer's.
    public func delete(_ id: String, of customerId: String) async throws {
        try await store.write { tx in
            guard let key = try tx.sshKey(id), key.customerId == customerId else { throw DeploymentError.notFound }
            try tx.deleteSSHKey(id)
        }
    }

    private static let keysPerCustomer = 100
}
