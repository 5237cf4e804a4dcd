import OpenStack
import Synchronization
import Testing

@Suite struct SingleFlightTests {
    struct Refused: Error {}

    /// Work that ends when a test says so.
    final class Work: Sendable {
        private let continuations = Mutex<[CheckedContinuation<Void, Never>]>([])
        private let count = Mutex(0)

        var begun: Int { count.withLock { $0 } }

        func wait() async {
            await withCheckedContinuation { continuation in
                continuations.withLock { $0.append(continuation) }
                count.withLock { $0 += 1 }
            }
        }

        func finish() {
            let all = continuations.withLock { continuations in
                defer { continuations = [] }
                return continuations
            }
            for continuation in all { continuation.resume() }
        }
    }

    let flight = SingleFlight<Int>()
    let work = Work()

    /// Lets tasks that were started come to their wait.
    func settle() async { for _ in 0..<1000 { await Task.yield() } }

    @Test("many at once share one result, and one failure", arguments: [false, true])
    func shared(fails: Bool) async throws {
        let results = await withTaskGroup(of: Int?.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try? await flight.run {
                        await work.wait()
                        if fails { throw Refused() }
                        return 7
                    }
                }
            }
            while work.begun == 0 { await Task.yield() }
            await settle()
            work.finish()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(results == Array(repeating: fails ? nil : 7, count: 10))
        #expect(work.begun == 1)
    }

    @Test("the next one after a result does the work anew")
    func again() async throws {
        let runs = Mutex(0)
        for expected in 1...2 {
            let value = try await flight.run {
                runs.withLock { runs in
                    runs += 1
                    return runs
                }
            }
            #expect(value == expected)
        }
    }

    @Test("who waits may give up without waiting for the one at work")
    func waiterGivesUp() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group async throws in
            group.addTask {
                try await flight.run {
                    await work.wait()
                    return 7
                }
            }
            while work.begun == 0 { await Task.yield() }
            await withTaskGroup(of: Void.self) { waiters in
                waiters.addTask {
                    await #expect(throws: CancellationError.self) { _ = try await flight.run { 8 } }
                }
                await settle()
                waiters.cancelAll()
            }
            work.finish()
            #expect(try await group.next() == 7)
        }
    }

    @Test("where the one at work is cancelled, one of those who wait takes over")
    func takeOver() async throws {
        try await withThrowingTaskGroup(of: Int.self) { group async throws in
            await withTaskGroup(of: Void.self) { leader in
                leader.addTask {
                    await #expect(throws: CancellationError.self) {
                        _ = try await flight.run {
                            await work.wait()
                            try Task.checkCancellation()
                            return 7
                        }
                    }
                }
                while work.begun == 0 { await Task.yield() }
                for _ in 0..<3 { group.addTask { try await flight.run { 8 } } }
                await settle()
                leader.cancelAll()
                work.finish()
            }
            for _ in 0..<3 { #expect(try await group.next() == 8) }
        }
    }
}
