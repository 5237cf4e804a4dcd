import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Runtime
import Scenarios

/// The control API under `/_hothouse/`: the cloud's clock, its faults, its journal and its story, for developers and
/// their tests (design.md section 8). It is there while the fake is in use and never otherwise.
public struct ControlAPI: Sendable {
    public static let root = "/_hothouse"

    /// What it answers; ``document`` describes the same.
    static let routes: [Route] =
        clockRoutes + faultRoutes + requestRoutes + storyRoutes + [
            Route(.get, "/openapi.json", "This description.") { _, _ in .json(.ok, document) }
        ]

    let cloud: FakeCloud
    let clock: ControlledTime
    let story: PlayedStory
    private let allowsRemote: Bool
    private let router: RouterResponder<CloudContext>

    /// - Parameters:
    ///   - story: what is played, and where others may be put in its place.
    ///   - allowsRemote: whether other machines may use it.
    public init(_ cloud: FakeCloud, clock: ControlledTime, story: PlayedStory, allowsRemote: Bool = false) {
        self.cloud = cloud
        self.clock = clock
        self.story = story
        self.allowsRemote = allowsRemote
        let router = Router(context: CloudContext.self)
        let parts = Parts(cloud: cloud, clock: clock, story: story)
        for route in Self.routes {
            router.on(RouterPath(Self.root + route.path), method: route.method) { request, context -> Response in
                let body = try await request.body.collect(upTo: ControlCall.largestBody)
                let call = ControlCall(
                    body: Array(body.readableBytesView),
                    query: request.uri.queryParameters.map {
                        (String($0.key), String($0.value))
                    }, parameters: context.parameters)
                return try await route.handler(parts, call)
            }
        }
        for path in Set(Self.routes.map(\.path)).sorted() {
            let allowed = Self.routes.filter { $0.path == path }.map(\.method)
            for method in [HTTPRequest.Method.get, .post, .put, .patch, .delete] where !allowed.contains(method) {
                router.on(RouterPath(Self.root + path), method: method) { _, _ -> Response in
                    let names = allowed.map(\.rawValue).joined(separator: ", ")
                    var response = ControlProblem(405, "\(path) has \(names) only.").response
                    response.headers[.allow] = names
                    return response
                }
            }
        }
        self.router = router.buildResponder()
    }

    /// Whether a request is for the control API.
    public static func owns(_ request: Request) -> Bool {
        request.uri.path == root || request.uri.path.hasPrefix(root + "/")
    }

    /// Answers one request.
    ///
    /// - Parameter remoteAddress: of the peer's socket.
    /// - Throws: `CancellationError`.
    public func respond(to request: Request, from remoteAddress: String) async throws -> Response {
        if let refusal = refusal(of: request.head, from: remoteAddress) { return refusal.response }
        do {
            let context = CloudContext(source: CloudContextSource(logger: Logger(label: "control")))
            let response = try await router.respond(to: request, context: context)
            guard response.status == .notFound, response.headers[.contentType] == nil else { return response }
            return ControlProblem(404, "There is no \(request.uri.path); see \(Self.root)/openapi.json.").response
        } catch let problem as ControlProblem {
            return problem.response
        } catch let error as HTTPError where error.status == .contentTooLarge {
            return ControlProblem(413, "A body has at most \(ControlCall.largestBody) bytes.").response
        } catch let error where !(error is CancellationError) {
            return ControlProblem(500, "\(error)").response
        }
    }

    /// A page of another site must not move the clock of a developer who looks at it, also not one that has its own name
    /// lead here.
    private func refusal(of head: HTTPRequest, from remoteAddress: String) -> ControlProblem? {
        let request = LocalRequest(
            authority: head.authority, origin: head.headerFields[.origin], fetchSite: head.headerFields[.secFetchSite])
        guard allowsRemote || (LocalRequest.isLoopback(remoteAddress) && request.isToThisMachine) else {
            return ControlProblem(403, "The control API answers this machine only, under localhost or 127.0.0.1.")
        }
        guard request.isOfNoOtherSite else {
            return ControlProblem(403, "The control API does not answer pages of other sites.")
        }
        return nil
    }
}

extension HTTPField.Name {
    fileprivate static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
}

extension ControlAPI {
    /// What the handlers work on.
    struct Parts: Sendable {
        let cloud: FakeCloud
        let clock: ControlledTime
        let story: PlayedStory
    }

    struct Route: Sendable {
        typealias Handler = @Sendable (Parts, ControlCall) async throws -> Response

        let method: HTTPRequest.Method
        /// Below the root: `/faults/:id`.
        let path: String
        let summary: String
        let handler: Handler

        init(_ method: HTTPRequest.Method, _ path: String, _ summary: String, _ handler: @escaping Handler) {
            self.method = method
            self.path = path
            self.summary = summary
            self.handler = handler
        }
    }
}

/// A request to the control API, taken apart.
struct ControlCall: Sendable {
    static let largestBody = 1 << 20

    let body: [UInt8]
    let query: [(name: String, value: String)]
    let parameters: Parameters

    /// The body as a JSON object.
    ///
    /// - Throws: ``ControlProblem``, 400.
    func object() throws -> [String: JSONValue] {
        guard let object = (try? JSONValue(parsing: body))?.object else {
            throw ControlProblem(400, "The body is a JSON object.")
        }
        return object
    }

    var text: String { String(decoding: body, as: UTF8.self) }

    /// - Throws: ``ControlProblem``, 400, for a parameter that there is not, and one that is there twice.
    func query(known: [String]) throws -> [String: String] {
        var values: [String: String] = [:]
        for (name, value) in query {
            guard known.contains(name) else {
                throw ControlProblem(400, "Unknown parameter \(name); known are \(known.joined(separator: ", ")).")
            }
            guard values[name] == nil else { throw ControlProblem(400, "The parameter \(name) is there twice.") }
            values[name] = value
        }
        return values
    }
}

/// A refusal (RFC 9457).
struct ControlProblem: Error {
    let status: Int
    let detail: String
    /// Mistakes in a text that was sent, one each with its line and column.
    var issues: [String] = []

    init(_ status: Int, _ detail: String, issues: [String] = []) {
        self.status = status
        self.detail = detail
        self.issues = issues
    }

    var response: Response {
        let status = HTTPResponse.Status(
            code: status, reasonPhrase: HTTPResponseStatus(statusCode: status).reasonPhrase)
        var body: [String: JSONValue] = [
            "type": "about:blank", "title": .string(status.reasonPhrase), "status": .integer(self.status),
            "detail": .string(detail),
        ]
        if !issues.isEmpty { body["errors"] = .array(issues.map { ["message": .string($0)] }) }
        return .json(status, .object(body), type: "application/problem+json")
    }
}

extension Response {
    static func json(
        _ status: HTTPResponse.Status, _ body: JSONValue, type: String = "application/json"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body.utf8)))
    }
}
