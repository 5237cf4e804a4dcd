import Deployments
import OpenStack
import Runtime

/// What is to be done next about one deployment, as a pure function of what is stored, what the cloud answered and
/// the time (semantics.md sections 3 to 6). It does nothing itself: the ``RegionWorker`` asks and commits.
struct Reconciler {
    let record: DeploymentRecord
    let now: Timestamp
    let settings: WorkerSettings
    /// A number of `[0, 1)` for the jitter of a backoff.
    let jitter: Double
    /// The tags that our stack of this deployment carries.
    let tags: [String]

    init(record: DeploymentRecord, now: Timestamp, settings: WorkerSettings, jitter: Double, instanceId: String) {
        self.record = record
        self.now = now
        self.settings = settings
        self.jitter = jitter
        tags = [StackTemplate.portalTag(instanceId), StackTemplate.deploymentTag(record.deployment.id)]
    }

    /// A question to the cloud, or a request.
    enum Action: Equatable {
        /// Commit that a create is about to be sent, then send it.
        case create
        /// Look the stack up by its name.
        case find(name: String)
        /// Look at the stack by its id.
        case show(name: String, id: String)
        case delete(name: String, id: String)
        /// Look for stacks of this deployment by its tag.
        case listByTag
        /// Nothing to ask.
        case rest
    }

    /// What to commit, and what to do after that.
    struct Verdict: Equatable {
        var record: DeploymentRecord
        var events: [EventDraft] = []
        /// When to look again; nil for never.
        var dueAt: Timestamp?
        var next: Action = .rest
    }

    private var work: DeploymentRecord.Work { record.work }

    // What to ask first.

    /// - Parameter listed: the stack in the region's list, where a list was read and has it.
    func firstAction(listed: Stack?) -> Action {
        if let replaced = work.replaced {
            return replaced.id.map { .show(name: replaced.name, id: $0) } ?? .find(name: replaced.name)
        }
        switch (record.desired, record.deployment.status) {
        case (.present, .requested): return .create
        case (.present, .provisioning) where work.create == .none: return .create
        case (.present, .provisioning), (.present, .active), (.present, .error): return look
        case (.absent, .deleting), (.absent, .error):
            return work.stackId == nil && work.create != .unknown ? .listByTag : look
        default: return .rest
        }
    }

    private var look: Action {
        work.stackId.map { .show(name: work.stackName, id: $0) } ?? .find(name: work.stackName)
    }

    /// Whether the region's list can tell about this deployment.
    var isListable: Bool {
        work.replaced == nil && work.stackId != nil
    }

    // Create.

    /// T2: the intent is committed before the create leaves the process.
    func intentToCreate() throws -> Verdict {
        var next = record
        if record.deployment.status == .requested { try next.apply(.sendCreate, at: now) }
        next.work.create = .unknown
        next.work.createSentAt = now
        next.work.createsSent += 1
        next.work.lookUps = 0
        next.work.absences = 0
        next.work.absentSince = nil
        if next.work.deadlineAt == nil {
            next.work.deadlineAt = now + .seconds(settings.createTimeoutMinutes * 60) + settings.createGrace
        }
        let text = work.createsSent == 0 ? "Creating stack…" : "The region shows no trace of the stack: asking again"
        return Verdict(
            record: next, events: [EventDraft(work.createsSent == 0 ? .info : .warn, text)],
            dueAt: now + settings.lease)
    }

    func verdict(onCreate answer: CloudAnswer<String>) throws -> Verdict {
        var next = record
        switch answer {
        case .ok(let id):
            next.work.stackId = id
            next.work.create = .confirmed
            next.work.failures = 0
            return Verdict(record: next, dueAt: nextPoll)
        case .rejected(let fault):
            next.work.create = .rejected
            return try failed(
                next, Failure(CloudWords.code(for: fault.message)),
                because: "The region refused the stack: \(CloudWords.line(fault.message))")
        case .conflict:
            return Verdict(record: next, dueAt: now, next: .find(name: work.stackName))
        case .absent, .later, .unauthenticated:
            // Surely not carried out. Where it is the first, no create counts as sent.
            if work.createsSent == 1 {
                next.work.create = .none
                next.work.createsSent = 0
                next.work.deadlineAt = nil
            }
            var delay: Duration?
            if case .later(let wanted) = answer { delay = wanted }
            return noInformation(next, after: delay)
        case .unknown(let reason):
            next.work.createFault = reason.contains("RemoteError") ? "RemoteError" : nil
            let event = EventDraft(.warn, "The region did not confirm the stack: checking")
            return Verdict(record: next, events: work.createsSent == 1 ? [event] : [], dueAt: now + lookUpDelay)
        }
    }

