import Deployments
import Logging
import OpenStack
import Runtime

/// One step of one deployment: asks the cloud what the ``Reconciler`` wants to know, and commits what it decides.
///
/// Every commit goes under the fence of the claim: who lost the claim, or was overtaken by a user, writes nothing.
struct DeploymentStep: Sendable {
    let heat: HeatClient
    let store: any DeploymentStore
    let reconciler: Reconciler
    let state: RegionState
    let surroundings: Surroundings
    let claimed: ClaimedRecord
    let owner: String
    let logger: Logger

    private var record: DeploymentRecord { claimed.record }
    private var now: Timestamp { surroundings.time.now }
    private var jitter: Double { surroundings.random.fraction() }

    /// - Throws: `Crashed` and `CancellationError`.
    func run() async throws {
        do {
            do {
                try surroundings.crashPoints.reached(.workerClaimed)
                try await take(reconciler.nextStep(for: record))
            } catch let illegal as IllegalTransition {
                logger.error("\(illegal)", metadata: ["deployment": "\(record.deployment.id)"])
                try await finish(Commit(record: record, dueAt: now + reconciler.settings.slowWatchInterval))
            }
        } catch is StaleRecord {
            // A user was faster, or another worker took over: the newer state is due by itself.
            try await giveBack()
        } catch let unavailable as StoreUnavailable {
            // The lease runs out by itself.
            logger.warning("\(unavailable)", metadata: ["deployment": "\(record.deployment.id)"])
        } catch let cancelled as CancellationError {
            try await giveBack()
            throw cancelled
        }
    }

    private func take(_ step: Reconciler.Step) async throws {
        switch step {
        case .create: try await create(record)
        case .lookUp: try await lookUp()
        case .observe(let stackId): try await observe(stackId)
        case .remove(let target): try await remove(target)
        case .confirmAbsence: try await finish(reconciler.confirmedGone(record, nil, at: now))
        case .rest: try await finish(Commit(record: record))
        }
    }

    private func create(_ record: DeploymentRecord) async throws {
        let pause = state.createsPausedUntil - surroundings.time.uptime
        if pause > .zero || heat.connection.isOpen && record.work.create == .none {
            let wait = pause > .zero ? pause : nil
            return try await finish(reconciler.noNews(record, retryAfter: wait, at: now, jitter: jitter))
        }
        let intent = try await commit(reconciler.beginCreate(record, at: now), from: record)
        try surroundings.crashPoints.reached(.workerIntentCommitted)
        let request = StackTemplate.request(for: intent, tags: reconciler.tags, settings: reconciler.settings)
        let answer = try await state.creating(intent.deployment.id) {
            try await heat.create(request)
        }
        try surroundings.crashPoints.reached(.workerCreateAnswered)
        note(answer)
        try await finish(
            reconciler.created(intent, before: record.work, answer: answer, at: now, jitter: jitter), from: intent)
        if case .ok(let stackId) = answer {
            try surroundings.crashPoints.reached(.workerStackIdCommitted)
            if intent.work.createsSent > 1 { _ = try await deleteOthers(than: stackId) }
        }
    }

    private func lookUp() async throws {
        let answer = try await heat.find(record.work.stackName)
        note(answer)
        let isRefused = state.isRefusedByKeystone
        let settled = try reconciler.lookedUp(
            record, answer: answer, isRefusedByKeystone: isRefused, at: now, jitter: jitter)
        switch settled {
        case .createAgain:
            try await create(record)
        case .commit(let commit):
            try await finish(commit)
            if commit.record.deployment.lastError?.code == .cloudAuthFailed {
                state.createsPausedUntil = surroundings.time.uptime + reconciler.settings.createPause
                logger.error(
                    """
                    Heat cannot create stacks with an application credential: set [security_compliance] \
                    allow_insecure_application_credential_trust_escalation = true in Keystone, or give the portal \
                    a password. Creates in this region pause.
                    """)
            }
            if let stackId = commit.record.work.stackId {
                try surroundings.crashPoints.reached(.workerStackIdCommitted)
                _ = try await deleteOthers(than: stackId)
            }
        }
    }

    private func observe(_ stackId: String) async throws {
        var look = try await look(stackId)
        if case .absent = look.stack {
            let named = try await heat.find(record.work.stackName)
            switch named {
            case .ok(let stack) where !stack.isDeleted && reconciler.tags.mark(stack, of: record.deployment.id):
                logger.error(
                    "the stored id of a stack was wrong",
                    metadata: ["deployment": "\(record.deployment.id)", "stack": "\(stack.id)"])
                var adopted = Commit(record: record, dueAt: now)
                reconciler.adopt(stack.id, status: nil, in: &adopted.record.work)
                return try await finish(adopted)
            case .ok, .absent: break
            case .rejected, .conflict, .later, .unknown: look.stack = named
            }
        }
        try surroundings.crashPoints.reached(.workerObserveRead)
        note(look.stack)
        try await finish(reconciler.observed(record, look, at: now, jitter: jitter))
        try surroundings.crashPoints.reached(.workerObserveCommitted)
    }

