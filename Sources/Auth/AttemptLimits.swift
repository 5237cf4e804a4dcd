import Runtime
import Synchronization

/// At most so many attempts within a while, by key: a sliding window in memory, of bounded size.
final class AttemptLimit: Sendable {
    private let attempts: Int
    private let window: Duration
    private let log = Mutex<[String: [Duration]]>([:])

    init(_ attempts: Int, per window: Duration) {
        self.attempts = attempts
        self.window = window
    }

    /// Counts an attempt where it is within the limit.
    ///
    /// - Returns: nil where it was, else how long to wait.
    func admit(_ key: String, at now: Duration) -> Duration? {
        log.withLock { log in
            if log.count >= AttemptLimit.capacity, log[key] == nil {
                log = log.filter { $0.value.contains { now - $0 < window } }
                // Full of live entries: an attack from everywhere. Slow all newcomers down.
                if log.count >= AttemptLimit.capacity { return window }
            }
            let recent = (log[key] ?? []).filter { now - $0 < window }
            if recent.count >= attempts, let oldest = recent.first {
                log[key] = recent
                return oldest + window - now
            }
            log[key] = recent + [now]
            return nil
        }
    }

    static let capacity = 100_000
}

/// Slows guessing of one account's password down: after five failures 1, 2, 4… up to 300 s between attempts, the
/// same for accounts that do not exist (semantics.md S12.2).
final class FailureDelays: Sendable {
    private struct Failures {
        var count = 0
        var nextAttempt = Duration.zero
    }

    private let failures = Mutex<[String: Failures]>([:])

    /// How long this account has to wait; nil for not at all.
    func delay(for account: String, at now: Duration) -> Duration? {
        failures.withLock { failures in
            guard let nextAttempt = failures[account]?.nextAttempt, nextAttempt > now else { return nil }
            return nextAttempt - now
        }
    }

    func noteFailure(of account: String, at now: Duration) {
        failures.withLock { failures in
            if failures.count >= AttemptLimit.capacity, failures[account] == nil {
                failures = failures.filter { $0.value.nextAttempt > now }
            }
            var entry = failures[account] ?? Failures()
            entry.count += 1
            if entry.count >= 5 {
                entry.nextAttempt = now + min(.seconds(300), .seconds(1 << min(entry.count - 5, 9)))
            }
            failures[account] = entry
        }
    }

    func noteSuccess(of account: String) {
        failures.withLock { _ = $0.removeValue(forKey: account) }
    }
}
