import Runtime
import Simulation
import Synchronization
import Testing

/// A time that is controlled, on top of a simulation's.
@Suite struct ControlledTimeTests {
    private static let start = Timestamp("2026-01-06T10:00:00Z")!

    /// Runs a body with a controlled time and its driver.
    private func with<Value: Sendable>(
        speed: Double = 1, isPaused: Bool = false,
        _ body: @escaping @Sendable (ControlledTime, any TimeSource) async throws -> Value
    ) throws -> Value {
        try simulate(seed: 1, start: Self.start, limit: .seconds(1 << 20)) { context in
            let base = context.surroundings.time
            let time = ControlledTime(speed: speed, isPaused: isPaused, base: base)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await time.run() }
                defer { group.cancelAll() }
                return try await body(time, base)
            }
        }
    }

    @Test("time that runs at a speed wakes a sleeper that much sooner")
    func speed() throws {
        let (mine, real) = try with(speed: 10) { time, base in
            try await time.sleep(for: .seconds(30))
            return (time.uptime, base.uptime)
        }
        #expect(mine == .seconds(30))
        #expect(real == .seconds(3))
    }

    @Test("a speed that changes is followed by those who already sleep")
    func speedChange() throws {
        let real = try with(speed: 1) { time, base in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await time.sleep(for: .seconds(100)) }
                try await base.sleep(for: .seconds(10))
                try time.setSpeed(45)
                try await group.waitForAll()
                return base.uptime
            }
        }
        #expect(real == .seconds(12))
    }

    @Test("time that stands still does not pass, and goes on where it stood")
    func pause() throws {
        let (before, after, woke) = try with { time, base in
            try await withThrowingTaskGroup(of: Duration.self) { group in
                group.addTask {
                    try await time.sleep(for: .seconds(20))
                    return base.uptime
                }
                try await base.sleep(for: .seconds(5))
                try time.pause()
                let before = time.now
                try await base.sleep(for: .seconds(1000))
                let after = time.now
                try time.resume()
                return (before, after, try await group.next() ?? .zero)
            }
        }
        #expect(before == Self.start + .seconds(5))
        #expect(after == before)
        #expect(woke == .seconds(1020))
    }

    @Test("in a step each sleeper wakes at its own instant, and sleeps on from there")
    func step() throws {
        let log = Log<String>()
        try with(isPaused: true) { time, base in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (name, seconds) in [("a", 4), ("b", 6)] {
                    group.addTask {
                        while true {
                            try await time.sleep(for: .seconds(seconds))
                            log.add("\(name)@\(time.uptime.inSeconds)")
                        }
                    }
                }
                try await base.sleep(for: .seconds(1))
                try await time.step(by: .seconds(13))
                #expect(time.uptime == .seconds(13))
                group.cancelAll()
                try? await group.waitForAll()
            }
        }
        #expect(log.entries.sorted() == ["a@12.0", "a@4.0", "a@8.0", "b@12.0", "b@6.0"])
        #expect(log.entries.prefix(3) == ["a@4.0", "b@6.0", "a@8.0"])
    }

    @Test("thousands of sleepers wake in the order of their instants")
    func manySleepers() throws {
        let order = Log<Int>()
        try with(isPaused: true) { time, base in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<5000 {
                    group.addTask {
                        let seconds = index * 7919 % 5000 + 1
                        try await time.sleep(for: .seconds(seconds))
                        order.add(seconds)
                    }
                }
                while time.state.sleepers < 5000 { try await base.sleep(for: .milliseconds(1)) }
                #expect(time.state.nextWake == Self.start + .seconds(1))
                try await time.step(by: .seconds(5000))
                try await group.waitForAll()
            }
        }
        #expect(order.entries == Array(1...5000))
    }

    @Test("a sleeper that is cancelled ends at once and leaves nothing behind")
    func cancellation() throws {
        let state = try with(isPaused: true) { time, base in
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<1000 {
                    group.addTask {
                        do {
                            try await time.sleep(for: .seconds(60))
                            return false
                        } catch { return error is CancellationError }
                    }
                }
                try? await base.sleep(for: .seconds(1))
                group.cancelAll()
                for await wasCancelled in group { #expect(wasCancelled) }
            }
            return time.state
        }
        #expect(state.sleepers == 0)
        #expect(state.nextWake == nil)
    }

    @Test("who sleeps only while time runs does not wait while it stands still, and wakes when it is paused")
    func impatience() throws {
        let (paused, interrupted, stepped) = try with { time, base in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await time.sleepWhileRunning(for: .seconds(50)) }
                try await base.sleep(for: .seconds(2))
                try time.pause()
                try await group.waitForAll()
            }
            let interrupted = base.uptime
            try await time.sleepWhileRunning(for: .seconds(50))
            let paused = base.uptime
            // A step is time that runs.
            let stepped = Log<Duration>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await time.sleep(for: .seconds(1))
                    try await time.sleepWhileRunning(for: .seconds(3))
                    stepped.add(time.uptime)
                }
                try await base.sleep(for: .milliseconds(1))
                try await time.step(by: .seconds(10))
                try await group.waitForAll()
            }
            return (paused, interrupted, stepped.entries)
        }
        #expect(interrupted == .seconds(2))
        #expect(paused == .seconds(2))
        #expect(stepped == [.seconds(6)])
    }

    @Test("nonsense is refused in words")
    func refusals() throws {
        try with { time, base in
            @Sendable func refusal(_ body: @Sendable () async throws -> Void) async -> ControlledTime.Refusal? {
                do {
                    try await body()
                    return nil
                } catch { return error as? ControlledTime.Refusal }
            }
            #expect(await refusal { try await time.step(by: .seconds(1)) }?.description.contains("pause") == true)
            #expect(await refusal { try time.setSpeed(0) }?.isConflict == false)
            #expect(await refusal { try time.setSpeed(.nan) }?.isConflict == false)
            try time.pause()
            #expect(await refusal { try await time.step(by: .zero) }?.isConflict == false)
            #expect(await refusal { try await time.step(by: .seconds(1 << 30)) }?.isConflict == false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await time.step(by: .seconds(1)) }
                try await base.sleep(for: .milliseconds(1))
                #expect(await refusal { try await time.step(by: .seconds(1)) }?.isConflict == true)
                #expect(await refusal { try time.resume() }?.isConflict == true)
                try await group.waitForAll()
            }
            #expect(time.uptime == .seconds(1))
            // What is asked twice is fine.
            try time.pause()
            try time.resume()
            try time.resume()
        }
    }
}

private final class Log<Entry: Sendable>: Sendable {
    private let content = Mutex<[Entry]>([])

    func add(_ entry: Entry) { content.withLock { $0.append(entry) } }
    var entries: [Entry] { content.withLock { $0 } }
}