    /// A look at a stack and, while it is being made, its new events. Where the last list says that it is in
    /// progress still, the list was the look.
    private func look(_ stackId: String) async throws -> Reconciler.Observation {
        let settings = reconciler.settings
        let uptime = surroundings.time.uptime
        let listing = state.listing.flatMap { uptime - $0.readAt <= settings.driftInterval * 2 ? $0 : nil }
        let listed = listing?.stacks.first { $0.id == stackId }
        let isPastDeadline = record.work.deadlineAt.map { now > $0 } ?? false
        let name = record.work.stackName
        let stack: Answer<Stack>
        if let listing, let listed, listed.isInProgress, listed.status == record.work.seenStackStatus,
            uptime - listing.readAt <= settings.pollInterval * 2, !isPastDeadline
        {
            stack = .ok(listed)
        } else {
            stack = try await heat.show(name, id: stackId)
        }
        var observation = Reconciler.Observation(stack: stack, isListed: listing != nil && listed == nil)
        if record.deployment.status == .provisioning, case .ok(let stack) = stack, !stack.isDeleted,
            case .ok(let events) = try await heat.events(name, id: stackId, after: record.work.eventMarker)
        {
            observation.events = events
        }
        return observation
    }

    private func remove(_ target: Reconciler.Target) async throws {
        let look =
            if let id = target.id { try await heat.show(target.name, id: id) } else { try await heat.find(target.name) }
        note(look)
        let isCreateOpen = state.isCreateOpen(record.deployment.id)
        let removal = try reconciler.removing(
            record, target, look: look, isCreateOpen: isCreateOpen, at: now, jitter: jitter)
        switch removal {
        case .commit(let commit):
            try await finish(commit)
        case .send(let stackId):
            let answer = try await heat.delete(target.name, id: stackId)
            note(answer)
            try surroundings.crashPoints.reached(.workerDeleteAnswered)
            try await finish(
                reconciler.removed(record, target, stackId: stackId, answer: answer, at: now, jitter: jitter))
        case .gone(let needsList):
            if needsList, try await !deleteOthers(than: target.id) {
                return try await finish(reconciler.othersLeft(record, at: now))
            }
            try await finish(reconciler.confirmedGone(record, target, at: now))
        }
    }

    /// Deletes what a create sent twice has left besides the one stack (S5.1).
    ///
    /// - Returns: whether the list was read and held no other.
    private func deleteOthers(than stackId: String?) async throws -> Bool {
        let id = record.deployment.id
        guard case .ok(let stacks) = try await heat.list(tag: reconciler.tags.deployment(id)) else { return false }
        let others = stacks.filter {
            $0.id != stackId && $0.id != record.work.replaced?.id && reconciler.tags.mark($0, of: id)
        }
        for other in others where other.status != "DELETE_IN_PROGRESS" {
            logger.warning("deleting a doubled stack", metadata: ["deployment": "\(id)", "stack": "\(other.id)"])
            _ = try await heat.delete(other.name, id: other.id)
        }
        return others.isEmpty
    }

    private func commit(_ commit: Commit, from previous: DeploymentRecord) async throws -> DeploymentRecord {
        let fence = claimed.fence
        return try await store.write { tx in
            try tx.update(commit.record, from: previous, fence: fence, dueAt: commit.dueAt, events: commit.events)
            return try tx.record(previous.deployment.id) ?? commit.record
        }
    }

    /// Commits the end of the step and gives the deployment back.
    private func finish(_ commit: Commit, from previous: DeploymentRecord? = nil) async throws {
        let (fence, owner, previous) = (claimed.fence, owner, previous ?? record)
        try await store.write { tx in
            try tx.update(commit.record, from: previous, fence: fence, dueAt: commit.dueAt, events: commit.events)
            try tx.release(owner: owner)
        }
        if commit.record.work.stackId != nil { state.watchSignal.raise() }
    }

    private func giveBack() async throws {
        let owner = owner
        do {
            try await store.write { try $0.release(owner: owner) }
        } catch is StoreUnavailable {
            // The lease runs out by itself.
        }
    }

    /// Tells the operator what the cloud said where it was not what was wanted.
    private func note<Value>(_ answer: Answer<Value>) {
        let said: String
        switch answer {
        case .ok, .absent: return
        case .later(let later): said = "later: " + later.reason
        case .rejected(let failure): said = "rejected: \(failure)"
        case .conflict(let failure): said = "conflict: \(failure)"
        case .unknown(let failure): said = "unknown: \(failure)"
        }
        logger.info("the cloud's answer is \(said)", metadata: ["deployment": "\(record.deployment.id)"])
    }
}
