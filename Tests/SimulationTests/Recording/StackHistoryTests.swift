import OpenStack
import Runtime
import Testing

@testable import Simulation

@Suite struct StackHistoryTests {
    /// A history of lines such as `3 server CREATE_FAILED no host`; the stack is `s`.
    private func history(_ lines: String) -> StackHistory {
        let start = Timestamp("2026-01-06T10:00:00Z")!
        let events = lines.split(separator: "\n").enumerated().map { index, line in
            let parts = line.split(separator: " ", maxSplits: 3).map(String.init)
            return StackEvent(
                id: "\(index)", resource: parts[1], status: parts[2],
                reason: parts.count > 3 ? parts[3] : "state changed",
                time: start + .seconds(Int(parts[0])!))
        }
        return StackHistory(events, of: "s")
    }

    @Test("a resource takes from its start to its end, in its making and in its deletion")
    func durations() {
        let history = history(
            """
            0 s CREATE_IN_PROGRESS
            0 port CREATE_IN_PROGRESS
            2 port CREATE_COMPLETE
            2 server CREATE_IN_PROGRESS
            22 server CREATE_COMPLETE
            22 s CREATE_COMPLETE
            90 s DELETE_IN_PROGRESS
            90 server DELETE_IN_PROGRESS
            95 server DELETE_COMPLETE
            """)
        #expect(
            history.steps == [
                .init(resource: "port", action: .create, took: .seconds(2)),
                .init(resource: "server", action: .create, took: .seconds(20)),
                .init(resource: "server", action: .delete, took: .seconds(5)),
            ])
        #expect(history.failures.isEmpty)
    }

    @Test("a server that fails again and again failed for good, and what is cleared away between is no deletion")
    func failsForGood() {
        let history = history(
            """
            0 s CREATE_IN_PROGRESS
            0 server CREATE_IN_PROGRESS
            4 server CREATE_FAILED No valid host was found.
            4 server DELETE_IN_PROGRESS
            5 server DELETE_COMPLETE
            7 server CREATE_IN_PROGRESS
            9 server CREATE_FAILED No valid host was found.
            9 s CREATE_FAILED Resource CREATE failed
            20 s DELETE_IN_PROGRESS
            20 server DELETE_IN_PROGRESS
            23 server DELETE_COMPLETE
            """)
        #expect(
            history.failures == [
                .init(
                    resource: "server", action: .create, reason: "No valid host was found.", took: .seconds(4),
                    times: nil)
            ])
        #expect(history.steps == [.init(resource: "server", action: .delete, took: .seconds(3))])
    }

    @Test("what came about after failures says how often it failed")
    func failsAtFirst() {
        let history = history(
            """
            0 s DELETE_IN_PROGRESS
            0 port DELETE_IN_PROGRESS
            3 port DELETE_FAILED in use
            3 s DELETE_FAILED
            10 s DELETE_IN_PROGRESS
            10 port DELETE_IN_PROGRESS
            12 port DELETE_FAILED in use
            12 s DELETE_FAILED
            30 s DELETE_IN_PROGRESS
            30 port DELETE_IN_PROGRESS
            31 port DELETE_COMPLETE
            """)
        #expect(
            history.failures == [
                .init(resource: "port", action: .delete, reason: "in use", took: .seconds(3), times: 2)
            ])
        #expect(history.steps == [.init(resource: "port", action: .delete, took: .seconds(1))])
    }

    @Test("what a user cancelled, and what was aborted because something else failed, is nobody's failure")
    func cancelled() {
        let history = history(
            """
            0 s CREATE_IN_PROGRESS
            0 port CREATE_IN_PROGRESS
            0 volume CREATE_IN_PROGRESS
            1 server CREATE_IN_PROGRESS
            2 volume CREATE_FAILED no space
            3 port CREATE_FAILED CREATE aborted (user triggered cancel)
            4 server CREATE_FAILED CREATE aborted (Task create from Server "server" Stack "s" [x])
            """)
        #expect(history.failures.map(\.resource) == ["volume"])
    }

    @Test("what ran into Heat's time limit was stuck")
    func stuck() {
        let history = history(
            """
            0 server CREATE_IN_PROGRESS
            1800 server CREATE_FAILED CREATE aborted (Task create from Server "server" Stack "s" [x] Timed out)
            """)
        #expect(history.failures.map(\.isStuck) == [true])
    }
}
