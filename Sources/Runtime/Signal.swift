import Synchronization

/// A wake-up call for one waiting task: raising it twice before it is seen wakes once.
///
/// It carries no data. Who is woken looks at the state itself, so a call too many or one too late does no harm.
public final class Signal: Sendable {
    private enum State {
        case idle
        case raised
        case waiting(CheckedContinuation<Bool, Never>)
    }

    private let state = Mutex(State.idle)

    public init() {}

    public func raise() {
        let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            if case .waiting(let continuation) = state {
                state = .idle
                return continuation
            }
            state = .raised
            return nil
        }
        waiter?.resume(returning: true)
    }

    /// Waits for ``raise()``, or returns at once where it was raised since the last wait.
    ///
    /// - Returns: true when raised, false when the task was cancelled. Only one task may wait at a time.
    public func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    switch state {
                    case .raised:
                        state = .idle
                        return true
                    case .idle where Task.isCancelled:
                        return false
                    case .idle:
                        state = .waiting(continuation)
                        return nil
                    case .waiting:
                        preconditionFailure("a signal has one waiter")
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard case .waiting(let continuation) = state else { return nil }
                state = .idle
                return continuation
            }
            waiter?.resume(returning: false)
        }
    }
}
