import Runtime
import Synchronization
import Testing
import WebSockets

@testable import Simulation

@Suite struct ReconnectBackoffTests {
    /// The shortest and the longest of many waits after a loss.
    private func range(
        after code: Int?, losses: Int = 0, up: Duration = .zero
    ) -> (shortest: Duration, longest: Duration)? {
        var waits: [Duration] = []
        for seed in 1...300 as ClosedRange<UInt64> {
            var backoff = ReconnectBackoff()
            let random = RandomSource(seed: seed)
            for _ in 0..<losses { _ = backoff.delay(after: nil, up: .zero, random: random) }
            guard let wait = backoff.delay(after: code, up: up, random: random) else { return nil }
            waits.append(wait)
        }
        return (waits.min() ?? .zero, waits.max() ?? .zero)
    }

    @Test(
        "the wait is drawn from nothing to half a second, doubled with each loss up to 30 s",
        arguments: [(0, 500), (1, 1000), (2, 2000), (5, 16_000), (6, 30_000), (40, 30_000)])
    func doubling(losses: Int, longest: Int) throws {
        let found = try #require(range(after: nil, losses: losses))
        #expect(found.shortest < .milliseconds(longest / 20))
        #expect((Duration.milliseconds(longest * 19 / 20)...Duration.milliseconds(longest)).contains(found.longest))
    }

    @Test("a socket that was open for a minute begins anew")
    func reset() throws {
        #expect(try #require(range(after: nil, losses: 9, up: .seconds(60))).longest <= .milliseconds(500))
        #expect(try #require(range(after: nil, losses: 9, up: .seconds(59))).longest > .seconds(20))
    }

    @Test("the range of a close code says whether and how soon the page comes back")
    func codes() throws {
        #expect(range(after: 4001) == nil && range(after: 4000) == nil && range(after: 4099) == nil)
        let restart = try #require(range(after: 1012))
        #expect(restart.shortest < .seconds(1) && restart.longest > .seconds(9) && restart.longest <= .seconds(10))
        for code in [4100, 4199] {
            let found = try #require(range(after: code))
            #expect(found.shortest >= .seconds(1) && found.longest <= .seconds(2))
            #expect(try #require(range(after: code, losses: 20)).longest > .seconds(25))
        }
        #expect(try #require(range(after: 4200)) == (.zero, .zero))
        for code in [nil, 1000, 1001, 1009] { #expect(try #require(range(after: code)).longest <= .milliseconds(500)) }
    }
}

@Suite struct PipeTests {
    /// What the client got, each with its time in milliseconds, after a script of both sides.
    private func arrivals(
        _ script: @escaping @Sendable (Pipe, any TimeSource) async throws -> Void
    ) throws -> [String] {
        try simulated { context in
            let time = context.surroundings.time
            let pipe = Pipe(
                trace: Trace(time: time) { _ in }, time: time, delay: .milliseconds(20), checkAlive: {})
            let log = Log()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await pipe.arrivals { arrival in
                        let what =
                            switch arrival {
                            case .text(let text, _): text
                            case .closed(let code): "closed \(code.map(String.init) ?? "")"
                            default: "\(arrival)"
                            }
                        log.note("\(time.uptime.wholeMilliseconds) \(what)")
                    }
                }
                group.addTask {
                    for try await frame in pipe.frames {
                        log.note("\(time.uptime.wholeMilliseconds) server \(frame)")
                    }
                }
                try await script(pipe, time)
                try await group.waitForAll()
            }
            return log.all
        }
    }

    @Test("what one side sends arrives at the other after the delay, in order")
    func delay() throws {
        let found = try arrivals { pipe, time in
            try pipe.accept()
            try await pipe.send("one")
            pipe.sendFromClient("hello")
            try await time.sleep(for: .milliseconds(5))
            try await pipe.send("two")
            await pipe.close(.serviceRestart)
        }
        #expect(
            found.filter { !$0.contains("server") } == ["20 opened", "20 one", "25 two", "25 closed 1012"])
        #expect(found.contains("20 server text(\"hello\")"))
    }

    @Test("what is under way when the network loses the connection is lost, in both directions")
    func loss() throws {
        let found = try arrivals { pipe, time in
            try pipe.accept()
            try await time.sleep(for: .milliseconds(50))
            try await pipe.send("lost")
            pipe.sendFromClient("lost")
            try await time.sleep(for: .milliseconds(10))
            pipe.lose()
            await #expect(throws: WireCut.self) { try await pipe.send("too late") }
        }
        #expect(found == ["20 opened", "80 closed "])
    }

    @Test("what a dead process would send is not sent")
    func deadProcess() throws {
        try simulated { context in
            let time = context.surroundings.time
            let pipe = Pipe(trace: Trace(time: time) { _ in }, time: time, delay: .zero) { throw Crashed(point: nil) }
            await #expect(throws: Crashed.self) { try await pipe.send("a") }
            await #expect(throws: Crashed.self) { try await pipe.ping() }
        }
    }
}
