import AsyncHTTPClient
import Auth
import Deployments
import NIOCore
import NIOHTTP1
import Runtime
import Testing

/// Somebody with an HTTP client, signed in or not.
struct Visitor: Sendable {
    let site: Site
    var headers: [(String, String)] = []

    func call(
        _ method: HTTPMethod, _ path: String, _ body: JSONValue? = nil, headers: [(String, String)] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        try await send(
            method, path, body.map { .bytes(ByteBuffer(bytes: $0.utf8)) },
            headers: (body == nil ? [] : [("Content-Type", "application/json")]) + headers,
            sourceLocation: sourceLocation)
    }

    /// Sends a body as it is, with no content type but that of `headers`.
    func send(
        _ method: HTTPMethod, _ path: String, _ body: HTTPClientRequest.Body? = nil,
        headers: [(String, String)] = [], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: site.origin + path)
        request.method = method
        request.headers = HTTPHeaders(self.headers + headers)
        request.body = body
        let response = try await site.client.execute(request, timeout: .seconds(60))
        let answer = Answer(
            status: Int(response.status.code), headers: response.headers,
            body: Array((try await response.body.collect(upTo: 1 << 20)).readableBytesView))
        if answer.status >= 400, method != .HEAD { answer.checkProblem(sourceLocation) }
        return answer
    }

    /// Posts a text that need not be JSON, as JSON unless `headers` says otherwise.
    func post(
        _ path: String, text: String, headers: [(String, String)] = [("Content-Type", "application/json")],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Answer {
        try await send(
            .POST, path, .bytes(ByteBuffer(string: text)), headers: headers, sourceLocation: sourceLocation)
    }

    func with(_ headers: (String, String)...) -> Visitor {
        Visitor(site: site, headers: self.headers + headers)
    }
}

struct Answer: Sendable, Equatable {
    let status: Int
    let headers: HTTPHeaders
    let body: [UInt8]

    var json: JSONValue { (try? JSONValue(parsing: body)) ?? .null }

    func header(_ name: String) -> String? { headers.first(name: name) }

    /// What a refusal comes to: `422 VALIDATION_FAILED /name TOO_LONG`.
    var problem: String {
        let errors = (json["errors"]?.array ?? []).map {
            " \($0["pointer"]?.string ?? "?") \($0["code"]?.string ?? "?")"
        }
        return "\(status) \(json["code"]?.string ?? "-")" + errors.joined()
    }

    /// Every refusal is a whole problem body (semantics.md section 9).
    fileprivate func checkProblem(_ sourceLocation: SourceLocation) {
        let code = json["code"]?.string ?? ""
        var expected: [String: JSONValue] = [
            "type": .string("https://hothouse.test/errors/" + code), "status": .integer(status),
            "code": .string(code), "message": json["detail"] ?? "missing",
            "requestId": JSONValue(header("X-Request-Id")),
        ]
        for optional in ["title", "detail", "errors", "retryAfter"] { expected[optional] = json[optional] }
        #expect(json == .object(expected), sourceLocation: sourceLocation)
        #expect(code.wholeMatch(of: /[A-Z][A-Z_]+/) != nil, sourceLocation: sourceLocation)
        #expect(json["title"]?.string?.isEmpty == false, sourceLocation: sourceLocation)
        #expect(json["detail"]?.string?.isEmpty == false, sourceLocation: sourceLocation)
        #expect(header("Content-Type") == "application/problem+json", sourceLocation: sourceLocation)
        #expect(json["retryAfter"]?.integer.map(String.init) == header("Retry-After"), sourceLocation: sourceLocation)
    }
}

extension Site {
    var visitor: Visitor { Visitor(site: self) }

    /// The newest verification token that was mailed to a user.
    func mailedToken(to name: String = "ada") -> String? {
        outbox.mails(to: name + "@example.org").first?.token
    }

    static let password = "analytical engine"

    /// Registers a user and signs in with a bearer token.
    func user(_ name: String = "ada", isVerified: Bool = true) async throws -> Visitor {
        let email = JSONValue.string(name + "@example.org")
        let password = JSONValue.string(Self.password)
        let registered = try await visitor.call(
            .POST, "/auth/register", ["email": email, "password": password, "name": .string(name)])
        try #require(registered.status == 202)
        if isVerified {
            let token = try #require(mailedToken(to: name))
            try #require(try await visitor.call(.POST, "/auth/verify-email", ["token": .string(token)]).status == 200)
        }
        return try await signIn(name)
    }

    func signIn(_ name: String = "ada") async throws -> Visitor {
        let answer = try await visitor.call(
            .POST, "/auth/login",
            ["email": .string(name + "@example.org"), "password": .string(Self.password), "session": "bearer"])
        return visitor.with(("Authorization", "Bearer " + (try #require(answer.json["token"]?.string))))
    }

    /// Signs in with a cookie, as a page of the portal's own origin does.
    func signInWithCookie(_ name: String = "ada") async throws -> Visitor {
        let answer = try await visitor.call(
            .POST, "/auth/login", ["email": .string(name + "@example.org"), "password": .string(Self.password)])
        let cookie = try #require(answer.header("Set-Cookie")?.split(separator: ";").first)
        return visitor.with(("Cookie", String(cookie)), ("Origin", origin))
    }
}

extension Visitor {
    static let publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6MDEyMzQ1 ada@laptop"

    /// Adds an SSH key; the same one again is fine.
    func keyId() async throws -> JSONValue {
        let answer = try await call(.POST, "/ssh-keys", ["name": "laptop", "publicKey": .string(Self.publicKey)])
        return try #require(answer.json["id"])
    }

    func order(_ name: String = "web") async throws -> JSONValue {
        [
            "name": .string(name), "regionId": "west",
            "spec": [
                "instanceTypeId": "small", "imageId": "debian-12", "storage": ["sizeGiB": 20],
                "sshKeyId": try await keyId(),
            ],
        ]
    }

    /// Asks for a deployment.
    ///
    /// - Returns: its id.
    func deploy(_ name: String = "web") async throws -> String {
        let answer = try await call(.POST, "/deployments", try await order(name))
        return try #require(answer.json["deploymentId"]?.string, "\(answer.problem)")
    }

    func deployment(_ id: String) async throws -> JSONValue {
        try await call(.GET, "/deployments/" + id).json
    }

    /// Waits until a deployment has a status.
    func waitFor(_ status: String, of id: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        try await eventually("\(id) is \(status)", sourceLocation: sourceLocation) {
            try await deployment(id)["status"] == .string(status)
        }
    }

    var customerId: String {
        get async throws { try #require(try await call(.GET, "/me").json["customerId"]?.string) }
    }
}
