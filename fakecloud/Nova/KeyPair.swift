import Crypto
import Foundation
import Runtime

/// A user's SSH key pair in Nova.
struct KeyPair: Sendable {
    let name: String
    let publicKey: String
    let userId: String
    /// MD5 of the key's bytes, in pairs of hexadecimal digits.
    let fingerprint: String
    let createdAt: Timestamp

    /// - Returns: nil where the key is none: a type, base 64, and perhaps a comment.
    init?(name: String, publicKey: String, userId: String, at instant: Int) {
        let words = publicKey.split(separator: " ")
        guard words.count >= 2, let bytes = Data(base64Encoded: String(words[1])), !bytes.isEmpty else { return nil }
        self.name = name
        self.publicKey = publicKey
        self.userId = userId
        fingerprint = Insecure.MD5.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined(separator: ":")
        createdAt = Timestamp(milliseconds: Int64(instant))
    }
}

extension CloudEngine {
    /// The key pairs of a user: those that it imported and those of its stacks.
    func keyPairs(of user: Identity.User, in region: String) -> [KeyPair] {
        let own = user.assignments.flatMap { stacks(in: StackPlace(region: region, project: $0.project.id)) }
        let made = own.flatMap { stack in
            stack.resources.compactMap { resource -> KeyPair? in
                guard resource.template.kind == .keyPair, !resource.isAbsent, let name = resource.physicalId,
                    let key = resource.attributes?["public_key"]?.string
                else { return nil }
                return KeyPair(
                    name: name, publicKey: key, userId: user.id, at: Int(resource.updatedAt.milliseconds))
            }
        }
        return (regions[region]?.keyPairs ?? []).filter { $0.userId == user.id } + made
    }

    /// - Throws: ``CloudDialect/Refusal`` in Nova's words.
    mutating func createKeyPair(_ pair: KeyPair, in region: String) throws {
        guard let user = identity.users.first(where: { $0.id == pair.userId }) else { return }
        guard !keyPairs(of: user, in: region).contains(where: { $0.name == pair.name }) else {
            throw CloudDialect.Refusal(
                status: 409, type: "conflictingRequest", message: "Key pair '\(pair.name)' already exists.")
        }
        regions[region]?.keyPairs.append(pair)
    }

    /// - Throws: ``CloudDialect/Refusal`` in Nova's words.
    mutating func deleteKeyPair(_ name: String, of user: String, in region: String) throws {
        guard let index = regions[region]?.keyPairs.firstIndex(where: { $0.name == name && $0.userId == user }) else {
            throw KeyPair.notFound(name, user: user)
        }
        regions[region]?.keyPairs.remove(at: index)
    }
}

extension KeyPair {
    static func notFound(_ name: String, user: String) -> CloudDialect.Refusal {
        CloudDialect.Refusal(
            status: 404, type: "itemNotFound", message: "Keypair \(name) not found for user \(user)")
    }
}
