import Deployments
import Runtime

/// The store of a server whose disk is full, or whose database somebody else holds, for a while.
struct FailingStore: DeploymentStore {
    let inner: any DeploymentStore
    /// Why nothing can be written now; nil where it can.
    let failure: @Sendable () -> StoreUnavailable?

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        try await inner.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        if let failure = failure() { throw failure }
        return try await inner.write(body)
    }

    func changes() -> AsyncStream<[CommittedChange]> { inner.changes() }
}
