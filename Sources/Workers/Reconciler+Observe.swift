import Deployments
import OpenStack
import Runtime

// Watching a stack that is known by its id.

extension Reconciler {
    /// What was read about a stack.
    struct Observation: Sendable {
        var stack: Answer<Stack>
        var events: [StackEvent] = []
        /// Whether the region's list of stacks was read lately (S6.3).
        var isListed: Bool
    }

    /// What a look at a deployment's stack means for it (T10 to T15).
    func observed(
        _ record: DeploymentRecord, _ observation: Observation, at now: Timestamp, jitter: Double
    ) throws -> Commit {
        switch observation.stack {
        case .ok(let stack) where !stack.isDeleted:
            return try observed(record, stack, events: observation.events, at: now)
        case .ok, .absent:
            guard observation.isListed else {
                return noNews(record, retryAfter: settings.pollInterval, isOutage: false, at: now, jitter: jitter)
            }
            return try missed(record, at: now)
        case .later(let later):
            return noNews(record, retryAfter: later.retryAfter, at: now, jitter: jitter)
        case .unknown, .rejected, .conflict:
            return noNews(record, retryAfter: nil, at: now, jitter: jitter)
        }
    }

    private func observed(
        _ record: DeploymentRecord, _ stack: Stack, events: [StackEvent], at now: Timestamp
    ) throws -> Commit {
        var commit = Commit(record: record)
        commit.record.work.failures = 0
        commit.record.work.absences = 0
        commit.record.work.absentSince = nil
        commit.record.work.seenStackStatus = stack.status
        commit.record.work.eventMarker = events.last?.id ?? record.work.eventMarker
        commit.events = events.compactMap {
            EventDraft($0, of: settings.template, hasFailed: stack.status.hasSuffix("_FAILED"))
        }
        switch (stack.status, record.deployment.status) {
        case ("ROLLBACK_COMPLETE", .provisioning), ("ROLLBACK_FAILED", .provisioning),
            ("ROLLBACK_IN_PROGRESS", .provisioning), ("CREATE_FAILED", .provisioning):
            try commit.record.fail(Failure(creating: stack.reason), at: now)
            commit.events.append(EventDraft(.error, "The VM could not be created" + EventDraft.detail(stack.reason)))
        case ("DELETE_FAILED", .provisioning), ("DELETE_FAILED", .active):
            try commit.record.fail(Failure(.stackMissing), at: now) { $0.forgetAddresses() }
            commit.events.append(EventDraft(.error, "The VM was deleted in the region"))
        case (let status, .provisioning) where status.hasSuffix("_COMPLETE"):
            commit.record.work.outputPolls = 0
            let addresses = StackTemplate.addresses(of: stack, sshUser: record.deployment.runtime.sshUser)
            commit.record.work.serverId = StackTemplate.serverId(of: stack)
            try commit.record.apply(.complete, at: now) { $0.runtime = addresses }
            commit.events.append(EventDraft(.info, "The VM is ready" + (addresses.publicIp.map { " at \($0)" } ?? "")))
            commit.dueAt = nextLook(at: &commit.record, now: now)
        case (let status, .active) where status.hasSuffix("_COMPLETE"):
            // Heat may answer from what it knew when the stack was made, and Nova is asked beside it: what is news is
            // what an update of the stack brings, and what was missing.
            let isNews = record.work.serverId == nil || record.work.seenStackStatus != stack.status
            let outputs = StackTemplate.addresses(of: stack, sshUser: record.deployment.runtime.sshUser)
            var addresses = isNews ? outputs : record.deployment.runtime
            addresses.publicIp = addresses.publicIp ?? outputs.publicIp
            addresses.privateIp = addresses.privateIp ?? outputs.privateIp
            if isNews { commit.record.work.serverId = StackTemplate.serverId(of: stack) }
            if addresses != record.deployment.runtime {
                try commit.record.apply(.learnAddresses, at: now) { $0.runtime = addresses }
                commit.events.append(EventDraft(.info, "The VM's addresses changed"))
            }
            commit.dueAt = nextLook(at: &commit.record, now: now)
        case (let status, .error)
        where status.hasSuffix("_COMPLETE") && !status.hasPrefix("ROLLBACK") && record.work.serverStatus != Self.gone:
            commit.record.work.serverId = StackTemplate.serverId(of: stack)
            let addresses = StackTemplate.addresses(of: stack, sshUser: record.deployment.runtime.sshUser)
            try commit.record.apply(.recover, at: now) {
                $0.lastError = nil
                $0.runtime = addresses
            }
            commit.events.append(EventDraft(.info, "Recovered"))
            commit.dueAt = nextLook(at: &commit.record, now: now)
        case (_, .provisioning):
            if let deadline = record.work.deadlineAt, now > deadline {
                try commit.record.fail(Failure(.provisionTimeout), at: now)
                commit.events.append(EventDraft(.error, "The VM took too long to come up"))
                commit.dueAt = now + settings.slowWatchInterval
            } else {
                commit.dueAt = now + eventDelay(record.work, at: now)
            }
        case (_, .error):
            commit.dueAt = stack.isInProgress ? now + settings.slowWatchInterval : nil
        default:
            commit.dueAt = now + settings.restInterval
        }
        return commit
    }

    /// One piece of evidence that the stack is gone (S6.3).
    private func missed(_ record: DeploymentRecord, at now: Timestamp) throws -> Commit {
        var commit = Commit(record: record)
        let since = record.work.absentSince ?? now
        commit.record.work.failures = 0
        commit.record.work.absences += 1
        commit.record.work.absentSince = since
        commit.dueAt = now + settings.absenceWindow / 2
        guard record.deployment.status != .error else {
            commit.dueAt = now + settings.slowWatchInterval
            return commit
        }
        if commit.record.work.absences >= settings.absencesToMiss, now - since >= settings.absenceWindow {
            commit.record.work.seenStackStatus = nil
            try commit.record.fail(Failure(.stackMissing), at: now) { $0.forgetAddresses() }
            commit.events = [EventDraft(.error, "The VM is gone from the region")]
            commit.dueAt = now + settings.slowWatchInterval
        }
        return commit
    }

    /// Three more looks soon where an address is missing, else a look now and then.
    private func nextLook(at record: inout DeploymentRecord, now: Timestamp) -> Timestamp {
        let runtime = record.deployment.runtime
        guard runtime.publicIp == nil || runtime.privateIp == nil, record.work.outputPolls < 3 else {
            return now + settings.restInterval
        }
        record.work.outputPolls += 1
        return now + settings.pollInterval
    }

    /// The events of a stack in progress are read at growing intervals: their number grows with the logarithm of
    /// the time that it takes, and not with the number of stacks.
    private func eventDelay(_ work: DeploymentRecord.Work, at now: Timestamp) -> Duration {
        let age = work.createSentAt.map { now - $0 } ?? .zero
        return min(max(settings.pollInterval, age / 3), .seconds(60))
    }

    /// Whether a list shows something of a deployment that calls for a closer look.
    ///
    /// - Parameter listed: the status of its stack in the list, nil where it is not there.
    func isChanged(_ record: DeploymentRecord, listed status: String?) -> Bool {
        // While looks fail, the backoff says when to look again; while it is missing, the evidence does.
        guard record.work.stackId != nil, record.work.failures == 0, record.work.absences == 0 else { return false }
        return status != record.work.seenStackStatus
    }
}
