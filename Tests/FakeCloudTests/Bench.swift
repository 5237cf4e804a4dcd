import HTTPTypes
import Hummingbird
import NIOCore
import Runtime
import Scenarios
import Synchronization

@testable import FakeCloud

/// A fake cloud on a bench: its clock stands still until it is moved, and calls are answered in memory.
final class Bench: Sendable {
    static let region = "RegionOne"

    let cloud: FakeCloud
    let time: BenchTime

    init(
        _ scenario: CloudScenario = .bench, seed: UInt64 = 1, at start: String = "2026-01-06T10:00:00Z",
        journal: (any CloudJournal)? = nil
    ) throws {
        time = BenchTime(start)
        cloud = try FakeCloud(
            scenario, surroundings: Surroundings(time: time, random: RandomSource(seed: seed)),
            journal: journal)
    }

    /// Sends a request to a path of the fake, such as `/heat/RegionOne/v1/PROJECT/stacks`.
    func send(
        _ method: String, _ path: String, headers: HTTPFields = [:], body: [UInt8] = []
    ) async throws -> (status: Int, headers: HTTPFields, body: [UInt8]) {
        let head = HTTPRequest(
            method: .init(method) ?? .get, scheme: "http", authority: "cloud.test", path: path, headerFields: headers)
        let response = try await cloud.respond(
            to: Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: body))))
        let collector = BodyCollector()
        try await response.body.write(collector)
        return (response.status.code, response.headers, collector.bytes)
    }

    /// Signs in with a password and answers the token.
    func token(_ user: String = "demo") async throws -> String {
        let body: JSONValue = [
            "auth": [
                "identity": [
                    "methods": ["password"],
                    "password": [
                        "user": [
                            "name": .string(user), "domain": ["id": "default"],
                            "password": .string("hothouse-" + user),
                        ]
                    ],
                ],
                "scope": ["project": ["name": .string(user), "domain": ["id": "default"]]],
            ]
        ]
        let answer = try await send("POST", "/identity/v3/auth/tokens", body: body.utf8)
        return answer.headers[HTTPField.Name("X-Subject-Token")!] ?? ""
    }

    /// The engine as it is now.
    var engine: CloudEngine {
        get {
            cloud.engine.withLock { engine in
                engine.advance(to: time.now)
                return engine
            }
        }
        set { cloud.engine.withLock { $0 = newValue } }
    }
}

/// A clock that moves only when it is told to, or when someone sleeps.
final class BenchTime: TimeSource {
    private let start: Timestamp
    private let passed = Mutex(Duration.zero)

    init(_ start: String) {
        self.start = Timestamp(start) ?? Timestamp(milliseconds: 0)
    }

    var now: Timestamp { start + uptime }
    var uptime: Duration { passed.withLock { $0 } }

    func advance(_ duration: Duration) {
        passed.withLock { $0 += duration }
    }

    func sleep(for duration: Duration) async throws {
        advance(max(.zero, duration))
    }
}

final class BodyCollector: ResponseBodyWriter {
    private(set) var bytes: [UInt8] = []

    func write(_ buffer: ByteBuffer) async throws {
        bytes += buffer.readableBytesView
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension CloudScenario {
    /// The cloud that the exchanges were recorded from: its region, flavors and images. Every resource of Neutron and
    /// Nova takes a second.
    static var bench: CloudScenario {
        let second = LifecycleScenario(create: .fixed(.seconds(1)), delete: .fixed(.seconds(1)))
        var scenario = CloudScenario.standard
        scenario.regions = [RegionScenario(id: Bench.region, latency: .fixed(.zero))]
        scenario.instanceTypes = [
            InstanceTypeScenario(id: "m1.tiny", vcpus: 1, ramMiB: 512, diskGiB: 1),
            InstanceTypeScenario(id: "m1.medium", vcpus: 2, ramMiB: 4096, diskGiB: 40),
            InstanceTypeScenario(id: "m1.huge", vcpus: 4, ramMiB: 99_000_000, diskGiB: 80),
            InstanceTypeScenario(id: "m1.small", vcpus: 1, ramMiB: 2048, diskGiB: 20),
        ]
        scenario.images = [ImageScenario(id: "debian-12"), ImageScenario(id: "cirros-0.6.2")]
        scenario.lifecycles = Dictionary(
            uniqueKeysWithValues: ResourceKind.allCases.filter { $0.rawValue.hasPrefix("OS::N") }.map {
                ($0.rawValue, second)
            } + [(ResourceKind.randomString.rawValue, LifecycleScenario(create: .fixed(.seconds(1))))])
        scenario.stackRules = [
            StackRule(
                name: "k-nvh*",
                create: ["server": ResourceFate(outcome: .fails(reason: "No valid host was found. ", times: nil))])
        ]
        return scenario
    }
}
