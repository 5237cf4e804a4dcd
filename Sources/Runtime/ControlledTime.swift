import HeapModule
import Synchronization

/// Time that somebody controls: it stands still, moves by a step, or runs at a speed. Everything that sleeps by it
/// follows: a sleeper wakes when this time has come to its instant, however that happened.
///
/// It needs ``run()`` to go on beside it: that wakes the sleepers while time runs.
public final class ControlledTime: TimeSource, Sendable {
    /// How time goes, seen from outside.
    public struct State: Equatable, Sendable {
        public let now: Timestamp
        public let uptime: Duration
        public let speed: Double
        public let isPaused: Bool
        /// When the next sleeper wakes, as an instant of ``now``.
        public let nextWake: Timestamp?
        public let sleepers: Int
    }

    /// What nobody can do with time, or not now.
    public struct Refusal: Error, Equatable, CustomStringConvertible {
        public let description: String
        /// Whether it is the moment that is wrong, not the value.
        public let isConflict: Bool
    }

    public static let speeds = 0.001...1000.0
    public static let longestStep = Duration.seconds(7 * 24 * 3600)

    /// How long those who were woken in a step are given to fall asleep again, in the machine's time.
    private static let settling = Duration.milliseconds(2)

    private struct Alarm: Comparable {
        let at: Duration
        let id: Int

        static func < (left: Alarm, right: Alarm) -> Bool { (left.at, left.id) < (right.at, right.id) }
    }

    private enum Sleeper {
        case unborn
        case cancelled
        case waiting(CheckedContinuation<Bool, Never>)
    }

    private struct Inner {
        /// This time's uptime when the base's was `anchor`.
        var uptime = Duration.zero
        var anchor: Duration
        var speed: Double
        var isPaused: Bool
        var isStepping = false
        var alarms = Heap<Alarm>()
        var sleepers: [Int: Sleeper] = [:]
        /// Those who do not wait for a time that stands still.
        var impatient: Set<Int> = []
        var nextId = 0

        var standsStill: Bool { isPaused && !isStepping }

        func uptime(at base: Duration) -> Duration {
            isPaused ? uptime : max(uptime, uptime + (base - anchor) * speed)
        }

        mutating func settle(at base: Duration) {
            uptime = uptime(at: base)
            anchor = base
        }

        /// Drops alarms whose sleepers are gone, and gives the earliest of the others.
        mutating func nextAlarm() -> Alarm? {
            if alarms.count > 2 * sleepers.count + 64 {
                let alive = alarms.unordered.filter { sleepers[$0.id] != nil }
                alarms = Heap(alive)
            }
            while let alarm = alarms.min, sleepers[alarm.id] == nil { alarms.removeMin() }
            return alarms.min
        }

        /// Takes out the sleepers whose instant has come, in the order of their instants.
        mutating func wake() -> [CheckedContinuation<Bool, Never>] {
            var woken: [CheckedContinuation<Bool, Never>] = []
            while let alarm = nextAlarm(), alarm.at <= uptime {
                alarms.removeMin()
                impatient.remove(alarm.id)
                if case .waiting(let continuation)? = sleepers.removeValue(forKey: alarm.id) {
                    woken.append(continuation)
                }
            }
            return woken
        }

        mutating func wakeImpatient() -> [CheckedContinuation<Bool, Never>] {
            let ids = impatient.sorted()
            impatient = []
            return ids.compactMap { id in
                guard case .waiting(let continuation)? = sleepers.removeValue(forKey: id) else { return nil }
                return continuation
            }
        }
    }

    private let base: any TimeSource
    private let start: Timestamp
    private let inner: Mutex<Inner>
    private let changed = Signal()

    /// - Parameters:
    ///   - speed: how many seconds pass in one of the base's while time runs; within ``speeds``.
    ///   - isPaused: whether time stands still at first.
    ///   - earliest: where time begins if the base's wall time is before that: data of a faster run may be of the
    ///     future.
    public init(
        speed: Double = 1, isPaused: Bool = false, notBefore earliest: Timestamp? = nil,
        base: any TimeSource = SystemTime()
    ) {
        precondition(Self.speeds.contains(speed), "no such speed")
        self.base = base
        start = max(base.now, earliest ?? base.now)
        inner = Mutex(Inner(anchor: base.uptime, speed: speed, isPaused: isPaused))
    }

    public var now: Timestamp { start + uptime }

    public var uptime: Duration {
        let instant = base.uptime
        return inner.withLock { $0.uptime(at: instant) }
    }

    public var state: State {
        let instant = base.uptime
        return inner.withLock { inner in
            let uptime = inner.uptime(at: instant)
            return State(
                now: start + uptime, uptime: uptime, speed: inner.speed, isPaused: inner.isPaused,
                nextWake: inner.nextAlarm().map { start + $0.at }, sleepers: inner.sleepers.count)
        }
    }

    // Control.

    /// Lets time stand still. Whoever sleeps only while time runs wakes.
    ///
    /// - Throws: ``Refusal`` during a step.
    public func pause() throws(Refusal) {
        let woken = try change { inner in
            inner.isPaused = true
            return inner.wakeImpatient()
        }
        for continuation in woken { continuation.resume(returning: true) }
    }

