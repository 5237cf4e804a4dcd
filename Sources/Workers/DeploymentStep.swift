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

    /// Takes the step under a lease that lasts as long as it does.
    ///
    /// - Throws: `Crashed` and `CancellationError`.
    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await keepLease() }
            defer { group.cancelAll() }
            try await takeNext()
        }
    }

    /// By the monotonic clock (S13.2). Whoever was paused for so long that another took over finds the lease gone,
    /// and its fence refused.
    private func keepLease() async throws {
        let (settings, owner) = (reconciler.settings, owner)
        while true {
            try await surroundings.time.sleep(for: settings.leaseRenewal)
            let until = now + settings.lease
            do {
                guard try await store.write({ try $0.renew(owner: owner, until: until) }) else { return }
            } catch let unavailable as StoreUnavailable {
                logger.warning("\(unavailable)", metadata: ["deployment": "\(record.deployment.id)"])
            }
        }
    }

    private func takeNext() async throws {
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
        } catch let error where !error.isFinal {
            // Whatever it is, it is this deployment's alone, and the next step may meet it again.
            logger.error("a step failed: \(error)", metadata: ["deployment": "\(record.deployment.id)"])
            try await giveBack(until: now + reconciler.settings.slowWatchInterval)
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
        let request = reconciler.settings.template.request(
            for: intent, hasVolumes: await hasVolumes(), tags: reconciler.tags, settings: reconciler.settings)
        let answer = try await state.creating(intent.deployment.id) {
            try await heat.create(request)
        }
        try surroundings.crashPoints.reached(.workerCreateAnswered)
        note(answer)
        if case .conflict = answer, case .ok(let holder) = try await heat.find(intent.work.stackName),
            holder.isDeleted
        {
            let postponed = reconciler.nameTaken(intent, before: record.work, at: now, jitter: jitter)
            return try await finish(postponed, from: intent)
        }
        let created = try reconciler.created(
            intent, before: record.work, answer: answer, at: now, jitter: jitter)
        guard let stackId = created.record.work.stackId else { return try await finish(created, from: intent) }
        try await adopt(stackId, created, from: intent, mayBeDoubled: intent.work.createsSent > 1)
    }

    /// Commits which stack is the deployment's, and then clears away what else a create sent twice has made (S5.1).
    private func adopt(
        _ stackId: String, _ commit: Commit, from previous: DeploymentRecord, mayBeDoubled: Bool
    ) async throws {
        let adopted = try await self.commit(commit, from: previous)
        try surroundings.crashPoints.reached(.workerStackIdCommitted)
        state.watchSignal.raise()
        guard mayBeDoubled, let others = try await deleteOthers(than: stackId), others > 0 else {
            return try await giveBack()
        }
        let told = EventDraft(.warn, "The region made the VM twice; the one too many is deleted")
        try await finish(Commit(record: adopted, dueAt: commit.dueAt, events: [told]), from: adopted)
    }

    /// Whether the region has block storage. Where nobody tells, the create will not be carried out either.
    private func hasVolumes() async -> Bool {
        (try? await heat.connection.offers(.volume)) ?? true
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
            if let stackId = commit.record.work.stackId {
                return try await adopt(stackId, commit, from: record, mayBeDoubled: true)
            }
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
        }
    }

    private func observe(_ stackId: String) async throws {
        if let served = try reconciler.served(record, by: state, at: now) { return try await finish(served) }
        let look = try await look(stackId)
        if case .ok(let stack) = look.stack, stack.id != stackId {
            var adopted = Commit(record: record, dueAt: now)
            reconciler.adopt(stack.id, status: nil, in: &adopted.record.work)
            return try await finish(adopted)
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
        if let listed = justListed(stackId), listed.isInProgress, listed.status == record.work.seenStackStatus,
            !isPastDeadline
        {
            stack = .ok(listed)
        } else {
            stack = try await show(name, id: stackId)
        }
        var observation = Reconciler.Observation(stack: stack, isListed: listing != nil && listed == nil)
        if record.deployment.status == .provisioning, case .ok(let stack) = stack, !stack.isDeleted,
            stack.id == stackId,
            case .ok(let events) = try await heat.events(name, id: stackId, after: record.work.eventMarker)
        {
            observation.events = events
        }
        return observation
    }

    /// A stack as a list of a moment ago showed it.
    private func justListed(_ stackId: String) -> Stack? {
        let uptime = surroundings.time.uptime
        guard let listing = state.listing, uptime - listing.readAt <= reconciler.settings.pollInterval * 2 else {
            return nil
        }
        return listing.stacks.first { $0.id == stackId }
    }

    /// A stack by its id, or, where there is none of that id, the deployment's own by its name: then the stored id
    /// is wrong (S6.2).
    private func show(_ name: String, id stackId: String) async throws -> Answer<Stack> {
        let shown = try await heat.show(name, id: stackId)
        guard case .absent = shown else { return shown }
        let named = try await heat.find(name)
        switch named {
        case .ok(let stack) where !stack.isDeleted && reconciler.tags.mark(stack, of: record.deployment.id):
            logger.error(
                "the stored id of a stack was wrong",
                metadata: ["deployment": "\(record.deployment.id)", "stack": "\(stack.id)"])
            return named
        case .ok, .absent: return .absent
        case .rejected, .conflict, .later, .unknown: return named
        }
    }

    private func remove(_ target: Reconciler.Target) async throws {
        let look: Answer<Stack>
        if record.work.deleteSentAt != nil, let listed = target.id.flatMap(justListed),
            listed.status == "DELETE_IN_PROGRESS"
        {
            look = .ok(listed)
        } else if let id = target.id {
            look = try await show(target.name, id: id)
        } else {
            look = try await heat.find(target.name)
        }
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
            if needsList {
                guard let others = try await deleteOthers(than: target.id) else {
                    return try await finish(
                        reconciler.putOff(record, target, retryAfter: nil, at: now, jitter: jitter))
                }
                guard others == 0 else { return try await finish(reconciler.othersLeft(record, target, at: now)) }
            }
            try await finish(reconciler.confirmedGone(record, target, at: now))
        }
    }

    /// Deletes what a create sent twice has left besides the one stack (S5.1).
    ///
    /// - Returns: how many others there are; nil where the list could not be read.
    private func deleteOthers(than stackId: String?) async throws -> Int? {
        let id = record.deployment.id
        guard case .ok(let stacks) = try await heat.list(tag: reconciler.tags.deployment(id)) else { return nil }
        let others = stacks.filter {
            $0.id != stackId && $0.id != record.work.replaced?.id && reconciler.tags.mark($0, of: id)
        }
        for other in others where other.status != "DELETE_IN_PROGRESS" {
            logger.warning("deleting a doubled stack", metadata: ["deployment": "\(id)", "stack": "\(other.id)"])
            _ = try await heat.delete(other.name, id: other.id)
        }
        return others.count
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

    /// - Parameter until: when it is to be worked on again; nil for when it was due.
    private func giveBack(until: Timestamp? = nil) async throws {
        let (owner, id) = (owner, record.deployment.id)
        do {
            try await store.write { tx in
                if let until { try tx.postpone(id, until: until) }
                try tx.release(owner: owner)
            }
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
