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
    /// The line without surrounding space.
    public let line: String

    /// Why a text is no public key. None of the sentences repeats any of the text: it may be a secret.
    enum Refusal: Error {
        case privateKey
        case severalLines
        case unsupported
        case malformed

        /// A stable code for the field's error.
        var code: String {
            switch self {
            case .privateKey: "PRIVATE_SSH_KEY"
            case .severalLines, .malformed: "INVALID_SSH_KEY"
            case .unsupported: "UNSUPPORTED_SSH_KEY"
            }
        }

        var sentence: String {
            switch self {
            case .privateKey:
                "This is a private key: it must stay with you. Send the public one, the file beside it that ends in .pub"
            case .severalLines: "publicKey is one key on one line, as in ~/.ssh/id_ed25519.pub"
            case .unsupported:
                "publicKey begins with its type, without options; one of "
                    + OpenSSHPublicKey.fieldCounts.keys.sorted().joined(separator: ", ")
            case .malformed: "the key is incomplete: copy the whole line, as in ~/.ssh/id_ed25519.pub"
            }
        }
    }

    /// The supported types, and how many fields the blob of each has (RFC 4253, 5656, 8709 and OpenSSH's
    /// PROTOCOL.u2f).
    private static let fieldCounts = [
        "ssh-ed25519": 2, "ssh-rsa": 3, "ecdsa-sha2-nistp256": 3, "ecdsa-sha2-nistp384": 3, "ecdsa-sha2-nistp521": 3,
        "sk-ssh-ed25519@openssh.com": 3, "sk-ecdsa-sha2-nistp256@openssh.com": 4,
    ]

    /// Parses `algorithm base64 [comment]`, with the line's end or without; the blob must begin with the algorithm's
    /// own name (RFC 4253, section 6.6).
    init(parsing text: String) throws(Refusal) {
        let line = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !line.contains("PRIVATE KEY-----"), !line.hasPrefix("PuTTY-User-Key-File") else { throw .privateKey }
        guard !line.contains(where: \.isNewline) else { throw .severalLines }
        let parts = line.split(maxSplits: 2, omittingEmptySubsequences: true) { $0 == " " || $0 == "\t" }
            .map { $0.trimmingCharacters(in: .whitespaces) }
        guard let algorithm = parts.first, let fieldCount = Self.fieldCounts[algorithm] else { throw .unsupported }
        guard parts.count > 1, let blob = Data(base64Encoded: parts[1]), let fields = Self.fields(of: Array(blob)),
            fields.count == fieldCount, fields[0].elementsEqual(algorithm.utf8), fields.allSatisfy({ !$0.isEmpty }),
            algorithm != "ssh-ed25519" || fields[1].count == 32
        else { throw .malformed }
        let comment = parts.count > 2 ? parts[2] : ""
        guard comment.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw .malformed
        }
        self.algorithm = algorithm
        self.comment = comment
        let digest = Data(SHA256.hash(data: blob)).base64EncodedString()
        fingerprint = "SHA256:" + digest.prefix { $0 != "=" }
        self.line = parts.joined(separator: " ")
    }

    /// The fields of a blob, each with its length in four bytes before it; nil where they do not fill it exactly.
    private static func fields(of blob: [UInt8]) -> [ArraySlice<UInt8>]? {
        var fields: [ArraySlice<UInt8>] = []
        var rest = blob[...]
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard length <= rest.count else { return nil }
            fields.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return fields
    }
}
