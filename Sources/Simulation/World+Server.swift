import Runtime
import Scenarios
import Synchronization

// The server process and its deaths.

extension World {
    /// Runs the server, through its deaths, until the task is cancelled.
    func runServer() async throws {
        var lives = 0
        while true {
            lives += 1
            let random = surroundings.random.stream("server \(lives)")
            let life = try await ServerLife.start(
                on: ground, through: transport, surroundings: Surroundings(time: surroundings.time, random: random),
                trace: trace, logger: logger, onPoint: { [self] in isDeadly($0) },
                onCommit: { [self] in observe($0) })
            state.withLock { $0.life = life }
            trace.note("server", "starts")
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in try? await killOnTime(life) }
                await life.run()
                state.withLock { $0.life = nil }
                group.cancelAll()
            }
            try Task.checkCancellation()
            let delay = scenario.crash?.restartAfter ?? .fixed(.seconds(1))
            try await surroundings.time.sleep(for: delay.draw(from: surroundings.random.stream("restart")))
        }
    }

    /// Whether the server dies where it passes a point. From here on it has no effect any more.
    private func isDeadly(_ point: CrashPoint) -> Bool {
        let isDeadly = state.withLock { state in
            state.pointsPassed[point, default: 0] += 1
            guard !state.hasCrashed, case .point(point, let nth) = scenario.crash?.moment,
                state.pointsPassed[point] == nth
            else { return false }
            state.hasCrashed = true
            return true
        }
        if isDeadly { trace.note("server", "dies", ["point": .string(point.rawValue)]) }
        return isDeadly
    }

    private func killOnTime(_ life: ServerLife) async throws {
        guard case .at(let instant) = scenario.crash?.moment, !hasCrashed else { return }
        try await surroundings.time.sleep(until: instant)
        state.withLock { $0.hasCrashed = true }
        trace.note("server", "dies", ["point": .null])
        life.pulse.stop()
    }

    var life: ServerLife? { state.withLock { $0.life } }
    var hasCrashed: Bool { state.withLock { $0.hasCrashed } }
}
