import Foundation
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
    /// Empty where the bytes of an image came.
    let body: [UInt8]
    let dialect: CloudDialect
    let baseURL: String
    let requestId: String
    /// The good token that came with it, where the route needs one.
    var token: IssuedToken?
    /// The bytes of an image that came with it.
    var upload: ImageData?
    /// In bytes; a body that is too large is not all there.
    var bodySize = 0

    func query(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    func queries(_ name: String) -> [String] {
        query.filter { $0.name == name }.map(\.value)
    }

    /// A part of the path, decoded.
    func parameter(_ name: String) -> String {
        let encoded = parameters.get(name) ?? ""
        return encoded.removingPercentEncoding ?? encoded
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
        var response = Response(
            status: .init(code: status), headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        if status == 204 { response.headers[.contentLength] = nil }
        return response
    }
}
