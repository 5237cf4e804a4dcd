import HTTPTypes

/// A request to a service of a cloud.
public struct CloudRequest: Sendable {
    public var method: HTTPRequest.Method
    /// Absolute, with its query.
    public var url: String
    public var headers: HTTPFields
    public var body: [UInt8]

    public init(method: HTTPRequest.Method, url: String, headers: HTTPFields = [:], body: [UInt8] = []) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
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

/// The port to HTTP: one exchange, no redirects, no retries, no time-out of its own.
public protocol CloudTransport: Sendable {
    /// - Throws: ``TransportFailure``, or `CancellationError`.
    func send(_ request: CloudRequest) async throws -> CloudResponse
}

/// No answer came, or not all of it.
public struct TransportFailure: Error, Equatable, CustomStringConvertible {
    /// False only where the request can't have been carried out: refused connection, unknown name, failed TLS.
    public let mayHaveBeenSent: Bool
    public let reason: String

    public init(mayHaveBeenSent: Bool, reason: String) {
        self.mayHaveBeenSent = mayHaveBeenSent
        self.reason = reason
    }

    public var description: String { reason }
}
