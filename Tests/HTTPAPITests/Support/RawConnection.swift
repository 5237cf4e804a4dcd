import NIOCore
import NIOPosix
import Runtime

/// A TCP connection, for what no HTTP client would send.
struct RawConnection {
    private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let channel: any Channel
    private var received = ""

    /// Connects, runs a body and closes.
    static func open<Value: Sendable>(
        _ site: Site, _ body: (inout RawConnection) async throws -> Value
    ) async throws -> Value {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: site.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var connection = RawConnection(
                inbound: inbound.makeAsyncIterator(), outbound: outbound, channel: channel.channel)
            return try await body(&connection)
        }
    }

    private init(
        inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator,
        outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, channel: any Channel
    ) {
        self.inbound = inbound
        self.outbound = outbound
        self.channel = channel
    }

    func send(_ text: String) async throws {
        try await outbound.write(ByteBuffer(string: text))
    }

    func send(_ bytes: [UInt8]) async throws {
        try await outbound.write(ByteBuffer(bytes: bytes))
    }

    /// Sends a request: the lines without their ends, then the body.
    func send(_ lines: [String], body: String = "") async throws {
        try await send(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }

    /// Says that nothing more will be sent.
    func finish() {
        outbound.finish()
    }

    /// Ends the connection with a reset instead of an orderly end.
    func reset() async throws {
        try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close().get()
    }

    /// The next response: its status line, its headers in lower case and its body, by Content-Length.
    ///
    /// - Returns: nil where the server closed instead.
    mutating func response() async throws -> (status: Int, headers: [String: String], body: String)? {
        while !received.contains("\r\n\r\n") {
            guard try await read() else { return nil }
        }
        guard let end = received.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = received[..<end.lowerBound].split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            headers[parts[0].lowercased()] = parts[1].trimmingPrefix(" ").description
        }
        received.removeSubrange(..<end.upperBound)
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while received.utf8.count < length {
            guard try await read() else { return nil }
        }
        let body = String(decoding: received.utf8.prefix(length), as: UTF8.self)
        received = String(decoding: received.utf8.dropFirst(length), as: UTF8.self)
        return (Int(lines[0].split(separator: " ")[1]) ?? 0, headers, body)
    }

    /// Reads on until the server closes.
    ///
    /// - Returns: what came.
    mutating func untilClosed() async throws -> String {
        while try await read() {}
        return received
    }

    private mutating func read() async throws -> Bool {
        guard let buffer = try await inbound.next() else { return false }
        received += String(buffer: buffer)
        return true
    }
}
