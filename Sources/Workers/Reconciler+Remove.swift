import Deployments
import OpenStack
import Runtime

// Deleting a stack, and being sure that it is gone (semantics.md section 6).

extension Reconciler {
    enum Removal: Equatable {
        case commit(Commit)
        /// Ask Heat to delete the stack of this id.
        case send(stackId: String)
        /// It is gone as far as one look can tell; the list by tag has the last word where a create may have
        /// doubled.
        case gone(needsList: Bool)
    }

    /// What a look at a stack that is not wanted means. Heat restarts a deletion that is asked for twice, so the
    /// look comes first (S6.5).
    ///
    /// - Parameter isCreateOpen: whether a create of this deployment is still under way in this process.
    func removing(
        _ record: DeploymentRecord, _ target: Target, look: Answer<Stack>, isCreateOpen: Bool, at now: Timestamp,
        jitter: Double
    ) throws -> Removal {
        var commit = Commit(record: record)
        commit.record.work.failures = 0
        switch look {
        case .ok(let stack) where !stack.isDeleted && tags.mark(stack, of: record.deployment.id):
            if !target.isReplaced && record.work.stackId == nil {
                adopt(stack.id, status: stack.status, in: &commit.record.work)
            }
            commit.record.work.seenStackStatus = stack.status
            let sentAgo = record.work.deleteSentAt.map { now - $0 }
            if stack.status == "DELETE_IN_PROGRESS" {
                // Heat's own limit has passed: the engine that was at it has died, and the stack stays so until
                // somebody asks again.
                if let since = record.work.deleteSentAt ?? record.work.deletingSince, now - since > settings.stackLimit
                {
                    return .send(stackId: stack.id)
                }
                if let given = try giveUp(commit.record, target, reason: "", at: now) { return .commit(given) }
                commit.dueAt = now + watchDelay(target)
                return .commit(commit)
            }
            if stack.status == "DELETE_FAILED", sentAgo != nil {
                return .commit(try deletionFailed(commit, target, reason: stack.reason, at: now))
            }
            // A deletion that was just asked for shows a moment later, after a create that it cancelled.
            if let sentAgo, sentAgo < .seconds(30) {
                commit.dueAt = now + .seconds(5)
                return .commit(commit)
            }
            // A region may say yes to every deletion and delete nothing.
            if record.deployment.status != .error, let given = try giveUp(commit.record, target, reason: "", at: now) {
                return .commit(given)
            }
            return .send(stackId: stack.id)
        case .ok, .absent:
            let isUnknown = !target.isReplaced && record.work.stackId == nil && record.work.create == .unknown
            guard isUnknown else {
                return .gone(needsList: !target.isReplaced && record.work.createsSent > 1)
            }
            guard !isCreateOpen, isSettled(record.work, at: now) else {
                commit.record.work.lookUps += 1
                commit.dueAt = now + lookUpDelay(after: commit.record.work.lookUps)
                return .commit(commit)
            }
            return .gone(needsList: true)
        case .later(let later):
            return .commit(try putOff(record, target, retryAfter: later.retryAfter, at: now, jitter: jitter))
        case .unknown, .rejected, .conflict:
            return .commit(try putOff(record, target, retryAfter: nil, at: now, jitter: jitter))
        }
    }

    /// What the answer to a deletion means (T17).
    func removed(
        _ record: DeploymentRecord, _ target: Target, stackId: String, answer: Answer<Void>, at now: Timestamp,
        jitter: Double
    ) throws -> Commit {
        var commit = Commit(record: record)
        if !target.isReplaced { adopt(stackId, status: "DELETE_IN_PROGRESS", in: &commit.record.work) }
        switch answer {
        case .ok, .absent:
            commit.record.work.failures = 0
            commit.record.work.deleteSentAt = now
            commit.record.work.seenStackStatus = "DELETE_IN_PROGRESS"
            if record.work.deleteSentAt == nil && record.work.deleteFailures == 0 {
                commit.events = [EventDraft(.info, target.isReplaced ? "Deleting the old stack…" : "Deleting stack…")]
            }
            if case .absent = answer { commit.dueAt = now } else { commit.dueAt = now + watchDelay(target) }
            return commit
        case .rejected(let failure):
            return try deletionFailed(commit, target, reason: failure.message, at: now)
        case .later(let later):
            return try putOff(commit.record, target, retryAfter: later.retryAfter, at: now, jitter: jitter)
        case .conflict, .unknown:
            return try putOff(commit.record, target, retryAfter: nil, at: now, jitter: jitter)
        }
    }

