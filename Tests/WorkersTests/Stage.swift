import Dispatch
import Runtime
import Synchronization

/// Runs all tasks of a test one after the other and knows when none has anything left to do; then time may move on
/// to whoever sleeps shortest.
final class Stage: TaskExecutor, SerialExecutor, TimeSource {
    private struct Sleeper {
        let until: Duration
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var pending = 0
        var whenIdle: [CheckedContinuation<Void, Never>] = []
        var uptime: Duration = .zero
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        var sleeps = 0

        mutating func takeIdleWaiters() -> [CheckedContinuation<Void, Never>] {
            guard pending == 0 else { return [] }
            defer { whenIdle = [] }
            return whenIdle
        }
    }

    static let start = Timestamp("2026-01-06T10:00:00.000Z")!
    private let queue = DispatchQueue(label: "stage")
    private let state = Mutex(State())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.pending += 1 }
        queue.async { [self] in
            job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            let waiters = state.withLock { state in
                state.pending -= 1
                return state.takeIdleWaiters()
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    /// Returns when no task has anything left to do.
    private func idle() async {
        await withCheckedContinuation { continuation in
            let waiters = state.withLock { state in
                state.whenIdle.append(continuation)
                return state.takeIdleWaiters()
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    var uptime: Duration { state.withLock { $0.uptime } }
    var now: Timestamp { Self.start + uptime }

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

    /// Lets time pass until something holds, at most for a while.
    ///
    /// - Returns: whether it came to hold.
    func play(atMost limit: Duration = .seconds(7200), until holds: () async throws -> Bool) async rethrows -> Bool {
        let end = uptime + limit
        while true {
            await idle()
            if try await holds() { return true }
            await idle()
            let next = state.withLock { state -> Sleeper? in
                guard
                    let first = state.sleepers.min(by: { ($0.value.until, $0.key) < ($1.value.until, $1.key) }),
                    first.value.until <= end
                else { return nil }
                state.uptime = max(state.uptime, first.value.until)
                return state.sleepers.removeValue(forKey: first.key)
            }
            guard let next else {
                state.withLock { $0.uptime = end }
                return false
            }
            next.continuation.resume()
        }
    }

    /// Lets an amount of time pass.
    func play(for duration: Duration) async {
        _ = await play(atMost: duration) { false }
    }
}
