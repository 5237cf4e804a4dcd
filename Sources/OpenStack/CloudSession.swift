import HTTPTypes
import Logging
import Runtime

/// Signed in to Keystone with one credential: hands out a token that is good, and asks for a new one once for all
/// who wait (semantics.md S4.4).
public actor CloudSession {
    private let credential: CloudCredential
    nonisolated let identityURL: String
    private let transport: any CloudTransport
    private let time: any TimeSource
    private let logger: Logger
    private let flight = SingleFlight<CloudToken>()
    private var token: CloudToken?
    private var lastFailure: (failure: SignInFailure, until: Duration)?

    /// A failed sign-in is not tried again for this long.
    private static let pauseAfterFailure: Duration = .seconds(5)
    private static let timeout: Duration = .seconds(30)

    public init(
        _ credential: CloudCredential, transport: any CloudTransport, surroundings: Surroundings, logger: Logger
    ) {
        self.credential = credential
        identityURL = credential.apiURL
        self.transport = transport
        time = surroundings.time
        self.logger = logger
    }

    /// A token with life left. Past 80% of its life a new one is asked for; where Keystone does not answer then,
    /// the old one serves to its end.
    ///
    /// - Throws: ``SignInFailure``.
    func currentToken() async throws -> CloudToken {
        if let token, time.uptime < token.refreshAt { return token }
        do {
            if let lastFailure, time.uptime < lastFailure.until { throw lastFailure.failure }
            return try await flight.run { try await self.signIn() }
        } catch let failure as SignInFailure {
            guard let token, time.uptime < token.expiresAt else { throw failure }
            return token
        }
    }

    /// Signs in, or says who is signed in.
    ///
    /// - Throws: ``SignInFailure``.
    public func holder() async throws -> TokenHolder { try await currentToken().holder }

    /// A service refused this token with 401: it is not used again.
    func refuse(_ refused: CloudToken) {
        if token?.value == refused.value { token = nil }
    }

    private func signIn() async throws -> CloudToken {
        if let token, time.uptime < token.refreshAt { return token }
        do {
            let token = try await newToken()
            self.token = token
            lastFailure = nil
            logger.debug("signed in to Keystone", metadata: ["credential": "\(credential)"])
            return token
        } catch let failure as SignInFailure {
            lastFailure = (failure, time.uptime + Self.pauseAfterFailure)
            logger.warning(
                "cannot sign in to Keystone", metadata: ["credential": "\(credential)", "reason": "\(failure)"])
            throw failure
        }
    }

    private func newToken() async throws -> CloudToken {
        let request = CloudRequest(
            method: .post, url: credential.tokensURL,
            headers: [.contentType: "application/json", .accept: "application/json"],
            body: credential.tokenRequest.utf8, timeout: Self.timeout)
        let response: CloudResponse
        do {
            response = try await time.withTimeout(Self.timeout) { [transport] in try await transport.send(request) }
        } catch let failure as TransportFailure {
            throw SignInFailure(.unreachable, failure.reason)
        } catch let timedOut as TimedOut {
            throw SignInFailure(.unreachable, "\(timedOut)")
        }
        let body = try? JSONValue(parsing: response.body)
        guard response.status == 201 else { throw SignInFailure(status: response.status, body: body) }
        guard let value = response.headers[.subjectToken], let token = body?["token"],
            let expiresAt = token["expires_at"]?.string.flatMap(Timestamp.init(_:))
        else { throw SignInFailure(.notKeystone, "what answers there gives no token: is it Keystone's address?") }
        // The token's own two times, so that a wall clock that differs from the cloud's does no harm.
        let issuedAt = token["issued_at"]?.string.flatMap(Timestamp.init(_:)) ?? time.now
        let life = max(.zero, expiresAt - issuedAt)
        let now = time.uptime
        return CloudToken(
            value: value, holder: TokenHolder(token), catalog: ServiceCatalog(token["catalog"]),
            refreshAt: now + life * 0.8, expiresAt: now + life)
    }
}

/// A token and what Keystone said with it.
struct CloudToken: Sendable, CustomStringConvertible {
    let value: String
    let holder: TokenHolder
    let catalog: ServiceCatalog
    /// Uptimes: from when it is to be renewed, and from when it is of no use.
    let refreshAt: Duration
    let expiresAt: Duration

    /// Without the token.
    var description: String { "token until \(expiresAt)" }
}

/// Who a token is for.
public struct TokenHolder: Equatable, Sendable {
    public let userId: String?
    public let userName: String?
    public let projectId: String?
    public let projectName: String?
    public let roles: [String]

    init(_ token: JSONValue) {
        userId = token["user"]?["id"]?.string
        userName = token["user"]?["name"]?.string
        projectId = token["project"]?["id"]?.string
        projectName = token["project"]?["name"]?.string
        roles = (token["roles"]?.array ?? []).compactMap { $0["name"]?.string }
    }
}

/// Keystone gives no token: it does not answer, or refuses the credential.
public struct SignInFailure: Error, Equatable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// Nothing answers, or the service behind the address is down.
        case unreachable
        /// Something else than Keystone answers.
        case notKeystone
        /// Keystone does not take the credential: wrong, expired, deleted, or without a role on the project.
        case refused
    }

    public let kind: Kind
    public let reason: String

    init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
    }

    /// - Parameter body: Keystone's error, nil where what answered speaks no JSON.
    init(status: Int, body: JSONValue?) {
        let words = body?["error"]?["message"]?.string
        switch (status, words) {
        case (500..., _): self.init(.unreachable, "Keystone answered \(status)")
        case (401, _), (403, _), (404, .some):
            self.init(.refused, "Keystone refuses the credential (\(status))" + (words.map { ": " + $0 } ?? ""))
        default:
            self.init(.notKeystone, "what answers there is not Keystone's token API (HTTP \(status))")
        }
    }

    public var description: String { reason }
}

extension HTTPField.Name {
    static let authToken = Self("X-Auth-Token")!
    static let subjectToken = Self("X-Subject-Token")!
}
