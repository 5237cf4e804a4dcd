import HTTPTypes
import Hummingbird
import Runtime

/// The routes of all services, collected before they go into one router.
struct ServiceRoutes {
    typealias Handler = @Sendable (inout CloudEngine, ServiceCall) throws -> ServiceAnswer

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

    func responder(for cloud: FakeCloud) -> RouterResponder<CloudContext> {
        let router = Router(context: CloudContext.self)
        for route in routes {
            // The cloud owns its router, so the routes must not own the cloud.
            router.on(RouterPath(route.path), method: route.method) { [weak cloud] request, context -> Response in
                guard let cloud else { return Response(status: .serviceUnavailable) }
                let call = try await ServiceCall(request, context, cloud: cloud)
                var response = try await cloud.perform(route.operation, call) { engine, call in
                    let region = call.region
                    if let region, engine.regions[region] == nil { return call.dialect.notFound }
                    if route.needsToken, engine.token(call.headers[.authToken]) == nil { throw CloudDialect.NoToken() }
                    return try route.handler(&engine, call)
                }
                response.headers[.openStackRequestId] = call.requestId
                return response
            }
        }
        for path in Set(routes.map(\.path)).sorted() {
            let allowed = routes.filter { $0.path == path }.map(\.method)
            for method in Self.methods where !allowed.contains(method) {
                let names = allowed.map(\.rawValue).joined(separator: ", ")
                router.on(RouterPath(path), method: method) { request, _ -> Response in
                    CloudDialect(path: request.uri.path).methodNotAllowed(names).response
                }
            }
        }
        return router.buildResponder()
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete]
}

extension ServiceCall {
    init(_ request: Request, _ context: CloudContext, cloud: FakeCloud) async throws {
        let buffer = try await request.body.collect(upTo: 1 << 20)
        self.init(
            method: request.method.rawValue, path: request.head.path ?? "", parameters: context.parameters,
            region: context.parameters.get("region"), headers: request.headers,
            query: request.uri.queryParameters.map { (String($0.key), String($0.value)) },
            body: Array(buffer.readableBytesView), dialect: CloudDialect(path: request.uri.path),
            baseURL: cloud.baseURL, requestId: cloud.requestId())
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
    static let subjectToken = HTTPField.Name("X-Subject-Token")!
    static let openStackRequestId = HTTPField.Name("x-openstack-request-id")!
}
