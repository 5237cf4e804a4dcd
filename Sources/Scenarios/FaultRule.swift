import Runtime

/// A rule by which calls to the cloud go wrong (`cloud.faults`).
///
/// A request that matches ``operations`` and ``target`` moves the rule's counter and its draws, whether another rule
/// wins or not, so that a rule more does not move the others. Rules are tried in their order and the first that fires
/// wins; one that is a layer only adds its delay.
public struct FaultRule: Equatable, Sendable {
    /// Which requests are counted together.
    public enum Scope: String, CaseIterable, Sendable {
        case global, region, stack
    }

    public struct Target: Equatable, Sendable {
        public var region: String?
        /// A pattern over the stack's name, with `*` for any text.
        public var stack: String?
    }

    /// What must hold of a request's number, from 1, and of the moment; all that is given must.
    public struct When: Equatable, Sendable {
        public var nth: [Int] = []
        public var first: Int?
        public var every: Int?
        public var afterCount: Int?
        /// Of 1.
        public var chance: Double?
        public var window: Window?
        /// Fires for the requests past a limit.
        public var rate: Rate?
        public var per = Scope.global
    }

    /// So many requests in any while of a length are let through.
    public struct Rate: Equatable, Sendable {
        public var limit: Int
        public var length: Duration
    }

    /// A while, since the rule was armed. Drawn once.
    public struct Window: Equatable, Sendable {
        public enum End: Equatable, Sendable {
            case at(Spread)
            case after(Spread)
            case never
        }

        public var from: Spread
        public var end: End
    }

    public enum Effect: Equatable, Sendable {
        case none
        case applied
        /// So long after the answer.
        case late(Spread)
    }

    /// How the connection ends without a whole answer.
    public enum Breakage: Equatable, Sendable {
        public enum Moment: String, CaseIterable, Sendable {
            case beforeRequest = "before-request"
            case beforeAnswer = "before-answer"
            case midBody = "mid-body"
        }

        case refuse
        case reset(Moment)
        /// Silence for so long, then a reset.
        case hang(Spread)
    }

    public struct Answer: Equatable, Sendable {
        public enum Body: Equatable, Sendable {
            case json(JSONValue)
            case html(String)
            case text(String)
            case empty
            /// So many bytes that are no text of any kind.
            case garbage(Int)
        }

        /// The body in so many bytes at a time.
        public struct Pace: Equatable, Sendable {
            public var chunk: Int
            public var every: Duration
        }

        /// Instead of the service's; with no ``body``, its error body for this status.
        public var status: Int?
        public var body: Body?
        /// The name of the exception in Heat's error body.
        public var error: String?
        public var headers: [Header] = []
        public var retryAfter: Spread?
        /// Only so many bytes of the body.
        public var truncate: Int?
        public var slow: Pace?
        public var breakage: Breakage?

        /// What becomes of the request where the rule does not say: an answer that is an error stands for a request
        /// that was not carried out, one that is only lost or spoilt for one that was.
        public var standardEffect: Effect {
            switch breakage {
            case .refuse, .hang, .reset(.beforeRequest): return .none
            case .reset: return .applied
            case nil: return (status.map { $0 >= 400 } ?? false) || replacesBody ? .none : .applied
            }
        }

        private var replacesBody: Bool {
            switch body {
            case .json, .html, .text: status.map { $0 >= 400 } ?? true
            case .empty, .garbage, nil: false
            }
        }
    }

    public struct Header: Equatable, Sendable {
        public var name: String
        public var value: String
    }

    public struct Choice: Equatable, Sendable {
        public var weight: Int
        public var answer: Answer
    }

    public var id: String
    /// Of the closed list; where ``isForAll``, also those that have no name.
    public var operations: [String]
    public var isForAll: Bool
    public var target: Target
    public var when: When
    public var effect: Effect?
    /// One of them is drawn; empty where the service's own answer is given.
    public var answers: [Choice]
    public var delay: Spread?
    public var isLayer: Bool
    public var place: Place
    /// The rule as it was written.
    public var source: JSONValue
}