    /// Between look-ups: 2, 5, 10, 20, then 30 s.
    private var lookUpDelay: Duration {
        let steps = [2, 5, 10, 20]
        return .seconds(work.lookUps < steps.count ? steps[work.lookUps] : 30)
    }

    // Looks.

    func verdict(onFind answer: CloudAnswer<Stack>) throws -> Verdict {
        if work.replaced != nil { return try verdict(onReplaced: answer) }
        switch answer {
        case .ok(let stack) where stack.status == "DELETE_COMPLETE":
            // The name of a deleted stack is held for a moment more (S6.6).
            return work.create == .unknown && record.desired == .present
                ? Verdict(record: record, dueAt: nextPoll) : try absent()
        case .ok(let stack) where tags.allSatisfy(stack.tags.contains):
            var next = record
            next.work.stackId = stack.id
            next.work.create = .confirmed
            next.work.absences = 0
            next.work.absentSince = nil
            next.work.failures = 0
            return Verdict(
                record: next, events: [EventDraft(.info, "Found the stack")], dueAt: now,
                next: .show(name: stack.name, id: stack.id))
        case .ok:
            guard record.desired == .present else { return try absent() }
            guard record.deployment.status != .error else { return slowly(record) }
            return try failed(
                record, Failure(.nameConflict), because: "A stack that is not ours has the name \(work.stackName)")
        case .absent:
            return try absent()
        case .later(let delay):
            return noInformation(record, after: delay)
        case .rejected, .conflict, .unauthenticated, .unknown:
            return noInformation(record)
        }
    }

    /// - Parameter isDetailed: whether outputs were read with it.
    func verdict(onShow answer: CloudAnswer<Stack>, isDetailed: Bool = true) throws -> Verdict {
        if work.replaced != nil { return try verdict(onReplaced: answer) }
        switch answer {
        case .ok(let stack) where stack.status == "DELETE_COMPLETE": return try absent()
        case .ok(let stack):
            return try record.desired == .present
                ? wantedVerdict(on: stack, isDetailed: isDetailed) : unwantedVerdict(on: stack)
        case .absent: return try absent()
        case .later(let delay): return noInformation(record, after: delay)
        case .rejected, .conflict, .unauthenticated, .unknown: return noInformation(record)
        }
    }

    private func wantedVerdict(on stack: Stack, isDetailed: Bool) throws -> Verdict {
        var next = record
        next.work.absences = 0
        next.work.absentSince = nil
        let recovered = work.failures >= Self.failuresToTell
        next.work.failures = 0
        let told = recovered ? [EventDraft(.info, "The region answers again")] : []
        let needsAddresses = record.deployment.status != .active || work.outputPolls > 0
        if stack.isUp, !isDetailed, needsAddresses {
            return Verdict(
                record: next, events: told, dueAt: now, next: .show(name: stack.name, id: stack.id))
        }
        next.work.seenStackStatus = stack.status
        switch record.deployment.status {
        case .provisioning where stack.isUp:
            try next.apply(.complete, at: now) { $0.runtime.learn(from: stack) }
            next.work.outputPolls = next.deployment.runtime.isComplete ? 0 : 3
            return Verdict(
                record: next, events: told + [EventDraft(.info, "The VM is up")],
                dueAt: next.work.outputPolls > 0 ? nextPoll : nextWatch)
        case .provisioning where stack.hasFailed:
            return try failed(
                next, Failure(CloudWords.code(for: stack.reason)),
                because: "The stack failed: \(CloudWords.line(stack.reason))", after: told)
        case .provisioning:
            guard now <= (work.deadlineAt ?? now) else {
                return try failed(next, Failure(.provisionTimeout), because: "The stack is still not up", after: told)
            }
            return Verdict(record: next, events: told, dueAt: nextPoll)
        case .active where work.outputPolls > 0:
            next.work.outputPolls -= 1
            var runtime = next.deployment.runtime
            runtime.learn(from: stack)
            if runtime != next.deployment.runtime {
                try next.apply(.learnAddresses, at: now) { $0.runtime = runtime }
                if runtime.isComplete { next.work.outputPolls = 0 }
            }
            return Verdict(record: next, events: told, dueAt: next.work.outputPolls > 0 ? nextPoll : nextWatch)
        case .active:
            return Verdict(record: next, events: told, dueAt: nextWatch)
        case .error where stack.isUp && isRecoverable:
            try next.apply(.recover, at: now) {
                $0.lastError = nil
                $0.runtime.learn(from: stack)
            }
            return Verdict(record: next, events: told + [EventDraft(.info, "Recovered: the VM is up")], dueAt: nextWatch)
        default:
            return slowly(next)
        }
    }

    private var isRecoverable: Bool { record.deployment.lastError?.code.isRecoverable ?? false }

    // Absence (semantics.md section 6).

