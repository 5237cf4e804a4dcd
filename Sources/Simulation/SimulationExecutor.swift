import HeapModule
import Runtime
import Synchronization

/// Runs all tasks of a simulation on one thread, one job at a time. Which of the ready jobs is next is drawn from
/// the seed; when none is ready, time jumps to the next timer.
///
/// It is a task executor (SE-0417), which default actors, task groups, `async let` and streams follow; actors with an
/// executor of their own get ``serial``.
final class SimulationExecutor: TaskExecutor {
    private enum Job {
        case task(UnownedJob)
        case actor(UnownedJob)
    }

    private struct Timer: Comparable {
        let at: Duration
        let id: Int

        static func < (left: Timer, right: Timer) -> Bool { (left.at, left.id) < (right.at, right.id) }
    }

    private enum Sleeper {
        case unborn
        case cancelled
        case waiting(CheckedContinuation<Bool, Never>)
    }

    private struct State {
        var ready: [Job] = []
        var timers = Heap<Timer>()
        var sleepers: [Int: Sleeper] = [:]
        var nextTimer = 0
        var now = Duration.zero
        var jobsRun = 0
    }

    /// For actors that have an executor of their own.
    final class Serial: SerialExecutor {
        private unowned let owner: SimulationExecutor

        fileprivate init(_ owner: SimulationExecutor) {
            self.owner = owner
        }

        func enqueue(_ job: consuming ExecutorJob) {
            owner.add(.actor(UnownedJob(job)))
        }
    }

    private let state = Mutex(State())
    private let random: RandomSource
    private let serialPart = Mutex<Serial?>(nil)

    init(random: RandomSource) {
        self.random = random
        serialPart.withLock { $0 = Serial(self) }
    }

    var serial: Serial {
        guard let serial = serialPart.withLock({ $0 }) else { preconditionFailure("made with the executor") }
        return serial
    }

    /// Virtual time since the start.
    var now: Duration { state.withLock { $0.now } }

    var jobsRun: Int { state.withLock { $0.jobsRun } }

    func enqueue(_ job: consuming ExecutorJob) {
        add(.task(UnownedJob(job)))
    }

    private func add(_ job: Job) {
        state.withLock { $0.ready.append(job) }
    }

    /// Why a run came to an end.
    enum End {
        case finished
        /// Time would go past the limit.
        case limit
        /// Nothing is ready, nothing is timed, and it is not finished.
        case stalled
    }

    /// Runs on the calling thread until a condition holds or nothing more can happen.
    func run(until limit: Duration, isFinished: () -> Bool) -> End {
        while !isFinished() {
            if let job = nextJob() {
                switch job {
                case .task(let job): job.runSynchronously(on: asUnownedTaskExecutor())
                case .actor(let job): job.runSynchronously(on: serial.asUnownedSerialExecutor())
                }
                continue
            }
            guard let timer = state.withLock({ $0.timers.popMin() }) else { return .stalled }
            guard timer.at <= limit else { return .limit }
            fire(timer)
        }
        return .finished
    }

    private func nextJob() -> Job? {
        let index = state.withLock { $0.ready.count }
        guard index > 0 else { return nil }
        let chosen = index == 1 ? 0 : random.index(below: index)
        return state.withLock { state in
            state.jobsRun += 1
            state.ready.swapAt(chosen, state.ready.count - 1)
            return state.ready.removeLast()
        }
    }

    private func fire(_ timer: Timer) {
        let sleeper = state.withLock { state in
            // A cancelled timer must not move time on.
            guard let sleeper = state.sleepers.removeValue(forKey: timer.id) else { return Sleeper?.none }
            state.now = max(state.now, timer.at)
            return sleeper
        }
        if case .waiting(let continuation) = sleeper { continuation.resume(returning: true) }
    }

    /// Suspends for a while of virtual time.
    ///
    /// - Throws: `CancellationError`.
    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        guard duration > .zero else {
            await Task.yield()
            return try Task.checkCancellation()
        }
        let id = state.withLock { state in
            state.nextTimer += 1
            state.sleepers[state.nextTimer] = .unborn
            return state.nextTimer
        }
        let fired = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isCancelled = state.withLock { state in
                    guard case .unborn = state.sleepers[id] else {
                        state.sleepers[id] = nil
                        return true
                    }
                    state.sleepers[id] = .waiting(continuation)
                    state.timers.insert(Timer(at: state.now + duration, id: id))
                    return false
                }
                if isCancelled { continuation.resume(returning: false) }
            }
        } onCancel: {
            let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                switch state.sleepers[id] {
                case .waiting(let continuation):
                    state.sleepers[id] = nil
                    return continuation
                case .unborn: state.sleepers[id] = .cancelled
                case .cancelled, nil: break
                }
                return nil
            }
            waiting?.resume(returning: false)
        }
        guard fired else { throw CancellationError() }
    }
}

/// The time of a simulation: it moves only when nothing else can.
struct VirtualTime: TimeSource {
    let executor: SimulationExecutor
    let start: Timestamp

    var now: Timestamp { start + executor.now }
    var uptime: Duration { executor.now }

    func sleep(for duration: Duration) async throws {
        try await executor.sleep(for: duration)
    }
}
