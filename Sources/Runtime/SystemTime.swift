import Foundation

/// The machine's own time.
public struct SystemTime: TimeSource {
    private let start = ContinuousClock.now

    public init() {}

    public var now: Timestamp {
        Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down)))
    }

    public var uptime: Duration { ContinuousClock.now - start }

    public func sleep(for duration: Duration) async throws {
        guard duration > .zero else {
            try Task.checkCancellation()
            return await Task.yield()
        }
        try await Task.sleep(for: duration, clock: .continuous)
    }
}

/// Time that runs `speed` times as fast as the machine's, from the machine's wall time on.
///
/// It lets a developer watch a boot of 30 s in 3 s; the cloud, the workers and every limit follow it.
public struct ScaledTime: TimeSource {
    private let base = SystemTime()
    private let start: Timestamp
    private let speed: Double

    /// - Parameters:
    ///   - speed: how many seconds pass in one of the machine's; more than zero.
    ///   - earliest: where time begins if the machine's is before that: data of a faster run may be of the future.
    public init(speed: Double, notBefore earliest: Timestamp? = nil) {
        precondition(speed > 0, "time must move on")
        self.speed = speed
        start = max(base.now, earliest ?? base.now)
    }

    public var now: Timestamp { start + uptime }

    public var uptime: Duration { base.uptime * speed }

    public func sleep(for duration: Duration) async throws {
        try await base.sleep(for: duration / speed)
    }
}
