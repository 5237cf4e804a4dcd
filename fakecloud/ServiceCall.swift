import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Runtime

/// The context of a request to the fake: nothing beyond what the router needs.
struct CloudContext: RequestContext {
    typealias Source = CloudContextSource

    var coreContext: CoreRequestContextStorage

    init(source: CloudContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
    }
}

struct CloudContextSource: RequestContextSource {
    let logger: Logger
}

/// A request to a service, taken apart.
struct ServiceCall: Sendable {
    let method: String
    let path: String
    let parameters: Parameters
    let region: String?
    let headers: HTTPFields
    let query: [(name: String, value: String)]
    let body: [UInt8]
    let dialect: CloudDialect
    let baseURL: String
    let requestId: String
    /// The good token that came with it, where the route needs one.
    var token: IssuedToken?

    func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    func queries(_ name: String) -> [String] {
        query.filter { $0.name == name }.map(\.value)
    }

    func parameter(_ name: String) -> String {
        parameters.get(name) ?? ""
    }

    var json: JSONValue? { try? JSONValue(parsing: body) }
}

/// What a service answers.
struct ServiceAnswer: Sendable {
    var status: Int
    var headers: HTTPFields = [:]
    var body: [UInt8] = []
    /// The name of the stack that it is about, where the path does not tell.
    var stack: String?

    static func json(_ status: Int = 200, _ body: JSONValue, headers: HTTPFields = [:]) -> ServiceAnswer {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return ServiceAnswer(status: status, headers: headers, body: body.utf8)
    }

    /// The answer without its body, as to HEAD: its length stays.
    var headOnly: ServiceAnswer {
        var answer = self
        answer.headers[.contentLength] = String(body.count)
        answer.body = []
        return answer
    }

    var response: Response {
        var headers = headers
        if status != 204, headers[.contentLength] == nil { headers[.contentLength] = String(body.count) }
        return Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}

/// How a service words its refusals: each of the five has its own way.
enum CloudDialect: Sendable {
    case keystone, heat, nova, glance, neutron

    init(path: String) {
        switch path.split(separator: "/").first {
        case "heat": self = .heat
        case "compute": self = .nova
        case "image": self = .glance
        case "network": self = .neutron
        default: self = .keystone
        }
    }

    /// No token, or one that is not good any more.
    struct NoToken: Error {}

    /// A request that a service refuses, in a message of its own.
    struct Refusal: Error {
        let status: Int
        let type: String
        let message: String
    }

    func answer(for error: any Error, to call: ServiceCall) -> ServiceAnswer {
        switch error {
        case let fault as HeatFault: return .json(fault.status, fault.json)
        case let fault as KeystoneFault:
            return .json(fault.status, fault.json, headers: fault.status == 401 ? challenge(call) : [:])
        case is NoToken: return unauthorized(call)
        case let refusal as Refusal: return refused(refusal)
        default: return .json(500, ["error": ["code": 500, "message": "\(error)", "title": "Internal Server Error"]])
        }
    }

    private func challenge(_ call: ServiceCall) -> HTTPFields {
        let identity = call.baseURL + "/identity" + (self == .keystone ? "/v3" : "")
        return [.wwwAuthenticate: "Keystone uri=\"\(identity)\""]
    }

    private func unauthorized(_ call: ServiceCall) -> ServiceAnswer {
        let challenge = challenge(call)
        switch self {
        case .keystone: return .json(401, KeystoneFault.unauthorized.json, headers: challenge)
        case .glance:
            return .json(
                401,
                routing(
                    "401 Unauthorized", "Unauthorized",
                    "This server could not verify that you are authorized to access the document you requested. Either you supplied the wrong credentials (e.g., bad password), or your browser does not understand how to supply the credentials required."
                ), headers: challenge)
        case .heat, .nova, .neutron:
            return .json(
                401,
                [
                    "error": [
                        "code": 401, "title": "Unauthorized",
                        "message": "The request you have made requires authentication.",
                    ]
                ], headers: challenge)
        }
    }

    private func refused(_ refusal: Refusal) -> ServiceAnswer {
        switch self {
        case .nova:
            return .json(
                refusal.status,
                [
                    refusal.type: [
                        "code": .integer(refusal.status), "message": .string(refusal.message),
                    ]
                ])
        case .neutron:
            return .json(
                refusal.status,
                [
                    "NeutronError": [
                        "type": .string(refusal.type), "message": .string(refusal.message), "detail": "",
                    ]
                ])
        case .keystone, .heat, .glance:
            let title = refusal.type
            return .json(refusal.status, routing("\(refusal.status) \(title)", title, refusal.message))
        }
    }

    /// No route has this path.
    var notFound: ServiceAnswer {
        switch self {
        case .keystone:
            let page = """
                <!doctype html>
                <html lang=en>
                <title>404 Not Found</title>
                <h1>Not Found</h1>
                <p>The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.</p>

                """
            return ServiceAnswer(
                status: 404, headers: [.contentType: "text/html; charset=utf-8"], body: Array(page.utf8))
        case .neutron:
            return refused(
                Refusal(status: 404, type: "HTTPNotFound", message: "The resource could not be found."))
        case .nova:
            return refused(Refusal(status: 404, type: "itemNotFound", message: "The resource could not be found."))
        case .heat, .glance:
            return .json(404, routing("404 Not Found", "Not Found", "The resource could not be found."))
        }
    }

    /// A route has this path, but not for this method.
    func methodNotAllowed(_ allowed: String) -> ServiceAnswer {
        switch self {
        case .heat:
            let fault = HeatFault(
                status: 405, type: "HTTPMethodNotAllowed",
                message:
                    "The server could not comply with the request since it is either malformed or otherwise incorrect.")
            return .json(405, fault.json)
        default:
            return .json(
                405, ["message": "The method is not allowed for the requested URL."], headers: [.allow: allowed])
        }
    }

    func options(_ allowed: String) -> ServiceAnswer {
        ServiceAnswer(status: 200, headers: [.allow: allowed, .contentType: "text/html; charset=utf-8"])
    }

    private func routing(_ code: String, _ title: String, _ message: String) -> JSONValue {
        ["message": .string(message + "<br /><br />\n\n\n"), "code": .string(code), "title": .string(title)]
    }
}
