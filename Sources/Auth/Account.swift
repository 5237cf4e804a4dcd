import Runtime

/// Who signs in. A user belongs to one customer, who owns the deployments.
public struct User: Equatable, Sendable {
    public let id: String
    public let customerId: String
    /// Normalised: no surrounding space, lower case.
    public let email: String
    public let name: String
    /// In the format of ``PasswordHasher``.
    public var passwordHash: String
    public var emailVerifiedAt: Timestamp?
    public let createdAt: Timestamp

    public init(
        id: String, customerId: String, email: String, name: String, passwordHash: String,
        emailVerifiedAt: Timestamp? = nil, createdAt: Timestamp
    ) {
        self.id = id
        self.customerId = customerId
        self.email = email
        self.name = name
        self.passwordHash = passwordHash
        self.emailVerifiedAt = emailVerifiedAt
        self.createdAt = createdAt
    }
}

/// A signed-in browser or program. Its token is known to the client alone; what is stored is the token's hash.
public struct Session: Equatable, Sendable {
    public enum Kind: String, Sendable {
        case cookie
        case bearer
    }

    public let id: String
    public let userId: String
    public let kind: Kind
    /// SHA-256 of the token, in hexadecimal.
    public let tokenHash: String
    public let createdAt: Timestamp
    public var lastUsedAt: Timestamp
    /// The absolute limit; the idle limit counts from ``lastUsedAt``.
    public let expiresAt: Timestamp

    public init(
        id: String, userId: String, kind: Kind, tokenHash: String, createdAt: Timestamp, lastUsedAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.userId = userId
        self.kind = kind
        self.tokenHash = tokenHash
        self.createdAt = createdAt
        self.lastUsedAt = lastUsedAt
        self.expiresAt = expiresAt
    }
}

/// A pending proof that an address is its user's: single use, 24 hours, bound to the address.
public struct EmailVerification: Equatable, Sendable {
    public let userId: String
    public let email: String
    /// SHA-256 of the mailed token, in hexadecimal.
    public let tokenHash: String
    public let expiresAt: Timestamp

    public init(userId: String, email: String, tokenHash: String, expiresAt: Timestamp) {
        self.userId = userId
        self.email = email
        self.tokenHash = tokenHash
        self.expiresAt = expiresAt
    }
}

/// Who makes a request, as its session tells.
public struct Principal: Equatable, Sendable {
    public let sessionId: String
    public let kind: Session.Kind
    public let userId: String
    public let customerId: String
    public let email: String
    public let name: String
    public let isVerified: Bool
    /// When the session ends if no more requests come.
    public let expiresAt: Timestamp

    public init(
        sessionId: String, kind: Session.Kind, userId: String, customerId: String, email: String, name: String,
        isVerified: Bool, expiresAt: Timestamp
    ) {
        self.sessionId = sessionId
        self.kind = kind
        self.userId = userId
        self.customerId = customerId
        self.email = email
        self.name = name
        self.isVerified = isVerified
        self.expiresAt = expiresAt
    }
}

/// Why an account's call was refused.
public enum AuthError: Error, Equatable, Sendable {
    case invalid([FieldError])
    /// The address or the password; which of them is not told.
    case invalidCredentials
    case tooManyAttempts(retryAfter: Duration)
    /// An unknown, used, replaced or expired verification token.
    case invalidToken
}
