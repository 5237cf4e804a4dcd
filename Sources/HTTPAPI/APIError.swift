import HTTPTypes
import Runtime

/// A refusal that the HTTP layer itself decides on.
public struct APIError: Error, Equatable {
    let status: HTTPResponse.Status
    let code: String
    let detail: String
    var errors: [FieldError] = []
    var retryAfter: Duration?
    var headers: HTTPFields = [:]

    static let unauthenticated = APIError(
        status: .unauthorized, code: "UNAUTHENTICATED", detail: "Sign in first: POST /auth/login.",
        headers: [.wwwAuthenticate: "Bearer"])
    static let originRejected = APIError(
        status: .forbidden, code: "ORIGIN_REJECTED", detail: "This origin may not open a WebSocket here.")
    static let crossSiteRejected = APIError(
        status: .forbidden, code: "CSRF_REJECTED", detail: "A request from another site may not change anything here.")
    static let shuttingDown = APIError(
        status: .serviceUnavailable, code: "SHUTTING_DOWN", detail: "The server is restarting.",
        retryAfter: .seconds(1))
    static let upgradeRequired = APIError(
        status: .upgradeRequired, code: "BAD_REQUEST",
        detail: "This is a WebSocket: ask for an upgrade to version 13, as the first request of a connection.",
        headers: [.upgrade: "websocket", .connection: "Upgrade", .secWebSocketVersion: "13"])
    /// The connection ends with it, for the rest of the body is not read.
    static let tooLarge = APIError(
        status: .contentTooLarge, code: "PAYLOAD_TOO_LARGE", detail: "A request's body has at most 64 KiB.",
        headers: [.connection: "close"])
    static let headersTooLarge = APIError(
        status: .requestHeaderFieldsTooLarge, code: "HEADERS_TOO_LARGE",
        detail: "A header has at most 16 KiB, all of them together 32 KiB.")
    static let requestTimeout = APIError(
        status: .requestTimeout, code: "REQUEST_TIMEOUT", detail: "The body did not arrive in time.")

    static func badRequest(_ detail: String) -> APIError {
        APIError(status: .badRequest, code: "BAD_REQUEST", detail: detail)
    }

    static func invalidPage(_ detail: String) -> APIError {
        APIError(status: .badRequest, code: "INVALID_PAGE", detail: detail)
    }

    static func notImplemented(_ method: HTTPRequest.Method) -> APIError {
        APIError(
            status: .notImplemented, code: "NOT_IMPLEMENTED", detail: "No resource answers \(method.rawValue).")
    }

    static func methodNotAllowed(allowed: [HTTPRequest.Method]) -> APIError {
        let methods = allowed.map(\.rawValue).joined(separator: ", ")
        return APIError(
            status: .methodNotAllowed, code: "METHOD_NOT_ALLOWED", detail: "This resource answers \(methods).",
            headers: [.allow: methods])
    }
}

extension HTTPResponse.Status {
    static let upgradeRequired = HTTPResponse.Status(code: 426, reasonPhrase: "Upgrade Required")
}
