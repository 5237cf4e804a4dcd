/// How much one socket may take and give (semantics.md S8.3, S8.7, S8.9, S8.10, S8.15 and S11.4).
public struct SocketLimits: Sendable {
    public var frameBytes = 8 * 1024
    public var commandsPerMinute = 60
    public var badFramesPerMinute = 10
    public var subscriptions = 100
    public var replayedEvents = 200

    public var pingEvery = Duration.seconds(25)
    /// How long a peer may be silent before it counts as gone.
    public var silence = Duration.seconds(60)
    public var sessionCheckEvery = Duration.seconds(30)
    /// Data is sent only to a session that was known to last so short a time ago: another server may have ended it.
    public var sessionKnownFor = Duration.seconds(1)
    /// How long a frame that is being sent may delay the close frame.
    public var farewell = Duration.seconds(1)

    /// Past these, pending updates of a deployment collapse to the newest.
    public var softBytes = 64 * 1024
    public var softAge = Duration.seconds(2)
    /// Past these, the socket is closed.
    public var hardBytes = 1024 * 1024
    public var hardEvents = 500
    public var hardAge = Duration.seconds(15)
    /// For each deployment.
    public var eventsPerSecond = 20

    public init() {}
}

/// Counts what happened within the last minute.
struct LastMinute {
    private var instants: [Duration] = []

    /// Counts one more.
    ///
    /// - Returns: how many there were in the minute that ends now, this one included.
    mutating func count(at now: Duration) -> Int {
        instants.removeAll { $0 <= now - .seconds(60) }
        instants.append(now)
        return instants.count
    }
}
