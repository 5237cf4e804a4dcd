import Auth
import Deployments
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Runtime
import WebSockets

/// The portal's HTTP API as one function from request to response. A server's sockets call it, and so do the
/// scripted users of a simulation, without a socket.
public struct PortalAPI: Sendable {
    private let responder: RouterResponder<PortalContext>
    private let gate: SessionGate
    private let hub: Hub
    private let headers: AnswerHeaders
    private let control: PortalControl?
    private let observer: (any PortalObserver)?
    private let surroundings: Surroundings
    private let logger: Logger

    public init(
        deployments: DeploymentService, sshKeys: SSHKeyService, catalog: any Catalog, auth: AuthService, hub: Hub,
        health: any HealthSource, epoch: String, pages: [Page] = [], site: Site? = nil, control: PortalControl? = nil,
        observer: (any PortalObserver)? = nil,
        settings: HTTPSettings = HTTPSettings(), surroundings: Surroundings, logger: Logger
    ) {
        gate = SessionGate(auth: auth, settings: settings)
        self.hub = hub
        self.control = control
        self.observer = observer
        headers = AnswerHeaders(time: surroundings.time, isSecure: settings.isSecure)
        self.surroundings = surroundings
        self.logger = logger

        var routes = RouteTable()
        DeploymentRoutes(service: deployments, surroundings: surroundings, epoch: epoch).add(to: &routes)
        SSHKeyRoutes(service: sshKeys).add(to: &routes)
        CatalogRoutes(catalog: catalog).add(to: &routes)
        AuthRoutes(auth: auth, hub: hub, gate: gate, surroundings: surroundings).add(to: &routes)
        HealthRoutes(health: health).add(to: &routes)
        for page in pages { page.add(to: &routes) }
        site?.add(to: &routes)
        if let control { ControlRoutes(control: control, auth: auth, hub: hub).add(to: &routes) }
        let admission = SocketAdmission(gate: gate, hub: hub)
        routes.on(.get, "/ws", access: .open) { request, _ in
            // An upgrade that was granted never comes here, so this one was refused, or not asked for.
            _ = try await admission.identity(for: request.head)
            throw APIError.upgradeRequired
        }

        let router = Router(context: PortalContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: AnswerMiddleware(surroundings: surroundings, headers: headers, observer: observer))
        if let site { router.add(middleware: SiteLinks(root: site.root)) }
        routes.install(in: router, gate: gate)
        responder = router.buildResponder()
    }

    /// Answers one request.
    ///
    /// - Throws: ``Crashed`` or `CancellationError` where the server ends under it; every other error is a response.
    public func respond(to request: Request, from remoteAddress: String) async throws -> Response {
        let source = PortalRequestSource(
            logger: logger, remoteAddress: remoteAddress, requestId: surroundings.identifier("req"))
        return try await responder.respond(to: request, context: PortalContext(source: source))
    }

    /// The whole response to what a server refuses before it is a request.
    func refusal(_ error: APIError) -> (head: HTTPResponse, body: ByteBuffer) {
        let requestId = surroundings.identifier("req")
        let problem = Problem(error)
        let body = ByteBuffer(bytes: problem.json(requestId: requestId).utf8)
        var head = HTTPResponse(status: problem.status, headerFields: problem.headers)
        head.headerFields[.contentType] = Problem.mediaType
        head.headerFields[.contentLength] = String(body.readableBytes)
        head.headerFields[.connection] = "close"
        headers.complete(&head.headerFields, requestId: requestId)
        return (head, body)
    }

    /// Whether a request may become a WebSocket, and whose; nil where the route `/ws` is to say why not.
    public func socketIdentity(for head: HTTPRequest) async throws -> SocketIdentity? {
        do {
            return try await SocketAdmission(gate: gate, hub: hub).identity(for: head)
        } catch let error where error is Crashed || error is CancellationError {
            throw error
        } catch {
            return nil
        }
    }
}

extension PortalAPI {
    /// What serves the WebSocket that a request may become; nil where it stays a request.
    func socketService(for head: HTTPRequest, from remoteAddress: String) async throws -> SocketService? {
        let path = head.path?.prefix { $0 != "?" } ?? ""
        if path == "/ws", let identity = try await socketIdentity(for: head) {
            return { [hub, observer] socket in
                let socket = observer?.observing(socket, of: identity) ?? socket
                try await hub.serve(socket, identity: identity)
            }
        }
        if path == "/_hothouse/timeline", let control {
            try ControlGate.check(head, from: remoteAddress)
            let number = try ControlRoutes.after(URI(head.path ?? "").queryParameters["after"].map(String.init))
            return { socket in try await TimelineSocket(timeline: control.timeline).serve(socket, after: number) }
        }
        return nil
    }
}

/// Decides on upgrades to a WebSocket (semantics.md section 8, Handshake).
private struct SocketAdmission: Sendable {
    let gate: SessionGate
    let hub: Hub

    func identity(for head: HTTPRequest) async throws -> SocketIdentity {
        let principal = try await gate.socketPrincipal(of: head)
        guard !hub.isDraining else { throw APIError.shuttingDown }
        return SocketIdentity(
            sessionId: principal.sessionId, customerId: principal.customerId, expiresAt: principal.expiresAt)
    }
}

/// A fixed page beside the API, such as the one that stands in for a console that was not built.
public struct Page: Sendable {
    private let path: String
    private let contentType: String
    private let contentSecurityPolicy: String
    private let body: @Sendable (String) -> String

    /// - Parameter body: the page for a base URL, the one that the client uses.
    public init(
        path: String, contentType: String, contentSecurityPolicy: String, body: @escaping @Sendable (String) -> String
    ) {
        self.path = path
        self.contentType = contentType
        self.contentSecurityPolicy = contentSecurityPolicy
        self.body = body
    }

    func add(to routes: inout RouteTable) {
        routes.on(.get, path, access: .open) { request, _ in
            Response(
                status: .ok,
                headers: [
                    .contentType: contentType, .contentSecurityPolicy: contentSecurityPolicy,
                    .cacheControl: "no-cache",
                ],
                body: ResponseBody(
                    byteBuffer: ByteBuffer(string: body("http://" + (request.head.plainAuthority ?? "localhost")))))
        }
    }
}
