import Crypto
import Runtime

/// A request for a deployment, read from the body of `POST /deployments`.
public struct DeploymentRequest: Equatable, Sendable {
    public let name: String
    public let regionId: String
    public let spec: Deployment.Spec

    /// Reads a body and names everything that is wrong with its fields. Whether the cloud has what they name is
    /// checked later, by ``check(against:keys:)``.
    ///
    /// `storage` is `{"sizeGiB": n}` or the bare number.
    static func read(_ body: JSONValue) -> (request: DeploymentRequest?, errors: [FieldError]) {
        var reader = FieldReader(body)
        let name = reader.string("name", length: 1...63)
        if let name, !Self.isName(name) {
            reader.refuse(
                "name", "INVALID_NAME",
                "name has letters, digits, hyphens, underscores, dots and spaces, and begins with a letter or digit")
        }
        let regionId = reader.string("regionId", length: 1...100)
        let spec = reader.object("spec") { spec -> Deployment.Spec? in
            let instanceTypeId = spec.string("instanceTypeId", length: 1...255)
            let imageId = spec.string("imageId", length: 1...255)
            let storage =
                body["spec"]?["storage"]?.object == nil
                ? spec.integer("storage", in: storageGiB)
                : spec.object("storage") { $0.integer("sizeGiB", in: storageGiB) }
            let sshKeyId = spec.string("sshKeyId", length: 1...100)
            guard let instanceTypeId, let imageId, let storage, let sshKeyId else { return nil }
            return Deployment.Spec(
                instanceTypeId: instanceTypeId, imageId: imageId, storageGiB: storage, sshKeyId: sshKeyId)
        }
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let name, let regionId, let spec else { return (nil, reader.errors) }
        return (DeploymentRequest(name: name, regionId: regionId, spec: spec), [])
    }

    /// Boot disks that can be asked for, in GiB.
    static let storageGiB = 1...2048

    private static func isName(_ text: String) -> Bool {
        text.wholeMatch(of: /[\p{L}\p{N}][\p{L}\p{N} ._-]*/) != nil
    }

    private static let noRoom = "NO_ROOM"

    /// Whether the region's quota, as far as it is known, leaves too little for it.
    func isOverQuota(of catalog: RegionCatalog?) -> Bool {
        catalog.map { check(against: $0, keys: []).contains { $0.code == Self.noRoom } } ?? false
    }

    /// Checks the request against what the region offers and the customer's keys.
    func check(against catalog: RegionCatalog?, keys: [SSHKey]) -> [FieldError] {
        guard let catalog else {
            return [FieldError(pointer: "/regionId", code: "UNKNOWN_REGION", message: "no region \(regionId)")]
        }
        var errors: [FieldError] = []
        func refuse(_ field: String, _ code: String, _ message: String) {
            errors.append(FieldError(pointer: "/spec/" + field, code: code, message: message))
        }
        let type = catalog.instanceTypes.first { $0.id == spec.instanceTypeId }
        if let type, !catalog.hasVolumes, spec.storageGiB > type.diskGiB {
            refuse("storage", "TOO_LARGE", "\(type.name) has a disk of \(type.diskGiB) GiB, and \(regionId) no other")
        }
        if let type, let quota = catalog.quota {
            let needs = [
                (1, "VM", quota.instances), (type.vcpus, "cores", quota.cores), (type.ramMiB, "MiB", quota.ramMiB),
            ]
            for (needed, unit, share) in needs {
                guard let left = share.left, needed > left else { continue }
                refuse(
                    "instanceTypeId", Self.noRoom,
                    "\(type.name) needs \(needed) \(unit), and \(regionId) has \(left) left")
                break
            }
        }
        if type == nil {
            refuse("instanceTypeId", "UNKNOWN_INSTANCE_TYPE", "no instance type \(spec.instanceTypeId) in \(regionId)")
        }
        if let image = catalog.images.first(where: { $0.id == spec.imageId }) {
            if spec.storageGiB < image.minDiskGiB {
                refuse("storage", "TOO_SMALL", "\(image.name) needs at least \(image.minDiskGiB) GiB")
            }
            if let type, type.ramMiB < image.minRamMiB {
                refuse("instanceTypeId", "TOO_SMALL", "\(image.name) needs at least \(image.minRamMiB) MiB of memory")
            }
        } else {
            refuse("imageId", "UNKNOWN_IMAGE", "no image \(spec.imageId) in \(regionId)")
        }
        if !keys.contains(where: { $0.id == spec.sshKeyId }) {
            refuse("sshKeyId", "UNKNOWN_SSH_KEY", "no SSH key \(spec.sshKeyId); POST /ssh-keys adds one")
        }
        return errors
    }
}

/// A client's `Idempotency-Key` header (semantics.md S2.1).
public struct IdempotencyHeader: Equatable, Sendable {
    public let key: String

    /// Reads the header's value: a quoted String of RFC 8941, or bare; 1 to 255 printable ASCII characters.
    ///
    /// - Throws: ``DeploymentError/invalidIdempotencyKey``.
    public init(parsing value: String) throws(DeploymentError) {
        let key = value.first == "\"" ? Self.unquoted(value) : value
        guard let key, (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw .invalidIdempotencyKey
        }
        self.key = key
    }

    /// The text of an RFC 8941 String, in which a backslash stands before a quote or a backslash; nil where it is
    /// none.
    private static func unquoted(_ value: String) -> String? {
        guard value.utf8.count >= 2, value.last == "\"" else { return nil }
        var text = ""
        var isEscaped = false
        for character in value.dropFirst().dropLast() {
            switch (character, isEscaped) {
            case ("\\", false):
                isEscaped = true
                continue
            case ("\"", false): return nil
            case ("\\", true), ("\"", true), (_, false): text.append(character)
            case (_, true): return nil
            }
            isEscaped = false
        }
        return isEscaped ? nil : text
    }

    /// SHA-256 of the canonical JSON of a body, in hexadecimal.
    static func fingerprint(of body: JSONValue) -> String {
        SHA256.hash(data: body.utf8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
