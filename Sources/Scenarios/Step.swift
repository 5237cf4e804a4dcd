import Runtime

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
        /// Reads the list of the user's deployments, page by page.
        case list(pageSize: Int)
        case wait(Condition)
        /// For something else than a status.
        case waitFor(Sight, within: Duration)
        case sleep(Spread)
        /// Waits until so long after the start.
        case at(Duration)
        /// Others may wait for it.
        case mark(String)
        case request(Request)
        /// Asks for a new try of a deployment that failed.
        case retry(deployment: String, status: Int)
        /// Asks by HTTP, and compares with what a page shows.
        case compareView(tab: String)
        /// The network of the user is gone for a while: sockets are lost, and nothing is answered.
        case goOffline(Spread)
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

    /// What a user waits for.
    public enum Sight: Equatable, Sendable {
        /// That some user has come to a mark.
        case mark(String)
        /// A frame, over all sockets of a page.
        case frame(Pattern, tab: String)
        /// So many answered calls of the cloud's operation.
        case calls(String, count: Int)
    }

    /// Any request to the portal.
    public struct Request: Equatable, Sendable {
        public var method: String
        /// `${label}` stands for a deployment's id.
        public var path: String
        public var body: JSONValue?
        public var headers: [FaultRule.Header]
        /// The HTTP status that must come.
        public var status: Int
        /// What the answer's JSON must be like.
        public var answer: Pattern?
        /// Values of the answer that later paths name as `${name}`: keys of its JSON by name.
        public var kept: [String: String]
    }

    public var action: Action
    public var place: Place
}
