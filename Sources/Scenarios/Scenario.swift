import Runtime

/// A story: a cloud, a portal that may die, users who act, and what must come of it. One file, read by
/// ``Scenario/init(parsing:file:standardCloud:)``; scenarios/README.md shows every key.
public struct Scenario: Equatable, Sendable {
    public var name: String
    public var about: String
    public var seed: UInt64
    /// How many seeds make a set of runs, from ``seed`` on.
    public var seedCount: Int
    /// What tells this story from the others of its matrix, in the order of the file.
    public var parameters: [Parameter] = []
    /// What is in or out by luck.
    public var swarm: [SwarmMember]
    public var start: Timestamp
    /// No run goes on for longer.
    public var limit: Duration
    public var cloud: CloudScenario
    /// What is done to the cloud behind the portal's back.
    public var deeds: [Deed]
    /// How many servers there are on the one store.
    public var instances: Int
    /// Each happens once.
    public var crashes: [Crash]
    /// When a server is told to end, and comes back.
    public var drains: [Drain]
    /// When a server stands still, and wakes up late.
    public var pauses: [Pause]
    /// When nothing can be written.
    public var storeFailures: [StoreFailure]
    public var calm: Calm?
    /// When the portal's wall clock jumps.
    public var clockJumps: [ClockJump]
    /// In the order of the file.
    public var users: [User]
    public var expectations: Expectations

    /// One value of a matrix.
    public struct Parameter: Equatable, Sendable {
        public var name: String
        public var value: String
    }

    /// A fault, deed, crash, pause or failure of the store that a seed may leave out, as if it were not written.
    public struct SwarmMember: Equatable, Sendable {
        public var id: String
        /// Of 1, that it is in.
        public var chance: Double
        public var place: Place
    }

    /// The end of the faults: from then on nothing goes wrong any more, and what must come to rest does.
    public struct Calm: Equatable, Sendable {
        /// Since the start.
        public var after: Duration
        /// How long what must come to rest has for it, once calm has come and the last script has ended.
        public var duration: Duration
    }

    /// The wall clock of the portal is set; its monotonic clock goes on.
    public struct ClockJump: Equatable, Sendable {
        public var at: Spread
        /// Backwards where negative.
        public var by: Duration
        public var place: Place
    }

    /// A server is told to end (SIGTERM): it closes its sockets one by one, ends what it is at, and starts again.
    public struct Drain: Equatable, Sendable {
        public var id: String?
        public var instance: Int
        public var at: Spread
        public var restartAfter: Spread
        public var place: Place
    }

    /// A server stands still, as in a long garbage collection or a machine that is suspended.
    public struct Pause: Equatable, Sendable {
        public var id: String?
        public var instance: Int
        public var at: Spread
        public var duration: Spread
        public var place: Place
    }

    /// The store takes no writes of deployments for a while.
    public struct StoreFailure: Equatable, Sendable {
        public enum Reason: String, CaseIterable, Sendable {
            case full, busy
        }

        public var id: String?
        public var at: Spread
        public var duration: Spread
        public var reason: Reason
        public var place: Place
    }

    /// A death of the portal's process.
    public struct Crash: Equatable, Sendable {
        public enum Moment: Equatable, Sendable {
            /// When a place in the code is passed for the nth time.
            case point(CrashPoint, nth: Int)
            case at(Duration)
        }

        public var id: String?
        public var moment: Moment
        /// Which server dies, from 0.
        public var instance: Int
        public var restartAfter: Spread
        public var place: Place
    }

    public struct User: Equatable, Sendable {
        public var name: String
        /// Whether the e-mail address is verified when the story begins.
        public var isVerified: Bool
        /// From the client to the server and back.
        public var roundTrip: Spread
        /// When the user begins.
        public var arrives: Spread
        public var script: [Step]
        /// How the user's network fails, again and again.
        public var drops: Drops?
        /// What the user does after the script, drawn from the seed.
        public var plan: Plan?
    }

    /// A network that is gone for a while, now and then.
    public struct Drops: Equatable, Sendable {
        /// From the end of one to the next.
        public var every: Spread
        public var duration: Spread
        /// Of 1, that the sockets are only silent, so that nobody is told.
        public var halfOpen: Double
    }

    /// What somebody does whom nobody told what to do.
    public struct Plan: Equatable, Sendable {
        public enum Action: String, CaseIterable, Sendable {
            case create, open, drop, close, delete
        }

        public var actions: Int
        /// Between two actions.
        public var think: Spread
        /// How often each is done, in proportion.
        public var mix: [Action: Int]
        public var place: Place
    }
}

/// Where something is written, for messages.
public struct Place: Equatable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int

    public var description: String { "\(file):\(line):\(column)" }
}
