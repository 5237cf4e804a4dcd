import Crypto
import Foundation
import Runtime

/// A customer's public key in the OpenSSH format.
public struct SSHKey: Equatable, Sendable {
    public let id: String
    public let customerId: String
    public let name: String
    public let publicKey: String
    /// `SHA256:` and the unpadded base 64 of the digest, as `ssh-keygen -l` prints it.
    public let fingerprint: String
    public let createdAt: Timestamp

    public init(
        id: String, customerId: String, name: String, publicKey: String, fingerprint: String, createdAt: Timestamp
    ) {
        self.id = id
        self.customerId = customerId
        self.name = name
        self.publicKey = publicKey
        self.fingerprint = fingerprint
        self.createdAt = createdAt
    }
}

/// A public key line that was parsed: its algorithm, its blob and its comment.
public struct OpenSSHPublicKey: Equatable, Sendable {
    public let algorithm: String
    public let comment: String
    public let fingerprint: String
    /// The line without surrounding space and options.
    public let line: String

    static let algorithms: Set<String> = [
        "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com",
    ]

    /// Parses `algorithm base64 [comment]`; the blob must begin with the algorithm's own name (RFC 4253,
    /// section 6.6).
    ///
    /// - Returns: nil where it is not a public key of a supported algorithm on one line.
    public init?(parsing text: String) {
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true).map(String.init)
        guard parts.count >= 2, !line.contains(where: \.isNewline), Self.algorithms.contains(parts[0]),
            let blob = Data(base64Encoded: parts[1]), blob.count > 4
        else { return nil }
        let length = blob.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard blob.count > 4 + length, Array(blob[4..<4 + length]) == Array(parts[0].utf8) else { return nil }
        algorithm = parts[0]
        comment = parts.count > 2 ? parts[2] : ""
        let digest = Data(SHA256.hash(data: blob)).base64EncodedString()
        fingerprint = "SHA256:" + digest.prefix { $0 != "=" }
        self.line = parts.joined(separator: " ")
    }
}
