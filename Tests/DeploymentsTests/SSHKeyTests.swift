import Runtime
import Storage
import Testing

@testable import Deployments

@Suite struct SSHKeyTests {
    static let ed25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl octocat"
    static let ecdsa =
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHremmJEhfeYlQmhwe"
        + "DqCuHhnnBgMKN+TPeCpXtLFyMp8+4yb9tWEUw1t9xL9ckU2kgEf1glqfdzWnhq8dXB35c="
    static let rsa =
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQDEDXAZ2VAARYEYDMweoWL3rLS5kVJCMXxq6G23sZuDfgNHrE2bY8"
        + "ZapXhjj6XIPykvQq4HVa96aW4RQiUuVBvueHiZ3KcLb+5l0bScDiUYL6+n9CVAnABUSGtkFgqmDLt4orH7+zAZtwC5"
        + "Nna3VLNGZl5m7IZVvrHn40v3HVTQvUqUbi+N4zMzM58EWvAYkznmkiWVeP2f0eYXqxrsMejO8fwS77KxaxCgK7S3Af"
        + "HT27XiE4Ip4YUa/adYkGP7kDTS3b/09KmTSrj1iXu0lyBn/4ufB2BA1mgXi9gkuDvu8l65ow48X22sPlhM3bs11XU1"
        + "BL9ZgMZWqDiIecneXMIP ada@example.org"

    @Test(
        "a public key has the fingerprint that ssh-keygen prints",
        arguments: [
            (ed25519, "ssh-ed25519", "octocat", "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU"),
            (ecdsa, "ecdsa-sha2-nistp256", "", "SHA256:ydkUpkenTCEOq5uBtqb+RqA/sc+KzcH7EY5K4ekNDz8"),
            (rsa, "ssh-rsa", "ada@example.org", "SHA256:2USvHifJVtgYq3cJFatBOoCjvd8KdY2n5bQCoLfgRg0"),
        ])
    func parsed(line: String, algorithm: String, comment: String, fingerprint: String) throws {
        let key = try OpenSSHPublicKey(parsing: line)
        #expect(key.algorithm == algorithm && key.comment == comment && key.fingerprint == fingerprint)
        #expect(key.line == line)
    }

    @Test(
        "space around and between, and the line's end, are no part of a key", arguments: ["\n", "\r\n", "  \r\n\r\n"])
    func pasted(end: String) throws {
        let key = try OpenSSHPublicKey(parsing: "  " + Self.ed25519.replacing(" ", with: " \t ") + end)
        #expect(key.line == Self.ed25519)
    }

    static let blob = ed25519.split(separator: " ")[1]
    static let privateKey =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n-----END OPENSSH PRIVATE KEY-----\n"

    @Test(
        "what is not a public key is refused for what it is",
        arguments: [
            ("ssh-ed25519", OpenSSHPublicKey.Refusal.malformed), ("ssh-ed25519 ????", .malformed),
            ("ssh-ed25519 AAAA", .malformed), ("ssh-ed25519 \(blob.dropLast(4))", .malformed),
            ("ssh-ed25519 \(blob)AAAA", .malformed), ("ssh-ed25519 \(blob) a\u{0}b", .malformed),
            ("ssh-rsa \(blob)", .malformed), ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAAA==", .malformed),
            ("ssh-dss AAAAB3NzaC1kc3M=", .unsupported), ("hunter2", .unsupported), ("", .unsupported),
            ("command=\"x\" \(ed25519)", .unsupported), ("no-pty \(ed25519)", .unsupported),
            (ed25519 + "\n" + ed25519, .severalLines), (ed25519 + "\r\n" + ed25519, .severalLines),
            (privateKey, .privateKey), (privateKey.replacing("\n", with: "\r\n"), .privateKey),
            ("-----BEGIN RSA PRIVATE KEY-----", .privateKey), ("PuTTY-User-Key-File-3: ssh-ed25519", .privateKey),
        ])
    func refused(text: String, refusal: OpenSSHPublicKey.Refusal) {
        #expect(throws: refusal) { try OpenSSHPublicKey(parsing: text) }
    }

