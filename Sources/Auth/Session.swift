import Crypto
import Foundation
import Runtime

/// One sign-in of a user. Its holder shows a token, of which only the hash is kept.
public struct Session: Equatable, Sendable {
    /// How the token travels.
    public enum Kind: String, Sendable, CaseIterable {
        /// In a browser's cookie.
        case cookie
        /// In `Authorization: Bearer`, for programs.
        case bearer
    }

    /// The token's hash (see ``secretHash(_:)``), so the id may be logged and passed on: nobody signs in with it.
    public let id: String
    public let userId: String
    public let kind: Kind
    public let createdAt: Timestamp
    /// The last request, to the minute.
    public var lastUsedAt: Timestamp

    public init(id: String, userId: String, kind: Kind, createdAt: Timestamp, lastUsedAt: Timestamp) {
        self.id = id
        self.userId = userId
        self.kind = kind
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
    }
}

/// How long a session lasts.
public struct SessionLimits: Equatable, Sendable {
    /// How long it may go unused.
    public var idle: Duration = .seconds(8 * 3600)
    /// How long it lasts, used or not.
    public var absolute: Duration = .seconds(24 * 3600)

    public init() {}

    /// When a session ends if no request extends it.
    func end(of session: Session) -> Timestamp {
        min(session.lastUsedAt + idle, session.createdAt + absolute)
    }
}

/// Who is signed in, by which session.
public struct Principal: Equatable, Sendable {
    public let sessionId: String
    public let userId: String
    public let customerId: String
    public let email: String
    public let name: String
    /// Whether the user has proved that the address is theirs; an unverified one looks, and does not deploy.
    public let isVerified: Bool
    public let kind: Session.Kind
    /// When the session ends if no request extends it.
    public let expiresAt: Timestamp

    init(_ session: Session, _ user: User, expiresAt: Timestamp) {
        sessionId = session.id
        userId = user.id
        customerId = user.customerId
        email = user.email
        name = user.name
        isVerified = user.emailVerifiedAt != nil
        kind = session.kind
        self.expiresAt = expiresAt
    }
}

/// A successful login.
public struct LoginResult: Equatable, Sendable {
    /// The session's secret. It is nowhere else; the store has its hash.
    public let token: String
    public let principal: Principal
    /// When the session ends however much it is used: how long a browser is to keep the cookie.
    public let expiresAt: Timestamp
    /// The session that this one replaces and whose sockets are to be closed.
    public let endedSessionId: String?
}

/// SHA-256 of a secret's text in hexadecimal. A secret of 256 random bits needs no salt and no slow hash.
func secretHash(_ secret: String) -> String {
    SHA256.hash(data: Data(secret.utf8)).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
}
