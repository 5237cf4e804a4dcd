import HTTPTypes

/// The port to the network: one HTTP exchange with an OpenStack service.
public protocol CloudTransport: Sendable {
    /// Sends a request and reads the whole answer, whatever its status. Redirects are not followed.
    ///
    /// - Throws: ``TransportFailure`` where no whole answer came, `CancellationError` where the task was cancelled.
    ///   Anything else nobody handles.
    func send(_ request: CloudRequest) async throws -> CloudResponse
}

public struct CloudRequest: Sendable {
    public var method: HTTPRequest.Method
    /// Absolute, with its query percent-encoded.
    public var url: String
    public var headers: HTTPFields
    /// To be sent with a Content-Length: Keystone may read a chunked body as empty.
    public var body: [UInt8]?
    /// The limit of the whole exchange. The client keeps it by itself, by its own time source.
    public var timeout: Duration

    public init(
        method: HTTPRequest.Method, url: String, headers: HTTPFields, body: [UInt8]?, timeout: Duration
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
    }
}

public struct CloudResponse: Sendable {
    public var status: Int
    public var headers: HTTPFields
    public var body: [UInt8]

    public init(status: Int, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// An exchange that brought no whole answer.
public struct TransportFailure: Error, Equatable, CustomStringConvertible {
    public enum Effect: Sendable {
        /// The request can't have been carried out: no connection, no name, no TLS before it was written.
        case impossible
        /// It may have been: a reset, a time-out or a truncated answer after it was written.
        case possible
    }

    public let effect: Effect
    public let reason: String

    public init(effect: Effect, reason: String) {
        self.effect = effect
        self.reason = reason
    }

    public var description: String { reason }
}