    private func absent() throws -> Verdict {
        var next = record
        next.work.absences += 1
        next.work.absentSince = work.absentSince ?? now
        next.work.failures = 0
        next.work.lookUps += 1
        let isSettled = work.createSentAt.map { now >= $0 + settings.settleWindow } ?? true
        guard record.desired == .present else {
            guard work.create == .unknown else { return try gone(next) }
            // A create may still land: only the tag, and time, can tell that none did (S6.4).
            guard isSettled else {
                return Verdict(
                    record: next, dueAt: min(now + lookUpDelay, (work.createSentAt ?? now) + settings.settleWindow))
            }
            return Verdict(record: next, dueAt: now, next: .listByTag)
        }
        switch record.deployment.status {
        case .provisioning where work.create == .unknown:
            guard next.work.absences >= 2, isSettled else { return Verdict(record: next, dueAt: now + lookUpDelay) }
            guard work.createsSent < settings.createLimit else {
                let code: Failure.Code = work.createFault == "RemoteError" ? .cloudAuthFailed : .createUnconfirmed
                return try failed(next, Failure(code), because: "No stack came of \(work.createsSent) requests")
            }
            return Verdict(record: next, dueAt: now, next: .create)
        case .provisioning, .active:
            let since = next.work.absentSince ?? now
            guard next.work.absences >= 3, now - since >= settings.absenceWindow else {
                return Verdict(record: next, dueAt: now + settings.absenceWindow / 2)
            }
            return try failed(next, Failure(.stackMissing), because: "The stack is gone from the region") {
                $0.runtime.publicIp = nil
                $0.runtime.privateIp = nil
            }
        default:
            return slowly(next)
        }
    }

    // Delete.

    private func unwantedVerdict(on stack: Stack) throws -> Verdict {
        var next = record
        next.work.failures = 0
        if stack.status == "DELETE_IN_PROGRESS" {
            next.work.seenStackStatus = stack.status
            return try waitingForDeletion(next)
        }
        if stack.status == "DELETE_FAILED", work.deleteSentAt != nil {
            if work.seenStackStatus != stack.status {
                next.work.seenStackStatus = stack.status
                next.work.deleteFailures += 1
                let event = EventDraft(.warn, "The region could not remove the VM: \(CloudWords.line(stack.reason))")
                guard next.work.deleteFailures < settings.deleteFailureLimit else {
                    return try deletionGivenUp(next, after: [event])
                }
                return try waitingForDeletion(next, events: [event], delay: deleteBackoff(next.work.deleteFailures))
            }
        }
        return Verdict(record: next, dueAt: now, next: .delete(name: stack.name, id: stack.id))
    }

    /// The commit before a deletion is sent.
    func intentToDelete() -> Verdict {
        var next = record
        if work.replaced == nil {
            next.work.deleteSentAt = now
            next.work.seenStackStatus = nil
        }
        return Verdict(record: next, dueAt: now + settings.lease)
    }

    func verdict(onDelete answer: CloudAnswer<Void>) throws -> Verdict {
        var next = record
        switch answer {
        case .ok:
            next.work.failures = 0
            return work.replaced == nil ? try waitingForDeletion(next) : Verdict(record: next, dueAt: nextPoll)
        case .absent:
            return work.replaced == nil ? try absent() : cleared(next)
        case .rejected(let fault):
            next.work.deleteFailures += 1
            let event = EventDraft(.warn, "The region refused to remove the VM: \(CloudWords.line(fault.message))")
            return try waitingForDeletion(next, events: [event], delay: deleteBackoff(next.work.deleteFailures))
        case .later(let delay): return noInformation(next, after: delay)
        case .conflict, .unauthenticated, .unknown: return noInformation(next)
        }
    }

    func verdict(onTagList answer: CloudAnswer<[Stack]>) throws -> Verdict {
        guard case .ok(let stacks) = answer else { return noInformation(record) }
        guard let stack = stacks.first(where: { tags.allSatisfy($0.tags.contains) }) else { return try gone(record) }
        var next = record
        next.work.stackId = stack.id
        next.work.create = .confirmed
        return Verdict(record: next, dueAt: now, next: .show(name: stack.name, id: stack.id))
    }

    private func waitingForDeletion(
        _ next: DeploymentRecord, events: [EventDraft] = [], delay: Duration? = nil
    ) throws -> Verdict {
        if record.deployment.status == .error {
            return Verdict(record: next, events: events, dueAt: now + settings.hopelessDeleteInterval)
        }
        let since = work.deletingSince ?? now
        guard now - since < settings.deleteTimeLimit else { return try deletionGivenUp(next, after: events) }
        return Verdict(record: next, events: events, dueAt: delay.map { now + $0 } ?? nextPoll)
    }

