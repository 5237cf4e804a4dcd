import Auth
import Hummingbird
import Logging

/// What a request carries beside its head and body.
public struct PortalContext: RequestContext {
    public typealias Source = PortalRequestSource

    public var coreContext: CoreRequestContextStorage
    /// The address of the peer's socket, for limits.
    let remoteAddress: String
    let requestId: String
    /// Who is signed in; nil on routes that are open to all.
    var signedIn: Principal? {
        didSet { if let signedIn { caller.identify(signedIn) } }
    }
    let caller = Caller()

    public init(source: PortalRequestSource) {
        coreContext = CoreRequestContextStorage(source: source)
        remoteAddress = source.remoteAddress
        requestId = source.requestId
    }

    /// Who is signed in, on a route that asks for it.
    func principal() throws -> Principal {
        guard let signedIn else { throw APIError.unauthenticated }
        return signedIn
    }
}

/// Where a request comes from: a socket of the server, or a scripted user of a simulation.
public struct PortalRequestSource: RequestContextSource {
    public let logger: Logger
    public let remoteAddress: String
    public let requestId: String

    public init(logger: Logger, remoteAddress: String, requestId: String) {
        var logger = logger
        logger[metadataKey: "requestId"] = .string(requestId)
        self.logger = logger
        self.remoteAddress = remoteAddress
        self.requestId = requestId
    }
}
