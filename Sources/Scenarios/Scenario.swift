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
    /// When a server stands still, and wakes up late.
    public var pauses: [Pause]
    /// When nothing can be written.
    public var storeFailures: [StoreFailure]
    public var calm: Calm?
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

    /// Something that an operator or a fate does to the cloud.
    public struct Deed: Equatable, Sendable {
        public enum Moment: Equatable, Sendable {
            case at(Spread)
            /// So long after a deployment was committed with a status.
            case seen(deployment: String, status: String, after: Spread)
        }

        public enum Act: Equatable, Sendable {
            /// All tokens: clients have to sign in again.
            case revokeTokens
            /// The stack of a deployment is gone, deleted by somebody else.
            case deleteStack(deployment: String)
        }

        public var id: String?
        public var moment: Moment
        public var act: Act
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
        /// What the user does after the script, drawn from the seed.
        public var plan: Plan?
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

/// What a user does next.
public struct Step: Equatable, Sendable {
    public enum Action: Equatable, Sendable {
        case login
        case logout
        case create(Creation)
        /// Opens the page of a deployment as the front end does: fetch, socket, subscribe; and keeps it live.
        case openPage(deployment: String, tab: String, pauseAfterFetch: Condition?)
        case closePage(tab: String)
        /// The network drops a page's socket; the page comes back by itself.
        case dropSocket(tab: String)
        /// The page ends its subscription and keeps its socket.
        case unsubscribe(tab: String)
        /// The page's machine reads nothing from its socket for a while.
        case stallSocket(tab: String, Spread)
        /// Nothing gets through the page's socket any more, and only after a while does the page learn of it.
        case halfOpen(tab: String, Spread)
        /// Sends a text over the page's socket, so often.
        case send(tab: String, text: String, times: Int)
        case delete(deployment: String)
        /// Asks for another try of a deployment in ERROR; the HTTP status that must come.
        case retry(deployment: String, status: Int)
        /// Reads the list of the user's deployments, page by page.
        case list(pageSize: Int)
        case wait(Condition)
        case sleep(Spread)
    }

    public struct Creation: Equatable, Sendable {
        /// What the story calls the deployment.
        public var label: String
        public var name: String
        public var region: String
        public var instanceType: String
        public var image: String
        public var storageGiB: Int
        public var idempotencyKey: String?
        /// The HTTP status that must come.
        public var status: Int
    }

    /// A status that the portal has committed.
    public struct Condition: Equatable, Sendable {
        public var deployment: String
        public var status: String
        public var within: Duration
    }

    public var action: Action
    public var place: Place
}

/// What must hold.
public struct Expectations: Equatable, Sendable {
    public var final: [Final] = []
    public var moments: [Moment] = []
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
        }

        public var subject: Subject
        public var place: Place
    }

    /// How often something was asked.
    public struct Count: Equatable, Sendable {
        public enum Subject: Equatable, Sendable {
            case operation(String)
            /// `${label}` in the path stands for a deployment's id; `*` for any text.
            case http(method: String, path: String, user: String?)
            /// Messages of this type that clients sent over their sockets.
            case sent(type: String, user: String?)
        }

        public var subject: Subject
        public var range: ClosedRange<Int>
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
        }

        public var tab: String
        /// Whether a key that is not written down is a failure.
        public var isExact: Bool
        public var sequence: [Part]
        public var place: Place
    }
}
