import Deployments
import OpenStack
import Runtime
import Testing

@testable import Workers

@Suite struct ReconcilerTests {
    let reconciler = Reconciler(settings: WorkerSettings(), tags: StackTags(instanceId: "hh_1"))
    let now = Stage.start
    let ours = ["portal:hh_1", "dep:dep_1"]

    /// A record in a status, with its notes changed.
    func record(
        _ status: Deployment.Status, desired: DeploymentRecord.DesiredState = .present, error: Failure.Code? = nil,
        _ change: (inout DeploymentRecord.Work) -> Void = { _ in }
    ) -> DeploymentRecord {
        var record = World.record()
        record.deployment.status = status
        record.deployment.lastError = error.map { Failure($0) }
        record.desired = desired
        change(&record.work)
        return record
    }

    func stack(_ status: String, tags: [String]? = nil) -> Stack {
        Stack(
            id: "s1", name: "vm-dep_1", status: status, tags: tags ?? ours,
            outputs: ["public_ip": "203.0.113.7", "private_ip": "10.0.0.7"])
    }

    func observe(_ record: DeploymentRecord, _ status: String) throws -> Commit {
        try reconciler.observed(
            record, .init(stack: .ok(stack(status)), isListed: true), at: now, jitter: 0.5)
    }

    struct Seen: Sendable {
        let from: Deployment.Status
        var error: Failure.Code?
        let stack: String
        let to: Deployment.Status
        var code: Failure.Code?
    }

    @Test(
        "a stack's status leads to the deployment's",
        arguments: [
            Seen(from: .provisioning, stack: "CREATE_IN_PROGRESS", to: .provisioning),
            Seen(from: .provisioning, stack: "CREATE_COMPLETE", to: .active),
            Seen(from: .provisioning, stack: "CREATE_FAILED", to: .error, code: .createFailed),
            Seen(from: .provisioning, stack: "ROLLBACK_IN_PROGRESS", to: .error, code: .createFailed),
            Seen(from: .provisioning, stack: "ROLLBACK_COMPLETE", to: .error, code: .createFailed),
            Seen(from: .provisioning, stack: "DELETE_IN_PROGRESS", to: .provisioning),
            Seen(from: .active, stack: "UPDATE_FAILED", to: .active),
            Seen(from: .active, stack: "DELETE_FAILED", to: .error, code: .stackMissing),
            Seen(from: .error, error: .provisionTimeout, stack: "CREATE_COMPLETE", to: .active),
            Seen(from: .error, error: .stackMissing, stack: "CREATE_COMPLETE", to: .active),
            Seen(from: .error, error: .provisionTimeout, stack: "CREATE_FAILED", to: .error, code: .provisionTimeout),
        ])
    func observation(seen: Seen) throws {
        let before = record(seen.from, error: seen.error) { $0.stackId = "s1" }
        let commit = try observe(before, seen.stack)
        #expect(commit.record.deployment.status == seen.to)
        #expect(commit.record.deployment.lastError?.code == seen.code)
        #expect(commit.record.work.seenStackStatus == seen.stack)
    }

    @Test("a stack in progress past its deadline is given up, and watched slowly")
    func deadline() throws {
        let late = record(.provisioning) { [now] in
            $0.stackId = "s1"
            $0.deadlineAt = now - .seconds(1)
        }
        let commit = try observe(late, "CREATE_IN_PROGRESS")
        #expect(commit.record.deployment.lastError?.code == .provisionTimeout)
        #expect(commit.dueAt == now + .seconds(300))
    }

