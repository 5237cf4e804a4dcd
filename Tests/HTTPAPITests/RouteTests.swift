import AsyncHTTPClient
import HTTPAPI
import NIOCore
import NIOHTTP1
import Runtime
import Simulation
import Testing
import WebSockets

/// What holds for every route, and the small ones.
@Suite(.timeLimit(.minutes(3))) struct RouteTests {
    static let routes: [(path: String, allowed: Set<String>, isOpen: Bool)] = [
        ("/deployments", ["GET", "HEAD", "POST"], false), ("/deployments/x", ["GET", "HEAD", "DELETE"], false),
        ("/deployments/x/retry", ["POST"], false), ("/deployments/x/events", ["GET", "HEAD"], false),
        ("/catalog/regions", ["GET", "HEAD"], false), ("/catalog/instance-types", ["GET", "HEAD"], false),
        ("/catalog/images", ["GET", "HEAD"], false), ("/ssh-keys", ["GET", "HEAD", "POST"], false),
        ("/ssh-keys/x", ["DELETE"], false), ("/auth/register", ["POST"], true), ("/auth/login", ["POST"], true),
        ("/auth/logout", ["POST"], false), ("/auth/verify-email", ["POST"], true),
        ("/auth/resend-verification", ["POST"], true), ("/me", ["GET", "HEAD"], false),
        ("/healthz", ["GET", "HEAD"], true), ("/readyz", ["GET", "HEAD"], true), ("/ws", ["GET", "HEAD"], true),
    ]

    @Test(
        "a method that a path does not know is 405 with those that it does, also without a session", arguments: routes)
    func wrongMethod(path: String, allowed: Set<String>, isOpen: Bool) async throws {
        try await Site.serve { site in
            for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
            where !allowed.contains(method) {
                let answer = try await site.visitor.call(HTTPMethod(rawValue: method), path)
                #expect(answer.status == 405, "\(method) \(path)")
                let named = answer.header("Allow")?.split(separator: ", ").map(String.init) ?? []
                #expect(Set(named) == allowed, "\(method) \(path)")
                #expect(method == "HEAD" || answer.problem == "405 METHOD_NOT_ALLOWED")
            }
        }
    }

    @Test("a route that is not open to all asks for a session", arguments: routes.filter { !$0.isOpen })
    func session(path: String, allowed: Set<String>, isOpen: Bool) async throws {
        try await Site.serve { site in
            for method in allowed.sorted() where method != "HEAD" {
                let answer = try await site.visitor.call(HTTPMethod(rawValue: method), path)
                #expect(answer.problem == "401 UNAUTHENTICATED", "\(method) \(path)")
                #expect(answer.header("WWW-Authenticate") == "Bearer")
            }
        }
    }

    @Test("HEAD answers as GET does, without the body")
    func head() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            for path in ["/deployments", "/catalog/regions", "/ssh-keys", "/me", "/healthz", "/readyz", "/nowhere"] {
                let get = try await ada.call(.GET, path)
                let head = try await ada.call(.HEAD, path)
                #expect(head.status == get.status, "\(path)")
                #expect(head.body == [])
                #expect(head.header("Content-Type") == get.header("Content-Type"))
                #expect(head.header("Content-Length") == get.header("Content-Length"), "\(path)")
            }
        }
    }

    @Test(
        "an unknown path is not found, whatever the method", arguments: ["/nowhere", "/", "/deployments/x/y", "/ws/x"])
    func unknownPath(path: String) async throws {
        try await Site.serve { site in
            for method in [HTTPMethod.GET, .POST, .DELETE, .OPTIONS] {
                let answer = try await site.visitor.call(method, path)
                #expect(answer.problem == "404 NOT_FOUND", "\(method)")
            }
        }
    }

    @Test("every answer has a request id of its own and the headers that keep browsers safe")
    func headers() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            var ids: Set<String?> = []
            let answers = [
                try await ada.call(.GET, "/me"), try await ada.call(.GET, "/nowhere"),
                try await ada.call(.PUT, "/me"), try await site.visitor.call(.GET, "/me"),
                try await ada.call(.DELETE, "/ssh-keys/x"),
            ]
            for answer in answers {
                ids.insert(answer.header("X-Request-Id"))
                #expect(answer.header("X-Request-Id")?.wholeMatch(of: /req_[0-9A-Z]{26}/) != nil)
                #expect(
                    answer.header("Content-Security-Policy")
                        == "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
                #expect(answer.header("Referrer-Policy") == "no-referrer")
                #expect(answer.header("Cross-Origin-Resource-Policy") == "same-origin")
                #expect(answer.header("Cache-Control") == "no-store")
                #expect(answer.header("Date").flatMap { Timestamp(httpDate: $0) } != nil)
                #expect(answer.header("Strict-Transport-Security") == nil)
                #expect(answer.header("Access-Control-Allow-Origin") == nil)
                #expect(answer.header("Server") == nil)
            }
            #expect(ids.count == answers.count)
        }
    }

    @Test("health and readiness are open, and readiness ends with the shutdown")
    func health() async throws {
        try await Site.serve { site in
            #expect(try await site.visitor.call(.GET, "/healthz").json == ["status": "ok"])
            let ready = try await site.visitor.call(.GET, "/readyz")
            #expect(ready.status == 200)
            #expect(
                ready.json == [
                    "status": "ready",
                    "checks": [
                        ["name": "database", "status": "ok", "needed": true],
                        ["name": "traffic", "status": "ok", "needed": true],
                        ["name": "region east", "status": "ok", "needed": false],
                        ["name": "region west", "status": "ok", "needed": false],
                    ],
                ])
            await site.portal.hub.drain()
            let draining = try await site.visitor.send(.HEAD, "/readyz")
            #expect(draining.status == 503)
            #expect(try await site.visitor.call(.GET, "/healthz").json == ["status": "degraded"])
        }
    }

    @Test("the catalog is a region's, the first one's unless another is named")
    func catalog() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            #expect(
                try await ada.call(.GET, "/catalog/regions").json
                    == ["items": [["id": "west", "name": "west"], ["id": "east", "name": "east"]]])
            let types = try await ada.call(.GET, "/catalog/instance-types").json
            #expect(types["items"]?.array?.count == 4)
            #expect(
                types["items"]?.array?.contains([
                    "id": "small", "name": "small", "vcpus": 1, "ramMiB": 2048, "diskGiB": 20,
                ]) == true)
            let images = try await ada.call(.GET, "/catalog/images?regionId=east").json
            #expect(
                images["items"]?.array?.contains([
                    "id": "debian-12", "name": "debian-12", "minDiskGiB": 5, "minRamMiB": 512, "sshUser": "debian",
                ]) == true)
            for path in ["/catalog/instance-types", "/catalog/images"] {
                for query in ["?regionId=north", "?regionId=", "?regionId=east&regionId=west"] {
                    #expect(try await ada.call(.GET, path + query).problem == "400 BAD_REQUEST")
                }
            }
        }
    }

    @Test("SSH keys are added once, listed, and deleted by their owner")
    func sshKeys() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let bob = try await site.user("bob")
            let body: JSONValue = ["name": "laptop", "publicKey": .string(Visitor.publicKey + "\n")]
            let added = try await ada.call(.POST, "/ssh-keys", body)
            #expect(added.status == 201)
            let id = try #require(added.json["id"]?.string)
            #expect(added.header("Location") == "/ssh-keys/" + id)
            #expect(
                added.json == [
                    "id": .string(id), "name": "laptop", "publicKey": .string(Visitor.publicKey),
                    "fingerprint": added.json["fingerprint"] ?? .null, "createdAt": added.json["createdAt"] ?? .null,
                ])
            #expect(added.json["fingerprint"]?.string?.wholeMatch(of: /SHA256:[A-Za-z0-9+\/]{43}/) != nil)
            #expect(try await ada.call(.POST, "/ssh-keys", body).json == added.json)
            #expect(try await ada.call(.GET, "/ssh-keys").json == ["items": [added.json]])
            #expect(try await bob.call(.GET, "/ssh-keys").json == ["items": []])
            #expect(try await bob.call(.DELETE, "/ssh-keys/" + id).problem == "404 NOT_FOUND")
            let deleted = try await ada.call(.DELETE, "/ssh-keys/" + id)
            #expect(deleted.status == 204)
            #expect(deleted.body == [])
            #expect(try await ada.call(.DELETE, "/ssh-keys/" + id).problem == "404 NOT_FOUND")
            for key in ["ssh-dss AAAA", "not a key", "ssh-ed25519 !!!!", Visitor.publicKey + "\nssh-rsa AAAA"] {
                let answer = try await ada.call(.POST, "/ssh-keys", ["name": "k", "publicKey": .string(key)])
                #expect(answer.status == 422, "\(key)")
            }
        }
    }
}

