import Runtime

/// The 22 transitions of a deployment (semantics.md section 3). Pure: it computes what is to be committed and
/// does nothing.
public enum Transition: String, CaseIterable, Sendable {
    /// T2: a worker is about to send the create.
    case sendCreate
    /// T4, T6, T9, T12, T13, T15: it failed.
    case fail
    /// T10: the addresses became known, or changed.
    case learnAddresses
    /// T11: the stack is complete.
    case complete
    /// T14: a stack that was given up came up, or came back, after all.
    case recover
    /// T3, T16, T20: the customer wants it gone.
    case delete
    /// T3, T18, T21: it is gone, or never was.
    case confirmAbsence
    /// T19: the deletion failed for now.
    case giveUpDeletion
    /// T22: the customer wants another try.
    case retry
}

/// A transition that the machine does not know from this state: an error in the log and a counter, never a write.
public struct IllegalTransition: Error, Equatable, CustomStringConvertible {
    public let transition: Transition
    public let status: Deployment.Status
    public let desired: DeploymentRecord.DesiredState

    public var description: String {
        "no transition \(transition.rawValue) from \(status.rawValue) with \(desired.rawValue) wanted"
    }
}

extension DeploymentRecord {
    /// Takes a transition: the new status, one revision more, a later `updatedAt`.
    ///
    /// - Parameter change: what else of the deployment changes with it.
    /// - Throws: ``IllegalTransition``; the record is as it was then.
    public mutating func apply(
        _ transition: Transition, at now: Timestamp, _ change: (inout Deployment) -> Void = { _ in }
    ) throws {
        deployment.status = try status(after: transition)
        if transition == .delete { desired = .absent }
        change(&deployment)
        deployment.revision += 1
        deployment.updatedAt = max(now, deployment.updatedAt + .milliseconds(1))
    }

    /// The status that a transition leads to from here.
    ///
    /// - Throws: ``IllegalTransition``.
    public func status(after transition: Transition) throws -> Deployment.Status {
        switch (transition, deployment.status, desired) {
        case (.sendCreate, .requested, .present): .provisioning
        case (.fail, .requested, .present), (.fail, .provisioning, .present), (.fail, .active, .present): .error
        case (.learnAddresses, .provisioning, .present), (.learnAddresses, .active, .present): deployment.status
        case (.complete, .provisioning, .present): .active
        case (.recover, .error, .present) where deployment.lastError.map(\.code.isRecoverable) ?? false: .active
        case (.delete, .provisioning, .present), (.delete, .active, .present), (.delete, .error, _),
            (.delete, .requested, .present):
            .deleting
        case (.confirmAbsence, .deleting, .absent), (.confirmAbsence, .error, .absent): .deleted
        case (.giveUpDeletion, .deleting, .absent): .error
        case (.retry, .error, .present): .provisioning
        default:
            throw IllegalTransition(transition: transition, status: deployment.status, desired: desired)
        }
    }
}

extension Failure.Code {
    /// A stack given up for these reasons may still show up complete (T14).
    public var isRecoverable: Bool {
        switch self {
        case .provisionTimeout, .stackMissing, .createUnconfirmed: true
        default: false
        }
    }
}
