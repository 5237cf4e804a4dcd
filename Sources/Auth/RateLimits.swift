import Runtime

/// How many times something may happen in a span of time, counted for each key, such as an address.
///
/// It lives in memory and is bounded: past its capacity the keys that were quiet longest are forgotten.
struct RateLimit: Sendable {
    let limit: Int
    let window: Duration
    private let capacity: Int
    /// The latest uses of each key, as uptimes, oldest first, at most ``limit``.
    private var uses: [String: [Duration]] = [:]

    init(_ limit: Int, per window: Duration, capacity: Int = 10_000) {
        self.limit = limit
        self.window = window
        self.capacity = capacity
    }

    /// How long a key must wait; nil where it may go on now.
    func wait(_ key: String, at uptime: Duration) -> Duration? {
        guard let uses = uses[key], uses.count == limit, let oldest = uses.first else { return nil }
        let wait = oldest + window - uptime
        return wait > .zero ? wait : nil
    }

    mutating func note(_ key: String, at uptime: Duration) {
        uses[key, default: []].append(uptime)
        if uses[key, default: []].count > limit { uses[key]?.removeFirst() }
        forgetQuietest(&uses, above: capacity) { $0.last ?? .zero }
    }

    /// Counts a use of a key where it may go on now.
    ///
    /// - Returns: how long it must wait, where it may not.
    mutating func take(_ key: String, at uptime: Duration) -> Duration? {
        if let wait = wait(key, at: uptime) { return wait }
        note(key, at: uptime)
        return nil
    }
}

/// Makes guessing one account's password slow: after five failures in a row the next attempt has to wait 1 s, then
/// 2, 4 and so on up to 300 s (semantics.md S12.2). Accounts that do not exist are counted alike.
struct FailedLogins: Sendable {
    private struct Failures: Sendable {
        var count: Int
        var last: Duration
    }

    private let capacity: Int
    private var accounts: [String: Failures] = [:]

    init(capacity: Int = 10_000) {
        self.capacity = capacity
    }

    /// How long an account must wait; nil where it may try now.
    func wait(_ account: String, at uptime: Duration) -> Duration? {
        guard let failures = accounts[account], failures.count >= 5 else { return nil }
        let pause = Duration.seconds(min(300, 1 << min(failures.count - 5, 9)))
        let wait = failures.last + pause - uptime
        return wait > .zero ? wait : nil
    }

    mutating func note(_ account: String, succeeded: Bool, at uptime: Duration) {
        if succeeded {
            accounts[account] = nil
        } else {
            accounts[account] = Failures(count: (accounts[account]?.count ?? 0) + 1, last: uptime)
            forgetQuietest(&accounts, above: capacity, by: \.last)
        }
    }
}

/// Drops the older half of a table that has outgrown its capacity.
private func forgetQuietest<Value>(
    _ table: inout [String: Value], above capacity: Int, by latest: (Value) -> Duration
) {
    guard table.count > capacity else { return }
    let oldestFirst = table.map { (latest($0.value), $0.key) }.sorted { $0 < $1 }
    for (_, key) in oldestFirst.prefix(table.count - capacity / 2) { table[key] = nil }
}
