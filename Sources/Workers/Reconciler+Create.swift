import Deployments
import OpenStack
import Runtime

// Creating, and settling a create whose outcome is unknown (semantics.md section 5).

extension Reconciler {
    /// T2, or the same create once more: to be committed before the request leaves.
    func beginCreate(_ record: DeploymentRecord, at now: Timestamp) throws -> Commit {
        var commit = Commit(record: record)
        if record.deployment.status == .requested {
            try commit.record.apply(.sendCreate, at: now)
        }
        commit.record.work.create = .unknown
        commit.record.work.createSentAt = now
        commit.record.work.createsSent += 1
        commit.record.work.lookUps = 0
        commit.record.work.absences = 0
        commit.record.work.absentSince = nil
        commit.record.work.deadlineAt = now + settings.stackLimit
        if record.work.createsSent > 0 {
            commit.events = [EventDraft(.warn, "Asking the region again to create the stack…")]
        } else if record.deployment.status == .requested || record.work.failures == 0 {
            commit.events = [EventDraft(.info, "Creating stack…")]
        }
        commit.dueAt = now + lookUpDelay(after: 0)
        return commit
    }

    /// What the answer to a create means.
    ///
    /// - Parameters:
    ///   - record: as it was committed before the request was sent.
    ///   - before: the notes before that commit: they hold again where the request was not carried out.
    func created(
        _ record: DeploymentRecord, before: DeploymentRecord.Work, answer: Answer<String>, at now: Timestamp,
        jitter: Double
    ) throws -> Commit {
        var commit = Commit(record: record)
        switch answer {
        case .ok(let stackId):
            adopt(stackId, status: "CREATE_IN_PROGRESS", in: &commit.record.work)
            commit.dueAt = now + settings.pollInterval
        case .rejected(let failure):
            commit.record.work.create = .rejected
            let told = failure.status == 403 ? Failure(.cloudAuthFailed) : Failure(creating: failure.message)
            try commit.record.fail(told, at: now)
            commit.events = [
                EventDraft(.error, "The region refused to create the stack" + EventDraft.detail(failure.message))
            ]
        case .conflict, .absent:
            commit.dueAt = now
        case .later(let later):
            commit = noNews(record, retryAfter: later.retryAfter, at: now, jitter: jitter)
            let failures = commit.record.work.failures
            commit.record.work = before
            commit.record.work.failures = failures
        case .unknown:
            if record.work.createsSent == 1 {
                commit.events = [EventDraft(.warn, "The region has not confirmed the create; checking…")]
            }
            commit.dueAt = now + lookUpDelay(after: 0)
        }
        return commit
    }

    /// A create was refused because of a stack that was just deleted: its name is free in a moment, and nothing was
    /// carried out (S6.6).
    func nameTaken(
        _ record: DeploymentRecord, before: DeploymentRecord.Work, at now: Timestamp, jitter: Double
    ) -> Commit {
        var commit = Commit(record: record)
        commit.record.work = before
        commit.record.work.failures += 1
        commit.dueAt = now + max(lookUpDelay(after: 0), backoff(after: commit.record.work.failures, jitter: jitter))
        return commit
    }

    enum Settled: Equatable {
        case commit(Commit)
        /// Nothing came of the create, and nothing can any more.
        case createAgain
    }

    /// What a look-up by name means for a create of unknown outcome.
    ///
    /// - Parameter isRefusedByKeystone: whether the last create failed as it does with a strict Keystone (S4.5).
    func lookedUp(
        _ record: DeploymentRecord, answer: Answer<Stack>, isRefusedByKeystone: Bool, at now: Timestamp,
        jitter: Double
    ) throws -> Settled {
        var commit = Commit(record: record)
        commit.record.work.lookUps += 1
        commit.dueAt = now + lookUpDelay(after: commit.record.work.lookUps)
        if record.deployment.status == .error { commit.dueAt = now + settings.slowWatchInterval }
        switch answer {
        case .ok(let stack) where stack.isDeleted:
            // Its name is free in a moment (S6.6).
            commit.record.work.failures = 0
        case .ok(let stack) where tags.mark(stack, of: record.deployment.id):
            adopt(stack.id, status: nil, in: &commit.record.work)
            commit.dueAt = now
        case .ok:
            guard record.deployment.status == .provisioning else { break }
            commit.record.work.create = .rejected
            try commit.record.fail(Failure(.nameConflict), at: now)
            commit.events = [EventDraft(.error, "Another stack in the region has this VM's name")]
            commit.dueAt = nil
        case .absent:
            commit.record.work.failures = 0
            commit.record.work.absences += 1
            commit.record.work.absentSince = record.work.absentSince ?? now
            guard record.deployment.status == .provisioning, commit.record.work.absences >= 2,
                isSettled(record.work, at: now)
            else { break }
            guard record.work.createsSent >= settings.createsAtMost else { return .createAgain }
            try commit.record.fail(Failure(isRefusedByKeystone ? .cloudAuthFailed : .createUnconfirmed), at: now)
            commit.events = [EventDraft(.error, "The region did not create the stack; gave up")]
            commit.dueAt = isRefusedByKeystone ? nil : now + settings.slowWatchInterval
        case .later(let later):
            commit = noNews(record, retryAfter: later.retryAfter, at: now, jitter: jitter)
        case .unknown, .rejected, .conflict:
            commit = noNews(record, retryAfter: nil, at: now, jitter: jitter)
        }
        return .commit(commit)
    }

    /// Whether a create of unknown outcome can no longer happen.
    func isSettled(_ work: DeploymentRecord.Work, at now: Timestamp) -> Bool {
        guard work.create == .unknown, let sentAt = work.createSentAt else { return true }
        return now >= sentAt + settings.settleTime
    }

    /// The wait between the look-ups of the settle protocol.
    func lookUpDelay(after lookUps: Int) -> Duration {
        let delays: [Duration] = [.seconds(2), .seconds(5), .seconds(10), .seconds(20), .seconds(30)]
        return delays[min(lookUps, delays.count - 1)]
    }

    func adopt(_ stackId: String, status: String?, in work: inout DeploymentRecord.Work) {
        work.stackId = stackId
        work.create = .confirmed
        work.failures = 0
        work.absences = 0
        work.absentSince = nil
        work.seenStackStatus = status
    }
}