    @Test("addresses that are missing at complete are looked for three more times")
    func missingOutputs() throws {
        var current = record(.provisioning) { $0.stackId = "s1" }
        var waits: [Duration] = []
        for _ in 0..<5 {
            let bare = Stack(id: "s1", name: "vm-dep_1", status: "CREATE_COMPLETE", tags: ours)
            let commit = try reconciler.observed(current, .init(stack: .ok(bare), isListed: true), at: now, jitter: 0)
            waits.append(try #require(commit.dueAt) - now)
            current = commit.record
        }
        #expect(waits == [2, 2, 2, 3600, 3600].map { Duration.seconds($0) })
        let found = try observe(current, "CREATE_COMPLETE")
        #expect(found.record.deployment.runtime.publicIp == "203.0.113.7")
        #expect(found.record.deployment.revision == current.deployment.revision + 1)
    }

    @Test("evidence of absence counts three times over a minute, and begins anew after no information")
    func absence() throws {
        var current = record(.active) { $0.stackId = "s1" }
        func miss(at seconds: Int, isListed: Bool = true, _ answer: Answer<Stack> = .absent) throws {
            current = try reconciler.observed(
                current, .init(stack: answer, isListed: isListed), at: now + .seconds(seconds), jitter: 0.5
            ).record
        }
        for second in [0, 10, 20, 30, 59] { try miss(at: second) }
        #expect(current.deployment.status == .active)
        try miss(at: 60, .unknown(CloudFailure(message: "reset")))
        try miss(at: 70)
        try miss(at: 100)
        try miss(at: 125, isListed: false)
        try miss(at: 131)
        try miss(at: 161)
        #expect(current.deployment.status == .active)
        try miss(at: 191)
        #expect(current.deployment.lastError?.code == .stackMissing)
    }

    @Test("the settle protocol looks up at growing intervals and creates again when nothing can come any more")
    func settleTimeline() throws {
        var current = try reconciler.beginCreate(record(.requested), at: now).record
        #expect(current.deployment.status == .provisioning)
        var at = now + .seconds(2)
        var looks: [Duration] = []
        while true {
            looks.append(at - now)
            let settled = try reconciler.lookedUp(
                current, answer: .absent, isRefusedByKeystone: false, at: at, jitter: 0)
            guard case .commit(let commit) = settled else { break }
            current = commit.record
            at = try #require(commit.dueAt)
        }
        #expect(looks == [2, 7, 17, 37, 67, 97, 127].map { Duration.seconds($0) })

        current.work.createsSent = 5
        let settled = try reconciler.lookedUp(current, answer: .absent, isRefusedByKeystone: false, at: at, jitter: 0)
        guard case .commit(let commit) = settled else {
            Issue.record("a sixth create")
            return
        }
        #expect(commit.record.deployment.lastError?.code == .createUnconfirmed)
    }

    @Test("a look-up adopts our stack, refuses another's, and waits for one that is just gone")
    func lookUps() throws {
        let unknown = try reconciler.beginCreate(record(.requested), at: now).record
        func lookUp(_ stack: Stack) throws -> DeploymentRecord? {
            let settled = try reconciler.lookedUp(
                unknown, answer: .ok(stack), isRefusedByKeystone: false, at: now, jitter: 0)
            guard case .commit(let commit) = settled else { return nil }
            return commit.record
        }
        let adopted = try #require(try lookUp(stack("CREATE_IN_PROGRESS")))
        #expect(adopted.work.stackId == "s1" && adopted.work.create == .confirmed)
        #expect(adopted.deployment == unknown.deployment)
        let foreign = try #require(try lookUp(stack("CREATE_COMPLETE", tags: ["portal:hh_1", "dep:other"])))
        #expect(foreign.deployment.lastError?.code == .nameConflict && foreign.work.stackId == nil)
        let gone = try #require(try lookUp(stack("DELETE_COMPLETE")))
        #expect(gone.deployment == unknown.deployment && gone.work.create == .unknown)
    }

    @Test("a create that was not carried out leaves no trace in the notes but the failure")
    func postponedCreate() throws {
        let before = record(.requested)
        let sent = try reconciler.beginCreate(before, at: now).record
        let commit = try reconciler.created(
            sent, before: before.work, answer: .later(Later(retryAfter: .seconds(9), reason: "429")), at: now,
            jitter: 0)
        #expect(commit.dueAt == now + .seconds(9))
        #expect(commit.record.work.create == .none && commit.record.work.failures == 1)
        #expect(reconciler.nextStep(for: commit.record) == .create)
    }

    @Test("a deletion looks first, sends once, and counts what failed")
    func deletion() throws {
        let target = Reconciler.Target(name: "vm-dep_1", id: "s1", isReplaced: false)
        let deleting = record(.deleting, desired: .absent) { [now] in
            $0.stackId = "s1"
            $0.create = .confirmed
            $0.deletingSince = now
        }
        func removing(_ record: DeploymentRecord, _ look: Answer<Stack>, at: Timestamp) throws -> Reconciler.Removal {
            try reconciler.removing(record, target, look: look, isCreateOpen: false, at: at, jitter: 0)
        }
        #expect(try removing(deleting, .ok(stack("CREATE_COMPLETE")), at: now) == .send(stackId: "s1"))
        #expect(try removing(deleting, .absent, at: now) == .gone(needsList: false))
        #expect(try removing(deleting, .ok(stack("CREATE_COMPLETE", tags: [])), at: now) == .gone(needsList: false))
        let sent = try reconciler.removed(deleting, target, stackId: "s1", answer: .ok(()), at: now, jitter: 0).record
        guard case .commit = try removing(sent, .ok(stack("DELETE_IN_PROGRESS")), at: now + .seconds(20)),
            case .commit = try removing(sent, .ok(stack("CREATE_FAILED")), at: now + .seconds(5)),
            case .commit(let failed) = try removing(sent, .ok(stack("DELETE_FAILED")), at: now + .seconds(20))
        else {
            Issue.record("a second DELETE")
            return
        }
        #expect(failed.record.work.deleteFailures == 1 && failed.dueAt == now + .seconds(30))
        #expect(try removing(failed.record, .ok(stack("DELETE_FAILED")), at: now) == .send(stackId: "s1"))
        let noNews = try removing(sent, .unknown(CloudFailure(message: "500")), at: now + .seconds(3601))
        guard case .commit(let late) = noNews else { return }
        #expect(late.record.deployment.lastError?.code == .deleteFailed)
        #expect(late.dueAt == now + .seconds(3601 + 3600))
    }

    @Test(
        "a create of unknown outcome is not gone before it is settled and no call of it is open",
        arguments: [(60, false, false), (121, true, false), (121, false, true)])
    func absenceWhileUnknown(seconds: Int, isCreateOpen: Bool, isGone: Bool) throws {
        let deleting = record(.deleting, desired: .absent) { [now] in
            $0.create = .unknown
            $0.createSentAt = now
        }
        let removal = try reconciler.removing(
            deleting, .init(name: "vm-dep_1", id: nil, isReplaced: false), look: .absent, isCreateOpen: isCreateOpen,
            at: now + .seconds(seconds), jitter: 0)
        #expect((removal == .gone(needsList: true)) == isGone)
    }

    @Test(
        "the cloud's reasons have codes of ours",
        arguments: [
            (
                "ResourceInError: resources.server: Went to status ERROR due to \"Message: No valid host was found.\"",
                Failure.Code.noCapacity
            ),
            ("Forbidden: resources.server: Quota exceeded for instances: Requested 1, but", .quotaExceeded),
            ("OverQuotaClient: resources.floating_ip: Quota exceeded for resources: ['floatingip'].", .quotaExceeded),
            ("You have reached the maximum stacks per tenant, 512.", .quotaExceeded),
            ("Parameter 'image' is invalid: Error validating value 'x': No image matching x.", .imageUnavailable),
            ("NotFound: resources.port: The resource could not be found.", .networkFailed),
            ("ResourceInError: resources.volume: Went to status error due to \"Unknown\"", .volumeFailed),
            ("Parameter 'flavor' is invalid: No Flavor matching {'name': 'nope'}. (HTTP 404)", .createFailed),
            ("Resource CREATE failed: ValueError: resources.server: bad", .createFailed),
        ])
    func failures(reason: String, code: Failure.Code) {
        #expect(Failure(creating: reason) == Failure(code))
    }

    @Test(
        "a deletion that Heat has forgotten is asked for again, also after it was given up", arguments: [true, false])
    func stalledDeletion(isGivenUp: Bool) throws {
        let deleting = record(isGivenUp ? .error : .deleting, error: isGivenUp ? .deleteFailed : nil) {
            $0.stackId = "s1"
            $0.create = .confirmed
            $0.deleteSentAt = now
            $0.deletingSince = now
        }
        var absent = deleting
        absent.desired = .absent
        let target = Reconciler.Target(name: "vm-1", id: "s1", isReplaced: false)
        func removal(after wait: Duration) throws -> Reconciler.Removal {
            try reconciler.removing(
                absent, target, look: .ok(stack("DELETE_IN_PROGRESS")), isCreateOpen: false, at: now + wait, jitter: 0)
        }
        guard case .commit = try removal(after: .seconds(39 * 60)) else {
            Issue.record("a second DELETE while Heat may be at it")
            return
        }
        #expect(try removal(after: .seconds(41 * 60)) == .send(stackId: "s1"))
    }

    @Test(
        "events are told in our words; a failure is a warning until the stack has failed",
        arguments: [
            ("server", "CREATE_IN_PROGRESS", false, EventDraft(.info, "Creating server…", sourceId: "e")),
            ("floating_ip", "CREATE_COMPLETE", false, EventDraft(.info, "Public address ready", sourceId: "e")),
            ("server", "CREATE_FAILED", false, EventDraft(.warn, "Creating server failed", sourceId: "e")),
            ("server", "CREATE_FAILED", true, EventDraft(.error, "Creating server failed", sourceId: "e")),
            ("vm-dep_1", "CREATE_COMPLETE", false, nil), ("server", "CHECK_COMPLETE", false, nil),
        ])
    func eventTexts(resource: String, status: String, hasFailed: Bool, draft: EventDraft?) {
        let event = StackEvent(id: "e", resource: resource, status: status, reason: "secret host 10.0.0.9")
        #expect(EventDraft(event, of: .standard, hasFailed: hasFailed) == draft)
    }

    @Test("the backoff doubles up to five minutes and is spread over its whole length")
    func backoff() {
        #expect(reconciler.backoff(after: 1, jitter: 0.5) == .seconds(1))
        #expect(reconciler.backoff(after: 4, jitter: 1) == .seconds(16))
        #expect(reconciler.backoff(after: 60, jitter: 1) == .seconds(300))
        #expect(reconciler.backoff(after: 9, jitter: 0) == .zero)
    }
}
