import Runtime
import Scenarios
import Testing

@testable import Simulation

/// A server that dies anywhere.
@Suite struct CrashTests {
    /// Passes every point: a create, a deletion, a page that is told of both, a sweep, a logout.
    private static func story(_ crash: String) throws -> Scenario {
        try Library.story(
            text: """
                scenario: dies
                about: The server dies at some point.
                time: { limit: 2h }
                portal:
                  crash: { \(crash), restartAfter: 500ms..5s }
                users:
                  zoe:
                    network: { rtt: 20ms..60ms }
                    script:
                      - login
                      - create: { as: vm, idempotencyKey: k-1 }
                      - open-page: { deployment: vm, tab: t1 }
                      - wait: { deployment: vm, status: ACTIVE, within: 10m }
                      - sleep: 11m # a sweep comes every 10 minutes
                      - delete: { deployment: vm }
                      - wait: { deployment: vm, status: DELETED, within: 10m }
                      - logout
                expect:
                  requests:
                    - { op: heat.stack.create, atMost: 2 }
                  final:
                    - { deployment: vm, status: DELETED, event: The VM is ready }
                    - { cloud: west, liveStacks: 0 }
                """)
    }

    @Test(
        "killed at any point and started again, the wanted state is reached with one stack at most",
        arguments: CrashPoint.allCases)
    func killedAtPoint(point: CrashPoint) throws {
        for seed in 1...5 as ClosedRange<UInt64> {
            let outcome = play(try Self.story("point: \(point.rawValue)"), seed: seed)
            // A point that was not passed is a failure as well.
            #expect(outcome.report == "", "seed \(seed)")
            let deaths = outcome.trace.filter { $0.kind == "dies" }.map { $0["point"]?.string }
            #expect(deaths == [point.rawValue], "seed \(seed)")
            let most = mostStacksAtOnce(outcome)
            #expect(most == 1, "seed \(seed)")
        }
    }

    @Test("killed at any time, the wanted state is reached with one stack at most")
    func killedAtTime() throws {
        for seed in 1...20 as ClosedRange<UInt64> {
            let milliseconds = 100 + (seed * seed * 137) % 40_000
            let outcome = play(try Self.story("at: \(milliseconds)ms"), seed: seed)
            #expect(outcome.report == "", "seed \(seed), \(milliseconds) ms")
            let most = mostStacksAtOnce(outcome)
            #expect(most == 1, "seed \(seed)")
        }
    }

    /// How many stacks were alive at the same time, from the answers of the cloud.
    private func mostStacksAtOnce(_ outcome: RunOutcome) -> Int {
        var (alive, most) = (0, 0)
        for line in outcome.trace where line.kind == "call" {
            switch (line["op"]?.string, line["status"]?.integer) {
            case ("heat.stack.create", 201): alive += 1
            case ("heat.stack.delete", 204): alive = 0
            default: break
            }
            most = max(most, alive)
        }
        return most
    }
}
