import Runtime
import Scenarios

/// How a run came out.
public struct RunOutcome: Sendable {
    /// The name of the story.
    public let scenario: String
    public let seed: UInt64
    public let trace: [Trace.Line]
    public internal(set) var failures: [RunFailure]
    /// Where expectations are written that there was something to look at for, and the others.
    public let evaluated: [Place]
    public let unevaluated: [RunFailure]
    /// How much virtual time passed.
    public let virtualTime: Duration

    public var hasPassed: Bool { failures.isEmpty }

    /// Adds what shows only when all runs are over.
    public mutating func add(_ failures: [RunFailure]) { self.failures += failures }
}

/// Plays a story under virtual time: the portal, its store, its cloud and its users in this process, on this thread.
///
/// - Parameters:
///   - seed: of everything that is drawn; the story's own where nil.
///   - until: ends the run early, without a verdict on what was still to come.
///   - mostLines: how long the trace may become; more is a failure.
///   - mutant: what is wrong with the portal, deliberately.
///   - onLine: is told of each line of the trace as it comes.
public func play(
    _ scenario: Scenario, seed: UInt64? = nil, until: Duration? = nil, mostLines: Int = 100_000,
    mutant: Mutant? = nil,
    onLine: @escaping @Sendable (Trace.Line) -> Void = { _ in }
) -> RunOutcome {
    let seed = seed ?? scenario.seed
    let collected = MutexBox<World?>(nil)
    let clock = MutexBox<(any TimeSource)?>(nil)
    let traced = MutexBox<Trace?>(nil)
    var failures: [RunFailure] = []
    do {
        try simulate(
            seed: seed, start: scenario.start, limit: until ?? scenario.limit,
            isEnough: { traced.get().map { $0.count > mostLines } ?? false },
            { context in
                clock.set(context.surroundings.time)
                let trace = Trace(time: context.surroundings.time, listener: onLine)
                traced.set(trace)
                let world = try World(scenario.planned(seed: seed), in: context, mutant: mutant, trace: trace)
                collected.set(world)
                try await Player(world: world).run()
            })
    } catch SimulationFailure.pastLimit where until != nil {
    } catch let failure as SimulationFailure {
        failures.append(RunFailure("the run did not end: \(failure)"))
    } catch {
        failures.append(RunFailure("the run failed: \(error)"))
    }
    let trace = traced.get()?.lines ?? []
    let secrets = collected.get()?.secrets.all ?? []
    failures = (collected.get()?.failures ?? []) + failures + Invariants.failures(of: trace, secrets: secrets)
    let verdicts = collected.get()?.verdicts ?? []
    return RunOutcome(
        scenario: scenario.name, seed: seed, trace: trace, failures: failures,
        evaluated: verdicts.filter(\.isEvaluated).map(\.place),
        unevaluated: verdicts.filter { !$0.isEvaluated }.map(\.failure),
        virtualTime: clock.get()?.uptime ?? .zero)
}
