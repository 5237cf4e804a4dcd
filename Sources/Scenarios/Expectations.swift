import Runtime

/// What must hold.
public struct Expectations: Equatable, Sendable {
    public var final: [Final] = []
    public var moments: [Moment] = []
    public var always: [Always] = []
    public var never: [Never] = []
    /// What a set of runs must have reached.
    public var sometimes: [Sometimes] = []
    public var counts: [Count] = []
    public var sockets: [Socket] = []

    /// The state when the story is over.
    public struct Final: Equatable, Sendable {
        public enum Fact: Equatable, Sendable {
            case deployment(String, status: String?, lastError: String?, event: String?)
            case cloud(region: String, liveStacks: Int)
            /// What a page shows.
            case page(tab: String, status: String)
        }

        public var fact: Fact
        /// Where a deployment has another status, nothing is expected.
        public var given: Condition?
        public var place: Place
    }

    public struct Condition: Equatable, Sendable {
        public var deployment: String
        public var status: String
    }

    /// The status of a deployment at a time, or until a time.
    public struct Moment: Equatable, Sendable {
        public enum Kind: Equatable, Sendable {
            case at(Duration)
            case within(Duration)
        }

        public var kind: Kind
        public var deployment: String
        public var statuses: [String]
        public var place: Place
    }

    /// Which statuses a deployment may have at all.
    public struct Always: Equatable, Sendable {
        public var deployment: String
        public var statuses: [String]
        /// From when on, since the start.
        public var after: Duration
        public var place: Place
    }

    /// What must not be at any time.
    public struct Never: Equatable, Sendable {
        public enum Subject: Equatable, Sendable {
            case status(deployment: String, String)
            case change(deployment: String, from: String, to: String)
            /// On any tab where nil.
            case frame(Pattern, tab: String?)
        }

        public var subject: Subject
        public var place: Place
    }

    /// What at least one of a set of runs must reach.
    public struct Sometimes: Equatable, Sendable {
        public enum Subject: Equatable, Sendable {
            case status(String)
            case change(from: String, to: String)
            /// Of `lastError`, or of an error frame.
            case code(String)
            case close(Int)
            case crash(CrashPoint)
            /// A call of the cloud's operation that was answered so.
            case call(String, status: Int)
        }

        public var subject: Subject
        public var place: Place
    }

    /// How often something was asked.
    public struct Count: Equatable, Sendable {
        public enum Subject: Equatable, Sendable {
            case operation(String, region: String?, status: Int?)
            /// `${label}` in the path stands for a deployment's id; `*` for any text.
            case http(method: String, path: String, user: String?)
            /// Messages of this type that clients sent over their sockets.
            case sent(type: String, user: String?)
        }

        public var subject: Subject
        public var range: ClosedRange<Int>
        /// In any while of this length; in the whole run where nil.
        public var over: Duration?
        public var place: Place
    }

    /// What a page's sockets got, all of them one after the other.
    public struct Socket: Equatable, Sendable {
        public enum Part: Equatable, Sendable {
            case frame(Pattern)
            /// A frame, and which others may come before it.
            case until(Pattern, between: [Pattern])
            /// Which frames may follow to the end.
            case rest(only: [Pattern])
            /// Frames in this order, with any others before, between and after them.
            case contains([Pattern])
        }

        public var tab: String
        /// Whether a key that is not written down is a failure.
        public var isExact: Bool
        public var sequence: [Part]
        public var place: Place
    }
}
