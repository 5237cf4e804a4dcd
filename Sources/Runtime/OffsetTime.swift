import Synchronization

/// Time whose wall clock is wrong by a while, and may jump; its uptime is that of the time under it.
public final class OffsetTime: TimeSource {
    private let base: any TimeSource
    private let ahead: Mutex<Duration>

    /// - Parameter offset: how much the wall clock is ahead.
    public init(_ base: any TimeSource, offset: Duration = .zero) {
        self.base = base
        ahead = Mutex(offset)
    }

    public var offset: Duration {
        get { ahead.withLock { $0 } }
        set { ahead.withLock { $0 = newValue } }
    }

    public var now: Timestamp { base.now + offset }
    public var uptime: Duration { base.uptime }

    public func sleep(for duration: Duration) async throws { try await base.sleep(for: duration) }

    public func sleepWhileRunning(for duration: Duration) async throws {
        try await base.sleepWhileRunning(for: duration)
    }
}
