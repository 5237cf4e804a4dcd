import Auth
import HTTPAPI
import NIOHTTP1
import Runtime
import Testing

/// `/auth` and `/me` (design.md section 7, semantics.md section 12).
@Suite(.timeLimit(.minutes(3))) struct AuthRouteTests {
    private static let ada: JSONValue = ["email": "Ada@example.org", "password": "analytical engine", "name": "Ada"]
    private static let credentials: JSONValue = ["email": "ada@example.org", "password": "analytical engine"]

    @Test("registering, verifying and signing in with a cookie, step by step")
    func cookie() async throws {
        try await Site.serve { site in
            let registered = try await site.visitor.call(.POST, "/auth/register", Self.ada)
            #expect(registered.status == 202)
            #expect(registered.json == ["status": "ok"])
            #expect(registered.header("Set-Cookie") == nil)

            let login = try await site.visitor.call(.POST, "/auth/login", Self.credentials)
            #expect(login.status == 200)
            let cookie = try #require(login.header("Set-Cookie"))
            let pattern = /session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=86(400|3\d\d); HttpOnly; SameSite=Lax/
            #expect(cookie.wholeMatch(of: pattern) != nil, "\(cookie)")
            #expect(login.header("Cache-Control") == "no-store")
            let value = try #require(cookie.split(separator: ";").first)
            let browser = site.visitor.with(("Cookie", "theme=dark; \(value)"))

            let me = try await browser.call(.GET, "/me")
            #expect(me.json == login.json)
            #expect(
                me.json == [
                    "id": me.json["id"] ?? .null, "customerId": me.json["customerId"] ?? .null,
                    "email": "ada@example.org", "name": "Ada", "emailVerified": false,
                ])
            #expect(me.json["id"]?.string?.hasPrefix("usr_") == true)

            let token = try #require(site.mailedToken())
            let verified = try await site.visitor.call(.POST, "/auth/verify-email", ["token": .string(token)])
            #expect(verified.status == 200)
            #expect(verified.json == ["status": "ok"])
            #expect(try await browser.call(.GET, "/me").json["emailVerified"] == true)
            #expect(
                try await site.visitor.call(.POST, "/auth/verify-email", ["token": .string(token)]).problem
                    == "422 VALIDATION_FAILED /token INVALID_TOKEN")

            let logout = try await browser.call(.POST, "/auth/logout")
            #expect(logout.status == 204)
            #expect(logout.body == [])
            #expect(logout.header("Set-Cookie") == "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
            #expect(try await browser.call(.GET, "/me").problem == "401 UNAUTHENTICATED")
            #expect(try await browser.call(.POST, "/auth/logout").problem == "401 UNAUTHENTICATED")
        }
    }

    @Test("behind an https address the cookie is secure and bound to the host")
    func secureCookie() async throws {
        var options = Site.Options()
        options.http.publicURL = "https://portal.example"
        try await Site.serve(options) { site in
            _ = try await site.user()
            let login = try await site.visitor.call(.POST, "/auth/login", Self.credentials)
            let cookie = try #require(login.header("Set-Cookie"))
            let pattern =
                /__Host-session=[A-Za-z0-9_-]{43}; Path=\/; Max-Age=86(400|3\d\d); HttpOnly; SameSite=Lax; Secure/
            #expect(cookie.wholeMatch(of: pattern) != nil, "\(cookie)")
            #expect(login.header("Strict-Transport-Security") == "max-age=31536000; includeSubDomains")
            let value = try #require(cookie.split(separator: ";").first?.split(separator: "=").last)
            #expect(try await site.visitor.with(("Cookie", "__Host-session=\(value)")).call(.GET, "/me").status == 200)
            // The name without the prefix can be set by another host of the domain.
            #expect(try await site.visitor.with(("Cookie", "session=\(value)")).call(.GET, "/me").status == 401)
        }
    }

    @Test("a program signs in with a bearer token, and is told when it ends")
    func bearer() async throws {
        try await Site.serve { site in
            _ = try await site.user()
            var body = Self.credentials.object ?? [:]
            body["session"] = "bearer"
            let login = try await site.visitor.call(.POST, "/auth/login", .object(body))
            #expect(login.status == 200)
            #expect(login.header("Set-Cookie") == nil)
            let token = try #require(login.json["token"]?.string)
            let end = try #require(login.json["expiresAt"]?.string.flatMap { Timestamp($0) })
            #expect(login.json.object?.count == 2)
            #expect((Duration.seconds(86_000)...Duration.seconds(86_400)).contains(end - site.time.now))
            for scheme in ["Bearer", "bearer", "BEARER"] {
                let visitor = site.visitor.with(("Authorization", "\(scheme) \(token)"))
                #expect(try await visitor.call(.GET, "/me").status == 200)
            }
            for value in ["Bearer", "Bearer ", "Basic \(token)", token, "Bearer \(token)x", "Bearer x \(token)"] {
                let answer = try await site.visitor.with(("Authorization", value)).call(.GET, "/me")
                #expect(answer.problem == "401 UNAUTHENTICATED", "\(value)")
                #expect(answer.header("WWW-Authenticate") == "Bearer")
            }
            let visitor = site.visitor.with(("Authorization", "Bearer " + token))
            #expect(try await visitor.call(.POST, "/auth/logout").status == 204)
            #expect(try await visitor.call(.GET, "/me").status == 401)
        }
    }

    @Test(
        "a cookie that is no session's is no session",
        arguments: [
            "", "session", "session=", "session=x", "=;;=;", "session=\"", "session=a=b", ";session==x; =", "🍪=1",
        ])
    func badCookie(value: String) async throws {
        try await Site.serve { site in
            // Past the HTTP client, which would not send some of these.
            try await RawConnection.open(site) { connection in
                try await connection.send(["GET /me HTTP/1.1", "Host: portal", "Cookie: \(value)"])
                let answer = try #require(try await connection.response())
                #expect(answer.status == 401)
                #expect(answer.body.contains("\"UNAUTHENTICATED\""))
            }
        }
    }

    @Test("nothing tells whether an address is registered: the answers are the same but for their ids")
    func enumeration() async throws {
        try await Site.serve { site in
            func trace(_ path: String, _ body: JSONValue) async throws -> [String] {
                let answer = try await site.visitor.call(.POST, path, body)
                var members = answer.json.object ?? [:]
                members["requestId"] = nil
                let headers = answer.headers.filter {
                    !["x-request-id", "date", "content-length"].contains($0.name.lowercased())
                }
                return ["\(answer.status)", JSONValue.object(members).description]
                    + headers.map { "\($0.name): \($0.value)" }
            }
            let first = try await trace("/auth/register", Self.ada)
            #expect(try await trace("/auth/register", Self.ada) == first)
            #expect(
                try await trace("/auth/login", ["email": "ada@example.org", "password": "wrong guess"])
                    == (try await trace("/auth/login", ["email": "bob@example.org", "password": "wrong guess"])))
            #expect(
                try await trace("/auth/resend-verification", ["email": "ada@example.org"])
                    == (try await trace("/auth/resend-verification", ["email": "bob@example.org"])))
            #expect(site.outbox.mails().map(\.to) == Array(repeating: "ada@example.org", count: 3))
        }
    }

    @Test("another mail can be asked for, and its token takes the place of the first")
    func resend() async throws {
        try await Site.serve { site in
            let ada = try await site.user(isVerified: false)
            let old = try #require(site.mailedToken())
            let answer = try await ada.call(.POST, "/auth/resend-verification", ["email": "ADA@example.org"])
            #expect(answer.status == 202)
            #expect(answer.json == ["status": "ok"])
            let new = try #require(site.mailedToken())
            #expect(new != old)
            #expect(try await ada.call(.POST, "/auth/verify-email", ["token": .string(old)]).status == 422)
            #expect(try await ada.call(.POST, "/auth/verify-email", ["token": .string(new)]).status == 200)
        }
    }

    @Test("too many failed logins have to wait, and are told how long")
    func tooManyAttempts() async throws {
        try await Site.serve { site in
            _ = try await site.user()
            let guess: JSONValue = ["email": "ada@example.org", "password": "a wrong guess"]
            for _ in 1...5 {
                #expect(try await site.visitor.call(.POST, "/auth/login", guess).problem == "401 INVALID_CREDENTIALS")
            }
            // The first pause is short, and time goes on.
            var answer = try await site.visitor.call(.POST, "/auth/login", guess)
            while answer.status == 401 { answer = try await site.visitor.call(.POST, "/auth/login", guess) }
            #expect(answer.problem == "429 TOO_MANY_ATTEMPTS")
            #expect(answer.header("Retry-After").flatMap { Int($0) } ?? 0 >= 1)
        }
    }

    @Test("a login takes the place of the session that the browser had")
    func rotation() async throws {
        try await Site.serve { site in
            _ = try await site.user()
            let first = try await site.signInWithCookie()
            let again = try await first.call(.POST, "/auth/login", Self.credentials)
            #expect(again.status == 200)
            #expect(try await first.call(.GET, "/me").status == 401)
        }
    }

    @Test("a session goes on with its use, and ends 8 hours after the last one")
    func idle() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            for _ in 1...2 {
                site.time.advance(by: .seconds(7 * 3600))
                #expect(try await ada.call(.GET, "/me").status == 200)
            }
            site.time.advance(by: .seconds(8 * 3600))
            #expect(try await ada.call(.GET, "/me").status == 401)
        }
    }

    @Test(
        "a wrong body is refused field by field",
        arguments: [
            ("/auth/register", "[]", "422 VALIDATION_FAILED  WRONG_TYPE"),
            ("/auth/register", "{}", "422 VALIDATION_FAILED /email REQUIRED /password REQUIRED /name REQUIRED"),
            (
                "/auth/register", #"{"email":"x","password":"short","name":"","role":"admin"}"#,
                "422 VALIDATION_FAILED /email INVALID_EMAIL /password TOO_SHORT /name REQUIRED /role UNKNOWN_FIELD"
            ),
            (
                "/auth/register", #"{"email":"a@b.example","password":"password1","name":"A"}"#,
                "422 VALIDATION_FAILED /password COMMON_PASSWORD"
            ),
            (
                "/auth/register", #"{"email":"a@b.example","password":"tjqxw\u0000vzk","name":"A\u0007"}"#,
                "422 VALIDATION_FAILED /password INVALID_CHARACTER /name INVALID_CHARACTER"
            ),
            (
                "/auth/login", #"{"email":1,"password":[]}"#,
                "422 VALIDATION_FAILED /email WRONG_TYPE /password WRONG_TYPE"
            ),
            (
                "/auth/login", #"{"email":"a@b.example","password":"x","session":"jwt"}"#,
                "422 VALIDATION_FAILED /session INVALID_VALUE"
            ),
            ("/auth/verify-email", "{}", "422 VALIDATION_FAILED /token REQUIRED"),
            ("/auth/verify-email", #"{"token":"nobody's"}"#, "422 VALIDATION_FAILED /token INVALID_TOKEN"),
            ("/auth/resend-verification", #"{"email":"x"}"#, "422 VALIDATION_FAILED /email INVALID_EMAIL"),
        ])
    func badBody(path: String, body: String, problem: String) async throws {
        try await Site.serve { site async throws -> Void in
            #expect(try await site.visitor.post(path, text: body).problem == problem)
        }
    }
}

/// What another site can make a browser send (ASVS 5.0, 3.5.1 to 3.5.3).
@Suite(.timeLimit(.minutes(3))) struct CrossSiteTests {
    @Test("a change with a cookie needs an origin that is allowed; one without a browser's headers is no browser's")
    func origins() async throws {
        var options = Site.Options()
        options.http.allowedOrigins = ["https://console.example"]
        try await Site.serve(options) { site in
            _ = try await site.user()
            let cookie = try await site.signInWithCookie().headers[0]
            func key(_ headers: (String, String)...) async throws -> String {
                try await Visitor(site: site, headers: [cookie] + headers)
                    .call(.POST, "/ssh-keys", ["name": "k", "publicKey": .string(Visitor.publicKey)]).problem
            }
            for origin in [site.origin, "https://console.example"] {
                #expect(try await key(("Origin", origin)) == "201 -")
            }
            #expect(try await key() == "201 -")
            #expect(try await key(("Sec-Fetch-Site", "same-origin")) == "201 -")
            #expect(try await key(("Sec-Fetch-Site", "none")) == "201 -")
            for origin in [
                "https://evil.example", "null", "", "http://127.0.0.1", "https://127.0.0.1:\(site.port)",
                "https://console.example.evil.example", "https://console.example/",
            ] {
                #expect(try await key(("Origin", origin)) == "403 CSRF_REJECTED", "\(origin)")
            }
            #expect(try await key(("Sec-Fetch-Site", "same-site")) == "403 CSRF_REJECTED")
            #expect(try await key(("Sec-Fetch-Site", "cross-site")) == "403 CSRF_REJECTED")

            // Reading is fine, and so is signing in with a bearer token from anywhere.
            let reader = Visitor(site: site, headers: [cookie, ("Origin", "https://evil.example")])
            #expect(try await reader.call(.GET, "/me").status == 200)
            let ada = try await site.signIn()
            #expect(try await ada.with(("Origin", "https://evil.example")).call(.POST, "/auth/logout").status == 204)
        }
    }

    @Test("signing in and out, and every other change, is refused to another site")
    func everyChange() async throws {
        try await Site.serve { site in
            _ = try await site.user()
            let evil = Visitor(
                site: site, headers: [try await site.signInWithCookie().headers[0], ("Origin", "https://evil.example")])
            for (method, path) in [
                (HTTPMethod.POST, "/deployments"), (.DELETE, "/deployments/x"), (.POST, "/deployments/x/retry"),
                (.POST, "/ssh-keys"), (.DELETE, "/ssh-keys/x"), (.POST, "/auth/register"), (.POST, "/auth/login"),
                (.POST, "/auth/logout"), (.POST, "/auth/verify-email"), (.POST, "/auth/resend-verification"),
            ] {
                #expect(try await evil.call(method, path).problem == "403 CSRF_REJECTED", "\(method) \(path)")
            }
        }
    }

    @Test("behind a public address only that one is the portal's origin")
    func publicURL() async throws {
        var options = Site.Options()
        options.http.publicURL = "http://portal.example"
        try await Site.serve(options) { site in
            _ = try await site.user()
            let browser = Visitor(site: site, headers: [try await site.signInWithCookie().headers[0]])
            let body: JSONValue = ["name": "k", "publicKey": .string(Visitor.publicKey)]
            #expect(
                try await browser.with(("Origin", "http://portal.example")).call(.POST, "/ssh-keys", body).status == 201
            )
            #expect(
                try await browser.with(("Origin", site.origin)).call(.POST, "/ssh-keys", body).problem
                    == "403 CSRF_REJECTED")
        }
    }
}
