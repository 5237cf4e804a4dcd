import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Runtime

/// A WebSocket client of the tests' own, straight on SwiftNIO.
struct WebSocketClient {
    enum Failure: Error, Equatable {
        /// The server answered the handshake with something other than 101.
        case refused
        case closed(code: Int?)
    }

    private var inbound: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>

    /// Connects, runs a body with the open socket and closes it.
    static func connect<Value: Sendable>(
        port: Int, path: String = "/ws", headers: [(String, String)],
        _ body: (inout WebSocketClient) async throws -> Value
    ) async throws -> Value {
        typealias Channel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>
        let upgrade: EventLoopFuture<Channel?> = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOTypedWebSocketClientUpgrader<Channel?>(
                        maxFrameSize: 1 << 20,
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture {
                                try Channel(wrappingChannelSynchronously: channel)
                            }
                        })
                    let head = HTTPRequestHead(
                        version: .http1_1, method: .GET, uri: path,
                        headers: HTTPHeaders([("Host", "127.0.0.1:\(port)")] + headers))
                    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: .init(
                            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                                upgradeRequestHead: head, upgraders: [upgrader],
                                notUpgradingCompletionHandler: { channel in
                                    channel.close(promise: nil)
                                    return channel.eventLoop.makeSucceededFuture(nil)
                                })))
                }
            }
        guard let channel = try await upgrade.get() else { throw Failure.refused }
        return try await channel.executeThenClose { inbound, outbound in
            var client = WebSocketClient(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            return try await body(&client)
        }
    }

    func send(_ message: JSONValue) async throws {
        try await send(text: message.description)
    }

    func send(text: String) async throws {
        try await write(.text, ByteBuffer(string: text))
    }

    func send(binary bytes: [UInt8]) async throws {
        try await write(.binary, ByteBuffer(bytes: bytes))
    }

    /// Sends frames as they are, all at once.
    func send(_ frames: [WebSocketFrame]) async throws {
        try await outbound.write(contentsOf: frames)
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer) async throws {
        try await outbound.write(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data))
    }

    /// The next frame, whatever it is; nil where the connection ended.
    mutating func nextFrame() async throws -> WebSocketFrame? {
        try await inbound.next()
    }

    /// The next message, pings answered on the way.
    ///
    /// - Throws: ``Failure/closed(code:)`` with the close frame's code, nil where the connection just ended.
    mutating func next() async throws -> JSONValue {
        while let frame = try await inbound.next() {
            switch frame.opcode {
            case .text: return try JSONValue(parsing: frame.unmaskedData.readableBytesView)
            case .ping: try await write(.pong, frame.unmaskedData)
            case .connectionClose:
                var data = frame.unmaskedData
                throw Failure.closed(code: data.readInteger(as: UInt16.self).map(Int.init))
            default: continue
            }
        }
        throw Failure.closed(code: nil)
    }

    /// Reads on until the server closes.
    ///
    /// - Returns: the close code and the messages before it.
    mutating func untilClosed() async throws -> (code: Int?, messages: [JSONValue]) {
        var messages: [JSONValue] = []
        while true {
            do {
                messages.append(try await next())
            } catch Failure.closed(let code) {
                return (code, messages)
            }
        }
    }

    /// Reads on to the first message that satisfies a condition, which is the last of what it returns.
    mutating func until(_ condition: (JSONValue) -> Bool) async throws -> [JSONValue] {
        var messages: [JSONValue] = []
        while true {
            messages.append(try await next())
            if let last = messages.last, condition(last) { return messages }
        }
    }
}
