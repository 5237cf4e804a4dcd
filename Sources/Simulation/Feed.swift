import Deployments
import Synchronization

/// The one sequence of commits of all servers on a store, as PostgreSQL's feed gives it (semantics.md S7.2).
final class Feed: Sendable {
    private let listeners = Mutex<[AsyncStream<[CommittedChange]>.Continuation]>([])

    func publish(_ changes: [CommittedChange]) {
        listeners.withLock { listeners in
            listeners.removeAll { if case .terminated = $0.yield(changes) { true } else { false } }
        }
    }

    func changes() -> AsyncStream<[CommittedChange]> {
        let (stream, continuation) = AsyncStream<[CommittedChange]>.makeStream()
        listeners.withLock { $0.append(continuation) }
        return stream
    }
}

/// The store of one of several servers: what the others commit is told as well.
struct FeedStore: DeploymentStore {
    let inner: any DeploymentStore
    let feed: Feed

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        try await inner.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        try await inner.write(body)
    }

    func changes() -> AsyncStream<[CommittedChange]> { feed.changes() }
}
