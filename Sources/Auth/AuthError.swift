import Runtime

/// Why a request about an account is refused.
public enum AuthError: Error, Equatable, Sendable {
    /// The body's fields that are wrong.
    case invalid([FieldError])
    /// No such user, a wrong password or a disabled user: nobody learns which.
    case invalidCredentials
    /// Too many failed logins for the account, or too many requests from the address; try again after a while.
    case tooManyAttempts(retryAfter: Duration)
    /// A verification token that is unknown, used, replaced or expired.
    case invalidToken
}
