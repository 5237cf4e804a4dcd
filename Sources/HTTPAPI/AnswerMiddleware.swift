import HTTPTypes
import Hummingbird
import Logging
import Runtime

/// Sees to what every answer has: a problem body for an error, the request's id, the headers that keep browsers
/// safe, a line in the log.
struct AnswerMiddleware: RouterMiddleware {
    typealias Context = PortalContext

    let surroundings: Surroundings
    let headers: AnswerHeaders
    let observer: (any PortalObserver)?

    func handle(
        _ request: Request, context: PortalContext,
        next: (Request, PortalContext) async throws -> Response
    ) async throws -> Response {
        let start = surroundings.time.uptime
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error where error is Crashed || error is CancellationError {
            throw error
        } catch {
            let problem = Problem(error)
            if problem.isUnexpected {
                context.logger.error("\(request.method) \(request.uri.path): \(error)")
            }
            response = problem.response(requestId: context.requestId)
        }
        headers.complete(&response.headers, requestId: context.requestId)
        observer?.answered(request.head, with: response.status.code, to: context.caller.principal)
        let elapsedMs = (surroundings.time.uptime - start).wholeMilliseconds
        context.logger.debug("\(request.method) \(request.uri.path) \(response.status.code) in \(elapsedMs) ms")
        return response
    }

}

/// The headers that every answer has.
struct AnswerHeaders: Sendable {
    let time: any TimeSource
    /// Whether clients reach the portal by https.
    let isSecure: Bool

    func complete(_ headers: inout HTTPFields, requestId: String) {
        for field in fixed where headers[field.name] == nil { headers.append(field) }
        headers[.requestId] = requestId
    }

    /// ASVS 5.0, 3.4.1 to 3.4.6. A page of the console that needs more says so itself.
    private var fixed: HTTPFields {
        var fields: HTTPFields = [
            .cacheControl: "no-store",
            .contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
            .xContentTypeOptions: "nosniff",
            .referrerPolicy: "no-referrer",
            .crossOriginResourcePolicy: "same-origin",
            .date: time.now.httpDate,
        ]
        if isSecure { fields[.strictTransportSecurity] = "max-age=31536000; includeSubDomains" }
        return fields
    }
}

extension HTTPField.Name {
    static let requestId = HTTPField.Name("X-Request-Id")!
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
    static let idempotencyKey = HTTPField.Name("Idempotency-Key")!
    static let idempotentReplayed = HTTPField.Name("Idempotent-Replayed")!
    static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
    static let crossOriginResourcePolicy = HTTPField.Name("Cross-Origin-Resource-Policy")!
}
