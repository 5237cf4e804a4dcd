import Auth
import Deployments
import Foundation
import HTTPTypes
import Hummingbird
import Runtime

/// An error as a client sees it: RFC 9457 `application/problem+json` with a stable code. Every error of the API
/// becomes a response here and nowhere else.
struct Problem {
    let status: HTTPResponse.Status
    let code: String
    let detail: String
    let errors: [FieldError]
    let retryAfter: Duration?
    let headers: HTTPFields
    /// Whether the cause is ours and belongs in the log.
    let isUnexpected: Bool

    init(_ error: any Error) {
        switch error {
        case let error as APIError: self.init(refusal: error)
        case let error as DeploymentError: self.init(refusal: Self.refusal(error))
        case let error as AuthError: self.init(refusal: Self.refusal(error))
        case let error as RegionUnavailable: self.init(refusal: Self.refusal(.regionUnavailable(error)))
        case let error as HTTPError: self.init(refusal: Self.refusal(error))
        case is StoreUnavailable:
            self.init(
                refusal: APIError(
                    status: .serviceUnavailable, code: "OVERLOADED",
                    detail:
                        "The portal cannot take this at the moment. Try again; with an Idempotency-Key that is safe.",
                    retryAfter: .seconds(1)),
                isUnexpected: true)
        default:
            self.init(
                refusal: APIError(
                    status: .internalServerError, code: "INTERNAL",
                    detail: "Something went wrong on our side. Try again; with an Idempotency-Key that is safe."),
                isUnexpected: true)
        }
    }

    private init(refusal error: APIError, isUnexpected: Bool = false) {
        status = error.status
        code = error.code
        detail = error.detail
        errors = error.errors
        retryAfter = error.retryAfter
        headers = error.headers
        self.isUnexpected = isUnexpected
    }

    static let mediaType = "application/problem+json"

    func response(requestId: String) -> Response {
        var headers = headers
        headers[.retryAfter] = retryAfterSeconds.map { String($0) }
        var response = Response(status: status, json: json(requestId: requestId), headers: headers)
        response.headers[.contentType] = Self.mediaType
        return response
    }

    private var retryAfterSeconds: Int? {
        retryAfter.map { max(1, Int($0.inSeconds.rounded(.up))) }
    }

    func json(requestId: String) -> JSONValue {
        var body: [String: JSONValue] = [
            "type": "https://hothouse.test/errors/\(code)",
            "title": .string(status.reasonPhrase),
            "status": .integer(status.code),
            "detail": .string(detail),
            "code": .string(code),
            "message": .string(detail),
            "requestId": .string(requestId),
        ]
        if !errors.isEmpty {
            body["errors"] = .array(
                errors.map {
                    ["pointer": .string($0.pointer), "code": .string($0.code), "message": .string($0.message)]
                })
        }
        body["retryAfter"] = retryAfterSeconds.map(JSONValue.integer)
        return .object(body)
    }

    private static func refusal(_ error: DeploymentError) -> APIError {
        switch error {
        case .invalid(let errors): return invalid(errors)
        case .invalidIdempotencyKey:
            return APIError(
                status: .badRequest, code: "IDEMPOTENCY_KEY_INVALID",
                detail: "Idempotency-Key has 1 to 255 printable ASCII characters.")
        case .idempotencyKeyReused:
            return APIError(
                status: .unprocessableContent, code: "IDEMPOTENCY_KEY_REUSED",
                detail: "This Idempotency-Key was used with another body. Use a new key for a new request.")
        case .idempotencyInProgress:
            return APIError(
                status: .conflict, code: "IDEMPOTENCY_IN_PROGRESS",
                detail: "The first request with this Idempotency-Key is still running. Repeat this one.",
                retryAfter: .seconds(1))
        case .emailNotVerified:
            return APIError(
                status: .forbidden, code: "EMAIL_NOT_VERIFIED",
                detail: "Verify your e-mail address first; POST /auth/resend-verification sends the mail again.")
        case .quotaExceeded(let limit):
            return APIError(
                status: .forbidden, code: "QUOTA_EXCEEDED",
                detail: "You have \(limit) deployments, which is the limit. Delete one first.")
        case .notFound:
            return APIError(status: .notFound, code: "NOT_FOUND", detail: "There is nothing here.")
        case .notRetryable(let status):
            return APIError(
                status: .conflict, code: "CONFLICT",
                detail:
                    "Only a deployment in ERROR that is still wanted can be retried; this one is \(status.rawValue).")
        case .maintenance(let maintenance):
            return APIError(
                status: .serviceUnavailable, code: "MAINTENANCE",
                detail: "The region \(maintenance.regionId) is in maintenance."
                    + (maintenance.message.map { " " + $0 } ?? " What exists there stays; try again later."))
        case .regionUnavailable(let region):
            return APIError(
                status: .serviceUnavailable, code: "REGION_UNAVAILABLE",
                detail: "The region \(region.regionId) does not answer at the moment.", retryAfter: region.retryAfter)
        }
    }

    private static func refusal(_ error: AuthError) -> APIError {
        switch error {
        case .invalid(let errors): return invalid(errors)
        case .invalidCredentials:
            return APIError(
                status: .unauthorized, code: "INVALID_CREDENTIALS", detail: "The address or the password is wrong.",
                headers: [.wwwAuthenticate: "Bearer"])
        case .tooManyAttempts(let retryAfter):
            return APIError(
                status: .tooManyRequests, code: "TOO_MANY_ATTEMPTS", detail: "Too many attempts. Wait, then try again.",
                retryAfter: retryAfter)
        case .invalidToken:
            return invalid([
                FieldError(
                    pointer: "/token", code: "INVALID_TOKEN",
                    message: "the token is unknown, used or expired; POST /auth/resend-verification sends another")
            ])
        }
    }

    /// What Hummingbird itself throws: no such route, a body over the limit, a header or body it cannot read.
    private static func refusal(_ error: HTTPError) -> APIError {
        switch error.status {
        case .notFound: return refusal(.notFound)
        case .contentTooLarge: return .tooLarge
        case let status where status.kind == .clientError:
            return APIError(status: status, code: "BAD_REQUEST", detail: error.body ?? status.reasonPhrase)
        default:
            return APIError(status: error.status, code: "INTERNAL", detail: "Something went wrong on our side.")
        }
    }

    private static func invalid(_ errors: [FieldError]) -> APIError {
        APIError(
            status: .unprocessableContent, code: "VALIDATION_FAILED",
            detail: errors.map(\.message).joined(separator: "; "), errors: errors)
    }
}
