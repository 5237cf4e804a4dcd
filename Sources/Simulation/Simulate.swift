import Runtime
import Synchronization

/// What a simulated body is given.
public struct SimulationContext: Sendable {
    /// Virtual time and randomness of the seed.
    public let surroundings: Surroundings
    /// For actors that need an executor of their own, such as a database's lanes.
    public let serialExecutor: any SerialExecutor
    let executor: SimulationExecutor
}

/// A simulation that did not come to its end.
public enum SimulationFailure: Error, Equatable, CustomStringConvertible {
    /// Everything waits, and nothing will wake it.
    case stalled(at: Duration)
    case pastLimit(Duration)
    /// Work goes on and on while time stands still.
    case spinning(at: Duration)
    /// Enough was seen of it.
    case cut(at: Duration)

    public var description: String {
        switch self {
        case .stalled(let at): "at \(at.inSeconds) s everything waits for something that will not happen"
        case .pastLimit(let limit): "it is not over after \(limit.inSeconds) s"
        case .spinning(let at): "at \(at.inSeconds) s work goes on and on while time stands still"
        case .cut(let at): "at \(at.inSeconds) s so much had happened that it was ended"
        }
    }
}

/// Runs a body to its end under virtual time, on the calling thread: for the same seed always the same run.
///
/// - Parameters:
///   - start: the wall time at which it begins.
///   - limit: how far virtual time may go.
///   - isEnough: is asked before each step; true ends the run.
/// - Throws: ``SimulationFailure``, or what the body throws.
public func simulate<Value: Sendable>(
    seed: UInt64, start: Timestamp, limit: Duration, isEnough: () -> Bool = { false },
    _ body: @escaping @Sendable (SimulationContext) async throws -> Value
) throws -> Value {
    let random = RandomSource(seed: seed)
    let executor = SimulationExecutor(random: random.stream("schedule"))
    let context = SimulationContext(
        surroundings: Surroundings(
            time: VirtualTime(executor: executor, start: start), random: random.stream("world")),
        serialExecutor: executor.serial, executor: executor)
    let result = ResultBox<Value>()
    // The one root of all tasks of the run; its executor is driven right below.
    let root = Task(executorPreference: executor) {
        do {
            let value = try await body(context)
            result.value.withLock { $0 = .success(value) }
        } catch {
            result.value.withLock { $0 = .failure(error) }
        }
    }
    let end = executor.run(until: limit) { isEnough() || result.value.withLock { $0 != nil } }
    if let outcome = result.value.withLock({ $0 }) { return try outcome.get() }
    let instant = executor.now
    // Let what is left unwind, so that nothing of it outlives the run.
    root.cancel()
    _ = executor.run(until: limit) { result.value.withLock { $0 != nil } }
    switch end {
    case .stalled: throw SimulationFailure.stalled(at: instant)
    case .spinning: throw SimulationFailure.spinning(at: instant)
    case .finished: throw SimulationFailure.cut(at: instant)
    case .limit: throw SimulationFailure.pastLimit(limit)
    }
}

private final class ResultBox<Value: Sendable>: Sendable {
    let value = Mutex<Result<Value, any Error>?>(nil)
}
