import Foundation
import HTTPTypes
import Logging
import Runtime

/// One region of a cloud: sends calls to its services with a token, within limits, and classes the answers.
public struct CloudRegion: Sendable {
    public let id: String
    private let session: CloudSession
    private let transport: any CloudTransport
    let surroundings: Surroundings
    private let logger: Logger
    private let gate = RegionGate()

    /// Longer than the 60 s after which Heat's API gives its engine up (semantics.md S4.5).
    static let callLimit = Duration.seconds(65)

    public init(
        id: String, session: CloudSession, transport: any CloudTransport, surroundings: Surroundings, logger: Logger
    ) {
        self.id = id
        self.session = session
        self.transport = transport
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Whether the region answers, as far as is known.
    public var isAvailable: Bool { !gate.isShut }

    /// The raw answer of a call, or the class of what happened instead.
    enum Exchange {
        case response(CloudResponse, endpoint: String)
        case failed(CloudAnswer<JSONValue>)
    }

    /// One call to a service of the region.
    ///
    /// - Parameters:
    ///   - service: its type in Keystone's catalog: `orchestration`, `compute`, `image`.
    ///   - path: below the service's endpoint, with its query; or a whole URL that an earlier answer gave, which
    ///     must be on the endpoint's host.
    /// - Throws: `CancellationError`, and what a simulated crash throws.
    func call(_ kind: CallKind, _ service: String, _ path: String, body: JSONValue? = nil) async throws
        -> CloudAnswer<JSONValue>
    {
        switch try await exchange(kind, service, path, body: body) {
        case .failed(let answer): return answer
        case .response(let response, _): return response.answer(to: kind, at: surroundings.time.now)
        }
    }

    func exchange(_ kind: CallKind, _ service: String, _ path: String, body: JSONValue? = nil) async throws -> Exchange {
        if let delay = try await waitForTurn() { return .failed(.later(delay)) }
        var refused: String?
        while true {
            let token: CloudToken
            do {
                token = try await session.token(insteadOf: refused)
            } catch SignInFailure.refused {
                return .failed(.unauthenticated)
            } catch is SignInFailure {
                return .failed(.later(nil))
            }
            guard let endpoint = token.url(of: service, region: id) else {
                logger.error("Keystone's catalog has no public \(service) in \(id)")
                return .failed(.later(nil))
            }
            let request = CloudRequest(
                method: kind.method, url: try url(path, endpoint: endpoint),
                headers: [
                    .authToken: token.value, .accept: "application/json", .contentType: "application/json",
                ], body: body?.utf8 ?? [])
            let response: CloudResponse
            do {
                response = try await surroundings.time.withTimeout(Self.callLimit) { [transport] in
                    try await transport.send(request)
                }
            } catch let failure as TransportFailure {
                gate.noteFailure(at: surroundings.time.uptime)
                return .failed(failure.mayHaveBeenSent ? .unknown(failure.reason) : .later(nil))
            } catch let timeout as TimedOut {
                gate.noteFailure(at: surroundings.time.uptime)
                return .failed(.unknown(timeout.description))
            }
            gate.noteAnswer()
            if response.status == 401 {
                guard refused == nil else { return .failed(.unauthenticated) }
                refused = token.value
                continue
            }
            if case .later(let delay?) = response.answer(to: kind, at: surroundings.time.now) {
                gate.noteRetryAfter(delay, at: surroundings.time.uptime)
            }
            return .response(response, endpoint: endpoint)
        }
    }

    /// Waits until the gate lets a call pass.
    ///
    /// - Returns: nil where it does, else how long the region is shut.
    private func waitForTurn() async throws -> Duration? {
        while true {
            switch gate.admit(at: surroundings.time.uptime) {
            case .go: return nil
            case .shut(let delay): return delay
            case .wait(let delay): try await surroundings.time.sleep(for: delay)
            }
        }
    }

    /// A link that a service gave is followed on the endpoint's own host only: the token goes nowhere else.
    private func url(_ path: String, endpoint: String) throws -> String {
        guard let root = URLComponents(string: endpoint), let host = root.host else { return endpoint + path }
        let origin = (root.scheme ?? "http") + "://" + host + (root.port.map { ":\($0)" } ?? "")
        return path.hasPrefix(origin + "/") ? path : endpoint + path
    }
}

extension CallKind {
    fileprivate var method: HTTPRequest.Method {
        switch self {
        case .create: .post
        case .read: .get
        case .delete: .delete
        }
    }
}
