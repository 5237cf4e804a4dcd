import HTTPTypes
import Runtime

/// What an answer of the cloud means for who called (semantics.md section 4). The status code alone does not say.
public enum CloudAnswer<Value: Sendable>: Sendable {
    case ok(Value)
    /// The cloud refused, in its own words, and will again.
    case rejected(CloudFault)
    /// A stack of this name exists, or an action on it is under way.
    case conflict(CloudFault)
    /// The service itself says that the thing does not exist.
    case absent
    /// Surely not carried out; worth another try after this long, nil for the caller's own backoff.
    case later(Duration?)
    /// The cloud does not accept our credential.
    case unauthenticated
    /// For a read, no information. For a create or delete: it may have happened, and may still happen.
    case unknown(String)

    func map<Other>(_ transform: (Value) -> Other?) -> CloudAnswer<Other> {
        switch self {
        case .ok(let value): transform(value).map { .ok($0) } ?? .unknown("an answer of an unknown shape")
        case .rejected(let fault): .rejected(fault)
        case .conflict(let fault): .conflict(fault)
        case .absent: .absent
        case .later(let delay): .later(delay)
        case .unauthenticated: .unauthenticated
        case .unknown(let reason): .unknown(reason)
        }
    }
}

/// An error in the words of a service: Heat's `error` object.
public struct CloudFault: Error, Equatable, Sendable {
    public let status: Int
    /// `StackExists`, `EntityNotFound`, `StackValidationFailed`, …
    public let type: String
    public let message: String

    public init(status: Int, type: String, message: String) {
        self.status = status
        self.type = type
        self.message = message
    }

    /// Heat's own shape of an error; the shapes of its routing and of proxies are not (golden/README.md).
    init?(_ response: CloudResponse) {
        guard let body = try? JSONValue(parsing: response.body), let type = body["error"]?["type"]?.string else {
            return nil
        }
        self.init(status: response.status, type: type, message: body["error"]?["message"]?.string ?? "")
    }
}

/// What a call does, on which the meaning of its answer depends.
enum CallKind: Sendable {
    case create
    case read
    case delete
}

extension CloudResponse {
    /// The class of an answer other than 401, which is dealt with before.
    func answer(to kind: CallKind, at now: Timestamp) -> CloudAnswer<JSONValue> {
        switch (kind, status) {
        case (.create, 201), (.read, 200):
            guard let body = try? JSONValue(parsing: body) else { return .unknown("\(status) without JSON") }
            return .ok(body)
        case (.delete, 204), (.delete, 202):
            return .ok(.null)
        case (_, 413), (_, 429), (_, 498):
            return .later(retryAfter(at: now))
        default:
            break
        }
        guard let fault = CloudFault(self) else { return .unknown("\(status) from something that is not the service") }
        switch (kind, status) {
        case (.create, 400), (.create, 403), (.create, 404), (.create, 405), (.create, 415), (.create, 422),
            (.delete, 400), (.delete, 403):
            return .rejected(fault)
        case (.create, 409), (.delete, 409):
            return .conflict(fault)
        case (.read, 404), (.delete, 404):
            return fault.type == "EntityNotFound" ? .absent : .unknown("404 \(fault.type)")
        default:
            return .unknown("\(status) \(fault.type)")
        }
    }

    /// `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), held to 1 s to 10 min.
    private func retryAfter(at now: Timestamp) -> Duration? {
        guard let text = headers[.retryAfter] else { return nil }
        let delay: Duration? = Int(text).map { .seconds($0) } ?? Timestamp(httpDate: text).map { $0 - now }
        return delay.map { min(max($0, .seconds(1)), .seconds(600)) }
    }
}
