import HTTPAPI
import NIOHTTP1
import Runtime
import Simulation
import Testing
import WebSockets

/// Who may open a WebSocket (design.md section 6, semantics.md section 8, Handshake).
@Suite(.timeLimit(.minutes(3))) struct UpgradeTests {
    /// The handshake of RFC 6455, section 1.3.
    private static let handshake = [
        "Host: portal", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    private static func upgrade(
        _ site: Site, _ lines: [String], path: String = "/ws", method: String = "GET", handshake: [String] = handshake
    ) async throws -> (status: Int, headers: [String: String], code: String?, isOver: Bool) {
        try await RawConnection.open(site) { connection in
            try await connection.send(["\(method) \(path) HTTP/1.1"] + handshake + lines)
            let answer = try #require(try await connection.response())
            guard answer.status != 101 else { return (101, answer.headers, nil, false) }
            let code = try JSONValue(parsing: answer.body.utf8)["code"]?.string
            return (answer.status, answer.headers, code, try await connection.untilClosed().isEmpty)
        }
    }

    private static func lines(_ visitor: Visitor) -> [String] {
        visitor.headers.map { "\($0.0): \($0.1)" }
    }

    @Test("a bearer token opens a socket from anywhere, a cookie from an origin that is allowed")
    func granted() async throws {
        var options = Site.Options()
        options.http.allowedOrigins = ["https://console.example"]
        try await Site.serve(options) { site in
            let ada = try await site.user()
            let cookie = Self.lines(try await site.signInWithCookie())[0]
            for lines in [
                Self.lines(ada), Self.lines(ada) + ["Origin: https://evil.example"],
                [cookie, "Origin: https://console.example"], [cookie, "Origin: http://portal"],
            ] {
                let answer = try await Self.upgrade(site, lines)
                #expect(answer.status == 101, "\(lines)")
                #expect(answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
                #expect(answer.headers["upgrade"] == "websocket")
            }
            #expect(try await Self.upgrade(site, Self.lines(ada), path: "/ws?from=test").status == 101)
        }
    }

    @Test("anybody else is told why not, and the connection ends")
    func refused() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let token = try #require(ada.headers.first?.1.split(separator: " ").last)
            let cookie = Self.lines(try await site.signInWithCookie())[0]
            let cases: [([String], String, String)] = [
                ([], "/ws", "401 UNAUTHENTICATED"), (["Origin: http://portal"], "/ws", "401 UNAUTHENTICATED"),
                (["Authorization: Bearer x"], "/ws", "401 UNAUTHENTICATED"),
                ([], "/ws?access_token=\(token)", "401 UNAUTHENTICATED"),
                ([cookie], "/ws", "403 ORIGIN_REJECTED"),
                ([cookie, "Origin: https://evil.example"], "/ws", "403 ORIGIN_REJECTED"),
                ([cookie, "Origin: null"], "/ws", "403 ORIGIN_REJECTED"),
                // The origin is looked at before the session.
                (["Cookie: session=x", "Origin: https://evil.example"], "/ws", "403 ORIGIN_REJECTED"),
                (["Cookie: session=x", "Origin: http://portal"], "/ws", "401 UNAUTHENTICATED"),
                (Self.lines(ada), "/deployments/ws", "404 NOT_FOUND"),
            ]
            for (lines, path, problem) in cases {
                let answer = try await Self.upgrade(site, lines, path: path)
                #expect("\(answer.status) \(answer.code ?? "-")" == problem, "\(lines) \(path)")
                #expect(answer.headers["connection"] == "close")
                #expect(answer.isOver)
            }
            #expect(site.portal.hub.socketCount == 0)
        }
    }

    @Test("what is no handshake is told what is needed, but only who may open a socket")
    func noHandshake() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            func without(_ name: String, _ other: String...) -> [String] {
                Self.handshake.filter { !$0.hasPrefix(name) } + other
            }
            for handshake in [
                ["Host: portal"], without("Upgrade"), without("Connection"), without("Sec-WebSocket-Key"),
                without("Sec-WebSocket-Version"), without("Sec-WebSocket-Version", "Sec-WebSocket-Version: 8"),
                without("Upgrade", "Upgrade: h2c"), without("Host", "Host: portal", "Content-Length: 0x"),
            ] {
                let closing = ["Connection: close"]
                let answer = try await Self.upgrade(site, Self.lines(ada) + closing, handshake: handshake)
                if handshake.contains("Content-Length: 0x") {
                    #expect(answer.status == 400)
                    continue
                }
                #expect(answer.status == 426, "\(handshake)")
                #expect(answer.headers["upgrade"] == "websocket")
                #expect(answer.headers["sec-websocket-version"] == "13")
                let stranger = try await Self.upgrade(site, closing, handshake: handshake)
                #expect(stranger.status == 401)
            }
            #expect(try await Self.upgrade(site, Self.lines(ada), method: "POST").status == 405)
            #expect(site.portal.hub.socketCount == 0)
        }
    }

    @Test("a server that drains opens no socket")
    func draining() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            await site.portal.hub.drain()
            let answer = try await Self.upgrade(site, Self.lines(ada))
            #expect("\(answer.status) \(answer.code ?? "-")" == "503 SHUTTING_DOWN")
            #expect(answer.headers["retry-after"] == "1")
            // Who may not is told that.
            #expect(try await Self.upgrade(site, []).status == 401)
        }
    }

    @Test("frames that come with the handshake are not lost")
    func eagerClient() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            try await RawConnection.open(site) { connection in
                let head = (["GET /ws HTTP/1.1"] + Self.handshake + Self.lines(ada)).joined(separator: "\r\n")
                // A masked close frame with the code 1000.
                try await connection.send(Array((head + "\r\n\r\n").utf8) + [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8])
                #expect(try await connection.response()?.status == 101)
                let rest = Array(try await connection.untilClosed().utf8)
                #expect(rest.first == 0x03 || rest.count >= 4, "\(rest)")
            }
            try await eventually("the socket is gone") { site.portal.hub.socketCount == 0 }
        }
    }
}