    /// Lets time run.
    ///
    /// - Throws: ``Refusal`` during a step.
    public func resume() throws(Refusal) {
        try change { $0.isPaused = false }
    }

    /// - Throws: ``Refusal`` for a speed that is none, and during a step.
    public func setSpeed(_ speed: Double) throws(Refusal) {
        guard Self.speeds.contains(speed) else {
            throw Refusal(description: "speed is a number from 0.001 to 1000, not \(speed)", isConflict: false)
        }
        try change { $0.speed = speed }
    }

    private func change<Value>(_ body: (inout Inner) -> Value) throws(Refusal) -> Value {
        let instant = base.uptime
        let value = inner.withLock { inner -> Value? in
            guard !inner.isStepping else { return nil }
            inner.settle(at: instant)
            return body(&inner)
        }
        guard let value else { throw Self.stepping }
        changed.raise()
        return value
    }

    private static let stepping = Refusal(description: "a step is under way: wait for its answer", isConflict: true)

    /// Moves a time that stands still on by a while: from alarm to alarm, so that each sleeper wakes at its own
    /// instant, and what it sleeps next begins there.
    ///
    /// - Throws: ``Refusal`` where time runs, another step is under way, or the step is none; `CancellationError`,
    ///   with time as far as it came.
    public func step(by duration: Duration) async throws {
        guard duration > .zero, duration <= Self.longestStep else {
            throw Refusal(description: "a step is longer than 0 and at most 168h", isConflict: false)
        }
        let target = try inner.withLock { inner throws(Refusal) -> Duration in
            guard !inner.isStepping else { throw Self.stepping }
            guard inner.isPaused else {
                throw Refusal(description: "time runs: pause it before a step", isConflict: true)
            }
            inner.isStepping = true
            return inner.uptime + duration
        }
        defer {
            let woken = inner.withLock { inner in
                inner.isStepping = false
                return inner.wakeImpatient()
            }
            for continuation in woken { continuation.resume(returning: true) }
        }
        while true {
            let (woken, isDone) = inner.withLock { inner in
                let next = inner.nextAlarm()?.at ?? target
                inner.uptime = max(inner.uptime, min(next, target))
                return (inner.wake(), inner.uptime == target)
            }
            for continuation in woken { continuation.resume(returning: true) }
            try await base.sleep(for: Self.settling)
            if isDone { return }
        }
    }

    // Sleep.

    public func sleep(for duration: Duration) async throws {
        try await sleep(for: duration, isImpatient: false)
    }

    /// Sleeps, unless time stands still: a call is answered then all the same.
    public func sleepWhileRunning(for duration: Duration) async throws {
        try await sleep(for: duration, isImpatient: true)
    }

    private func sleep(for duration: Duration, isImpatient: Bool) async throws {
        try Task.checkCancellation()
        guard duration > .zero else {
            await Task.yield()
            return try Task.checkCancellation()
        }
        let instant = base.uptime
        let id = inner.withLock { inner in
            inner.nextId += 1
            inner.sleepers[inner.nextId] = .unborn
            return inner.nextId
        }
        let isAwake = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (answer, isNext) = inner.withLock { inner -> (Bool?, Bool) in
                    guard case .unborn? = inner.sleepers[id], !(isImpatient && inner.standsStill) else {
                        let isCancelled = if case .cancelled? = inner.sleepers[id] { true } else { false }
                        inner.sleepers[id] = nil
                        return (!isCancelled, false)
                    }
                    let alarm = Alarm(at: inner.uptime(at: instant) + duration, id: id)
                    let isNext = inner.nextAlarm().map { alarm < $0 } ?? true
                    inner.sleepers[id] = .waiting(continuation)
                    if isImpatient { inner.impatient.insert(id) }
                    inner.alarms.insert(alarm)
                    return (nil, isNext)
                }
                if let answer { continuation.resume(returning: answer) }
                if isNext { changed.raise() }
            }
        } onCancel: {
            let waiter = inner.withLock { inner -> CheckedContinuation<Bool, Never>? in
                inner.impatient.remove(id)
                guard case .waiting(let continuation)? = inner.sleepers[id] else {
                    if inner.sleepers[id] != nil { inner.sleepers[id] = .cancelled }
                    return nil
                }
                inner.sleepers[id] = nil
                return continuation
            }
            waiter?.resume(returning: false)
        }
        guard isAwake else { throw CancellationError() }
    }

    /// Wakes the sleepers while time runs, until the task is cancelled.
    ///
    /// - Throws: `CancellationError`.
    public func run() async throws {
        while true {
            let instant = base.uptime
            let (woken, rest) = inner.withLock { inner -> ([CheckedContinuation<Bool, Never>], Duration?) in
                guard !inner.isPaused else { return ([], nil) }
                inner.settle(at: instant)
                let woken = inner.wake()
                return (woken, inner.nextAlarm().map { ($0.at - inner.uptime) / inner.speed })
            }
            for continuation in woken { continuation.resume(returning: true) }
            if let rest {
                try await base.wait(for: changed, atMost: rest)
            } else {
                _ = await changed.wait()
                try Task.checkCancellation()
            }
        }
    }
}
