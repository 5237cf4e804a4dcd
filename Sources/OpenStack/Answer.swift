import Runtime

/// What an answer of the cloud means (semantics.md section 4).
public enum Answer<Value: Sendable>: Sendable {
    case ok(Value)
    /// The cloud refuses: asking again changes nothing.
    case rejected(CloudFailure)
    /// 409: another stack has the name, or another action is under way.
    case conflict(CloudFailure)
    /// The cloud says that there is no such stack.
    case absent
    /// It was not carried out. Try again later.
    case later(Later)
    /// Nothing is known: a change may have happened, or may still happen; a look told nothing.
    case unknown(CloudFailure)

    func flatMap<Other>(_ transform: (Value) -> Answer<Other>) -> Answer<Other> {
        switch self {
        case .ok(let value): transform(value)
        case .rejected(let failure): .rejected(failure)
        case .conflict(let failure): .conflict(failure)
        case .absent: .absent
        case .later(let later): .later(later)
        case .unknown(let failure): .unknown(failure)
        }
    }

    /// The value read by `read`; unknown where the body has another shape.
    func reading<Other>(_ read: (Value) -> Other?) -> Answer<Other> {
        flatMap { value in
            read(value).map(Answer<Other>.ok) ?? .unknown(CloudFailure(message: "a body of another shape"))
        }
    }
}

extension Answer: Equatable where Value: Equatable {}

/// Why something was put off.
public struct Later: Equatable, Sendable {
    /// What the cloud asked for, within 1 s and 10 min; nil leaves it to the caller's backoff.
    public let retryAfter: Duration?
    public let reason: String

    public init(retryAfter: Duration? = nil, reason: String) {
        self.retryAfter = retryAfter
        self.reason = reason
    }
}

/// What the cloud says about a failure, in its own words.
public struct CloudFailure: Equatable, Sendable, CustomStringConvertible {
    /// nil where no answer came.
    public let status: Int?
    /// Heat's `error.type`: `StackValidationFailed`, `RemoteError`, …
    public let type: String?
    public let message: String

    public init(status: Int? = nil, type: String? = nil, message: String) {
        self.status = status
        self.type = type
        self.message = message
    }

    public var description: String {
        [status.map(String.init), type, message].compactMap(\.self).joined(separator: " ")
    }
}

/// What kind of call an answer belongs to: the same status means different things.
enum CloudOperation: CaseIterable, Sendable {
    case create, read, delete
    /// A question that is asked with POST and changes nothing.
    case check
}

extension Answer where Value == JSONValue {
    /// 413, 429 and 498 say "not now".
    static func isLater(_ status: Int) -> Bool { [413, 429, 498].contains(status) }

    /// Classes what became of a request.
    init(_ exchange: CloudConnection.Exchange, to operation: CloudOperation, at now: Timestamp) {
        switch exchange {
        case .notExecuted(let later): self = .later(later)
        case .lost(let reason): self = .unknown(CloudFailure(message: reason))
        case .answered(let response): self.init(response, to: operation, at: now)
        }
    }

    init(_ response: CloudResponse, to operation: CloudOperation, at now: Timestamp) {
        let body = try? JSONValue(parsing: response.body)
        let heatError = body?["error"]?["type"]?.string
        let failure = CloudFailure(
            status: response.status, type: heatError,
            message: body?["error"]?["message"]?.string ?? body?["title"]?.string ?? "HTTP \(response.status)")
        switch (response.status, operation) {
        case (201, .create), (200, .read), (200, .check):
            let malformed = CloudFailure(status: response.status, message: "a body that is not JSON")
            self = body.map(Answer.ok) ?? .unknown(malformed)
        case (204, .delete), (202, .delete):
            self = .ok(.null)
        case (let status, _) where Self.isLater(status):
            self = .later(Later(retryAfter: response.retryAfter(at: now), reason: "HTTP \(status)"))
        case (404, .read) where heatError == "EntityNotFound", (404, .delete) where heatError == "EntityNotFound":
            self = .absent
        case (409, .create) where heatError != nil, (409, .delete) where heatError != nil:
            self = .conflict(failure)
        case (400, .create), (403, .create), (404, .create), (405, .create), (415, .create), (422, .create),
            (400, .delete), (403, .delete):
            self = heatError == nil ? .unknown(failure) : .rejected(failure)
        case (400, .check), (403, .check):
            self = body == nil ? .unknown(failure) : .rejected(failure)
        default:
            self = .unknown(failure)
        }
    }
}
