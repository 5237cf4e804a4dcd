import Runtime
import Testing

@testable import Deployments

@Suite struct DeploymentRequestTests {
    static let body: JSONValue = [
        "name": "web", "regionId": "west",
        "spec": ["instanceTypeId": "small", "imageId": "debian", "storage": ["sizeGiB": 10], "sshKeyId": "key_1"],
    ]
    static let catalog = RegionCatalog(
        region: Region(id: "west", name: "West"),
        instanceTypes: [InstanceType(id: "small", name: "small", vcpus: 1, ramMiB: 1024, diskGiB: 0)],
        images: [
            Image(id: "debian", name: "Debian", minDiskGiB: 5, minRamMiB: 512, sshUser: "debian"),
            Image(id: "fat", name: "Fat", minDiskGiB: 50, minRamMiB: 8192, sshUser: nil),
        ])
    static let key = SSHKey(
        id: "key_1", customerId: "cus_1", name: "k", publicKey: "", fingerprint: "",
        createdAt: Timestamp(milliseconds: 0))

    static func with(_ field: String, _ value: JSONValue?, in body: JSONValue = body) -> JSONValue {
        var members = body.object ?? [:]
        members[field] = value
        return .object(members)
    }

    static func withSpec(_ field: String, _ value: JSONValue?) -> JSONValue {
        with("spec", with(field, value, in: body["spec"] ?? .null))
    }

    @Test("storage is an object or the bare number of GiB")
    func storage() {
        #expect(DeploymentRequest.read(Self.body).request?.spec.storageGiB == 10)
        #expect(DeploymentRequest.read(Self.withSpec("storage", 25)).request?.spec.storageGiB == 25)
    }

    @Test(
        "each malformed field is named with its place",
        arguments: [
            (with("name", nil), "/name REQUIRED"), (with("name", 5), "/name WRONG_TYPE"),
            (with("name", "-x"), "/name INVALID_NAME"),
            (with("name", .string(String(repeating: "x", count: 64))), "/name TOO_LONG"),
            (with("owner", "me"), "/owner UNKNOWN_FIELD"), (with("spec", []), "/spec WRONG_TYPE"),
            (withSpec("storage", 0), "/spec/storage OUT_OF_RANGE"),
            (withSpec("storage", "10"), "/spec/storage WRONG_TYPE"),
            (withSpec("storage", ["sizeGiB": 1.5]), "/spec/storage/sizeGiB WRONG_TYPE"),
            (withSpec("sshKeyId", .null), "/spec/sshKeyId REQUIRED"), (withSpec("cpu", 1), "/spec/cpu UNKNOWN_FIELD"),
            (JSONValue.array([]), " WRONG_TYPE"),
        ])
    func malformed(body: JSONValue, error: String) {
        let (request, errors) = DeploymentRequest.read(body)
        #expect(request == nil)
        #expect(errors.map { "\($0.pointer) \($0.code)" } == [error])
    }

    @Test(
        "what the region or the customer does not have is named",
        arguments: [
            (withSpec("instanceTypeId", "huge"), "/spec/instanceTypeId UNKNOWN_INSTANCE_TYPE"),
            (withSpec("imageId", "beos"), "/spec/imageId UNKNOWN_IMAGE"),
            (withSpec("sshKeyId", "key_2"), "/spec/sshKeyId UNKNOWN_SSH_KEY"),
            (withSpec("storage", 4), "/spec/storage TOO_SMALL"),
        ])
    func unknown(body: JSONValue, error: String) throws {
        let request = try #require(DeploymentRequest.read(body).request)
        let errors = request.check(against: Self.catalog, keys: [Self.key])
        #expect(errors.map { "\($0.pointer) \($0.code)" } == [error])
    }

    @Test("an image that needs more than the type has is refused for both reasons at once")
    func tooSmall() throws {
        let request = try #require(DeploymentRequest.read(Self.withSpec("imageId", "fat")).request)
        #expect(
            request.check(against: Self.catalog, keys: [Self.key]).map(\.pointer) == [
                "/spec/storage", "/spec/instanceTypeId",
            ])
    }

    @Test(
        "an idempotency key is bare or a quoted string",
        arguments: [("k-1", "k-1"), ("\"k 1\"", "k 1"), (#""a\"b""#, "a\"b")])
    func idempotencyKey(header: String, key: String) throws {
        #expect(try IdempotencyHeader(parsing: header).key == key)
    }

    @Test(
        "a key that is empty, too long or not printable ASCII is refused",
        arguments: ["", "\"\"", "\"open", "schlüssel", "a\tb", String(repeating: "k", count: 256)])
    func badKey(header: String) {
        #expect(throws: DeploymentError.invalidIdempotencyKey) { try IdempotencyHeader(parsing: header) }
    }

    @Test("the fingerprint is of the meaning of a body, not of its spelling")
    func fingerprint() throws {
        let spaced = try JSONValue(parsing: #"{ "b": 1.0, "a": "x" }"#.utf8)
        #expect(IdempotencyHeader.fingerprint(of: spaced) == IdempotencyHeader.fingerprint(of: ["a": "x", "b": 1]))
        #expect(IdempotencyHeader.fingerprint(of: spaced) != IdempotencyHeader.fingerprint(of: ["a": "x", "b": 2]))
    }

    @Test(
        "a public key is parsed with the fingerprint that ssh-keygen prints",
        arguments: [
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl octocat\n"
        ])
    func sshKey(line: String) throws {
        let key = try #require(OpenSSHPublicKey(parsing: line))
        #expect(key.algorithm == "ssh-ed25519" && key.comment == "octocat")
        #expect(key.fingerprint == "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU")
    }

    @Test(
        "what is not a public key is refused",
        arguments: [
            "", "ssh-ed25519", "ssh-ed25519 ????",
            "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
            "ssh-dss AAAAB3NzaC1kc3M=", "-----BEGIN OPENSSH PRIVATE KEY-----",
            "command=\"x\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        ])
    func badSSHKey(line: String) {
        #expect(OpenSSHPublicKey(parsing: line) == nil)
    }
}
