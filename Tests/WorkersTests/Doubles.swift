import Deployments
import HTTPTypes
import OpenStack
import Runtime
import Synchronization

/// A store that can't be used for a while.
final class FlakyStore: DeploymentStore {
    private let inner: any DeploymentStore
    private let broken = Mutex(false)

    init(_ inner: any DeploymentStore) { self.inner = inner }

    func setBroken(_ isBroken: Bool) { broken.withLock { $0 = isBroken } }

    private func check() throws {
        if broken.withLock({ $0 }) { throw StoreUnavailable(.busy) }
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
    ) async throws -> Value {
        try check()
        return try await inner.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
    ) async throws -> Value {
        try check()
        return try await inner.write(body)
    }

    func changes() -> AsyncStream<[CommittedChange]> { inner.changes() }
}

/// A process that stands still once it has sent a create, and goes on later as if nothing had been.
final class PausedProcess: Sendable {
    private struct State {
        var isPaused = false
        var hasPaused = false
    }

    private let stage: Stage
    private let state = Mutex(State())

    init(_ stage: Stage) { self.stage = stage }

    var hasPaused: Bool { state.withLock { $0.hasPaused } }

    func resume() { state.withLock { $0.isPaused = false } }

    fileprivate func pauseOnce() {
        state.withLock { state in
            state.isPaused = !state.hasPaused
            state.hasPaused = true
        }
    }

    fileprivate func pass() async throws {
        while state.withLock({ $0.isPaused }) { try await stage.sleep(for: .seconds(1)) }
    }

    func store(_ inner: any DeploymentStore) -> any DeploymentStore { Store(process: self, inner: inner) }
    func transport(_ inner: any CloudTransport) -> any CloudTransport { Transport(process: self, inner: inner) }

    private struct Transport: CloudTransport {
        let process: PausedProcess
        let inner: any CloudTransport

        func send(_ request: CloudRequest) async throws -> CloudResponse {
            try await process.pass()
            let response = try await inner.send(request)
            if request.method == .post, request.url.hasSuffix("/stacks") { process.pauseOnce() }
            try await process.pass()
            return response
        }
    }

    private struct Store: DeploymentStore {
        let process: PausedProcess
        let inner: any DeploymentStore

        func read<Value: Sendable>(
            _ body: @escaping @Sendable (any DeploymentQueries) throws -> Value
        ) async throws -> Value {
            try await process.pass()
            return try await inner.read(body)
        }

        func write<Value: Sendable>(
            _ body: @escaping @Sendable (any DeploymentTransaction) throws -> Value
        ) async throws -> Value {
            try await process.pass()
            return try await inner.write(body)
        }

        func changes() -> AsyncStream<[CommittedChange]> { inner.changes() }
    }
}
