import HTTPTypes
import OpenStack
import Runtime
import Synchronization

/// The way to the cloud of a process that may die: once dead it neither sends nor hears.
struct MortalTransport: CloudTransport {
    let inner: InProcessCloud
    let pulse: ServerLife.Pulse
    let crashPoints: CrashPoints
    let calls: CallBook
    /// Who asks, in the trace.
    let actor: String

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        try pulse.check()
        let call = calls.asks(request, by: actor)
        do {
            // A request on its way is carried out, whatever becomes of the one who sent it.
            let response = try await inner.send(request) {
                if let point = request.crashPoint { try crashPoints.reached(point) }
            }
            try pulse.check()
            calls.told(call, response, by: actor)
            return response
        } catch {
            calls.told(call, nil, by: actor)
            throw error
        }
    }
}

/// Writes what the server asks of the cloud and what it is told into the trace, with tokens by their number: rules
/// need to know which is used, and nobody what it is.
final class CallBook: Sendable {
    private struct State {
        var calls = 0
        var tokens: [String: Int] = [:]
    }

    private let trace: Trace
    private let secrets: Secrets
    private let state = Mutex(State())

    init(trace: Trace, secrets: Secrets) {
        self.trace = trace
        self.secrets = secrets
    }

    /// - Returns: the number of the call.
    fileprivate func asks(_ request: CloudRequest, by actor: String) -> Int {
        let (call, token) = state.withLock { state in
            state.calls += 1
            return (state.calls, request.headers[HTTPField.Name("X-Auth-Token")!].map { number($0, &state) })
        }
        let path = String(request.url.dropFirst(InProcessCloud.baseURL.count))
        trace.note(
            actor, "asks",
            [
                "call": .integer(call), "method": .string(request.method.rawValue), "path": .string(path),
                "stack": JSONValue(request.stackName), "token": token.map { .integer($0) } ?? .null,
            ])
        return call
    }

    fileprivate func told(_ call: Int, _ response: CloudResponse?, by actor: String) {
        var fields: [String: JSONValue] = [
            "call": .integer(call), "status": response.map { .integer($0.status) } ?? .null,
            "retryAfter": response?.headers[.retryAfter].flatMap { Int($0) }.map { .integer($0) } ?? .null,
        ]
        if let token = response?.headers[HTTPField.Name("X-Subject-Token")!] {
            fields["token"] = .integer(state.withLock { number(token, &$0) })
            fields["lifetime"] = response?.tokenLifetime.map { .integer(Int($0.wholeMilliseconds)) } ?? .null
        }
        trace.note(actor, "told", fields)
    }

    private func number(_ token: String, _ state: inout State) -> Int {
        if let number = state.tokens[token] { return number }
        secrets.keep(token)
        state.tokens[token] = state.tokens.count + 1
        return state.tokens.count
    }
}

extension CloudResponse {
    /// How long the token lives that it brings.
    fileprivate var tokenLifetime: Duration? {
        let token = (try? JSONValue(parsing: body))?["token"]
        let times = ["issued_at", "expires_at"].map { token?[$0]?.string.flatMap(Timestamp.init(_:)) }
        guard let issuedAt = times[0], let expiresAt = times[1] else { return nil }
        return expiresAt - issuedAt
    }
}

extension CloudRequest {
    /// The place at which a process can die between this request and its answer.
    fileprivate var crashPoint: CrashPoint? {
        switch method {
        case .post where url.hasSuffix("/stacks"): .workerCreateSent
        case .delete where url.contains("/stacks/"): .workerDeleteSent
        default: nil
        }
    }

    /// The name of the stack that it is about.
    fileprivate var stackName: String? {
        if method == .post, url.hasSuffix("/stacks") {
            return body.flatMap { try? JSONValue(parsing: $0) }?["stack_name"]?.string
        }
        let parts = url.prefix { $0 != "?" }.split(separator: "/")
        return parts.firstIndex(of: "stacks").flatMap { $0 + 1 < parts.count ? String(parts[$0 + 1]) : nil }
    }
}
