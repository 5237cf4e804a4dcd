import Deployments
import OpenStack

/// A region that the portal is configured with, and the door to it.
public struct CloudRegion: Sendable {
    public let region: Region
    public let connection: CloudConnection

    public init(_ region: Region, connection: CloudConnection) {
        self.region = region
        self.connection = connection
    }
}

/// How a region does, for the readiness check.
public enum RegionHealth: String, Sendable {
    case ok
    /// It does not answer, or makes no VMs.
    case degraded
}
