import Auth
import HTTPTypes
import Hummingbird
import Runtime
import WebSockets

/// `/auth` and `/me` (design.md section 7).
struct AuthRoutes {
    let auth: AuthService
    let hub: Hub
    let gate: SessionGate
    let surroundings: Surroundings

    func add(to routes: inout RouteTable) {
        routes.on(.post, "/auth/register", access: .open) { request, context in
            try await auth.register(try await request.json(), from: context.remoteAddress)
            return Response(status: .accepted, json: ["status": "ok"])
        }
        routes.on(.post, "/auth/login", access: .open, handler: login)
        routes.on(.post, "/auth/logout") { request, context in
            let sessionId = try context.principal().sessionId
            try await auth.logout(sessionId)
            try surroundings.crashPoints.reached(.sessionRevoked)
            // The sockets are closed before the answer leaves: nothing follows a 204 (semantics.md S8.15).
            await hub.endSession(sessionId)
            return Response(status: .noContent, headers: [.setCookie: cookie("", lifetime: .zero)])
        }
        routes.on(.post, "/auth/verify-email", access: .open) { request, _ in
            try await auth.verifyEmail(try await request.json())
            return Response(status: .ok, json: ["status": "ok"])
        }
        routes.on(.post, "/auth/resend-verification", access: .open) { request, context in
            try await auth.resendVerification(try await request.json(), from: context.remoteAddress)
            return Response(status: .accepted, json: ["status": "ok"])
        }
        routes.on(.get, "/me") { _, context in
            Response(status: .ok, json: try context.principal().json)
        }
    }

    @Sendable private func login(_ request: Request, _ context: PortalContext) async throws -> Response {
        let result = try await auth.login(
            try await request.json(), from: context.remoteAddress, replacing: gate.token(of: request.head))
        if let ended = result.endedSessionId { await hub.endSession(ended) }
        switch result.principal.kind {
        case .bearer:
            return Response(
                status: .ok,
                json: ["token": .string(result.token), "expiresAt": "\(result.expiresAt)"])
        case .cookie:
            let lifetime = result.expiresAt - surroundings.time.now
            return Response(
                status: .ok, json: result.principal.json,
                headers: [.setCookie: cookie(result.token, lifetime: lifetime)])
        }
    }

    private func cookie(_ token: String, lifetime: Duration) -> String {
        let secure = gate.settings.isSecure ? "; Secure" : ""
        let maxAge = Int(lifetime.inSeconds)
        return "\(gate.settings.cookieName)=\(token); Path=/; Max-Age=\(maxAge); HttpOnly; SameSite=Lax\(secure)"
    }
}

extension Principal {
    fileprivate var json: JSONValue {
        [
            "id": .string(userId), "customerId": .string(customerId), "email": .string(email),
            "name": .string(name), "emailVerified": .bool(isVerified),
        ]
    }
}
