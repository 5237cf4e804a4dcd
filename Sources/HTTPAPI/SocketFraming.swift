import Foundation
import NIOCore
import NIOWebSocket
import WebSockets

/// The rules of RFC 6455 on the server's side of one connection: from frames to messages, and how it closes.
///
/// What breaks a rule becomes one ``SocketFrame/violation(_:)`` and ends the reading. A ping is answered here.
final class SocketFraming: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias InboundOut = SocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// An outbound event: send a close frame and end the connection, also where the peer does not answer.
    struct Close: Sendable {
        let code: CloseCode
    }

    /// An outbound event: lose the connection.
    struct Lose: Sendable {
        let loss: SocketLoss
    }

    private enum State {
        case open
        /// In a rehearsal: what is sent and what comes in is lost.
        case silent
        /// The peer broke a rule; whoever reads is to close.
        case broken
        /// A close frame was sent: nothing is sent after it, and what still comes in is not read.
        case closing
    }

    private static let patience = TimeAmount.seconds(2)

    private let maximumSize: Int
    private var state = State.open
    /// The message whose last fragment is not there yet.
    private var partial: (opcode: WebSocketOpcode, data: ByteBuffer)?

    /// - Parameter maximumSize: of a message, in bytes.
    init(maximumSize: Int) {
        self.maximumSize = maximumSize
    }

    // Reading.

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch state {
        case .open: read(frame, context)
        case .broken, .silent: break
        case .closing: if frame.opcode == .connectionClose { context.close(promise: nil) }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Bytes that nobody reads would make the end a reset, which may overtake the close frame.
        if state == .closing { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? NIOWebSocketError else { return context.fireErrorCaught(error) }
        violate(error == .invalidFrameLength ? .tooBig : .protocolError, context)
        context.fireChannelReadComplete()
    }

    private func read(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            return violate(.protocolError, context)
        }
        switch frame.opcode {
        case .text, .binary, .continuation: readData(frame, context)
        case .ping:
            // One that does not fit any more need not be answered: there will be another.
            if context.channel.isWritable {
                let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
                context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
            }
            context.fireChannelRead(wrapInboundOut(.pong))
        case .pong: context.fireChannelRead(wrapInboundOut(.pong))
        case .connectionClose:
            var payload = frame.unmaskedData
            close(with: Self.answer(toClose: &payload), "", context, peerIsDone: true)
            context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        default: violate(.protocolError, context)
        }
    }

    private func readData(_ frame: WebSocketFrame, _ context: ChannelHandlerContext) {
        guard (frame.opcode == .continuation) == (partial != nil) else { return violate(.protocolError, context) }
        var message = partial ?? (frame.opcode, context.channel.allocator.buffer(capacity: frame.length))
        partial = nil
        guard message.data.readableBytes + frame.length <= maximumSize else { return violate(.tooBig, context) }
        var data = frame.unmaskedData
        message.data.writeBuffer(&data)
        guard frame.fin else {
            partial = message
            return
        }
        guard message.opcode == .text else { return context.fireChannelRead(wrapInboundOut(.binary)) }
        guard let text = String(validating: message.data.readableBytesView, as: UTF8.self) else {
            return violate(.invalidText, context)
        }
        context.fireChannelRead(wrapInboundOut(.text(text)))
    }

    private func violate(_ code: CloseCode, _ context: ChannelHandlerContext) {
        guard state == .open else { return }
        state = .broken
        context.fireChannelRead(wrapInboundOut(.violation(code)))
    }

    /// The code that answers a peer's close frame: its own, if it may stand in one (RFC 6455, section 7.4).
    private static func answer(toClose payload: inout ByteBuffer) -> WebSocketErrorCode {
        guard payload.readableBytes > 0 else { return .normalClosure }
        guard let code = payload.readInteger(as: UInt16.self),
            (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code)
        else { return .protocolError }
        return WebSocketErrorCode(codeNumber: Int(code))
    }

    // Writing.

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch state {
        case .open, .broken: break
        case .silent: return promise?.succeed() ?? ()
        case .closing: return promise?.fail(ChannelError.outputClosed) ?? ()
        }
        context.write(data, promise: promise)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case let event as Close:
            close(
                with: WebSocketErrorCode(codeNumber: event.code.rawValue), event.code.reason, context,
                peerIsDone: false)
            promise?.succeed()
        case let event as Lose:
            lose(event.loss, context)
            promise?.succeed()
        default: context.triggerUserOutboundEvent(event, promise: promise)
        }
    }

    private func lose(_ loss: SocketLoss, _ context: ChannelHandlerContext) {
        switch loss {
        case .close: close(with: .goingAway, CloseCode.goingAway.reason, context, peerIsDone: false)
        case .halfOpen: state = .silent
        case .reset:
            state = .silent
            // An end without a FIN: the peer gets a reset.
            let now = linger(l_onoff: 1, l_linger: 0)
            let channel = context.channel
            let isSet = (channel as? any SocketOptionProvider)?.setSoLinger(now)
            (isSet ?? context.eventLoop.makeSucceededVoidFuture()).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private func close(
        with code: WebSocketErrorCode, _ reason: String, _ context: ChannelHandlerContext, peerIsDone: Bool
    ) {
        guard state != .closing else { return }
        guard state != .silent else { return context.close(promise: nil) }
        state = .closing
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        if peerIsDone { written.futureResult.whenComplete { _ in channel.close(promise: nil) } }
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)), promise: written)
        context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        context.read()
    }
}
