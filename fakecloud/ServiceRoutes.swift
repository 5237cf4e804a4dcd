import HTTPTypes
import Hummingbird
import Runtime

/// The routes of all services, collected before they go into one router.
struct ServiceRoutes {
    typealias Handler = FakeCloud.Handler

    private struct Route {
        let method: HTTPRequest.Method
        let path: String
        let operation: CloudOperation
        let needsToken: Bool
        let handler: Handler
    }

    private var routes: [Route] = []

    mutating func on(
        _ method: HTTPRequest.Method, _ path: String, _ operation: CloudOperation = .other, needsToken: Bool = true,
        handler: @escaping Handler
    ) {
        routes.append(
            Route(method: method, path: path, operation: operation, needsToken: needsToken, handler: handler))
    }

    mutating func on(
        _ methods: [HTTPRequest.Method], _ path: String, _ operation: CloudOperation = .other, needsToken: Bool = true,
        handler: @escaping Handler
    ) {
        for method in methods { on(method, path, operation, needsToken: needsToken, handler: handler) }
    }

    func responder(for cloud: FakeCloud) -> RouterResponder<CloudContext> {
        let router = Router(context: CloudContext.self)
        for route in routes {
            // The cloud owns its router, so the routes must not own the cloud.
            router.on(RouterPath(route.path), method: route.method) { [weak cloud] request, context -> Response in
                guard let cloud else { return Response(status: .serviceUnavailable) }
                let call = try await ServiceCall(request, context, cloud: cloud)
                return try await cloud.perform(route.operation, call, needsToken: route.needsToken) { engine, call in
                    try route.handler(&engine, call)
                }
            }
        }
        for path in Set(routes.map(\.path)).sorted() {
            let known = routes.filter { $0.path == path }.map(\.method)
            let allowed = Set(known.map(\.rawValue) + ["OPTIONS"]).sorted().joined(separator: ", ")
            for method in Self.methods where !known.contains(method) {
                router.on(RouterPath(path), method: method) { [weak cloud] request, context -> Response in
                    guard let cloud else { return Response(status: .serviceUnavailable) }
                    let call = try await ServiceCall(request, context, cloud: cloud)
                    let isAsked = method == .options
                    return try await cloud.perform(.other, call, needsToken: false) { _, call in
                        isAsked ? call.dialect.options(allowed) : call.dialect.methodNotAllowed(allowed)
                    }
                }
            }
        }
        return router.buildResponder()
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]
}

extension ServiceCall {
    init(_ request: Request, _ context: CloudContext, cloud: FakeCloud) async throws {
        let buffer = try await request.body.collect(upTo: 1 << 20)
        self.init(
            method: request.method.rawValue, path: request.head.path ?? "", parameters: context.parameters,
            region: context.parameters.get("region"), headers: request.headers,
            query: request.uri.queryParameters.map { (String($0.key), String($0.value)) },
            body: Array(buffer.readableBytesView), dialect: CloudDialect(path: request.uri.path),
            baseURL: request.baseURL, requestId: cloud.requestId())
    }
}

extension Request {
    /// How the client reached the fake, whatever stands between: a proxy, a container's port.
    fileprivate var baseURL: String {
        let authority = head.authority.flatMap { $0.wholeMatch(of: /[A-Za-z0-9._:\[\]-]+/) == nil ? nil : $0 }
        let scheme = headers[.forwardedProto] == "https" ? "https" : "http"
        return scheme + "://" + (authority ?? "localhost")
    }
}

extension FakeCloud {
    func makeRouter() -> RouterResponder<CloudContext> {
        var routes = ServiceRoutes()
        addKeystone(to: &routes)
        addHeat(to: &routes)
        addNova(to: &routes)
        addGlance(to: &routes)
        addNeutron(to: &routes)
        return routes.responder(for: self)
    }
}

extension HTTPField.Name {
    static let authToken = HTTPField.Name("X-Auth-Token")!
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
    static let subjectToken = HTTPField.Name("X-Subject-Token")!
    static let openStackRequestId = HTTPField.Name("x-openstack-request-id")!
}
