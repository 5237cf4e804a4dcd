import FakeCloud
import HTTPTypes
import OpenStack
import Runtime

/// A call to a real cloud: how long it took, and how it ended.
struct ObservedCall: Equatable, Sendable {
    enum Outcome: Hashable, Sendable {
        /// - Parameter isJSON: whether the body was JSON, or there was none.
        case answered(status: Int, retryAfter: Int?, isJSON: Bool)
        /// Nothing listens there.
        case refused
        /// The connection ended without a whole answer.
        case reset
        /// No answer came within the time that the client gives a call.
        case hung
    }

    let operation: CloudOperation
    let took: Duration
    let outcome: Outcome

    /// Whether it is a fault of the cloud's, not its word on what was asked: a refusal for too many requests, an error
    /// of the server or of something before it, a lost connection.
    var isFault: Bool {
        switch outcome {
        case .refused, .reset, .hung: true
        case .answered(let status, _, let isJSON): [413, 429, 498].contains(status) || status >= 500 || !isJSON
        }
    }
}

extension CloudOperation {
    /// What a request of the portal's client asks for; nil where that has no name.
    init?(_ request: CloudRequest) {
        let path = request.url.prefix { $0 != "?" }.split(separator: "/").map(String.init)
        let after = path.lastIndex(of: "stacks").map { Array(path[($0 + 1)...]) }
        switch (request.method, path.last, after?.count) {
        case (.post, "tokens", nil): self = .keystoneTokenIssue
        case (.post, _, 0): self = .heatStackCreate
        case (.get, _, 0): self = .heatStackList
        case (.get, _, 1): self = .heatStackFind
        case (.get, _, 2): self = .heatStackShow
        case (.delete, _, 2): self = .heatStackDelete
        case (.get, "events", 3): self = .heatEventList
        case (.get, "resources", 3): self = .heatResourceList
        case (.post, "validate", nil): self = .heatTemplateValidate
        case (.get, "detail", nil): self = path.dropLast().last == "flavors" ? .novaFlavorList : .novaServerList
        case (.get, "limits", nil): self = .novaLimitsShow
        case (.get, "images", nil): self = .glanceImageList
        case (.get, "networks", nil): self = .neutronNetworkList
        case (.get, "details.json", nil): self = .neutronOther
        default: return nil
        }
    }
}

/// The way to a region that notes every call on it.
struct MeteredTransport: CloudTransport {
    let inner: any CloudTransport
    let regionId: String
    let book: ObservationBook
    let time: any TimeSource

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        let start = time.uptime
        func note(_ outcome: ObservedCall.Outcome) {
            guard let operation = CloudOperation(request) else { return }
            book.note(
                ObservedCall(operation: operation, took: time.uptime - start, outcome: outcome), in: regionId)
        }
        do {
            let response = try await inner.send(request)
            let body = try? JSONValue(parsing: response.body)
            note(
                .answered(
                    status: response.status, retryAfter: response.headers[.retryAfter].flatMap { Int($0) },
                    isJSON: body != nil || response.body.isEmpty || response.status == 302))
            if let life = body?.tokenLife { book.note(tokenLife: life) }
            return response
        } catch let failure as TransportFailure {
            let isLate = time.uptime - start >= request.timeout * 0.9
            note(failure.effect == .impossible ? .refused : isLate ? .hung : .reset)
            throw failure
        } catch {
            // The client gave up. That the watch is over is noted by nobody any more.
            note(.hung)
            throw error
        }
    }
}

extension JSONValue {
    /// How long the token of Keystone's answer is valid.
    fileprivate var tokenLife: Duration? {
        guard let expiry = self["token"]?["expires_at"]?.string.flatMap(Timestamp.init(_:)),
            let issue = self["token"]?["issued_at"]?.string.flatMap(Timestamp.init(_:)), expiry > issue
        else { return nil }
        return expiry - issue
    }
}
