/// Runs synchronous work one piece after the other, away from the threads that other tasks need.
///
/// A database call blocks its thread. Production gives a lane a serial executor with a thread of its own; a
/// simulation gives it the simulation's executor, so the call is one step of the run.
public actor Lane {
    private nonisolated let executor: any SerialExecutor

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    public init(on executor: any SerialExecutor) {
        self.executor = executor
    }

    public func perform<Value: Sendable>(_ work: @Sendable () throws -> Value) rethrows -> Value {
        try work()
    }
}
