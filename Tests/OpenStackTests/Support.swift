import HTTPTypes
import Logging
import OpenStack
import Runtime
import Synchronization

/// A time that stands still until a test moves it on.
final class ManualTime: TimeSource {
    private struct State {
        var uptime: Duration = .zero
        var sleepers: [Int: (until: Duration, continuation: CheckedContinuation<Void, Never>)] = [:]
        var cancelled: Set<Int> = []
        var count = 0
    }

    private let state = Mutex(State())
    static let start = Timestamp("2026-01-06T10:00:00.000Z")!

    var uptime: Duration { state.withLock { $0.uptime } }
    var now: Timestamp { Self.start + uptime }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
        let id = state.withLock { state in
            state.count += 1
            return state.count
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if duration <= .zero || state.cancelled.remove(id) != nil { return true }
                    state.sleepers[id] = (state.uptime + duration, continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return Optional(sleeper) }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume()
        }
        try Task.checkCancellation()
    }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.uptime += duration
            let due = state.sleepers.filter { $0.value.until <= state.uptime }.sorted { $0.key < $1.key }
            for (id, _) in due { state.sleepers[id] = nil }
            return due
        }
        for (_, sleeper) in due { sleeper.continuation.resume() }
    }

    /// When the next sleeper wakes.
    var nextWake: Duration? { state.withLock { $0.sleepers.values.map(\.until).min() } }
}

/// A cloud that answers from a script: one closure sees every request but those for tokens.
final class ScriptedCloud: CloudTransport {
    typealias Script = @Sendable (CloudRequest) async throws -> CloudResponse

    static let identity = "http://cloud.test:5000"
    static let heat = "http://cloud.test:8004/v1/p1"
    private let time: ManualTime
    private let script: Script
    private let seen = Mutex<[CloudRequest]>([])
    let refusesTokens = Mutex(false)

    init(_ time: ManualTime, _ script: @escaping Script) {
        self.time = time
        self.script = script
    }

    /// What was asked, tokens apart: `GET /stacks/vm-1`.
    var calls: [String] {
        seen.withLock { $0 }.filter { !$0.url.hasSuffix("/auth/tokens") }
            .map { $0.method.rawValue + " " + $0.url.replacing(Self.heat, with: "") }
    }
    var tokensAsked: Int { seen.withLock { $0 }.count { $0.url.hasSuffix("/auth/tokens") } }
    var tokensUsed: [String] {
        seen.withLock { $0 }.compactMap { $0.headers[HTTPField.Name("X-Auth-Token")!] }
    }

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        seen.withLock { $0.append(request) }
        guard request.url == Self.identity + "/v3/auth/tokens" else { return try await script(request) }
        // Others who ask meanwhile get their turn.
        for _ in 0..<100 { await Task.yield() }
        if refusesTokens.withLock({ $0 }) { return CloudResponse(status: 401) }
        let token: JSONValue = [
            "token": [
                "issued_at": .string(time.now.microseconds), "project": ["id": "p1", "name": "portal"],
                "expires_at": .string((time.now + .seconds(1000)).microseconds),
                "catalog": [
                    [
                        "type": "orchestration",
                        "endpoints": [
                            ["interface": "internal", "region_id": "RegionOne", "url": "http://inside"],
                            ["interface": "public", "region_id": "RegionOne", "url": .string(Self.heat)],
                        ],
                    ],
                    [
                        "type": "compute",
                        "endpoints": [["interface": "public", "region": "RegionOne", "url": "http://nova/v2.1"]],
                    ],
                    [
                        "type": "image",
                        "endpoints": [["interface": "public", "region_id": "RegionOne", "url": "http://glance/"]],
                    ],
                ],
            ]
        ]
        return CloudResponse(
            status: 201, headers: [HTTPField.Name("X-Subject-Token")!: "token-\(tokensAsked)"], body: token.utf8)
    }

    /// - Parameter overrides: addresses of services instead of the catalog's.
    func connection(
        limits: CloudLimits = CloudLimits(), overrides: [CloudService: String] = [:]
    ) -> CloudConnection {
        let surroundings = Surroundings(time: time, random: RandomSource(seed: 1))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let credential = CloudCredential(
            identityURL: Self.identity, applicationCredentialId: "ac", secret: "secret")
        return CloudConnection(
            region: "RegionOne",
            session: CloudSession(credential, transport: self, surroundings: surroundings, logger: logger),
            transport: self, limits: limits, endpointOverrides: overrides, surroundings: surroundings)
    }

    func client(limits: CloudLimits = CloudLimits()) -> HeatClient { HeatClient(connection(limits: limits)) }
}

extension CloudResponse {
    static func json(_ status: Int, _ body: JSONValue, _ headers: HTTPFields = [:]) -> CloudResponse {
        CloudResponse(status: status, headers: headers, body: body.utf8)
    }

    static let html = CloudResponse(status: 200, body: Array("<html>Bad gateway</html>".utf8))

    static func heatError(_ status: Int, _ type: String, _ message: String = "words") -> CloudResponse {
        .json(status, ["code": .integer(status), "error": ["type": .string(type), "message": .string(message)]])
    }

    static let vm1 = CloudResponse.json(
        200, ["stack": ["id": "s1", "stack_name": "vm-1", "stack_status": "CREATE_COMPLETE", "tags": ["a"]]])
}
