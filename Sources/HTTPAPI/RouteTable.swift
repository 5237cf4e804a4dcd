import HTTPTypes
import Hummingbird

/// The routes with who may call them. A wrong method on a known path is 405 with `Allow`, which a router alone
/// would call 404.
struct RouteTable {
    typealias Handler = @Sendable (Request, PortalContext) async throws -> Response

    enum Access {
        /// Whoever is signed in.
        case session
        case open
    }

    private struct Route {
        let method: HTTPRequest.Method
        let path: String
        let access: Access
        let handler: Handler
    }

    private var routes: [Route] = []

    mutating func on(
        _ method: HTTPRequest.Method, _ path: String, access: Access = .session, handler: @escaping Handler
    ) {
        routes.append(Route(method: method, path: path, access: access, handler: handler))
    }

    /// Adds all routes to a router, the last of its middleware before them; each asks the gate before it runs, session first (semantics.md section 2).
    func install(in router: Router<PortalContext>, gate: SessionGate) {
        router.add(middleware: KnownMethods())
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                var context = context
                if route.access == .session { context.signedIn = try await gate.principal(of: request.head) }
                try gate.refuseCrossSite(request.head)
                return try await route.handler(request, context)
            }
        }
        for path in Set(routes.map(\.path)).sorted() {
            var allowed = routes.filter { $0.path == path }.map(\.method)
            if allowed.contains(.get) { allowed.append(.head) }
            for method in Self.methods where !allowed.contains(method) {
                router.on(RouterPath(path), method: method) { [allowed] _, _ -> Response in
                    throw APIError.methodNotAllowed(allowed: allowed)
                }
            }
        }
    }

    fileprivate static let methods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .trace,
    ]
}

/// Refuses methods that no resource here knows (RFC 9110, section 15.6.2).
private struct KnownMethods: RouterMiddleware {
    typealias Context = PortalContext

    func handle(
        _ request: Request, context: PortalContext,
        next: (Request, PortalContext) async throws -> Response
    ) async throws -> Response {
        guard RouteTable.methods.contains(request.method) else { throw APIError.notImplemented(request.method) }
        return try await next(request, context)
    }
}
