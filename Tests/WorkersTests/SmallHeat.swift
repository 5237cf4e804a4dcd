import HTTPTypes
import OpenStack
import Runtime
import Synchronization

/// A Keystone and a Heat that make a stack in 10 s and delete one in 5 s, and do worse on demand.
final class SmallHeat: CloudTransport {
    /// What is to happen to the next requests of a kind (`create`, `delete`, `show`, `find`, `list`, `events`).
    enum Trouble: Sendable {
        /// It is carried out, and the answer is lost.
        case loseAnswer
        /// It is not carried out, and nobody can tell.
        case loseRequest
        case answer(CloudResponse)
        /// It is carried out, and answered after a while.
        case delay(Duration)
        /// The transport fails in a way that it never should.
        case breakDown
    }

    struct Unheard: Error {}

    struct Stack: Sendable {
        let id: String
        let name: String
        let tags: [String]
        let createdAt: Duration
        var deletedAt: Duration?
        var failure: String?
        var deleteFails = 0
    }

    private struct State {
        var stacks: [Stack] = []
        var made = 0
        var troubles: [String: [Trouble]] = [:]
        var calls: [String] = []
        var isDown = false
        var nextFailure: String?
        var isKeystoneDown = false
        var createTakes: Duration = .seconds(10)
        var nameLingers: Duration = .zero
        var servers: [ServerClient.Server]?
    }

    private let stage: Stage
    private let state = Mutex(State())

    init(_ stage: Stage) {
        self.stage = stage
    }

    var calls: [String] { state.withLock { $0.calls } }
    func count(_ call: String) -> Int { calls.count { $0 == call } }
    var stacks: [Stack] { state.withLock { $0.stacks } }
    var live: [Stack] { stacks.filter { status(of: $0) != "DELETE_COMPLETE" } }

