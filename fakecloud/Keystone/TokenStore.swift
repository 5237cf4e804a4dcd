import DequeModule
import HeapModule
import Runtime

/// A token that Keystone gave out.
struct IssuedToken: Sendable {
    let value: String
    /// How it was got, the newest last: `password`, `token`.
    let methods: [String]
    let auditIds: [String]
    let issuedAt: Timestamp
    let expiresAt: Timestamp
    let user: Identity.User
    /// Nil for an unscoped token.
    let project: Identity.Project?
    /// On the project.
    let roles: [String]
    /// The application credential that it was issued for.
    let credentialId: String?

    var isAdmin: Bool { roles.contains("admin") }
}

/// The tokens that have not expired. Issuing and looking up cost the same however many there are.
struct TokenStore: Sendable {
    private struct End: Comparable, Sendable {
        let at: Timestamp
        let value: String

        static func < (left: End, right: End) -> Bool { (left.at, left.value) < (right.at, right.value) }
    }

    private var tokens: [String: IssuedToken] = [:]
    private var ends = Heap<End>()

    var count: Int { tokens.count }

    mutating func add(_ token: IssuedToken) {
        while let end = ends.min, end.at <= token.issuedAt {
            ends.removeMin()
            tokens[end.value] = nil
        }
        tokens[token.value] = token
        ends.insert(End(at: token.expiresAt, value: token.value))
    }

    mutating func revoke(_ value: String) {
        tokens[value] = nil
    }

    func token(_ value: String, at instant: Timestamp) -> IssuedToken? {
        tokens[value].flatMap { $0.expiresAt > instant ? $0 : nil }
    }
}

/// What the services behind Keystone remember of the tokens that they have seen (keystonemiddleware's
/// `token_cache_time`): as long, a revoked token works with a service that has seen it (golden keystone,
/// `revoked-at-heat-cached`).
struct TokenCache: Sendable {
    static let lifetime = Duration.seconds(300)

    private struct Seen: Sendable {
        let until: Timestamp
        let key: String
    }

    private var known: [String: (token: IssuedToken, until: Timestamp)] = [:]
    private var order: Deque<Seen> = []

    /// - Parameter service: the service and its region.
    func token(_ value: String, service: String, at instant: Timestamp) -> IssuedToken? {
        known[service + " " + value].flatMap { $0.until > instant && $0.token.expiresAt > instant ? $0.token : nil }
    }

    mutating func remember(_ token: IssuedToken, service: String, at instant: Timestamp) {
        while let oldest = order.first, oldest.until <= instant {
            order.removeFirst()
            if let entry = known[oldest.key], entry.until <= instant { known[oldest.key] = nil }
        }
        let seen = Seen(until: instant + Self.lifetime, key: service + " " + token.value)
        known[seen.key] = (token, seen.until)
        order.append(seen)
    }
}
