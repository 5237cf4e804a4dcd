import Foundation
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The fake OpenStack on a port, for any client, with its control API beside it.
public struct FakeCloudServer: Service {
    private let cloud: FakeCloud
    private let control: ControlAPI
    private let host: String
    private let port: Int
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - port: 0 for one that the system picks.
    ///   - onListening: is told of the port when the server listens.
    public init(
        _ cloud: FakeCloud, control: ControlAPI, host: String, port: Int, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        self.cloud = cloud
        self.control = control
        self.host = host
        self.port = port
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown, which waits for requests under way.
    ///
    /// - Throws: ``FakeCloudCannotListen``.
    public func run() async throws {
        let channel = HTTP1Channel(
            responder: { [cloud, control] request, writer, channel in
                if ControlAPI.owns(request) {
                    let address = channel.remoteAddress?.ipAddress ?? ""
                    let response = try await control.respond(to: request, from: address)
                    return try await writer.write(response: response.head, body: response.body)
                }
                let outcome: Result<Response, BrokenConnection>
                do {
                    outcome = .success(try await cloud.respond(to: request))
                } catch let broken as BrokenConnection {
                    outcome = .failure(broken)
                }
                switch outcome {
                case .success(let response): try await writer.write(response: response.head, body: response.body)
                case .failure(let broken):
                    if let (head, beginning) = broken.sent {
                        var body = try await writer.writeHead(head)
                        try await body.write(ByteBuffer(bytes: beginning))
                    }
                    try await channel.reset()
                    throw broken
                }
            })
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let server = Server(
            childChannelSetup: channel, configuration: ServerConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        do {
            try await server.run()
        } catch let error as IOError {
            throw FakeCloudCannotListen(host: host, port: port, reason: String(cString: strerror(error.errnoCode)))
        }
    }
}

extension Channel {
    /// Ends the connection at once: the peer gets a reset, not an orderly end.
    fileprivate func reset() async throws {
        if let socket = self as? any SocketOptionProvider {
            try await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try await close().get()
    }
}

/// The fake cannot have its address: taken, not this machine's, or not allowed.
public struct FakeCloudCannotListen: Error, CustomStringConvertible {
    public let host: String
    public let port: Int
    public let reason: String

    public var description: String { "cannot listen on \(host):\(port): \(reason)" }
}
