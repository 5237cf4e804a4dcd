import HTTPTypes
import NIOCore
import NIOPosix
import Runtime
import Synchronization
import Testing

@testable import OpenStack

/// A server that does one thing when a request comes.
private final class RawServer: Sendable {
    enum Act: Sendable {
        case answer(String)
        case close
        case silence
    }

    private final class Handler: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let act: Act
        let received: Received

        init(_ act: Act, _ received: Received) {
            self.act = act
            self.received = received
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let all = received.add(String(buffer: unwrapInboundIn(data)))
            // A whole request, or something that is none.
            guard all.hasSuffix("}") || !all.hasPrefix("POST") else { return }
            switch act {
            case .answer(let text):
                context.writeAndFlush(NIOAny(ByteBuffer(string: text)), promise: nil)
            case .close: context.close(promise: nil)
            case .silence: break
            }
        }
    }

    private final class Received: Sendable {
        private let text = Mutex("")
        func add(_ more: String) -> String {
            text.withLock { text in
                text += more
                return text
            }
        }
        var all: String { text.withLock { $0 } }
    }

    private let channel: any Channel
    private let received: Received

    init(_ act: Act) async throws {
        let received = Received()
        self.received = received
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(act, received))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    var seen: String { received.all }
    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    func stop() async throws { try await channel.close().get() }
}

@Suite struct HTTPClientTransportTests {
    private func send(
        to url: String, _ settings: TransportSettings = TransportSettings(), timeout: Duration = .seconds(30)
    ) async throws -> CloudResponse {
        let transport = try HTTPClientTransport(settings)
        let request = CloudRequest(
            method: .post, url: url + "/stacks?a=%20b", headers: [.contentType: "application/json"],
            body: Array(#"{"a": 1}"#.utf8), timeout: timeout)
        do {
            let response = try await transport.send(request)
            await transport.shutdown()
            return response
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    private func failure(
        at url: String, _ settings: TransportSettings = TransportSettings(), timeout: Duration = .seconds(30)
    ) async throws -> TransportFailure {
        try #require(
            await #expect(throws: TransportFailure.self) { try await send(to: url, settings, timeout: timeout) })
    }

    @Test("status, headers and body arrive as they were sent, a redirect too; the body left with its length")
    func exchange() async throws {
        let server = try await RawServer(
            .answer("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody"))
        let response = try await send(to: server.url)
        #expect(response.status == 302 && response.headers[.location] == "/elsewhere")
        #expect(response.headers[HTTPField.Name("X-A")!] == "1" && response.body == Array("body".utf8))
        #expect(server.seen.hasPrefix("POST /stacks?a=%20b HTTP/1.1\r\n"))
        #expect(server.seen.lowercased().contains("content-length: 8\r\n"))
        #expect(server.seen.hasSuffix("\r\n\r\n{\"a\": 1}"))
        try await server.stop()
    }

    @Test("no listener, no such host and a server that speaks no TLS: nothing can have happened")
    func impossible() async throws {
        let server = try await RawServer(.answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
        let plain = server.url.replacing("http:", with: "https:")
        #expect(try await failure(at: plain).effect == .impossible)
        try await server.stop()
        let refused = try await failure(at: server.url)
        #expect(refused.effect == .impossible && refused.reason.hasSuffix("connection refused"))
        #expect(try await failure(at: "http://no-such-host.invalid").effect == .impossible)
        #expect(try await failure(at: "ftp://127.0.0.1").effect == .impossible)
    }

    @Test("a close, a truncated answer, silence and an answer without an end: it may have happened")
    func possible() async throws {
        let truncated = RawServer.Act.answer("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbody")
        var impatient = TransportSettings()
        impatient.readTimeout = .milliseconds(200)
        var frugal = TransportSettings()
        frugal.maximumBody = 3
        let long = RawServer.Act.answer("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody")
        for (act, settings, timeout) in [
            (.close, TransportSettings(), Duration.seconds(30)), (truncated, impatient, .seconds(30)),
            (.silence, impatient, .seconds(30)), (.silence, TransportSettings(), .milliseconds(200)),
            (long, frugal, .seconds(30)), (.answer("nonsense\r\n\r\n"), TransportSettings(), .seconds(30)),
        ] as [(RawServer.Act, TransportSettings, Duration)] {
            let server = try await RawServer(act)
            #expect(try await failure(at: server.url, settings, timeout: timeout).effect == .possible, "\(act)")
            try await server.stop()
        }
    }

    @Test("a caller that is cancelled gets its cancellation, and at once")
    func cancellation() async throws {
        let server = try await RawServer(.silence)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    _ = try await send(to: server.url)
                    return false
                } catch { return error is CancellationError }
            }
            while server.seen.isEmpty { await Task.yield() }
            group.cancelAll()
            for await isCancelled in group { #expect(isCancelled) }
        }
        try await server.stop()
    }

    @Test("a CA file that is not there is named")
    func missingCA() {
        var settings = TransportSettings()
        settings.caFile = "/nowhere/ca.pem"
        let error = #expect(throws: TransportUnusable.self) { try HTTPClientTransport(settings) }
        #expect(error?.description.contains("/nowhere/ca.pem") == true)
    }
}
