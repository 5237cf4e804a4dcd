import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOWebSocket
import WebSockets

/// Serves one WebSocket from its upgrade to its end.
typealias SocketService = @Sendable (any MessageSocket) async throws -> Void

/// One connection of the portal's server: HTTP/1.1, or a WebSocket after a granted upgrade. A refused upgrade goes
/// on as a plain request, so that its route can say why.
struct PortalChannel: HTTPChannelHandler {
    enum Negotiated: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(NIOAsyncChannel<SocketFrame, WebSocketFrame>, SocketService)
        /// The upgrade was granted and the session ended before it was done.
        case nothing
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let negotiated: EventLoopFuture<Negotiated>
    }

    let responder: HTTPChannelHandler.Responder
    let limits: ConnectionLimits
    /// The whole response to what is no request.
    let refusal: @Sendable (APIError) -> (head: HTTPResponse, body: ByteBuffer)
    /// What serves the socket that a request may become; nil where it stays a request.
    let service: @Sendable (_ head: HTTPRequest, _ remoteAddress: String) async throws -> SocketService?

    private static let messageBytes = 8 * 1024

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let granted = NIOLoopBound(Granted(), eventLoop: channel.eventLoop)
            let upgrade = NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [upgrader(granted)],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                        return .http(
                            try NIOAsyncChannel(
                                wrappingChannelSynchronously: channel,
                                configuration: .init(isOutboundHalfClosureEnabled: true)))
                    }
                })
            var headerLimits = NIOHTTPDecoderLimitConfiguration()
            headerLimits.maxHeaderFieldSize = 16 * 1024
            headerLimits.maxHeaderListSize = 32 * 1024
            let encoder = HTTPResponseEncoder()
            let decoder = ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: headerLimits))
            let connection = HTTPConnection(
                limits: limits,
                refuse: { [refusal] error in
                    let (head, body) = refusal(error)
                    return (HTTPResponseHead(head), body)
                },
                grantsUpgrade: { [address = channel.remoteAddress?.ipAddress ?? "unknown"] head in
                    decide(on: head, from: address, granted)
                })
            let upgradeHandler = NIOTypedHTTPServerUpgradeHandler(
                httpEncoder: encoder, extraHTTPHandlers: [decoder, connection], upgradeConfiguration: upgrade)
            try channel.pipeline.syncOperations.addHandlers([encoder, decoder, connection, upgradeHandler])
            return Value(channel: channel, negotiated: upgradeHandler.upgradeResultFuture)
        }
    }

    /// What the decision on the upgrade found out, for the steps after it.
    private final class Granted {
        var service: SocketService?
    }

    private func decide(
        on head: HTTPRequestHead, from address: String, _ granted: NIOLoopBound<Granted>
    ) -> EventLoopFuture<Bool> {
        guard let request = try? HTTPRequest(head, secure: false, splitCookie: false) else {
            return granted.eventLoop.makeSucceededFuture(false)
        }
        let decision = granted.eventLoop.makePromise(of: SocketService?.self)
        decision.completeWithTask { try? await service(request, address) }
        return decision.futureResult.map { service in
            granted.value.service = service
            return service != nil
        }
    }

    private func upgrader(_ granted: NIOLoopBound<Granted>) -> NIOTypedWebSocketServerUpgrader<Negotiated> {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: Self.messageBytes, enableAutomaticErrorHandling: false,
            // Only what was granted comes here.
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let service = granted.value.service else { return .nothing }
                    try channel.pipeline.syncOperations.addHandler(SocketFraming(maximumSize: Self.messageBytes))
                    return .webSocket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), service)
                }
            })
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let channel, let service):
                try await channel.executeThenClose { inbound, outbound in
                    try await service(
                        NIOMessageSocket(channel: channel.channel, inbound: inbound, outbound: outbound))
                    // The peer has a moment to take the close frame.
                    try await channel.channel.closeFuture.get()
                }
            case .nothing: try await value.channel.close()
            }
        } catch {
            logger.trace("a connection ended: \(error)")
        }
    }
}
