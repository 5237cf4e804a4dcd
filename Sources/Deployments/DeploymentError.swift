import Runtime

/// Why the service refused a call. HTTPAPI maps each to one problem body.
public enum DeploymentError: Error, Equatable, Sendable {
    case invalid([FieldError])
    case invalidIdempotencyKey
    case idempotencyKeyReused
    /// The first request of this key is still running.
    case idempotencyInProgress
    case emailNotVerified
    case quotaExceeded(limit: Int)
    case notFound
    /// Retry is for a deployment in ERROR that is still wanted.
    case notRetryable(Deployment.Status)
    case regionUnavailable(RegionUnavailable)
    /// Nothing is made in the region at the moment.
    case maintenance(Maintenance)
}
