import Auth
import HTTPTypes
import Hummingbird
import Runtime

/// Finds out who calls, and whether a browser was tricked into calling.
struct SessionGate: Sendable {
    let auth: AuthService
    let settings: HTTPSettings

    /// The bearer token, or the cookie's.
    func token(of head: HTTPRequest) -> String? {
        bearerToken(of: head) ?? Cookies(from: head.headerFields[values: .cookie])[settings.cookieName]?.value
    }

    /// Who is signed in.
    ///
    /// - Throws: ``APIError/unauthenticated`` for no session, a wrong or an ended one.
    func principal(of head: HTTPRequest) async throws -> Principal {
        guard let token = token(of: head), let principal = try await auth.authenticate(token: token) else {
            throw APIError.unauthenticated
        }
        return principal
    }

    /// Refuses what a page of another site makes a browser send (ASVS 5.0, 3.5.1 to 3.5.3). A bearer token is never
    /// sent by a browser of its own accord, and a client that is no browser sends neither header.
    func refuseCrossSite(_ head: HTTPRequest) throws {
        guard Self.changesState(head.method), bearerToken(of: head) == nil else { return }
        if let origin = head.headerFields[.origin] {
            guard settings.allows(origin: origin, authority: head.authority) else { throw APIError.crossSiteRejected }
        } else if let site = head.headerFields[.secFetchSite], site != "same-origin", site != "none" {
            throw APIError.crossSiteRejected
        }
    }

    /// Who may open a WebSocket (semantics.md section 8, Handshake): a cookie counts only with an allowed origin.
    func socketPrincipal(of head: HTTPRequest) async throws -> Principal {
        if bearerToken(of: head) == nil, !head.headerFields[values: .cookie].isEmpty {
            let origin = head.headerFields[.origin]
            guard let origin, settings.allows(origin: origin, authority: head.authority) else {
                throw APIError.originRejected
            }
        }
        return try await principal(of: head)
    }

    private func bearerToken(of head: HTTPRequest) -> String? {
        guard let value = head.headerFields[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }

    private static func changesState(_ method: HTTPRequest.Method) -> Bool {
        method != .get && method != .head && method != .options
    }
}

/// How the portal is reached.
public struct HTTPSettings: Equatable, Sendable {
    /// Where clients reach the portal when that is not the address it listens on, as behind a proxy:
    /// `https://portal.example`. An https address makes the cookies secure.
    public var publicURL: String?
    /// Origins of front ends on other hosts that may call with cookies: `https://console.example`.
    public var allowedOrigins: [String] = []

    public init() {}

    var isSecure: Bool { publicURL?.hasPrefix("https://") ?? false }

    /// The prefix `__Host-` needs `Secure`, which browsers take on https only.
    var cookieName: String { isSecure ? "__Host-session" : "session" }

    func allows(origin: String, authority: String?) -> Bool {
        if allowedOrigins.contains(origin) || origin == publicURL { return true }
        return publicURL == nil && authority.map { origin == "http://" + $0 } ?? false
    }
}
