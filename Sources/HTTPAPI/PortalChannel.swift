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

/// One connection of the portal's server: HTTP/1.1, or a WebSocket after a granted upgrade. A refused upgrade goes
/// on as a plain request, so that its route can say why.
struct PortalChannel: HTTPChannelHandler {
    enum Negotiated: Sendable {
        case http(NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>)
        case webSocket(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, SocketIdentity)
        /// The upgrade was granted and the session ended before it was done.
        case nothing
    }

    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let negotiated: EventLoopFuture<Negotiated>
    }

    let responder: HTTPChannelHandler.Responder
    /// Whose socket a request may become; nil where it stays a request.
    let identity: @Sendable (HTTPRequest) async throws -> SocketIdentity?
    let serve: @Sendable (any MessageSocket, SocketIdentity) async throws -> Void

    private static let frameBytes = 8 * 1024
    private static let idleTimeout = Duration.seconds(60)

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let upgrade = NIOTypedHTTPServerUpgradeConfiguration(
                upgraders: [upgrader(granted: NIOLoopBound(Granted(), eventLoop: channel.eventLoop))],
                notUpgradingCompletionHandler: { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(HTTP1ToHTTPServerCodec(secure: false))
                        try channel.pipeline.syncOperations.addHandler(
                            HTTPConnectionStateHandler(idleTimeout: Self.idleTimeout, logger: logger))
                        return .http(
                            try NIOAsyncChannel(
                                wrappingChannelSynchronously: channel,
                                configuration: .init(isOutboundHalfClosureEnabled: true)))
                    }
                })
            var pipeline = NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade)
            pipeline.enablePipelining = false
            pipeline.enableResponseHeaderValidation = false
            pipeline.decoderConfiguration.maxHeaderFieldSize = 16 * 1024
            pipeline.decoderConfiguration.maxHeaderListSize = 32 * 1024
            return Value(
                channel: channel,
                negotiated: try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
                    configuration: pipeline))
        }
    }

    /// What the decision on the upgrade found out, for the steps after it.
    private final class Granted {
        var identity: SocketIdentity?
    }

    private func upgrader(granted: NIOLoopBound<Granted>) -> NIOTypedWebSocketServerUpgrader<Negotiated> {
        NIOTypedWebSocketServerUpgrader(
            maxFrameSize: Self.frameBytes,
            shouldUpgrade: { channel, head in
                guard head.uri == "/ws" || head.uri.hasPrefix("/ws?"),
                    let request = try? HTTPRequest(head, secure: false, splitCookie: false)
                else { return channel.eventLoop.makeSucceededFuture(nil) }
                let decision = channel.eventLoop.makePromise(of: SocketIdentity?.self)
                decision.completeWithTask { try? await identity(request) }
                return decision.futureResult.map { identity in
                    granted.value.identity = identity
                    return identity.map { _ in HTTPHeaders() }
                }
            },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    guard let identity = granted.value.identity else { return .nothing }
                    try channel.pipeline.syncOperations.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 64,
                            maxAccumulatedFrameSize: Self.frameBytes))
                    return .webSocket(try NIOAsyncChannel(wrappingChannelSynchronously: channel), identity)
                }
            })
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .http(let channel): await handleHTTP(asyncChannel: channel, logger: logger)
            case .webSocket(let channel, let identity):
                try await channel.executeThenClose { inbound, outbound in
                    try await serve(
                        NIOMessageSocket(channel: channel.channel, inbound: inbound, outbound: outbound), identity)
                }
            case .nothing: try await value.channel.close()
            }
        } catch {
            logger.trace("a connection ended: \(error)")
        }
    }
}
