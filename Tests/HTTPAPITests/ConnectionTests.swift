import HTTPAPI
import NIOHTTP1
import Runtime
import Testing

/// What a client may do with its connection, beside sending requests one after the other.
@Suite(.timeLimit(.minutes(3))) struct ConnectionTests {
    static let health = ["GET /healthz HTTP/1.1", "Host: portal"]

    @Test("requests that come without waiting are answered in their order")
    func pipelining() async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                for path in ["/healthz", "/nowhere", "/readyz"] {
                    try await connection.send(["GET \(path) HTTP/1.1", "Host: portal"])
                }
                #expect(try await connection.response()?.body == #"{"status":"ok"}"#)
                #expect(try await connection.response()?.status == 404)
                #expect(try await connection.response()?.body.contains("ready") == true)
            }
        }
    }

    @Test("a request for another protocol is answered as if it had not asked, and its connection ends")
    func otherProtocol() async throws {
        try await Site.serve { site in
            let login = #"{"email":"a@b.example","password":"x"}"#
            let requests = [
                ("GET /healthz HTTP/1.1", "h2c", "", 200), ("GET /healthz HTTP/1.1", "websocket", "", 200),
                ("POST /auth/login HTTP/1.1", "h2c", login, 401),
            ]
            for (line, protocolName, body, status) in requests {
                try await RawConnection.open(site) { connection in
                    try await connection.send(
                        [
                            line, "Host: portal", "Connection: Upgrade", "Upgrade: \(protocolName)",
                            "Content-Type: application/json", "Content-Length: \(body.utf8.count)",
                        ], body: body)
                    let answer = try #require(try await connection.response())
                    #expect(answer.status == status)
                    #expect(answer.headers["connection"] == "close")
                    #expect(try await connection.untilClosed().isEmpty)
                }
            }
        }
    }

    @Test("a connection goes on after a request whose body was not read")
    func keepAlive() async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                try await connection.send(
                    ["POST /deployments HTTP/1.1", "Host: portal", "Content-Length: 5"], body: "{}   ")
                #expect(try await connection.response()?.status == 401)
                try await connection.send(Self.health)
                #expect(try await connection.response()?.status == 200)
            }
        }
    }

    @Test("a client that asks for it gets 100 Continue before it sends its body")
    func expectContinue() async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                let body = #"{"email":"a@b.example","password":"x"}"#
                let head = [
                    "POST /auth/login HTTP/1.1", "Host: portal", "Content-Type: application/json",
                    "Content-Length: \(body.utf8.count)", "Expect: 100-continue",
                ]
                for _ in 1...2 {
                    try await connection.send(head)
                    #expect(try await connection.response()?.status == 100)
                    try await connection.send(body)
                    #expect(try await connection.response()?.status == 401)
                }
            }
        }
    }

    @Test("a client that asks first is refused a body that is too large before it sends it")
    func expectContinueTooLarge() async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                try await connection.send([
                    "POST /auth/login HTTP/1.1", "Host: portal", "Content-Type: application/json",
                    "Content-Length: 70000", "Expect: 100-continue",
                ])
                #expect(try await connection.response()?.status == 413)
                #expect(try await connection.untilClosed().isEmpty)
            }
        }
    }

    @Test(
        "the connection ends with the answer where the client wants it so",
        arguments: [
            ["GET /healthz HTTP/1.0"], ["GET /healthz HTTP/1.1", "Host: portal", "Connection: close"],
            ["GET /healthz HTTP/1.1", "Host: portal", "Connection: foo, Close"],
        ])
    func close(lines: [String]) async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                try await connection.send(lines)
                try await connection.send(Self.health)
                let answer = try #require(try await connection.response())
                #expect(answer.status == 200)
                #expect(answer.headers["connection"] == "close")
                #expect(try await connection.untilClosed().isEmpty)
            }
        }
    }

    @Test("a client that has said all it wants is still answered")
    func halfClosed() async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                try await connection.send(Self.health)
                connection.finish()
                #expect(try await connection.response()?.status == 200)
                #expect(try await connection.untilClosed().isEmpty)
            }
            try await RawConnection.open(site) { connection async throws -> Void in
                connection.finish()
                #expect(try await connection.untilClosed().isEmpty)
            }
        }
    }

    @Test(
        "what is no HTTP is refused with a problem and the end of the connection",
        arguments: [
            ("hello\r\n\r\n", 400, "BAD_REQUEST"),
            ("GET /healthz HTTP/1.1\r\nHost: portal\r\nBad Header: 1\r\n\r\n", 400, "BAD_REQUEST"),
            ("GET /healthz HTTP/3.0\r\nHost: portal\r\n\r\n", 400, "BAD_REQUEST"),
            (
                "POST /auth/login HTTP/1.1\r\nHost: portal\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                400, "BAD_REQUEST"
            ),
            (
                "POST /auth/login HTTP/1.1\r\nHost: portal\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400,
                "BAD_REQUEST"
            ),
            ("POST /auth/login HTTP/1.1\r\nHost: portal\r\nContent-Length: -2\r\n\r\n{}", 400, "BAD_REQUEST"),
            (
                "GET /healthz HTTP/1.1\r\nHost: portal\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n", 431,
                "HEADERS_TOO_LARGE"
            ),
            (
                "GET /healthz HTTP/1.1\r\nHost: portal\r\n"
                    + (0..<40).map { "X-\($0): \(String(repeating: "x", count: 1000))\r\n" }.joined() + "\r\n", 431,
                "HEADERS_TOO_LARGE"
            ),
            (
                "GET /healthz HTTP/1.1\r\nHost: portal\r\n" + (0..<300).map { "X-\($0): 1\r\n" }.joined() + "\r\n",
                431, "HEADERS_TOO_LARGE"
            ),
        ])
    func noHTTP(text: String, status: Int, code: String) async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                try await connection.send(text)
                let answer = try #require(try await connection.response())
                #expect(answer.status == status)
                #expect(answer.headers["content-type"] == "application/problem+json")
                #expect(answer.headers["connection"] == "close")
                let problem = try JSONValue(parsing: answer.body.utf8)
                #expect(problem["code"] == .string(code))
                #expect(problem["requestId"]?.string == answer.headers["x-request-id"])
                #expect(try await connection.untilClosed().isEmpty)
            }
            #expect(try await site.visitor.call(.GET, "/healthz").status == 200)
        }
    }

    @Test(
        "an odd target is answered like any other",
        arguments: [
            ("GET http://portal/healthz", 200), ("GET /healthz?", 200), ("GET /healthz#top", 404),
            ("GET //healthz", 200),
            ("GET /healthz/", 200), ("GET /healthz?a=%&b=%zz&%00", 200), ("GET /%68ealthz", 404), ("GET /%", 404),
            ("GET /%FF%FE", 404), ("GET /../healthz", 404), ("OPTIONS *", 404), ("CONNECT portal:80", 501),
            ("PROPFIND /healthz", 501), ("BREW /healthz", 400), ("GET healthz", 400), ("GET /ä", 400),
            ("GET /" + String(repeating: "x", count: 10_000), 404),
            ("GET /" + String(repeating: "x", count: 40_000), 431),
            ("GET " + String(repeating: "/x", count: 4000), 404),
        ])
    func oddTarget(line: String, status: Int) async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { connection in
                try await connection.send([line + " HTTP/1.1", "Host: portal"])
                let answer = try #require(try await connection.response())
                #expect(answer.status == status)
            }
            #expect(try await site.visitor.call(.GET, "/healthz").status == 200)
        }
    }

    @Test("a broken body is refused, and nothing of it is taken for the whole")
    func brokenBody() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let authorization = try #require(ada.headers.first).1
            let order = try await ada.order().description
            let size = String(order.utf8.count, radix: 16)
            let head = [
                "POST /deployments HTTP/1.1", "Host: portal", "Authorization: \(authorization)",
                "Content-Type: application/json", "Transfer-Encoding: chunked",
            ]
            for rest in ["no size\r\n", nil] {
                try await RawConnection.open(site) { connection in
                    try await connection.send(head, body: "\(size)\r\n\(order)\r\n")
                    if let rest { try await connection.send(rest) } else { connection.finish() }
                    #expect(try await connection.response()?.status == 400)
                    #expect(try await connection.untilClosed().isEmpty)
                }
            }
            #expect(try await ada.call(.GET, "/deployments").json["total"] == 0)
        }
    }

    @Test("a client that goes away amid its body, or before its answer, harms nobody")
    func clientGoesAway() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let authorization = try #require(ada.headers.first).1
            let order = try await ada.order().description
            let head = [
                "POST /deployments HTTP/1.1", "Host: portal", "Authorization: \(authorization)",
                "Content-Type: application/json", "Content-Length: \(order.utf8.count)",
            ]
            try await RawConnection.open(site) { connection in
                try await connection.send(head, body: String(order.dropLast()))
                try await connection.reset()
            }
            #expect(try await ada.call(.GET, "/deployments").json["total"] == 0)
            try await RawConnection.open(site) { connection in
                try await connection.send(head, body: order)
            }
            // What was asked for whole is done, whoever waits for the answer.
            try await eventually("the deployment is there") {
                try await ada.call(.GET, "/deployments").json["total"] == 1
            }
        }
    }

    @Test("a body that does not end is given up")
    func slowBody() async throws {
        var options = Site.Options()
        options.connections.body = .milliseconds(300)
        try await Site.serve(options) { site in
            try await RawConnection.open(site) { connection in
                try await connection.send([
                    "POST /auth/login HTTP/1.1", "Host: portal", "Content-Type: application/json",
                    "Content-Length: 1000",
                ])
                let answer = try #require(try await connection.response())
                #expect(answer.status == 408)
                #expect(try JSONValue(parsing: answer.body.utf8)["code"] == "REQUEST_TIMEOUT")
                #expect(try await connection.untilClosed().isEmpty)
            }
        }
    }

    @Test(
        "a connection on which no request comes, or no whole one, is closed",
        arguments: ["", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nHost: portal\r\n\r\n"])
    func idle(text: String) async throws {
        var options = Site.Options()
        options.connections.idle = .seconds(5)
        try await Site.serve(options) { site in
            try await RawConnection.open(site) { connection in
                try await connection.send(text)
                let received = try await connection.untilClosed()
                #expect(received.hasPrefix("HTTP/1.1 200") == text.hasSuffix("\r\n\r\n"))
            }
        }
    }

    @Test("a body that goes on after its refusal is not read for ever")
    func endlessBody() async throws {
        try await Site.serve { site in
            for type in ["application/json", "text/plain"] {
                try await RawConnection.open(site) { connection in
                    try await connection.send([
                        "POST /auth/login HTTP/1.1", "Host: portal", "Content-Type: \(type)",
                        "Transfer-Encoding: chunked",
                    ])
                    let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
                    while (try? await connection.send(chunk)) != nil {}
                }
            }
            #expect(try await site.visitor.call(.GET, "/healthz").status == 200)
        }
    }

    @Test("a server that is told to stop does not wait for a connection on which nothing was asked")
    func silentConnectionAtShutdown() async throws {
        try await Site.serve { site in
            try await RawConnection.open(site) { silent in
                try await RawConnection.open(site) { used in
                    try await used.send(Self.health)
                    #expect(try await used.response()?.status == 200)
                    await site.shutDown()
                    #expect(try await used.untilClosed().isEmpty)
                }
                #expect(try await silent.untilClosed().isEmpty)
            }
        }
    }
}