    func trouble(_ call: String, _ troubles: Trouble...) {
        state.withLock { $0.troubles[call, default: []] += troubles }
    }

    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }
    /// The next stack fails with this reason.
    func failNext(_ reason: String) { state.withLock { $0.nextFailure = reason } }
    /// Somebody removes all stacks without a trace.
    func vanish() { state.withLock { $0.stacks = [] } }
    func failDeletions(_ count: Int) {
        state.withLock { state in for index in state.stacks.indices { state.stacks[index].deleteFails = count } }
    }
    func setKeystoneDown(_ isDown: Bool) { state.withLock { $0.isKeystoneDown = isDown } }
    func setCreateTakes(_ duration: Duration) { state.withLock { $0.createTakes = duration } }
    /// What Nova lists; from then on a stack's output names the first of them.
    func setServers(_ servers: [ServerClient.Server]) { state.withLock { $0.servers = servers } }
    /// For how long after its deletion a stack's name is taken.
    func setNameLingers(_ duration: Duration) { state.withLock { $0.nameLingers = duration } }
    func add(_ name: String, tags: [String], isDeleted: Bool = false) {
        state.withLock { state in
            _ = Self.make(name, tags: tags, at: stage.uptime, in: &state)
            if isDeleted { state.stacks[state.stacks.count - 1].deletedAt = stage.uptime - .seconds(5) }
        }
    }

    /// Whether a stack's name leads to it.
    private func isNamed(_ stack: Stack) -> Bool {
        guard let deletedAt = stack.deletedAt, status(of: stack) == "DELETE_COMPLETE" else { return true }
        return stage.uptime < deletedAt + .seconds(5) + state.withLock { $0.nameLingers }
    }

    private func status(of stack: Stack) -> String {
        let now = stage.uptime
        if let deletedAt = stack.deletedAt {
            if now < deletedAt + .seconds(5) { return "DELETE_IN_PROGRESS" }
            return stack.deleteFails > 0 ? "DELETE_FAILED" : "DELETE_COMPLETE"
        }
        if now < stack.createdAt + state.withLock({ $0.createTakes }) { return "CREATE_IN_PROGRESS" }
        return stack.failure == nil ? "CREATE_COMPLETE" : "CREATE_FAILED"
    }

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        let (kind, parts, query) = Self.read(request)
        if kind == "token" {
            return state.withLock { $0.isKeystoneDown } ? CloudResponse(status: 503) : .token(at: stage.now)
        }
        let (trouble, isDown) = state.withLock { state -> (Trouble?, Bool) in
            state.calls.append(kind)
            guard state.troubles[kind]?.isEmpty == false else { return (nil, state.isDown) }
            return (state.troubles[kind]?.removeFirst(), state.isDown)
        }
        if isDown { throw TransportFailure(effect: .impossible, reason: "connection refused") }
        switch trouble {
        case .answer(let response): return response
        case .loseRequest: throw TransportFailure(effect: .possible, reason: "reset")
        case .loseAnswer:
            _ = answer(kind, parts, query, request)
            throw TransportFailure(effect: .possible, reason: "reset")
        case .delay(let duration):
            let answer = answer(kind, parts, query, request)
            try await stage.sleep(for: duration)
            return answer
        case .breakDown: throw Unheard()
        case nil: return answer(kind, parts, query, request)
        }
    }

    private static func read(_ request: CloudRequest) -> (kind: String, parts: [String], query: [String: String]) {
        if request.url.hasPrefix("http://nova/") { return ("servers", [], [:]) }
        let heat = "http://heat/v1/p/"
        guard request.url.hasPrefix(heat) else { return ("token", [], [:]) }
        let halves = request.url.dropFirst(heat.count).split(separator: "?")
        let parts = halves[0].split(separator: "/").map(String.init)
        let items = halves.count < 2 ? [] : halves[1].split(separator: "&")
        let query = items.map { $0.split(separator: "=").map(String.init) }
        let kind =
            switch (request.method, parts.count) {
            case (.post, _): "create"
            case (.delete, _): "delete"
            case (_, 1): "list"
            case (_, 2): "find"
            case (_, 3): "show"
            default: "events"
            }
        return (kind, parts, Dictionary(uniqueKeysWithValues: query.map { ($0[0], $0[1].replacing("%3A", with: ":")) }))
    }

    private static func make(_ name: String, tags: [String], at now: Duration, in state: inout State) -> Stack {
        state.made += 1
        let stack = Stack(id: "s\(state.made)", name: name, tags: tags, createdAt: now, failure: state.nextFailure)
        state.nextFailure = nil
        state.stacks.append(stack)
        return stack
    }

    private func answer(
        _ kind: String, _ parts: [String], _ query: [String: String], _ request: CloudRequest
    ) -> CloudResponse {
        let absent = CloudResponse.heatError(404, "EntityNotFound")
        let live = live
        switch kind {
        case "servers":
            let servers = state.withLock { $0.servers } ?? []
            return .json(200, ["servers": .array(servers.map(json))])
        case "create":
            let body = try? JSONValue(parsing: request.body ?? [])
            let name = body?["stack_name"]?.string ?? ""
            if stacks.contains(where: { $0.name == name && isNamed($0) }) { return .heatError(409, "StackExists") }
            let tags = (body?["tags"]?.string ?? "").split(separator: ",").map(String.init)
            let stack = state.withLock { Self.make(name, tags: tags, at: stage.uptime, in: &$0) }
            return .json(201, ["stack": ["id": .string(stack.id)]])
        case "list":
            return .json(
                200,
                ["stacks": .array(live.filter { stack in query["tags"].map(stack.tags.contains) ?? true }.map(json))])
        case "find":
            guard let stack = stacks.first(where: { $0.name == parts[1] && isNamed($0) }) else { return absent }
            return CloudResponse(status: 302, headers: [.location: "http://x/v1/p/stacks/\(stack.name)/\(stack.id)"])
        case "events":
            let events = ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"].map { status -> JSONValue in
                ["id": .string(parts[2] + status), "resource_name": "server", "resource_status": .string(status)]
            }
            return .json(200, ["events": query["marker"] == nil ? .array(events) : []])
        case "show":
            guard let stack = stacks.first(where: { $0.id == parts[2] }) else { return absent }
            return .json(200, ["stack": json(stack)])
        default:
            guard live.contains(where: { $0.id == parts[2] }) else { return absent }
            state.withLock { state in
                for index in state.stacks.indices where state.stacks[index].id == parts[2] {
                    if state.stacks[index].deletedAt != nil { state.stacks[index].deleteFails -= 1 }
                    state.stacks[index].deletedAt = stage.uptime
                }
            }
            return CloudResponse(status: 204)
        }
    }

    private func json(_ stack: Stack) -> JSONValue {
        let isReady = status(of: stack) == "CREATE_COMPLETE"
        return [
            "id": .string(stack.id), "stack_name": .string(stack.name), "stack_status": .string(status(of: stack)),
            "stack_status_reason": JSONValue(stack.failure), "tags": .array(stack.tags.map(JSONValue.string)),
            "outputs": [
                ["output_key": "public_ip", "output_value": isReady ? .string("203.0.113.7") : nil],
                ["output_key": "private_ip", "output_value": isReady ? .string("10.0.0.7") : nil],
                ["output_key": "server_id", "output_value": JSONValue(state.withLock { $0.servers?.first?.id })],
            ],
        ]
    }

    private func json(_ server: ServerClient.Server) -> JSONValue {
        func addresses(_ list: [String], _ type: String) -> [JSONValue] {
            list.map { ["addr": .string($0), "version": 4, "OS-EXT-IPS:type": .string(type)] }
        }
        return [
            "id": .string(server.id), "status": .string(server.status),
            "addresses": [
                "private": .array(
                    addresses(server.fixedAddresses, "fixed") + addresses(server.floatingAddresses, "floating"))
            ],
        ]
    }
}

extension CloudResponse {
    /// A token of Keystone for a region `RegionOne`.
    static func token(at now: Timestamp) -> CloudResponse {
        let catalog = [
            ("orchestration", "http://heat/v1/p"), ("compute", "http://nova/v2.1"), ("image", "http://glance"),
        ]
        let token: JSONValue = [
            "token": [
                "expires_at": .string((now + .seconds(100_000)).microseconds),
                "catalog": .array(
                    catalog.map { type, url in
                        [
                            "type": .string(type),
                            "endpoints": [["interface": "public", "region_id": "RegionOne", "url": .string(url)]],
                        ]
                    }),
            ]
        ]
        return CloudResponse(status: 201, headers: [HTTPField.Name("X-Subject-Token")!: "t"], body: token.utf8)
    }

    static func json(_ status: Int, _ body: JSONValue) -> CloudResponse {
        CloudResponse(status: status, body: body.utf8)
    }

    static func heatError(_ status: Int, _ type: String, _ message: String = "words") -> CloudResponse {
        .json(status, ["code": .integer(status), "error": ["type": .string(type), "message": .string(message)]])
    }
}
