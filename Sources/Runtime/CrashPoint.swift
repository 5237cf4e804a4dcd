/// The named places at which a simulated server can die: between an effect and what follows it.
public enum CrashPoint: String, CaseIterable, Sendable {
    case httpCreateCommitted = "http.create.committed"
    case httpDeleteCommitted = "http.delete.committed"
    case workerClaimed = "worker.claimed"
    case workerIntentCommitted = "worker.intent.committed"
    /// The request is on its way and may be carried out; its answer finds nobody. Passed by the transport.
    case workerCreateSent = "worker.create.sent"
    case workerCreateAnswered = "worker.create.answered"
    case workerStackIdCommitted = "worker.stackid.committed"
    /// As ``workerCreateSent``.
    case workerDeleteSent = "worker.delete.sent"
    case workerDeleteAnswered = "worker.delete.answered"
    case workerObserveRead = "worker.observe.read"
    case workerObserveCommitted = "worker.observe.committed"
    case feedRead = "feed.read"
    case hubQueued = "hub.queued"
    case socketFlushed = "socket.flushed"
    case sessionRevoked = "session.revoked"
    case sweeperListed = "sweeper.listed"
}

/// Thrown at a crash point by a server that is dead from now on. Nothing handles it: the server's tasks unwind,
/// and none of its ports does anything any more.
public struct Crashed: Error, Sendable {
    public let point: CrashPoint?

    public init(point: CrashPoint?) {
        self.point = point
    }
}

/// What happens where the code passes a ``CrashPoint``: nothing in production.
public struct CrashPoints: Sendable {
    private let pass: @Sendable (CrashPoint) throws -> Void

    public init(_ pass: @escaping @Sendable (CrashPoint) throws -> Void) {
        self.pass = pass
    }

    public static let none = CrashPoints { _ in }

    /// Marks that the code has come to this point.
    ///
    /// - Throws: ``Crashed`` where the server dies here.
    public func reached(_ point: CrashPoint) throws {
        try pass(point)
    }
}
