import Crypto
import Foundation
import Runtime

/// A user's SSH key pair in Nova.
struct KeyPair: Sendable {
    let name: String
    let publicKey: String
    let userId: String
    let type: String
    /// MD5 of the key's bytes, in pairs of hexadecimal digits.
    let fingerprint: String
    let createdAt: Timestamp
    /// Nova's own count of key pairs.
    let number: Int

    /// - Returns: nil where the key is none: a type, base 64, and perhaps a comment.
    init?(name: String, publicKey: String, userId: String, type: String = "ssh", at now: Timestamp, number: Int) {
        let words = publicKey.split(whereSeparator: \.isWhitespace)
        guard words.count >= 2, let bytes = Data(base64Encoded: String(words[1])), bytes.count > 8 else { return nil }
        self.name = name
        self.publicKey = publicKey
        self.userId = userId
        self.type = type
        self.number = number
        fingerprint = Insecure.MD5.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined(separator: ":")
        createdAt = now
    }

    /// Makes an Ed25519 pair in OpenSSH's formats (PROTOCOL.key of OpenSSH).
    static func generate(comment: String, _ random: RandomSource) -> (publicKey: String, privateKey: String) {
        let seed = random.bytes(32)
        // Any 32 bytes are a key of Ed25519.
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return ("", "") }
        let point = Array(key.publicKey.rawRepresentation)
        let type = Array("ssh-ed25519".utf8)
        let publicBlob = field(type) + field(point)
        let check = random.bytes(4)
        var secret = check + check + field(type) + field(point) + field(seed + point) + field(Array(comment.utf8))
        var filler: UInt8 = 1
        while !secret.count.isMultiple(of: 8) {
            secret.append(filler)
            filler += 1
        }
        let none = field(Array("none".utf8))
        let head = Array("openssh-key-v1".utf8) + [0] + none + none + field([])
        let blob = head + [0, 0, 0, 1] + field(publicBlob) + field(secret)
        let lines = Data(blob).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return (
            "ssh-ed25519 \(Data(publicBlob).base64EncodedString()) \(comment)",
            "-----BEGIN OPENSSH PRIVATE KEY-----\n\(lines)\n-----END OPENSSH PRIVATE KEY-----\n"
        )
    }

    /// Bytes with their count in front (RFC 4251 section 5, `string`).
    private static func field(_ bytes: [UInt8]) -> [UInt8] {
        let count = UInt32(bytes.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + bytes
    }
}
