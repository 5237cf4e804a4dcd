import Foundation
import HTTPTypes
import Hummingbird
import Runtime

/// The routes of all services, collected before they go into one router.
struct ServiceRoutes {
    typealias Handler = FakeCloud.Handler

    private struct Route {
        let method: HTTPRequest.Method
        let path: String
        let operation: CloudOperation?
        let needsToken: Bool
        let handler: Handler
    }

    private var routes: [Route] = []

    mutating func on(
        _ method: HTTPRequest.Method, _ path: String, _ operation: CloudOperation? = nil, needsToken: Bool = true,
        handler: @escaping Handler
    ) {
        routes.append(
            Route(method: method, path: path, operation: operation, needsToken: needsToken, handler: handler))
    }

    mutating func on(
        _ methods: [HTTPRequest.Method], _ path: String, _ operation: CloudOperation? = nil, needsToken: Bool = true,
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
                return try await cloud.perform(route.operation, call, needsToken: route.needsToken) {
                    engine, call in
                    guard call.hasTheRoutesPath else { return call.dialect.notFound(of: call) }
                    return try route.handler(&engine, call)
                }
            }
        }
        for path in Set(routes.map(\.path)).sorted() {
            let known = routes.filter { $0.path == path }
            let allowed = Set(known.map(\.method.rawValue) + ["OPTIONS"]).sorted().joined(separator: ", ")
            let needsToken = known.allSatisfy(\.needsToken)
            for method in Self.methods where !known.contains(where: { $0.method == method }) {
                router.on(RouterPath(path), method: method) { [weak cloud] request, context -> Response in
                    guard let cloud else { return Response(status: .serviceUnavailable) }
                    let call = try await ServiceCall(request, context, cloud: cloud)
                    let isAsked = method == .options
                    return try await cloud.perform(nil, call, needsToken: needsToken && !isAsked) { _, call in
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
        let isImage = request.headers[.contentType] == "application/octet-stream"
        let upload = isImage ? try await ImageData(request.body) : nil
        let dialect = CloudDialect(path: request.uri.path)
        let (body, bodySize) =
            isImage ? ([], 0) : try await request.body.collect(keeping: dialect.largestBody)
        self.init(
            method: request.method.rawValue, path: request.head.path ?? "", parameters: context.parameters,
            region: dialect.region(of: request.uri.path), headers: request.headers, query: request.formQuery,
            body: body, dialect: dialect, baseURL: request.baseURL, requestId: cloud.requestId(), upload: upload,
            bodySize: bodySize)
    }

    /// The path within its service: without the prefix, the region and the query.
    var servicePath: String {
        let parts = path.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
        return "/" + parts.dropFirst(dialect == .keystone ? 2 : 3).joined(separator: "/")
    }

    /// Routes do not tell a path from the same with a slash at its end; Heat does.
    fileprivate var hasTheRoutesPath: Bool {
        let bare = path.prefix { $0 != "?" }
        return !(dialect == .heat && parameters.get("project") != nil && bare.hasSuffix("/"))
    }
}

extension Request {
    /// The query as forms write it: names and values are encoded, and a plus is a space.
    fileprivate var formQuery: [(name: String, value: String)] {
        func text(_ encoded: Substring?) -> String {
            let spaced = (encoded ?? "").replacing("+", with: " ")
            return spaced.removingPercentEncoding ?? String(spaced)
        }
        return (uri.query ?? "").split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (text(parts.first), text(parts.dropFirst().first))
        }
    }

    /// How the client reached the fake, whatever stands between: a proxy, a container's port.
    fileprivate var baseURL: String {
        let authority = head.authority.flatMap { $0.wholeMatch(of: /[A-Za-z0-9._:\[\]-]+/) == nil ? nil : $0 }
        let scheme = headers[.forwardedProto] == "https" ? "https" : "http"
        return scheme + "://" + (authority ?? "localhost")
    }
}

extension FakeCloud {
    /// Answers a request whose path no route has. All services but Keystone want to know first who asks.
    func respondToUnknownPath(_ request: Request, _ context: CloudContext) async throws -> Response {
        let call = try await ServiceCall(request, context, cloud: self)
        return try await perform(nil, call, needsToken: call.dialect.guards(call.servicePath)) { _, call in
            call.dialect.notFound(of: call)
        }
    }

    func makeRouter() -> RouterResponder<CloudContext> {
        var routes = ServiceRoutes()
        addKeystone(to: &routes)
        addHeat(to: &routes)
        addCloudFormation(to: &routes)
        addServices(to: &routes)
        return routes.responder(for: self)
    }
}

extension HTTPField.Name {
    static let authToken = HTTPField.Name("X-Auth-Token")!
    static let forwardedProto = HTTPField.Name("X-Forwarded-Proto")!
    static let subjectToken = HTTPField.Name("X-Subject-Token")!
    static let openStackRequestId = HTTPField.Name("x-openstack-request-id")!
}
