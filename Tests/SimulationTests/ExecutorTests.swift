import Foundation
import Runtime
import Synchronization
import Testing

@testable import Simulation

/// Runs a body in a simulation that may take a virtual hour.
func simulated<Value: Sendable>(
    seed: UInt64 = 1, limit: Duration = .seconds(3600),
    _ body: @escaping @Sendable (SimulationContext) async throws -> Value
) throws -> Value {
    try simulate(seed: seed, start: Timestamp(milliseconds: 0), limit: limit, body)
}

/// What happened, in order.
final class Log: Sendable {
    private let entries = Mutex<[String]>([])

    func note(_ entry: String) { entries.withLock { $0.append(entry) } }
    var all: [String] { entries.withLock { $0 } }
}

private actor Counter {
    private(set) var value = 0

    func increment() -> Int {
        value += 1
        return value
    }
}

private actor Pinned {
    private nonisolated let executor: any SerialExecutor
    private(set) var threads: Set<UInt> = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(on executor: any SerialExecutor) {
        self.executor = executor
    }

    func visit() { threads.insert(currentThread()) }
}

private func currentThread() -> UInt {
    UInt(bitPattern: Unmanaged.passUnretained(Thread.current).toOpaque())
}

@Suite struct ExecutorTests {
    /// Ten tasks that each take a turn, in the order in which they come to it.
    private func interleaving(seed: UInt64) throws -> [String] {
        try simulated(seed: seed) { _ in
            let log = Log()
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<10 { group.addTask { log.note("\(index)") } }
            }
            return log.all
        }
    }

    @Test("which of the ready jobs is next comes from the seed")
    func order() throws {
        let first = try interleaving(seed: 1)
        for _ in 0..<20 { #expect(try interleaving(seed: 1) == first) }
        let others = try (2...10).map { try interleaving(seed: $0) }
        #expect(Set(others + [first]).count > 5)
        #expect(others.allSatisfy { $0.sorted() == first.sorted() })
    }

    @Test("sleepers wake at their time, and time does not pass otherwise")
    func timers() throws {
        let log = Log()
        try simulated { context in
            let time = context.surroundings.time
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seconds in [30, 10, 20] {
                    group.addTask {
                        try await time.sleep(for: .seconds(seconds))
                        log.note("\(seconds) at \(time.uptime.inSeconds), \(time.now)")
                    }
                }
                try await group.waitForAll()
            }
            #expect(time.uptime == .seconds(30))
            for _ in 0..<100 { await Task.yield() }
            try await time.sleep(for: .zero)
            #expect(time.uptime == .seconds(30))
        }
        #expect(
            log.all == [
                "10 at 10.0, 1970-01-01T00:00:10.000Z", "20 at 20.0, 1970-01-01T00:00:20.000Z",
                "30 at 30.0, 1970-01-01T00:00:30.000Z",
            ])
    }

    @Test("of timers for the same instant the one that was set first is first, whatever the seed", arguments: 1...10)
    func ties(seed: UInt64) throws {
        let log = Log()
        try simulated(seed: seed) { context in
            let time = context.surroundings.time
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<5 {
                    group.addTask {
                        // Set one after the other, due together.
                        try? await time.sleep(for: .milliseconds(index))
                        try? await time.sleep(until: .seconds(1))
                        log.note("\(index)")
                    }
                }
            }
        }
        #expect(log.all == ["0", "1", "2", "3", "4"])
    }

    @Test("a cancelled sleep ends at once, and its timer moves no time")
    func cancelledSleep() throws {
        try simulated { context in
            let time = context.surroundings.time
            await withTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do {
                        try await time.sleep(for: .seconds(1000))
                        return false
                    } catch {
                        return error is CancellationError
                    }
                }
                try? await time.sleep(for: .seconds(5))
                group.cancelAll()
                #expect(await group.next() == true)
            }
            #expect(time.uptime == .seconds(5))
            try await time.sleep(for: .seconds(2000))
            #expect(time.uptime == .seconds(2005))
        }
    }

    @Test("a sleep of a task that is cancelled already throws")
    func sleepAfterCancellation() throws {
        try simulated { context in
            let time = context.surroundings.time
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask {
                    await #expect(throws: CancellationError.self) { try await time.sleep(for: .seconds(1)) }
                    await #expect(throws: CancellationError.self) { try await time.sleep(for: .zero) }
                }
            }
            #expect(time.uptime == .zero)
        }
    }

    @Test("actors, groups, async let, streams and lanes all stay on the one thread that drives the run")
    func noJobEscapes() throws {
        let caller = currentThread()
        let threads = Log()
        @Sendable func look() { threads.note("\(currentThread())") }
        let visited = try simulated { context in
            let time = context.surroundings.time
            let pinned = Pinned(on: context.serialExecutor)
            let counter = Counter()
            let lane = Lane(on: context.serialExecutor)
            let (stream, continuation) = AsyncStream<Int>.makeStream()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        look()
                        try await time.sleep(for: .milliseconds(index % 3))
                        look()
                        await pinned.visit()
                        look()
                        continuation.yield(await counter.increment())
                        await lane.perform { look() }
                        look()
                    }
                }
                group.addTask {
                    var seen = 0
                    for await _ in stream {
                        look()
                        seen += 1
                        if seen == 20 { break }
                    }
                }
                async let left = counter.increment()
                async let right = counter.increment()
                _ = await (left, right)
                look()
                try await group.waitForAll()
            }
            #expect(await counter.value == 22)
            return await pinned.threads
        }
        #expect(Set(threads.all) == ["\(caller)"])
        #expect(visited == [caller])
    }

    @Test("a run in which everything waits for ever is stalled, and says when")
    func stall() throws {
        #expect(throws: SimulationFailure.stalled(at: .seconds(3))) {
            try simulated { context in
                try await context.surroundings.time.sleep(for: .seconds(3))
                _ = await Signal().wait()
            }
        }
    }

    @Test("timers that nobody waits for any more do not keep a stalled run going")
    func stallBehindCancelledTimers() throws {
        #expect(throws: SimulationFailure.stalled(at: .zero)) {
            try simulated(limit: .seconds(10)) { context in
                let signal = Signal()
                let raised = Signal()
                raised.raise()
                try await context.surroundings.time.wait(for: raised, atMost: .seconds(1000))
                _ = await signal.wait()
            }
        }
    }

    @Test("a run that is not over at its limit is ended there, and what is left of it unwinds")
    func limit() throws {
        let log = Log()
        #expect(throws: SimulationFailure.pastLimit(.seconds(10))) {
            try simulated(limit: .seconds(10)) { context in
                defer { log.note("unwound") }
                while true {
                    try await context.surroundings.time.sleep(for: .seconds(3))
                    log.note("\(context.surroundings.time.uptime.inSeconds)")
                }
            }
        }
        #expect(log.all == ["3.0", "6.0", "9.0", "unwound"])
    }

    @Test("work that goes on while time stands still is found, also where it waits in a cancelled task")
    func spinning() throws {
        #expect(throws: SimulationFailure.spinning(at: .seconds(2))) {
            try simulated { context in
                let time = context.surroundings.time
                try await time.sleep(for: .seconds(2))
                await withTaskGroup(of: Void.self) { group in
                    group.cancelAll()
                    group.addTask {
                        while time.uptime < .seconds(5) { try? await time.sleep(for: .seconds(1)) }
                    }
                }
            }
        }
    }

    @Test("what the body throws is thrown")
    func thrownError() {
        struct Broken: Error {}
        #expect(throws: Broken.self) { try simulated { _ in throw Broken() } }
    }
}