    /// Nothing is left of a target: the old stack makes way, or the deployment is deleted (T18, T21).
    func confirmedGone(_ record: DeploymentRecord, _ target: Target?, at now: Timestamp) throws -> Commit {
        var commit = Commit(record: record)
        commit.record.work.failures = 0
        commit.record.work.deleteFailures = 0
        commit.record.work.deleteSentAt = nil
        if target?.isReplaced == true {
            commit.record.work.replaced = nil
            commit.record.work.deletingSince = record.desired == .absent ? record.work.deletingSince : nil
            commit.record.work.seenStackStatus = nil
            commit.dueAt = now
        } else {
            try commit.record.apply(.confirmAbsence, at: now) {
                $0.lastError = nil
                $0.forgetAddresses()
            }
            commit.events = [EventDraft(.info, "Deleted")]
        }
        return commit
    }

    /// Another stack of the deployment than its own shows up: looked at again soon, after it was deleted.
    func othersLeft(_ record: DeploymentRecord, _ target: Target, at now: Timestamp) throws -> Commit {
        if let given = try giveUp(record, target, reason: "", at: now) { return given }
        var commit = Commit(record: record)
        commit.record.work.lookUps += 1
        commit.dueAt = now + lookUpDelay(after: commit.record.work.lookUps)
        return commit
    }

    private func deletionFailed(
        _ before: Commit, _ target: Target, reason: String, at now: Timestamp
    ) throws -> Commit {
        var commit = before
        commit.record.work.deleteFailures += 1
        commit.record.work.deleteSentAt = nil
        if let given = try giveUp(commit.record, target, reason: reason, at: now) { return given }
        commit.events.append(
            EventDraft(.warn, "The region could not delete the stack; trying again" + EventDraft.detail(reason)))
        commit.dueAt = now + deleteDelay(after: commit.record.work.deleteFailures)
        return commit
    }

    /// An answer that told nothing. The time limit of a deletion goes on (T19); another try outlasts an outage.
    func putOff(
        _ record: DeploymentRecord, _ target: Target, retryAfter: Duration?, at now: Timestamp, jitter: Double
    ) throws -> Commit {
        if record.desired == .absent, let given = try giveUp(record, target, reason: "", at: now) { return given }
        var commit = noNews(record, retryAfter: retryAfter, at: now, jitter: jitter)
        if record.deployment.status == .error {
            commit.dueAt = now + settings.restInterval
        } else if retryAfter == nil {
            commit.dueAt = now + deleteDelay(after: commit.record.work.failures)
        }
        return commit
    }

    /// T19, where the budget of a deletion is used up; nil where it is not.
    private func giveUp(
        _ record: DeploymentRecord, _ target: Target, reason: String, at now: Timestamp
    ) throws -> Commit? {
        var commit = Commit(record: record)
        let isLate = record.work.deletingSince.map { now - $0 > settings.deletionTimeLimit } ?? false
        guard record.work.deleteFailures >= settings.deleteFailuresAtMost || isLate else { return nil }
        commit.dueAt = now + settings.restInterval
        guard record.deployment.status != .error else { return commit }
        if record.desired == .absent {
            try commit.record.apply(.giveUpDeletion, at: now) { $0.lastError = Failure(.deleteFailed) }
        } else {
            // A retry whose old stack does not go away.
            let told = Failure(.deleteFailed, "The VM of the try before could not be removed. Try again.")
            try commit.record.fail(told, at: now)
            commit.dueAt = nil
        }
        commit.events = [EventDraft(.error, "The region could not delete the stack" + EventDraft.detail(reason))]
        return commit
    }

    /// The list shows when a deployment's own stack is gone; the old one of a retry is looked at.
    private func watchDelay(_ target: Target) -> Duration {
        target.isReplaced ? settings.pollInterval : settings.driftInterval
    }

    private func deleteDelay(after failures: Int) -> Duration {
        let delays: [Int] = [10, 30, 60, 120, 300, 600]
        return .seconds(delays[min(max(failures, 1), delays.count) - 1])
    }
}
