import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import WebSockets

/// The portal on a port: HTTP and WebSocket, one and the same.
public struct PortalServer: Service {
    private let api: PortalAPI
    private let host: String
    private let port: Int
    private let limits: ConnectionLimits
    private let beside: @Sendable (Request, String) async throws -> Response?
    private let onListening: @Sendable (Int) async -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - port: 0 for one that the system picks.
    ///   - beside: answers requests that are not the portal's, from the address of a peer; nil for the portal's own.
    ///   - onListening: is told of the port when the server listens.
    public init(
        api: PortalAPI, host: String, port: Int, limits: ConnectionLimits = ConnectionLimits(),
        logger: Logger,
        beside: @escaping @Sendable (Request, String) async throws -> Response? = { _, _ in nil },
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        self.api = api
        self.host = host
        self.port = port
        self.limits = limits
        self.beside = beside
        self.onListening = onListening
        self.logger = logger
    }

    /// Serves until a graceful shutdown, which first closes the sockets and then waits for requests under way.
    ///
    /// - Throws: ``CannotListen``.
    public func run() async throws {
        let channel = PortalChannel(
            responder: { [api, beside] request, writer, channel in
                let address = channel.remoteAddress?.ipAddress ?? "unknown"
                let other = try await beside(request, address)
                let response = if let other { other } else { try await api.respond(to: request, from: address) }
                try await writer.write(response: response.head, body: response.body)
            },
            limits: limits, refusal: { [api] in api.refusal($0) },
            service: { [api] head, address in try await api.socketService(for: head, from: address) })
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let server = Server(
            childChannelSetup: channel, configuration: ServerConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        do {
            try await server.run()
        } catch let error as IOError {
            throw CannotListen(host: host, port: port, reason: String(cString: strerror(error.errnoCode)))
        } catch let error as SocketAddressError {
            throw CannotListen(host: host, port: port, reason: "\(error)")
        }
    }
}

/// The server cannot have its address: taken, not this machine's, or not allowed.
public struct CannotListen: Error, CustomStringConvertible {
    public let host: String
    public let port: Int
    public let reason: String

    public var description: String { "cannot listen on \(host):\(port): \(reason)" }
}
