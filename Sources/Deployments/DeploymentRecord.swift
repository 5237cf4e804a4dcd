import Runtime

/// A deployment with what the portal keeps for itself: what is wanted, and how far the work on it has come.
public struct DeploymentRecord: Equatable, Sendable {
    public var deployment: Deployment
    public var desired: DesiredState
    public var work: Work
    /// The sequence number of its newest event.
    public var lastEventSeq: Int

    public init(deployment: Deployment, desired: DesiredState, work: Work, lastEventSeq: Int = 0) {
        self.deployment = deployment
        self.desired = desired
        self.work = work
        self.lastEventSeq = lastEventSeq
    }

    /// Whether it waits for its create: nothing was sent for this try, and nothing is left of the one before.
    public var awaitsCreate: Bool {
        desired == .present && work.create == .none && work.replaced == nil
            && (deployment.status == .requested || deployment.status == .provisioning)
    }

    public enum DesiredState: String, Codable, Sendable {
        case present = "PRESENT"
        case absent = "ABSENT"
    }

    /// The worker's notes on one deployment. None of them is shown, so none raises the revision.
    public struct Work: Equatable, Sendable, Codable {
        /// The name of its Heat stack: `vm-` and the id in lower case, `-r2` and so on after a retry.
        public var stackName: String
        /// The customer's public key as it was when the deployment was asked for; a deleted key changes nothing.
        public let sshPublicKey: String
        public var stackId: String?
        public var create: CreateOutcome = .none
        /// When the last create left, or was about to leave, this process.
        public var createSentAt: Timestamp?
        public var createsSent = 0
        /// Look-ups since the last create was sent, for the spacing of the settle protocol.
        public var lookUps = 0
        /// Evidence of absence in a row, and when it began (semantics.md section 6).
        public var absences = 0
        public var absentSince: Timestamp?
        public var deleteSentAt: Timestamp?
        public var deleteFailures = 0
        public var deletingSince: Timestamp?
        /// Answers in a row that told nothing, for the backoff.
        public var failures = 0
        /// When a stack in progress counts as stuck.
        public var deadlineAt: Timestamp?
        /// Polls for outputs that were still missing when the stack was complete.
        public var outputPolls = 0
        /// The status of the stack that was last looked at closely, so that details are read only after a change.
        public var seenStackStatus: String?
        /// Its server in Nova, as the stack's output says; nil where the template has no such output.
        public var serverId: String?
        /// The status of that server when it was last looked at, and since when it is missing.
        public var serverStatus: String?
        public var serverAbsentSince: Timestamp?
        /// The uuid of the newest event of the cloud that is in the log.
        public var eventMarker: String?
        /// The stack of the try before (T22). It is deleted, and its absence confirmed, before the next create is
        /// sent.
        public var replaced: ReplacedStack?
        /// Which try this is, from 1.
        public var attempt = 1
        /// Whether the operator has taken over what is left of it in the cloud; nil for no.
        public var isAbandoned: Bool?

        public init(stackName: String, sshPublicKey: String) {
            self.stackName = stackName
            self.sshPublicKey = sshPublicKey
        }

        /// The notes to begin another try with: a new name, and the old stack to clear away first.
        public var forNextAttempt: Work {
            let suffix = attempt == 1 ? "" : "-r\(attempt)"
            var next = Work(
                stackName: stackName.dropLast(suffix.count) + "-r\(attempt + 1)", sshPublicKey: sshPublicKey)
            next.attempt = attempt + 1
            next.replaced = create == .none ? replaced : ReplacedStack(name: stackName, id: stackId)
            return next
        }
    }

    public struct ReplacedStack: Equatable, Sendable, Codable {
        public let name: String
        public let id: String?

        public init(name: String, id: String?) {
            self.name = name
            self.id = id
        }
    }

    public enum CreateOutcome: String, Codable, Sendable {
        /// No create ever left the process.
        case none
        /// It may have happened, and may still happen.
        case unknown
        /// The stack exists, or existed.
        case confirmed
        /// The cloud refused it.
        case rejected
    }
}
