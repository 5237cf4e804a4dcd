/// The true state of cloud and store when a run is over.
struct EndState: Sendable {
    /// A stack that is not deleted.
    struct Stack: Equatable, Sendable {
        let region: String
        let id: String
        let name: String
        let status: String
        let tags: [String]

        /// The deployment that the portal made it for; nil for a stack of somebody else.
        var deployment: String? {
            guard tags.contains(where: { $0.hasPrefix("portal:") }) else { return nil }
            return tags.first { $0.hasPrefix("dep:") }.map { String($0.dropFirst(4)) }
        }
    }

    struct Deployment: Equatable, Sendable {
        let status: String
        /// Whether its user wants it to be there.
        let isWanted: Bool
        /// The stack that it has, and one that it is about to clear away.
        let stackIds: [String]
        let revision: Int
    }

    /// A page that somebody has open and that is kept live.
    struct Page: Equatable, Sendable {
        let actor: String
        let deployment: String
        /// Of what it shows; 0 for nothing.
        let revision: Int
        /// Whether it is its user's deployment.
        let isOwn: Bool
    }

    /// A server that lives.
    struct Server: Equatable, Sendable {
        let actor: String
        /// The sockets that it knows.
        let sockets: Int
        /// Those at whose other end somebody still is.
        let peers: Int
    }

    let stacks: [Stack]
    let deployments: [String: Deployment]
    let pages: [Page]
    /// The newest revision of each deployment that was ever seen to be committed.
    var committed: [String: Int] = [:]
    var servers: [Server] = []
}
