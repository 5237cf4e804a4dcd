import Deployments
import OpenStack
import Runtime

/// What is to be written after something was learned about a deployment.
struct Commit: Equatable, Sendable {
    var record: DeploymentRecord
    /// When the next step is due; nil for never.
    var dueAt: Timestamp?
    var events: [EventDraft] = []
}

/// Decides: what is the next step of a deployment, and what does an answer of the cloud mean for it. Pure.
///
/// The rules are those of semantics.md sections 3 to 6; a transition that the status machine does not know throws
/// `IllegalTransition`.
struct Reconciler: Sendable {
    let settings: WorkerSettings
    let tags: StackTags

    /// What to do with a deployment that is due.
    enum Step: Equatable, Sendable {
        case create
        /// A create of unknown outcome is looked for by its name (section 5).
        case lookUp
        case observe(stackId: String)
        /// A stack is in the way, or no longer wanted.
        case remove(Target)
        /// There is nothing in the cloud, and there is to be nothing.
        case confirmAbsence
        case rest
    }

    struct Target: Equatable, Sendable {
        let name: String
        let id: String?
        /// Whether it is the stack of the try before (T22).
        let isReplaced: Bool
    }

    func nextStep(for record: DeploymentRecord) -> Step {
        let work = record.work
        let mayRemove = record.desired == .absent || record.deployment.status == .provisioning
        if let replaced = work.replaced, mayRemove, record.deployment.status != .deleted {
            return .remove(Target(name: replaced.name, id: replaced.id, isReplaced: true))
        }
        switch (record.desired, record.deployment.status) {
        case (_, .deleted): return .rest
        case (.absent, _):
            return work.create == .none
                ? .confirmAbsence : .remove(Target(name: work.stackName, id: work.stackId, isReplaced: false))
        case (.present, .error) where record.deployment.lastError?.code.isRecoverable != true: return .rest
        case (.present, _):
            if let stackId = work.stackId { return .observe(stackId: stackId) }
            switch work.create {
            case .none: return .create
            case .unknown: return .lookUp
            case .confirmed, .rejected: return .rest
            }
        }
    }

    /// An answer that told nothing: try again later, and tell the customer once an outage.
    func noNews(
        _ record: DeploymentRecord, retryAfter: Duration?, isOutage: Bool = true, at now: Timestamp, jitter: Double
    ) -> Commit {
        var commit = Commit(record: record)
        commit.record.work.failures += 1
        commit.record.work.absences = 0
        commit.record.work.absentSince = nil
        if isOutage && record.work.failures == 0 {
            commit.events.append(EventDraft(.warn, "The region does not answer at the moment; trying again"))
        }
        commit.dueAt = now + (retryAfter ?? backoff(after: commit.record.work.failures, jitter: jitter))
        return commit
    }

    /// Full jitter over 1 s · 2ⁿ, at most 5 min (S4.3).
    ///
    /// - Parameter jitter: of `[0, 1)`.
    func backoff(after failures: Int, jitter: Double) -> Duration {
        min(.seconds(300), .seconds(1) * (1 << min(failures, 9))) * jitter
    }
}

extension DeploymentRecord {
    /// The deployment failed; the customer reads why.
    mutating func fail(_ failure: Failure, at now: Timestamp, _ change: (inout Deployment) -> Void = { _ in }) throws {
        try apply(.fail, at: now) {
            $0.lastError = failure
            change(&$0)
        }
    }
}

extension Deployment {
    mutating func forgetAddresses() {
        runtime.publicIp = nil
        runtime.privateIp = nil
    }
}