    // The service.

    let store: SQLiteDeploymentStore
    let keys: SSHKeyService

    init() throws {
        store = try Desk.store()
        keys = SSHKeyService(store: store, surroundings: Desk.surroundings)
    }

    /// What is wrong with a request for a key: the pointers, codes and messages.
    func errors(_ body: JSONValue) async throws -> [FieldError] {
        let error = await #expect(throws: DeploymentError.self) { _ = try await keys.add(body, for: "cus_1") }
        guard case .invalid(let errors) = error else { return [] }
        return errors
    }

    @Test("a private key that was pasted is refused clearly, and not repeated")
    func privateKeyPasted() async throws {
        let error = try #require(try await errors(["name": "k", "publicKey": .string(Self.privateKey)]).first)
        #expect(error.pointer == "/publicKey" && error.code == "PRIVATE_SSH_KEY")
        #expect(error.message.contains("private key") && error.message.contains(".pub"))
        #expect(!error.message.contains("b3Blbn"))
        #expect(try await keys.keys(of: "cus_1").isEmpty)
    }

    @Test(
        "no refusal repeats what was sent", arguments: ["ssh-dss SECRET", "SECRET", "ssh-ed25519 SECRET", "a\nSECRET"])
    func noEcho(text: String) async throws {
        let error = try #require(try await errors(["name": "k", "publicKey": .string(text)]).first)
        #expect(error.pointer == "/publicKey" && !error.message.contains("SECRET"))
    }

    static let wrongFields: [(JSONValue, String)] = [
        (["publicKey": .string(ed25519)], "/name REQUIRED"),
        (["name": "", "publicKey": .string(ed25519)], "/name REQUIRED"),
        (["name": "k"], "/publicKey REQUIRED"),
        (["name": "k", "publicKey": 1], "/publicKey WRONG_TYPE"),
        (["name": "k", "publicKey": .string(String(repeating: "x", count: 16_385))], "/publicKey TOO_LONG"),
        (["name": "k", "publicKey": .string(ed25519), "type": "rsa"], "/type UNKNOWN_FIELD"),
    ]

    @Test("each wrong field is named", arguments: wrongFields)
    func fields(body: JSONValue, error: String) async throws {
        #expect(try await errors(body).map { "\($0.pointer) \($0.code)" } == [error])
    }

    @Test("the same key again is the first one; another customer's is another")
    func sameKey() async throws {
        let first = try await keys.add(["name": "k", "publicKey": .string(Self.ed25519 + "\r\n")], for: "cus_1")
        #expect(first.publicKey == Self.ed25519)
        let renamed = Self.ed25519.replacing("octocat", with: "laptop")
        #expect(try await keys.add(["name": "again", "publicKey": .string(renamed)], for: "cus_1") == first)
        let theirs = try await keys.add(["name": "k", "publicKey": .string(Self.ed25519)], for: "cus_2")
        #expect(theirs.id != first.id)
        #expect(try await keys.keys(of: "cus_1") == [first])
        await #expect(throws: DeploymentError.notFound) { try await keys.delete(first.id, of: "cus_2") }
        try await keys.delete(first.id, of: "cus_1")
        await #expect(throws: DeploymentError.notFound) { try await keys.delete(first.id, of: "cus_1") }
        #expect(try await keys.keys(of: "cus_2") == [theirs])
    }

    @Test("a customer has at most 100 keys, and the hundredth again is no 101st")
    func atMost() async throws {
        try await store.write { tx in
            for number in 1...99 {
                try tx.insert(
                    SSHKey(
                        id: "key_\(number)", customerId: "cus_1", name: "k", publicKey: "", fingerprint: "\(number)",
                        createdAt: Desk.start))
            }
        }
        let hundredth: JSONValue = ["name": "k", "publicKey": .string(Self.ed25519)]
        let added = try await keys.add(hundredth, for: "cus_1")
        #expect(try await errors(["name": "k", "publicKey": .string(Self.ecdsa)]).map(\.code) == ["TOO_MANY"])
        #expect(try await keys.add(hundredth, for: "cus_1") == added)
    }
}
