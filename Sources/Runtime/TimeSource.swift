/// The one place that time comes from: a wall clock, a monotonic clock and sleep.
///
/// Production uses ``SystemTime``, a server with a fake cloud ``ControlledTime``, a simulation its virtual time. Nothing
/// else in the package reads a clock, so a simulated run owns all of its time.
public protocol TimeSource: Sendable {
    /// The wall time. It may step, also backwards.
    var now: Timestamp { get }

    /// The time since this source began. It never steps.
    var uptime: Duration { get }

    /// Suspends for a duration of this source's time; zero or less returns after other work had its turn.
    ///
    /// - Throws: `CancellationError` if the task is cancelled before or while it sleeps.
    func sleep(for duration: Duration) async throws

    /// The same, but not for longer than this source's time runs: where it can stand still, whoever waits only to be
    /// as slow as a network does not wait then.
    func sleepWhileRunning(for duration: Duration) async throws
}

extension TimeSource {
    public func sleepWhileRunning(for duration: Duration) async throws { try await sleep(for: duration) }
}

/// An operation did not end within its limit.
public struct TimedOut: Error, CustomStringConvertible {
    public let limit: Duration

    public var description: String { "timed out after \(limit)" }
}

extension TimeSource {
    /// Sleeps until ``uptime`` has reached `instant`.
    public func sleep(until instant: Duration) async throws {
        try await sleep(for: instant - uptime)
    }

    /// Runs an operation and cancels it when the limit has passed.
    ///
    /// - Throws: ``TimedOut`` after the limit, else what the operation throws. The operation must react to
    ///   cancellation: this waits for it to end.
    public func withTimeout<Value: Sendable>(
        _ limit: Duration, _ operation: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await operation() }
            group.addTask {
                try await self.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next(), let value = first else { throw TimedOut(limit: limit) }
            return value
        }
    }

    /// Waits until the signal is raised, at most for a while.
    ///
    /// - Returns: whether the signal was raised.
    /// - Throws: `CancellationError` if the task is cancelled.
    @discardableResult
    public func wait(for signal: Signal, atMost limit: Duration) async throws -> Bool {
        let raised = await withTaskGroup(of: Bool.self) { group in
            group.addTask { await signal.wait() }
            group.addTask {
                try? await self.sleep(for: limit)
                return false
            }
            let first = await group.next() ?? false
            group.cancelAll()
            // The loser may have won meanwhile; a raised signal must not be lost.
            return await group.reduce(first) { $0 || $1 }
        }
        try Task.checkCancellation()
        return raised
    }
}
