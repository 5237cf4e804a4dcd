import Runtime

/// A customer's VM as the portal promises it: what the HTTP API and the WebSocket show (design.md section 5).
public struct Deployment: Equatable, Sendable {
    public let id: String
    public let customerId: String
    public let name: String
    public let regionId: String
    public let spec: Spec
    public var status: Status
    public var runtime: Addresses
    public var lastError: Failure?
    /// Rises by one with every committed change of what is shown.
    public var revision: Int
    public let createdAt: Timestamp
    /// Strictly grows with every revision, also when the wall clock steps back.
    public var updatedAt: Timestamp

    public init(
        id: String, customerId: String, name: String, regionId: String, spec: Spec, status: Status = .requested,
        runtime: Addresses = Addresses(), lastError: Failure? = nil, revision: Int = 1, createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        self.id = id
        self.customerId = customerId
        self.name = name
        self.regionId = regionId
        self.spec = spec
        self.status = status
        self.runtime = runtime
        self.lastError = lastError
        self.revision = revision
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }

    /// The six public states.
    public enum Status: String, CaseIterable, Codable, Sendable {
        case requested = "REQUESTED"
        case provisioning = "PROVISIONING"
        case active = "ACTIVE"
        case error = "ERROR"
        case deleting = "DELETING"
        case deleted = "DELETED"
    }

    /// What the customer asked for.
    public struct Spec: Equatable, Codable, Sendable {
        public let instanceTypeId: String
        public let imageId: String
        /// The boot disk, in GiB.
        public let storageGiB: Int
        public let sshKeyId: String

        public init(instanceTypeId: String, imageId: String, storageGiB: Int, sshKeyId: String) {
            self.instanceTypeId = instanceTypeId
            self.imageId = imageId
            self.storageGiB = storageGiB
            self.sshKeyId = sshKeyId
        }
    }

    /// How to reach the VM; nil for what is not known.
    public struct Addresses: Equatable, Codable, Sendable {
        public var publicIp: String?
        public var privateIp: String?
        public var sshUser: String?

        public init(publicIp: String? = nil, privateIp: String? = nil, sshUser: String? = nil) {
            self.publicIp = publicIp
            self.privateIp = privateIp
            self.sshUser = sshUser
        }
    }
}

/// Why a deployment is in ERROR: a stable code and a sentence that a customer understands. The cloud's own words
/// are in the event log.
public struct Failure: Equatable, Codable, Sendable {
    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String? = nil) {
        self.code = code
        self.message = message ?? code.sentence
    }

    public enum Code: String, CaseIterable, Codable, Sendable {
        case noCapacity = "NO_CAPACITY"
        case imageUnavailable = "IMAGE_UNAVAILABLE"
        case networkFailed = "NETWORK_FAILED"
        case volumeFailed = "VOLUME_FAILED"
        case quotaExceeded = "QUOTA_EXCEEDED"
        case createFailed = "CREATE_FAILED"
        case createUnconfirmed = "CREATE_UNCONFIRMED"
        case provisionTimeout = "PROVISION_TIMEOUT"
        case nameConflict = "NAME_CONFLICT"
        case stackMissing = "STACK_MISSING"
        case deleteFailed = "DELETE_FAILED"
        case cloudAuthFailed = "CLOUD_AUTH_FAILED"

        public var sentence: String {
            switch self {
            case .noCapacity:
                "The region has no room for this instance type at the moment. Try again later or pick another type."
            case .imageUnavailable: "The image is not available in this region. Pick another image."
            case .networkFailed: "The network for this VM could not be set up. Try again."
            case .volumeFailed: "The disk for this VM could not be made. Try again."
            case .quotaExceeded: "The region's quota is used up. Delete a VM or ask for more."
            case .createFailed: "The VM could not be created. Try again."
            case .createUnconfirmed: "The region did not confirm that the VM was created. Try again."
            case .provisionTimeout: "The VM took too long to come up."
            case .nameConflict: "Something else in the region holds this VM's name. Contact support."
            case .stackMissing: "The VM is gone from the region."
            case .deleteFailed: "The VM could not be removed yet. It is tried again every hour."
            case .cloudAuthFailed: "The region refuses to create VMs for this portal. The operator has been told."
            }
        }
    }
}

/// A line of a deployment's log.
public struct DeploymentEvent: Equatable, Sendable {
    public let id: String
    public let deploymentId: String
    /// 1, 2, 3… without gaps for each deployment.
    public let seq: Int
    public let ts: Timestamp
    public let level: Level
    public let message: String
    /// The uuid of the cloud's event that this one tells of, so that none is stored twice.
    public let sourceId: String?

    public init(
        id: String, deploymentId: String, seq: Int, ts: Timestamp, level: Level, message: String,
        sourceId: String? = nil
    ) {
        self.id = id
        self.deploymentId = deploymentId
        self.seq = seq
        self.ts = ts
        self.level = level
        self.message = message
        self.sourceId = sourceId
    }

    public enum Level: String, Codable, Sendable {
        case info = "INFO"
        case warn = "WARN"
        case error = "ERROR"
    }
}
