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
