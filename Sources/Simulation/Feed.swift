import Deployments
import Synchronization

/// The one sequence of commits of all servers on a store, as PostgreSQL's feed gives it (semantics.md S7.2).
final class Feed: Sendable {
    private struct Listener {
        let mailbox: AsyncStream<[CommittedChange]>.Continuation
        let hears: @Sendable ([CommittedChange]) -> [CommittedChange]
    }

    private let listeners = Mutex<[Listener]>([])

    func publish(_ changes: [CommittedChange]) {
        listeners.withLock { listeners in
            listeners.removeAll { listener in
                let heard = listener.hears(changes)
                guard !heard.isEmpty else { return false }
                if case .terminated = listener.mailbox.yield(heard) { return true } else { return false }
            }
        }
    }

    func changes() -> AsyncStream<[CommittedChange]> {
        let (stream, mailbox) = AsyncStream<[CommittedChange]>.makeStream()
        tell(mailbox)
        return stream
    }

    /// Tells somebody from now on.
    ///
    /// - Parameter hears: what they hear of a transaction.
    func tell(
        _ mailbox: AsyncStream<[CommittedChange]>.Continuation,
        hears: @escaping @Sendable ([CommittedChange]) -> [CommittedChange] = { $0 }
    ) {
        listeners.withLock { $0.append(Listener(mailbox: mailbox, hears: hears)) }
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
