import Synchronization

/// Lets one caller do what many ask for at the same time; the others wait for its result, each as long as it likes.
package final class SingleFlight<Value: Sendable>: Sendable {
    private enum Turn: Sendable {
        /// Nobody is at it: the caller is, from now on.
        case own
        case landed(Result<Value, any Error>)
        /// Whoever was at it gave up, or the caller did.
        case again
    }

    private struct Waiter {
        let id: Int
        let continuation: CheckedContinuation<Turn, Never>
    }

    private struct State {
        var isUnderWay = false
        var waiters: [Waiter] = []
        var lastId = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Does the work, or joins the one who is at it. Where that one is cancelled, the next takes over.
    ///
    /// - Throws: what the work throws, or `CancellationError`.
    package func run(_ work: @Sendable () async throws -> Value) async throws -> Value {
        while true {
            switch await turn() {
            case .landed(let result): return try result.get()
            case .again: try Task.checkCancellation()
            case .own:
                do {
                    let value = try await work()
                    land(.landed(.success(value)))
                    return value
                } catch {
                    land(error is CancellationError ? .again : .landed(.failure(error)))
                    throw error
                }
            }
        }
    }

    private func turn() async -> Turn {
        let id = state.withLock { state in
            state.lastId += 1
            return state.lastId
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let turn = state.withLock { state -> Turn? in
                    if Task.isCancelled { return .again }
                    guard state.isUnderWay else {
                        state.isUnderWay = true
                        return .own
                    }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: .again)
        }
    }

    private func land(_ turn: Turn) {
        let landed = state.withLock { state in
            state.isUnderWay = false
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in landed { waiter.continuation.resume(returning: turn) }
    }
}