    private func deletionGivenUp(_ record: DeploymentRecord, after events: [EventDraft]) throws -> Verdict {
        var next = record
        guard record.deployment.status == .deleting else {
            return Verdict(record: next, events: events, dueAt: now + settings.hopelessDeleteInterval)
        }
        try next.apply(.giveUpDeletion, at: now) { $0.lastError = Failure(.deleteFailed) }
        return Verdict(
            record: next, events: events + [EventDraft(.error, "The VM could not be removed; trying again every hour")],
            dueAt: now + settings.hopelessDeleteInterval)
    }

    private func gone(_ record: DeploymentRecord) throws -> Verdict {
        var next = record
        try next.apply(.confirmAbsence, at: now) {
            $0.runtime.publicIp = nil
            $0.runtime.privateIp = nil
            $0.lastError = nil
        }
        return Verdict(record: next, events: [EventDraft(.info, "Deleted")])
    }

    private func deleteBackoff(_ failures: Int) -> Duration {
        let steps = [10, 30, 60, 120, 300, 600]
        return .seconds(steps[min(max(failures, 1), steps.count) - 1])
    }

    // The stack of the try before (T22).

    private func verdict(onReplaced answer: CloudAnswer<Stack>) throws -> Verdict {
        switch answer {
        case .ok(let stack) where stack.status == "DELETE_COMPLETE": return cleared(record)
        case .ok(let stack) where !tags.allSatisfy(stack.tags.contains): return cleared(record)
        case .ok(let stack) where stack.status == "DELETE_IN_PROGRESS": return Verdict(record: record, dueAt: nextPoll)
        case .ok(let stack): return Verdict(record: record, dueAt: now, next: .delete(name: stack.name, id: stack.id))
        case .absent: return cleared(record)
        case .later(let delay): return noInformation(record, after: delay)
        case .rejected, .conflict, .unauthenticated, .unknown: return noInformation(record)
        }
    }

    private func cleared(_ record: DeploymentRecord) -> Verdict {
        var next = record
        next.work.replaced = nil
        next.work.failures = 0
        return Verdict(record: next, dueAt: now, next: record.desired == .present ? .create : .rest)
    }

    // Common ends.

    private func failed(
        _ record: DeploymentRecord, _ failure: Failure, because reason: String, after events: [EventDraft] = [],
        _ change: (inout Deployment) -> Void = { _ in }
    ) throws -> Verdict {
        var next = record
        try next.apply(.fail, at: now) {
            $0.lastError = failure
            change(&$0)
        }
        return Verdict(
            record: next, events: events + [EventDraft(.error, reason)],
            dueAt: failure.code.isRecoverable ? now + settings.slowWatchInterval : nil)
    }

    private func slowly(_ record: DeploymentRecord) -> Verdict {
        Verdict(record: record, dueAt: isRecoverable ? now + settings.slowWatchInterval : nil)
    }

    private static let failuresToTell = 3

    /// Nothing was learnt: back off with full jitter, from 1 s up to 5 min, and say so once.
    private func noInformation(_ record: DeploymentRecord, after wanted: Duration? = nil) -> Verdict {
        var next = record
        next.work.failures += 1
        next.work.absences = 0
        next.work.absentSince = nil
        let cap = Duration.seconds(min(300, 1 << min(next.work.failures, 9)))
        let delay = wanted ?? max(.seconds(1), cap * jitter)
        let isNews = next.work.failures == Self.failuresToTell
        return Verdict(
            record: next, events: isNews ? [EventDraft(.warn, "The region does not answer: waiting for it")] : [],
            dueAt: now + delay)
    }

    /// Looks at many stacks fall on the same instants, so that one list serves them all.
    private var nextPoll: Timestamp { aligned(settings.pollInterval) }
    private var nextWatch: Timestamp { aligned(settings.watchInterval) }

    private func aligned(_ interval: Duration) -> Timestamp {
        let step = interval.wholeMilliseconds
        return Timestamp(milliseconds: (now.milliseconds / step + 1) * step)
    }
}

extension Stack {
    fileprivate var isUp: Bool {
        ["CREATE_COMPLETE", "UPDATE_COMPLETE", "CHECK_COMPLETE", "RESUME_COMPLETE"].contains(status)
    }
    fileprivate var hasFailed: Bool { status == "CREATE_FAILED" || status.hasPrefix("ROLLBACK_") }
}

extension Deployment.Addresses {
    /// Takes the addresses of a complete stack; what is still missing stays nil.
    fileprivate mutating func learn(from stack: Stack) {
        publicIp = stack.outputs["public_ip"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        privateIp = stack.outputs["private_ip"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    }

    fileprivate var isComplete: Bool { publicIp != nil && privateIp != nil }
}
