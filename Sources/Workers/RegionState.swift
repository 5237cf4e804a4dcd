import OpenStack
import Runtime
import Synchronization

extension Error {
    /// Whether nobody goes on after it: the process died, or was asked to end. Anything else ends no worker.
    var isFinal: Bool { self is Crashed || self is CancellationError }
}

/// What a region's tasks tell each other. All of it can be lost: it is learned again.
final class RegionState: Sendable {
    /// The portal's stacks as a list showed them.
    struct Listing: Sendable {
        let stacks: [Stack]
        let readAt: Duration
    }

    /// The region's servers as a list showed them.
    struct ServerListing: Sendable {
        let byId: [String: ServerClient.Server]
        let askedAt: Timestamp

        init(_ servers: [ServerClient.Server], askedAt: Timestamp) {
            byId = Dictionary(servers.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            self.askedAt = askedAt
        }
    }

    private struct Values {
        var listing: Listing?
        var servers: ServerListing?
        var running = 0
        var openCreates: Set<String> = []
        var lastCreateFailure: String?
        var createsPausedUntil: Duration = .zero
        var failure: (any Error)?
    }

    private let values = Mutex(Values())
    /// Raised when there may be work to claim, or room for it.
    let workSignal = Signal()
    /// Raised when there is a stack to watch.
    let watchSignal = Signal()
    private let stopping = Atomic(false)

    /// The last list, nil where it failed.
    var listing: Listing? {
        get { values.withLock { $0.listing } }
        set { values.withLock { $0.listing = newValue } }
    }

    /// The last list of servers, nil where it failed.
    var servers: ServerListing? {
        get { values.withLock { $0.servers } }
        set { values.withLock { $0.servers = newValue } }
    }

    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func stop() {
        stopping.store(true, ordering: .relaxed)
        workSignal.raise()
    }

    var running: Int { values.withLock { $0.running } }

    func stepBegan() {
        values.withLock { $0.running += 1 }
    }

    /// - Parameter failure: what nobody may handle, such as ``Crashed``.
    func stepEnded(_ failure: (any Error)?) {
        values.withLock {
            $0.running -= 1
            if $0.failure == nil { $0.failure = failure }
        }
        workSignal.raise()
    }

    func throwFailure() throws {
        if let failure = values.withLock({ $0.failure }) { throw failure }
    }

    func isCreateOpen(_ deploymentId: String) -> Bool {
        values.withLock { $0.openCreates.contains(deploymentId) }
    }

    /// Runs the call of a create; meanwhile ``isCreateOpen(_:)`` says so.
    func creating(
        _ deploymentId: String, _ create: () async throws -> Answer<String>
    ) async throws -> Answer<String> {
        values.withLock { _ = $0.openCreates.insert(deploymentId) }
        defer { values.withLock { _ = $0.openCreates.remove(deploymentId) } }
        let answer = try await create()
        switch answer {
        case .unknown(let failure): values.withLock { $0.lastCreateFailure = failure.type }
        case .ok, .rejected: values.withLock { $0.lastCreateFailure = nil }
        case .conflict, .absent, .later: break
        }
        return answer
    }

    /// Whether creates fail as they do where a strict Keystone refuses trusts to application credentials (S4.5).
    var isRefusedByKeystone: Bool { values.withLock { $0.lastCreateFailure == "RemoteError" } }

    var createsPausedUntil: Duration {
        get { values.withLock { $0.createsPausedUntil } }
        set { values.withLock { $0.createsPausedUntil = newValue } }
    }
}
