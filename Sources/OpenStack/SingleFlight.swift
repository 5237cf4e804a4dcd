/// Lets one caller do what many ask for at the same time; the others wait for its result.
package actor SingleFlight<Value: Sendable> {
    private typealias Waiter = CheckedContinuation<Result<Value, any Error>?, Never>

    /// Who waits for the flight under way; nil when there is none.
    private var waiters: [Waiter]?

    package init() {}

    /// Does the work, or joins the one who is at it. Where that one is cancelled, the next takes over.
    package func run(_ work: @Sendable () async throws -> Value) async throws -> Value {
        while waiters != nil {
            if let result = await withCheckedContinuation({ waiters?.append($0) }) { return try result.get() }
            try Task.checkCancellation()
        }
        waiters = []
        do {
            let value = try await work()
            land(.success(value))
            return value
        } catch {
            land(error is CancellationError ? nil : .failure(error))
            throw error
        }
    }

    private func land(_ result: Result<Value, any Error>?) {
        let landed = waiters ?? []
        waiters = nil
        for waiter in landed { waiter.resume(returning: result) }
    }
}
