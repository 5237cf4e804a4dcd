import Runtime

/// A flavor of the catalog.
struct Flavor: Equatable, Sendable {
    let id: String
    let name: String
    let vcpus: Int
    let ramMiB: Int
    let diskGiB: Int
}

/// A server of Nova: what was asked for and how it is.
struct Instance: ServiceRecord {
    /// Nova's `vm_state`.
    enum State: String, Sendable {
        case building, active, stopped, paused, suspended, resized, rescued, error
        case shelved = "shelved_offloaded"
    }

    /// What is being done to it, over at the end of a turn.
    enum Step: Equatable, Sendable {
        case create, delete, stop, start, softReboot, hardReboot, pause, unpause, suspend, resume
        case shelve, unshelve, rescue, unrescue
        case resize(to: Flavor)
        case confirmResize, revertResize
        case rebuild(image: String)
        case snapshot(image: String)

        /// Nova's `task_state`.
        var taskState: String {
            switch self {
            case .create: "spawning"
            case .delete: "deleting"
            case .stop: "powering-off"
            case .start: "powering-on"
            case .softReboot: "rebooting"
            case .hardReboot: "rebooting_hard"
            case .pause: "pausing"
            case .unpause: "unpausing"
            case .suspend: "suspending"
            case .resume: "resuming"
            case .shelve: "shelving"
            case .unshelve: "unshelving"
            case .rescue: "rescuing"
            case .unrescue: "unrescuing"
            case .resize: "resize_prep"
            case .confirmResize: "resize_confirming"
            case .revertResize: "resize_reverting"
            case .rebuild: "rebuilding"
            case .snapshot: "image_snapshot"
            }
        }
    }

    struct Fault: Sendable {
        let code: Int
        let message: String
        let createdAt: Timestamp
    }

    let id: String
    var name: String
    let projectId: String
    let userId: String
    var description: String?
    /// Nil where it boots from a volume.
    var imageId: String?
    var flavor: Flavor
    let keyName: String?
    var metadata: [String: String]
    var tags: [String]
    let hostname: String
    let pinnedZone: String?
    let hasConfigDrive: Bool
    let schedulerHints: JSONValue
    let reservationId: String
    let groupId: String?
    var accessIPv4 = ""
    var accessIPv6 = ""
    /// Where it runs; nil where no host has room for it.
    var host: String?
    /// Why it will not come up, known from the beginning.
    var doom: String?
    let createdAt: Timestamp
    var updatedAt: Timestamp
    var launchedAt: Timestamp?
    var state = State.building
    var step: Step? = .create
    /// Grows with every step, so that the timers of the one before are void.
    var turn = 0
    var fault: Fault?
    var isLocked = false
    var lockReason: String?
    var securityGroupNames: [String]
    /// While a resize waits for its confirmation: what it was, and where.
    var formerFlavor: Flavor?
    var formerHost: String?
    var stateBeforeResize = State.active
    var consoleLines: [String] = []
    /// Oldest first.
    var actions: [InstanceAction] = []

    /// As the API shows it.
    var status: String {
        if let step {
            switch (state, step) {
            case (.active, .softReboot): return "REBOOT"
            case (_, .hardReboot): return "HARD_REBOOT"
            case (.active, .resize), (.stopped, .resize): return "RESIZE"
            case (_, .revertResize): return "REVERT_RESIZE"
            case (_, .rebuild): return "REBUILD"
            default: break
            }
        }
        switch state {
        case .building: return "BUILD"
        case .active: return "ACTIVE"
        case .stopped: return "SHUTOFF"
        case .paused: return "PAUSED"
        case .suspended: return "SUSPENDED"
        case .shelved: return "SHELVED_OFFLOADED"
        case .rescued: return "RESCUE"
        case .resized: return "VERIFY_RESIZE"
        case .error: return "ERROR"
        }
    }

    /// Nova's `power_state`.
    var powerState: Int {
        switch state {
        case .building, .error: 0
        case .active, .resized, .rescued: 1
        case .paused: 3
        case .stopped, .suspended, .shelved: 4
        }
    }
}

/// Servers that are to be together, or apart.
struct ServerGroup: ServiceRecord {
    let id: String
    let name: String
    let projectId: String
    let userId: String
    let policy: String
    let rules: JSONValue
    var members: [String] = []
}
