import NIOCore
import NIOWebSocket
import WebSockets

/// A WebSocket of SwiftNIO's as the session sees it.
struct NIOMessageSocket: MessageSocket {
    /// With ``SocketFraming`` in its pipeline.
    let channel: any Channel
    let inbound: NIOAsyncChannelInboundStream<SocketFrame>
    let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable { inbound }

    func send(_ text: String) async throws {
        let data = channel.allocator.buffer(string: text)
        try await outbound.write(WebSocketFrame(fin: true, opcode: .text, data: data))
    }

    func ping() async throws {
        try await outbound.write(WebSocketFrame(fin: true, opcode: .ping, data: channel.allocator.buffer(capacity: 0)))
    }

    func close(_ code: CloseCode) async {
        // Past the writer, which may be stuck behind a peer that does not read.
        try? await channel.triggerUserOutboundEvent(SocketFraming.Close(code: code)).get()
    }

    func lose(_ loss: SocketLoss) async {
        try? await channel.triggerUserOutboundEvent(SocketFraming.Lose(loss: loss)).get()
    }
}
