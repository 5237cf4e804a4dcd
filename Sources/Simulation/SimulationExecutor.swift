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
        case task(UnownedJob, on: UnownedTaskExecutor)
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
        /// Jobs since time last moved.
        var jobsAtNow = 0
    }

    /// So many jobs at one instant are a loop that waits for time to move.
    private static let mostJobsAtOnce = 1_000_000

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

    func enqueue(_ job: consuming ExecutorJob) {
        add(.task(UnownedJob(job), on: asUnownedTaskExecutor()))
    }

    /// Where the tasks of one process run, which may stand still while the others go on.
    final class Process: TaskExecutor {
        private struct State {
            var isPaused = false
            var held: [UnownedJob] = []
        }

        private let owner: SimulationExecutor
        private let state = Mutex(State())

        init(_ owner: SimulationExecutor) {
            self.owner = owner
        }

        func enqueue(_ job: consuming ExecutorJob) {
            let job = UnownedJob(job)
            let isHeld = state.withLock { state in
                if state.isPaused { state.held.append(job) }
                return state.isPaused
            }
            if !isHeld { owner.add(.task(job, on: asUnownedTaskExecutor())) }
        }

        func pause() {
            state.withLock { $0.isPaused = true }
        }

        /// What was to be done meanwhile is done now.
        func resume() {
            let held = state.withLock { state in
                defer { state = State() }
                return state.held
            }
            for job in held { owner.add(.task(job, on: asUnownedTaskExecutor())) }
        }
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
        /// Jobs go on and on while time stands still.
        case spinning
    }

    /// Runs on the calling thread until a condition holds or nothing more can happen.
    func run(until limit: Duration, isFinished: () -> Bool) -> End {
        state.withLock { $0.jobsAtNow = 0 }
        while !isFinished() {
            if let job = nextJob() {
                guard state.withLock({ $0.jobsAtNow }) <= Self.mostJobsAtOnce else {
                    add(job)
                    return .spinning
                }
                switch job {
                case .task(let job, let executor): job.runSynchronously(on: executor)
                case .actor(let job): job.runSynchronously(on: serial.asUnownedSerialExecutor())
                }
                continue
            }
            guard let timer = nextTimer() else { return .stalled }
            guard timer.at <= limit else { return .limit }
            fire(timer)
        }
        return .finished
    }

    /// The next timer that somebody waits for. A cancelled one must not move time on.
    private func nextTimer() -> Timer? {
        state.withLock { state in
            while let timer = state.timers.popMin() {
                if state.sleepers[timer.id] != nil { return timer }
            }
            return nil
        }
    }

    private func nextJob() -> Job? {
        let index = state.withLock { $0.ready.count }
        guard index > 0 else { return nil }
        let chosen = index == 1 ? 0 : random.index(below: index)
        return state.withLock { state in
            state.jobsAtNow += 1
            state.ready.swapAt(chosen, state.ready.count - 1)
            return state.ready.removeLast()
        }
    }

    private func fire(_ timer: Timer) {
        let sleeper = state.withLock { state in
            if timer.at > state.now {
                state.now = timer.at
                state.jobsAtNow = 0
            }
            return state.sleepers.removeValue(forKey: timer.id)
        }
        if case .waiting(let continuation) = sleeper { continuation.resume(returning: true) }
    }

    /// Suspends for a while of virtual time.
    ///
    /// - Throws: `CancellationError`.
    func sleep(for duration: Duration) async throws {
        // Others have their turn also where it throws at once: a loop that ignores it is seen as one that spins.
        guard duration > .zero, !Task.isCancelled else {
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
