import AsyncHTTPClient
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// How connections to a cloud are made.
public struct TransportSettings: Hashable, Sendable {
    /// A file of PEM certificates that are trusted instead of the system's.
    public var caFile: String?
    /// Whether the server's certificate is checked.
    public var verifiesTLS = true
    public var connectTimeout: Duration = .seconds(5)
    /// The longest silence of a server that has the request. Above 60 s, after which Heat answers when its engine is
    /// down.
    public var readTimeout: Duration = .seconds(65)
    /// Connections to one host.
    public var connectionsPerHost = 16
    public var proxies = ProxySettings()
    /// A longer answer is not read.
    public var maximumBody = 64 << 20

    public init() {}
}

/// The settings name a file that can't be used.
public struct TransportUnusable: Error, CustomStringConvertible {
    public let description: String
}

/// The network of production: AsyncHTTPClient, with a thread of its own.
///
/// Whether a failed request may have had an effect follows from what was written, not from the error: before the
/// head of the request has left, after name, connection and TLS, nothing can have happened.
public final class HTTPClientTransport: CloudTransport {
    private let settings: TransportSettings
    private let group: MultiThreadedEventLoopGroup
    private let direct: HTTPClient
    /// By the proxy that they go through.
    private let proxied: [ProxySettings.Server: HTTPClient]

    /// - Throws: ``TransportUnusable`` where the CA file can't be read.
    public init(_ settings: TransportSettings = TransportSettings()) throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        if !settings.verifiesTLS { tls.certificateVerification = .none }
        if let caFile = settings.caFile {
            do {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(caFile))
            } catch {
                throw TransportUnusable(description: "cannot read the CA file \(caFile)")
            }
        }
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(
                connect: TimeAmount(settings.connectTimeout), read: TimeAmount(settings.readTimeout),
                write: TimeAmount(settings.readTimeout)),
            // Shorter than the keep-alive of common proxies, so that a request seldom meets a connection that is
            // being closed: its outcome would be unknown.
            connectionPool: .init(
                idleTimeout: .seconds(10), concurrentHTTP1ConnectionsPerHostSoftLimit: settings.connectionsPerHost))
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        // One loop: what was written and what failed are seen in their order.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.settings = settings
        self.group = group
        direct = HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        proxied = Dictionary(
            uniqueKeysWithValues: settings.proxies.servers.map { server in
                configuration.proxy = .server(host: server.host, port: server.port)
                return (server, HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration))
            })
    }

    /// Ends all connections. Nothing can be sent afterwards.
    public func shutdown() async {
        for client in [direct] + proxied.values { try? await client.shutdown() }
        try? await group.shutdownGracefully()
    }

    public func send(_ request: CloudRequest) async throws -> CloudResponse {
        var headers = HTTPHeaders()
        for field in request.headers { headers.add(name: field.name.rawName, value: field.value) }
        let prepared: HTTPClient.Request
        do {
            prepared = try HTTPClient.Request(
                url: request.url, method: HTTPMethod(rawValue: request.method.rawValue), headers: headers,
                body: request.body.map { .bytes($0) })
        } catch {
            throw TransportFailure(effect: .impossible, reason: "\(request.url) is no address: \(error)")
        }
        let proxy = settings.proxies.server(for: prepared.scheme, host: prepared.host)
        let client = proxy.flatMap { proxied[$0] } ?? direct
        let exchange = ExchangeDelegate(maximumBody: settings.maximumBody)
        let task = client.execute(
            request: prepared, delegate: exchange, deadline: .now() + TimeAmount(request.timeout))
        do {
            return try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw TransportFailure(
                effect: exchange.hasBegun ? .possible : .impossible,
                reason: Self.words(for: error, host: "\(prepared.host):\(prepared.port)"))
        }
    }

    private static func words(for error: any Error, host: String) -> String {
        let what: String
        switch error {
        case let error as HTTPClientError where error == .connectTimeout: what = "no connection in time"
        case let error as HTTPClientError where error == .readTimeout: what = "no answer in time"
        case let error as HTTPClientError where error == .deadlineExceeded: what = "no whole answer in time"
        case let error as HTTPClientError where error == .remoteConnectionClosed:
            what = "the connection was closed before the answer"
        case let error as HTTPClientError: what = error.shortDescription
        case let error as NIOConnectionError where error.connectionErrors.isEmpty: what = "no such host"
        case let error as NIOConnectionError:
            what = words(for: error.connectionErrors[0].error)
        default: what = words(for: error)
        }
        return "\(host): \(what)"
    }
}

extension HTTPClientTransport {
    /// What made a connection fail, without the inside of the libraries.
    private static func words(for error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: "connection refused"
        case let error as IOError where error.errnoCode == ECONNRESET: "the connection was reset"
        case let error as IOError: "error \(error.errnoCode) of the network"
        case is NIOSSLError, is BoringSSLError:
            "\(error)".contains("CERTIFICATE_VERIFY_FAILED")
                ? "its certificate is not trusted; cacert names a file of those that are" : "no TLS connection"
        default: "\(type(of: error)): \(error)"
        }
    }
}

/// Collects an answer, and notes when the request began to leave.
private final class ExchangeDelegate: HTTPClientResponseDelegate {
    private struct State {
        var hasBegun = false
        var head: HTTPResponseHead?
        var body: [UInt8] = []
    }

    private struct TooLong: Error, CustomStringConvertible {
        let description: String
    }

    private let maximumBody: Int
    private let state = Mutex(State())

    init(maximumBody: Int) {
        self.maximumBody = maximumBody
    }

    var hasBegun: Bool { state.withLock { $0.hasBegun } }

    func didSendRequestHead(task: HTTPClient.Task<CloudResponse>, _ head: HTTPRequestHead) {
        state.withLock { $0.hasBegun = true }
    }

    func didReceiveHead(task: HTTPClient.Task<CloudResponse>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<CloudResponse>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let length = state.withLock { state in
            state.body += part.readableBytesView
            return state.body.count
        }
        guard length <= maximumBody else {
            return task.eventLoop.makeFailedFuture(TooLong(description: "an answer of more than \(maximumBody) bytes"))
        }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<CloudResponse>) throws -> CloudResponse {
        let (head, body) = state.withLock { ($0.head, $0.body) }
        guard let head else { throw HTTPClientError.remoteConnectionClosed }
        var fields = HTTPFields()
        for (name, value) in head.headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        return CloudResponse(status: Int(head.status.code), headers: fields, body: body)
    }
}
