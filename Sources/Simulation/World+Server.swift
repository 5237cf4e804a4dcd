import Deployments
import Runtime
import Scenarios
import Synchronization
import WebSockets

// The server processes and their deaths.

extension World {
    /// Runs one of the servers, through its deaths, until the task is cancelled.
    func runServer(_ instance: Int) async throws {
        let actor = serverActor(instance)
        let process = SimulationExecutor.Process(executor)
        var lives = 0
        while true {
            lives += 1
            let random = surroundings.random.stream("server \(instance == 0 ? "" : "\(instance) ")\(lives)")
            let life = try await ServerLife.start(
                on: ground, through: transport, calls: calls, as: actor, feed: feed,
                isAlone: scenario.instances == 1, mutant: mutant, storeFailure: { [self] in storeFailure },
                surroundings: Surroundings(time: surroundings.time, random: random), trace: trace,
                logger: logger, onPoint: { [self] in isDeadly($0, to: instance) }, onCommit: { [self] in observe($0) })
            state.withLock { $0.lives[instance] = life }
            trace.note(actor, "starts")
            let isFirst = lives == 1
            await withTaskGroup(of: Void.self) { group in
                for pause in scenario.pauses where pause.instance == instance {
                    group.addTask { [self] in try? await stop(process, pause, isFirst: isFirst) }
                }
                for index in scenario.crashes.indices where scenario.crashes[index].instance == instance {
                    group.addTask { [self] in try? await killOnTime(life, index) }
                }
                await withTaskExecutorPreference(process) { await life.run() }
                state.withLock { $0.lives[instance] = nil }
                group.cancelAll()
            }
            try Task.checkCancellation()
            let delay = state.withLock { $0.restartAfter[instance] } ?? .fixed(.seconds(1))
            try await surroundings.time.sleep(for: delay.draw(from: surroundings.random.stream("restart")))
        }
    }

    private func serverActor(_ instance: Int) -> String {
        scenario.instances > 1 ? "server/\(instance)" : "server"
    }

    /// Whether a server dies where it passes a point. From here on it has no effect any more.
    private func isDeadly(_ point: CrashPoint, to instance: Int) -> Bool {
        if point == .hubQueued { measureBacklog(of: instance) }
        let isDeadly = state.withLock { state in
            state.pointsPassed[point, default: 0] += 1
            guard !state.isCalm else { return false }
            for (index, crash) in scenario.crashes.enumerated() {
                guard crash.instance == instance, !state.crashed.contains(index),
                    case .point(point, let nth) = crash.moment, state.pointsPassed[point] == nth
                else { continue }
                state.crashed.insert(index)
                state.restartAfter[instance] = crash.restartAfter
                return true
            }
            return false
        }
        if isDeadly { trace.note(serverActor(instance), "dies", ["point": .string(point.rawValue)]) }
        return isDeadly
    }

    /// What waits for a socket is worth a line from here on, in bytes and in events.
    private static let largeBacklog = Hub.Backlog(bytes: 16 * 1024, events: 50)

    /// Notes when more waits for a socket than ever before.
    private func measureBacklog(of instance: Int) {
        guard let backlog = state.withLock({ $0.lives[instance] })?.portal.hub.largestBacklog else { return }
        let isMore = state.withLock { state in
            let isMore =
                backlog.bytes > max(state.backlog.bytes, Self.largeBacklog.bytes)
                || backlog.events > max(state.backlog.events, Self.largeBacklog.events)
            if isMore { state.backlog = backlog }
            return isMore
        }
        guard isMore else { return }
        trace.note(
            serverActor(instance), "backlog",
            ["bytes": .integer(backlog.bytes), "events": .integer(backlog.events)])
    }

    /// Lets a server stand still for a while.
    private func stop(_ process: SimulationExecutor.Process, _ pause: Scenario.Pause, isFirst: Bool) async throws {
        guard isFirst else { return }
        let random = surroundings.random.stream("pause \(pause.instance)")
        try await surroundings.time.sleep(until: pause.at.draw(from: random))
        let actor = serverActor(pause.instance)
        trace.note(actor, "paused")
        process.pause()
        // Whatever becomes of the process, what waits in it must get its turn.
        defer { process.resume() }
        try await surroundings.time.sleep(for: pause.duration.draw(from: random))
        trace.note(actor, "wakes")
    }

    /// Why nothing can be written now.
    private var storeFailure: StoreUnavailable? {
        let now = surroundings.time.uptime
        guard !state.withLock({ $0.isCalm }) else { return nil }
        return zip(scenario.storeFailures, storeWindows).first { $0.1.contains(now) }.map {
            StoreUnavailable($0.0.reason == .full ? .full : .busy)
        }
    }

    private func killOnTime(_ life: ServerLife, _ index: Int) async throws {
        let crash = scenario.crashes[index]
        guard case .at(let instant) = crash.moment, !state.withLock({ $0.crashed.contains(index) }) else { return }
        try await surroundings.time.sleep(until: instant)
        let isDeadly = state.withLock { state in
            guard !state.isCalm, state.crashed.insert(index).inserted else { return false }
            state.restartAfter[crash.instance] = crash.restartAfter
            return true
        }
        guard isDeadly else { return }
        trace.note(serverActor(crash.instance), "dies", ["point": .null])
        life.pulse.stop()
    }

    /// A server that lives; one of them where there are several.
    func life(_ random: RandomSource) -> ServerLife? {
        let lives = state.withLock { $0.lives.sorted { $0.key < $1.key }.map(\.value) }
        guard lives.count > 1 else { return lives.first }
        return lives[random.index(below: lives.count)]
    }

    /// Whether a crash of the story has happened.
    func hasCrashed(_ index: Int) -> Bool { state.withLock { $0.crashed.contains(index) } }
}