/// Bodies that are none: each has a stable code, and the server goes on.
@Suite(.timeLimit(.minutes(3))) struct BadBodyTests {
    static let paths = [
        "/auth/register", "/auth/login", "/auth/verify-email", "/auth/resend-verification", "/deployments", "/ssh-keys",
    ]

    static let bodies: [(String, [UInt8])] = [
        ("nothing", []), ("cut off", Array(#"{"name":"#.utf8)), ("two", Array("{}{}".utf8)),
        ("text", Array("hello".utf8)),
        ("invalid UTF-8", Array(#"{"name":""#.utf8) + [0xFF, 0xC0] + Array(#""}"#.utf8)),
        ("a lone surrogate", Array(#"{"name":"\ud800"}"#.utf8)),
        ("very deep", Array(String(repeating: "[", count: 30_000).utf8)),
        (
            "very deep and whole",
            Array((String(repeating: "[", count: 30_000) + String(repeating: "]", count: 30_000)).utf8)
        ),
        (
            "deep objects",
            Array((String(repeating: #"{"a":"#, count: 8000) + "1" + String(repeating: "}", count: 8000)).utf8)
        ),
        ("a number too large", Array(#"{"name":1e999}"#.utf8)), ("a NUL", [0]), ("not a number", Array("NaN".utf8)),
    ]

    @Test("what is not JSON is refused by every route that reads a body", arguments: bodies)
    func notJSON(name: String, body: [UInt8]) async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            for path in Self.paths {
                let answer = try await ada.send(
                    .POST, path, .bytes(ByteBuffer(bytes: body)), headers: [("Content-Type", "application/json")])
                #expect(answer.problem == "400 BAD_REQUEST", "\(path): \(name)")
            }
            #expect(try await ada.call(.GET, "/healthz").status == 200)
        }
    }

    @Test("JSON that is no object is refused field by field", arguments: ["[]", "1", "null", "\"text\"", "true"])
    func noObject(body: String) async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            for path in Self.paths {
                #expect(try await ada.post(path, text: body).problem == "422 VALIDATION_FAILED  WRONG_TYPE", "\(path)")
            }
        }
    }

    @Test("a body has to say that it is JSON")
    func mediaType() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            for path in Self.paths {
                for type in [
                    "text/plain", "application/x-www-form-urlencoded", "application/xml", "json", "", "a/b/c", nil,
                ] {
                    let answer = try await ada.post(
                        path, text: "{}", headers: type.map { [("Content-Type", $0)] } ?? [])
                    #expect(answer.problem == "415 UNSUPPORTED_MEDIA_TYPE", "\(path): \(type ?? "none")")
                }
            }
            for type in ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"] {
                let answer = try await ada.post("/auth/verify-email", text: "{}", headers: [("Content-Type", type)])
                #expect(answer.status == 422, "\(type)")
            }
        }
    }

    @Test("a body has at most 64 KiB, whether its length is told before or not")
    func tooLarge() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let empty = #"{"token":""}"#
            func body(_ size: Int) -> ByteBuffer {
                ByteBuffer(string: #"{"token":""# + String(repeating: "x", count: size - empty.utf8.count) + #""}"#)
            }
            let json = [("Content-Type", "application/json")]
            for path in Self.paths {
                let large = try await ada.send(.POST, path, .bytes(body(65_537)), headers: json)
                #expect(large.problem == "413 PAYLOAD_TOO_LARGE", "\(path)")
                let chunked = HTTPClientRequest.Body.stream([body(65_537)].async, length: .unknown)
                let streamed = try await ada.send(.POST, path, chunked, headers: json)
                #expect(streamed.problem == "413 PAYLOAD_TOO_LARGE", "\(path)")
            }
            let fits = try await ada.send(.POST, "/auth/verify-email", .bytes(body(65_536)), headers: json)
            #expect(fits.problem == "422 VALIDATION_FAILED /token TOO_LONG")
            let chunked = HTTPClientRequest.Body.stream([body(65_536)].async, length: .unknown)
            #expect(
                try await ada.send(.POST, "/auth/verify-email", chunked, headers: json).problem
                    == "422 VALIDATION_FAILED /token TOO_LONG")
        }
    }

    @Test("texts have their limits, and control characters nowhere")
    func texts() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            func name(_ name: String) async throws -> String {
                try await ada.call(
                    .POST, "/ssh-keys", ["name": .string(name), "publicKey": .string(Visitor.publicKey)]
                ).problem
            }
            #expect(try await name(String(repeating: "ä", count: 100)) == "201 -")
            #expect(try await name(String(repeating: "ä", count: 101)) == "422 VALIDATION_FAILED /name TOO_LONG")
            #expect(try await name("") == "422 VALIDATION_FAILED /name REQUIRED")
            #expect(try await name("a\nb") == "422 VALIDATION_FAILED /name INVALID_CHARACTER")
        }
    }
}

extension Array where Element: Sendable {
    fileprivate var async: AsyncStream<Element> {
        AsyncStream { continuation in
            for element in self { continuation.yield(element) }
            continuation.finish()
        }
    }
}
