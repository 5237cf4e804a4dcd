import Logging
import Runtime

/// One region of a cloud, as the operator's configuration names it.
public struct CloudConfiguration: Equatable, Sendable {
    /// The name in `clouds.yaml`, or `envvars`.
    public var cloud: String
    /// Where that was read: a path, or `the environment`.
    public var source: String
    /// The region's name in Keystone's catalog.
    public var region: String
    public var credential: CloudCredential
    public var interface: CloudInterface
    /// Addresses to use instead of the catalog's.
    public var endpointOverrides: [CloudService: String]
    public var transport: TransportSettings
    /// The limit of a whole call; nil for the portal's own.
    public var callTimeout: Duration?
}

/// The configuration of a cloud can't be used.
public struct CloudConfigurationError: Error, Equatable, CustomStringConvertible {
    /// A path, `the environment`, or where it was searched.
    public let place: String
    public let problem: String

    init(_ place: String, _ problem: String) {
        self.place = place
        self.problem = problem
    }

    public var description: String { "\(place): \(problem)" }
}

/// How a region is reached: what a ``CloudConnection`` is made from.
public struct RegionAccess: Sendable {
    public var region: String
    public var credential: CloudCredential
    public var transport: any CloudTransport
    public var interface: CloudInterface
    public var endpointOverrides: [CloudService: String]
    public var limits: CloudLimits

    public init(
        region: String, credential: CloudCredential, transport: any CloudTransport,
        interface: CloudInterface = .public, endpointOverrides: [CloudService: String] = [:],
        limits: CloudLimits = CloudLimits()
    ) {
        self.region = region
        self.credential = credential
        self.transport = transport
        self.interface = interface
        self.endpointOverrides = endpointOverrides
        self.limits = limits
    }

    public init(_ configuration: CloudConfiguration, transport: any CloudTransport) {
        self.init(
            region: configuration.region, credential: configuration.credential, transport: transport,
            interface: configuration.interface, endpointOverrides: configuration.endpointOverrides)
        if let callTimeout = configuration.callTimeout { limits.callTimeout = callTimeout }
    }
}

extension CloudConnection {
    /// The doors to regions, in the order that they are given in. Those that share a credential share its token.
    public static func all(
        _ regions: [RegionAccess], surroundings: Surroundings, logger: Logger
    ) -> [CloudConnection] {
        var sessions: [(credential: CloudCredential, session: CloudSession)] = []
        return regions.map { access in
            let known = sessions.first { $0.credential == access.credential }?.session
            let session =
                known
                ?? CloudSession(
                    access.credential, transport: access.transport, surroundings: surroundings, logger: logger)
            if known == nil { sessions.append((access.credential, session)) }
            return CloudConnection(
                region: access.region, session: session, transport: access.transport, limits: access.limits,
                interface: access.interface, endpointOverrides: access.endpointOverrides, surroundings: surroundings)
        }
    }
}
