import NIOCore
import NIOWebSocket
import WebSockets

/// A WebSocket of SwiftNIO's as the session sees it.
struct NIOMessageSocket: MessageSocket {
    let channel: any Channel
    let inbound: NIOAsyncChannelInboundStream<WebSocketFrame>
    let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

    var frames: any AsyncSequence<SocketFrame, any Error> & Sendable {
        Frames(inbound: inbound, outbound: outbound)
    }

    /// The peer's frames up to its close frame; pings are answered on the way.
    private struct Frames: AsyncSequence, Sendable {
        let inbound: NIOAsyncChannelInboundStream<WebSocketFrame>
        let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

        struct AsyncIterator: AsyncIteratorProtocol {
            var inbound: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
            let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

            mutating func next() async throws -> SocketFrame? {
                while let frame = try await inbound.next() {
                    switch frame.opcode {
                    case .text:
                        let bytes = frame.unmaskedData.readableBytesView
                        return String(validating: bytes, as: UTF8.self).map(SocketFrame.text)
                            ?? .violation(.invalidText)
                    case .binary: return .binary
                    case .ping:
                        try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData))
                        return .pong
                    case .pong: return .pong
                    case .connectionClose: return nil
                    default: continue
                    }
                }
                return nil
            }
        }

        func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(inbound: inbound.makeAsyncIterator(), outbound: outbound)
        }
    }

    func send(_ text: String) async throws {
        let data = channel.allocator.buffer(string: text)
        try await outbound.write(WebSocketFrame(fin: true, opcode: .text, data: data))
    }

    func ping() async throws {
        try await outbound.write(WebSocketFrame(fin: true, opcode: .ping, data: channel.allocator.buffer(capacity: 0)))
    }

    func close(_ code: CloseCode) async {
        var data = channel.allocator.buffer(capacity: 2 + code.reason.utf8.count)
        data.write(webSocketErrorCode: WebSocketErrorCode(codeNumber: code.rawValue))
        data.writeString(code.reason)
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
        // Past the writer, which may be stuck behind a peer that does not read; that peer gets a moment, and no more.
        try? await channel.eventLoop.submit { [channel] in
            channel.writeAndFlush(frame).whenComplete { _ in
                channel.eventLoop.scheduleTask(in: .milliseconds(200)) { channel.close(promise: nil) }
            }
            channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        }.get()
    }
}
