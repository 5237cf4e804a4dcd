import Runtime

/// Who owns deployments and is asked to pay for them. One user belongs to it so far.
public struct Customer: Equatable, Sendable {
    /// `cus_…`
    public let id: String
    public let createdAt: Timestamp

    public init(id: String, createdAt: Timestamp) {
        self.id = id
        self.createdAt = createdAt
    }
}

/// A person who signs in.
public struct User: Equatable, Sendable {
    /// `usr_…`
    public let id: String
    public let customerId: String
    /// In lower case; unique.
    public let email: String
    public let name: String
    /// See ``PasswordHasher``.
    public var passwordHash: String
    public var emailVerifiedAt: Timestamp?
    public let createdAt: Timestamp
    /// Set for a user who may not sign in any more, and whose sessions are over.
    public var disabledAt: Timestamp?

    public init(
        id: String, customerId: String, email: String, name: String, passwordHash: String,
        emailVerifiedAt: Timestamp? = nil, createdAt: Timestamp, disabledAt: Timestamp? = nil
    ) {
        self.id = id
        self.customerId = customerId
        self.email = email
        self.name = name
        self.passwordHash = passwordHash
        self.emailVerifiedAt = emailVerifiedAt
        self.createdAt = createdAt
        self.disabledAt = disabledAt
    }
}

/// Lets its holder prove that mail to an address reaches them. A user has one at most: a new one takes the old
/// one's place (semantics.md S12.3).
public struct VerificationToken: Equatable, Sendable {
    /// See ``secretHash(_:)``.
    public let hash: String
    public let userId: String
    /// The address that it proves.
    public let email: String
    public let expiresAt: Timestamp

    public init(hash: String, userId: String, email: String, expiresAt: Timestamp) {
        self.hash = hash
        self.userId = userId
        self.email = email
        self.expiresAt = expiresAt
    }
}
