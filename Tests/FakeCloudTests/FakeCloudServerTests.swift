import Foundation
import Logging
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// The fake on a real port.
struct FakeCloudServerTests {
    /// What a client's socket got until its end.
    struct Received: Sendable {
        let text: String
        /// Whether the end was a reset.
        let isReset: Bool
    }

    /// Runs a server for as long as the body takes, on a port that the system picks.
    private func withServer<Value: Sendable>(
        _ rules: String..., body: @escaping @Sendable (FakeCloud, Int) async throws -> Value
    ) async throws -> Value {
        var scenario = CloudScenario.bench
        scenario.faults = try rules.map { try FaultRule(parsing: $0, file: "rule", regions: [], others: []) }
        let clock = ControlledTime(isPaused: true)
        let cloud = try FakeCloud(scenario, surroundings: Surroundings(time: clock, random: RandomSource(seed: 1)))
        let control = ControlAPI(
            cloud, clock: clock, story: PlayedStory(nil, path: nil, standard: .standard, keepsRegions: false))
        let (ports, port) = AsyncStream<Int>.makeStream()
        let server = FakeCloudServer(
            cloud, control: control, host: "127.0.0.1", port: 0,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { port.yield($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            for await port in ports { return try await body(cloud, port) }
            throw CancellationError()
        }
    }

    /// Sends a text over a socket of its own and reads to the end.
    private func exchange(_ text: String, port: Int) async -> Received {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: Self.exchangeBlocking(text, port: port)) }
        }
    }

    private static func exchangeBlocking(_ text: String, port: Int) -> Received {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return Received(text: "", isReset: false) }
        _ = text.withCString { send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            if count > 0 {
                received += buffer.prefix(count)
            } else {
                return Received(
                    text: String(decoding: received, as: UTF8.self), isReset: count < 0 && errno == ECONNRESET)
            }
        }
    }

    private static let version = "GET /identity/v3 HTTP/1.1\r\nHost: cloud.test\r\nConnection: close\r\n\r\n"

    @Test("it answers on a port that the system picked, and calls itself by it")
    func answers() async throws {
        let received = try await withServer { _, port in
            let request = Self.version.replacing("cloud.test", with: "127.0.0.1:\(port)")
            return (await exchange(request, port: port), port)
        }
        #expect(received.0.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(received.0.text.contains("http://127.0.0.1:\(received.1)/identity/v3/"))
        #expect(!received.0.isReset)
    }

    @Test(
        "a reset is a reset of the socket, before anything was sent",
        arguments: ["reset: before-request", "reset: before-answer", "refuse: true"])
    func reset(answer: String) async throws {
        let received = try await withServer("{ id: r, op: keystone.discover, answer: { \(answer) } }") { _, port in
            await exchange(Self.version, port: port)
        }
        #expect(received.isReset)
        #expect(received.text.isEmpty)
    }

    @Test("a reset in the middle of a body leaves the client with less than was announced")
    func midBody() async throws {
        let received = try await withServer("{ id: r, op: keystone.discover, answer: { reset: mid-body } }") {
            _, port in
            await exchange(Self.version, port: port)
        }
        #expect(!received.text.contains("identity-v3+json"))
        #expect(received.isReset || received.text.contains("Content-Length"))
    }

    @Test("after a reset the server goes on")
    func goesOn() async throws {
        let received = try await withServer(
            "{ id: r, op: keystone.discover, when: { nth: 1 }, answer: { reset: before-answer } }"
        ) { _, port in
            let first = await exchange(Self.version, port: port)
            return (first, await exchange(Self.version, port: port))
        }
        #expect(received.0.isReset)
        #expect(received.1.text.hasPrefix("HTTP/1.1 200"))
    }

    @Test("the control API is on the same port")
    func control() async throws {
        let received = try await withServer { _, port in
            await exchange(
                Self.version.replacing("/identity/v3", with: "/_hothouse/clock").replacing(
                    "cloud.test", with: "localhost"),
                port: port)
        }
        #expect(received.text.hasPrefix("HTTP/1.1 200"))
        #expect(received.text.contains("\"state\":\"paused\""))
    }

    @Test("a body that trickles comes whole")
    func slow() async throws {
        let received = try await withServer(
            "{ id: r, op: keystone.discover, answer: { slow: { chunk: 7, every: 1s } } }"
        ) { _, port in await exchange(Self.version, port: port) }
        let body = received.text.split(separator: "\r\n\r\n").last.map(String.init) ?? ""
        #expect(try JSONValue(parsing: body.utf8)["version"]?["id"] == "v3.14")
    }
}
