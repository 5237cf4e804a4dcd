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
            (with("name", nil), "/name REQUIRED"), (with("name", .null), "/name REQUIRED"),
            (with("name", ""), "/name REQUIRED"), (with("name", 5), "/name WRONG_TYPE"),
            (with("name", "-x"), "/name INVALID_NAME"), (with("name", " web"), "/name INVALID_NAME"),
            (with("name", "a/b"), "/name INVALID_NAME"), (with("name", "a\nb"), "/name INVALID_CHARACTER"),
            (with("name", .string(String(repeating: "x", count: 64))), "/name TOO_LONG"),
            (with("regionId", nil), "/regionId REQUIRED"), (with("regionId", ["west"]), "/regionId WRONG_TYPE"),
            (with("regionId", .string(String(repeating: "x", count: 101))), "/regionId TOO_LONG"),
            (with("owner", "me"), "/owner UNKNOWN_FIELD"),
            (with("spec", nil), "/spec REQUIRED"), (with("spec", []), "/spec WRONG_TYPE"),
            (withSpec("instanceTypeId", nil), "/spec/instanceTypeId REQUIRED"),
            (withSpec("instanceTypeId", 1), "/spec/instanceTypeId WRONG_TYPE"),
            (withSpec("imageId", nil), "/spec/imageId REQUIRED"),
            (withSpec("imageId", true), "/spec/imageId WRONG_TYPE"),
            (withSpec("storage", nil), "/spec/storage REQUIRED"),
            (withSpec("storage", 0), "/spec/storage OUT_OF_RANGE"),
            (withSpec("storage", 2049), "/spec/storage OUT_OF_RANGE"),
            (withSpec("storage", "10"), "/spec/storage WRONG_TYPE"),
            (withSpec("storage", [:]), "/spec/storage/sizeGiB REQUIRED"),
            (withSpec("storage", ["sizeGiB": 1.5]), "/spec/storage/sizeGiB WRONG_TYPE"),
            (withSpec("storage", ["sizeGiB": -1]), "/spec/storage/sizeGiB OUT_OF_RANGE"),
            (withSpec("storage", ["sizeGiB": 1, "type": "ssd"]), "/spec/storage/type UNKNOWN_FIELD"),
            (withSpec("sshKeyId", .null), "/spec/sshKeyId REQUIRED"),
            (withSpec("sshKeyId", 7), "/spec/sshKeyId WRONG_TYPE"), (withSpec("cpu", 1), "/spec/cpu UNKNOWN_FIELD"),
            (JSONValue.array([]), " WRONG_TYPE"), (JSONValue.null, " WRONG_TYPE"),
        ])
    func malformed(body: JSONValue, error: String) {
        let (request, errors) = DeploymentRequest.read(body)
        #expect(request == nil)
        #expect(errors.map { "\($0.pointer) \($0.code)" } == [error])
    }

    @Test("everything that is wrong is told at once")
    func allAtOnce() {
        let errors = DeploymentRequest.read(["spec": ["storage": 0, "cpu": 1], "owner": "me"]).errors
        #expect(
            errors.map { "\($0.pointer) \($0.code)" } == [
                "/name REQUIRED", "/regionId REQUIRED", "/spec/instanceTypeId REQUIRED", "/spec/imageId REQUIRED",
                "/spec/storage OUT_OF_RANGE", "/spec/sshKeyId REQUIRED", "/spec/cpu UNKNOWN_FIELD",
                "/owner UNKNOWN_FIELD",
            ])
    }

    @Test("a region that the portal does not have is named, and nothing that only it could tell")
    func unknownRegion() throws {
        let request = try #require(DeploymentRequest.read(Self.body).request)
        #expect(
            request.check(against: nil, keys: []).map { "\($0.pointer) \($0.code)" } == ["/regionId UNKNOWN_REGION"])
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
}
