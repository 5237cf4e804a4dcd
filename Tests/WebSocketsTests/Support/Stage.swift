import Dispatch
import Runtime
import Synchronization

/// Runs all tasks of a test one after the other and knows when none has anything left to do; time stands still until
/// the test lets it pass.
final class Stage: TaskExecutor, SerialExecutor, TimeSource {
    private struct Sleeper {
        let until: Duration
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var pending = 0
        var uptime: Duration = .zero
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        var sleeps = 0
    }

    private let queue = DispatchQueue(label: "stage")
    private let state = Mutex(State())

    var uptime: Duration { state.withLock { $0.uptime } }
    var now: Timestamp { Timestamp(milliseconds: 1_767_693_600_000) + uptime }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.pending += 1 }
        queue.async { [self] in
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            state.withLock { $0.pending -= 1 }
        }
    }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.sleeps += 1
            return state.sleeps
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.cancelled.remove(id) != nil { return true }
                    state.sleepers[id] = Sleeper(until: state.uptime + max(duration, .zero), continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return Optional(sleeper) }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume()
        }
        try Task.checkCancellation()
    }

    /// Lets time pass, to each sleeper in its turn, and everything happen that then can.
    func play(for duration: Duration = .zero) async {
        let end = uptime + duration
        while true {
            while state.withLock({ $0.pending > 0 }) { await Task.yield() }
            let next = state.withLock { state -> Sleeper? in
                guard
                    let first = state.sleepers.min(by: { ($0.value.until, $0.key) < ($1.value.until, $1.key) }),
                    first.value.until <= end
                else {
                    state.uptime = end
                    return nil
                }
                state.uptime = max(state.uptime, first.value.until)
                return state.sleepers.removeValue(forKey: first.key)
            }
            guard let next else { return }
            next.continuation.resume()
        }
    }
}
