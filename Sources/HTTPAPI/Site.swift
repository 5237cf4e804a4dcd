import HTTPTypes
import Hummingbird
import NIOCore

/// A single-page application beside the API: its page answers every path under its root, so that a link into it
/// works, and its files may be kept for ever, since their names change with their content.
public struct Site: Sendable {
    public struct File: Sendable {
        let path: String
        let contentType: String
        let content: ByteBuffer
        let gzipped: ByteBuffer

        /// - Parameter path: relative to the site's root, in `assets/`.
        public init(path: String, contentType: String, content: [UInt8], gzipped: [UInt8]) {
            self.path = path
            self.contentType = contentType
            self.content = ByteBuffer(bytes: content)
            self.gzipped = ByteBuffer(bytes: gzipped)
        }
    }

    let root: String
    private let files: [String: File]
    private let page: String
    private let policy: @Sendable (_ authority: String?) -> String

    /// - Parameters:
    ///   - root: `/console`.
    ///   - policy: the page's content security policy for the authority (`127.0.0.1:8080`) that the client uses.
    public init(
        root: String, files: [File], page: String, policy: @escaping @Sendable (_ authority: String?) -> String
    ) {
        self.root = root
        self.files = Dictionary(files.map { (root + "/" + $0.path, $0) }, uniquingKeysWith: { $1 })
        self.page = page
        self.policy = policy
    }

    func add(to routes: inout RouteTable) {
        routes.on(.get, "/", access: .open) { _, _ in redirect(to: root + "/") }
        // The router takes no notice of a slash at the end.
        routes.on(.get, root, access: .open) { request, _ in answer(request) }
        routes.on(.get, root + "/**", access: .open) { request, _ in
            if let file = files[request.uri.path] { return answer(file, to: request) }
            guard !request.uri.path.hasPrefix(root + "/assets/") else {
                throw APIError(status: .notFound, code: "NOT_FOUND", detail: "There is nothing here.")
            }
            return answer(request)
        }
    }

    private func answer(_ request: Request) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8", .cacheControl: "no-cache",
                .contentSecurityPolicy: policy(request.head.plainAuthority), .crossOriginOpenerPolicy: "same-origin",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: page)))
    }

    private func answer(_ file: File, to request: Request) -> Response {
        var headers: HTTPFields = [
            .contentType: file.contentType, .cacheControl: "public, max-age=31536000, immutable",
            .vary: "Accept-Encoding",
        ]
        let takesGzip = request.headers[values: .acceptEncoding].contains { line in
            line.split(separator: ",").contains {
                $0.wholeMatch(of: /\s*gzip\s*(;\s*q=(0\.\d*[1-9]\d*|1(\.0*)?))?\s*/) != nil
            }
        }
        if takesGzip { headers[.contentEncoding] = "gzip" }
        return Response(
            status: .ok, headers: headers, body: ResponseBody(byteBuffer: takesGzip ? file.gzipped : file.content))
    }
}

/// Leads a browser that opens an address of the API, such as the `Location` of a new deployment, to the page that
/// shows it. Programs ask for no HTML and get JSON.
struct SiteLinks: RouterMiddleware {
    typealias Context = PortalContext

    let root: String

    func handle(
        _ request: Request, context: PortalContext, next: (Request, PortalContext) async throws -> Response
    ) async throws -> Response {
        let isShown = request.uri.path.wholeMatch(of: /\/(deployments(\/[^\/]+)?|ssh-keys)/) != nil
        guard isShown, request.method == .get || request.method == .head else {
            return try await next(request, context)
        }
        if request.headers[values: .accept].contains(where: { $0.contains("text/html") }) {
            return redirect(to: root + request.uri.path + (request.uri.query.map { "?" + $0 } ?? ""))
        }
        var response = try await next(request, context)
        response.headers.append(HTTPField(name: .vary, value: "Accept"))
        return response
    }
}

private func redirect(to location: String) -> Response {
    Response(status: .seeOther, headers: [.location: location, .vary: "Accept"])
}

extension HTTPRequest {
    /// The authority, where it is a host and port and nothing that could break out of a header or a page.
    var plainAuthority: String? {
        authority.flatMap { $0.wholeMatch(of: /[A-Za-z0-9.:\[\]-]+/) == nil ? nil : $0 }
    }
}

extension HTTPField.Name {
    static let crossOriginOpenerPolicy = HTTPField.Name("Cross-Origin-Opener-Policy")!
}
