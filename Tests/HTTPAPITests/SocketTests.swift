import Deployments
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Runtime
import Simulation
import Storage
import Synchronization
import Testing
import WebSockets

@testable import Auth

/// The messages of design.md section 6, over a socket.
@Suite(.timeLimit(.minutes(3))) struct SocketTests {
    private static var atRest: Site.Options {
        var options = Site.Options()
        options.works = false
        return options
    }

    @Test("subscribing gives the ack and the state, whole")
    func subscribe() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let id = try await ada.deploy()
            let shown = try await ada.deployment(id)
            try await ada.connect { socket in
                try await socket.send(["type": "subscribe", "deploymentId": .string(id)])
                #expect(try await socket.next() == ["type": "subscribed", "deploymentId": .string(id)])
                #expect(
                    try await socket.next() == [
                        "type": "deployment.updated", "deploymentId": .string(id),
                        "data": [
                            "status": "REQUESTED",
                            "runtime": ["publicIp": nil, "privateIp": nil, "sshUser": "debian"],
                            "lastError": nil, "updatedAt": shown["updatedAt"] ?? .null, "revision": 1,
                        ],
                    ])
                try await socket.send([
                    "type": "subscribe", "deploymentId": .string(id), "revision": 1, "eventsAfter": 0, "id": "m",
                ])
                #expect(try await socket.next() == ["type": "subscribed", "deploymentId": .string(id), "id": "m"])
                let event = try await ada.call(.GET, "/deployments/\(id)/events").json["items"]?[0]
                #expect(
                    try await socket.next() == [
                        "type": "deployment.event", "deploymentId": .string(id),
                        "data": [
                            "seq": 1, "ts": event?["ts"] ?? .null, "level": "INFO", "message": "Deployment requested",
                        ],
                    ])
            }
        }
    }

    @Test("a life is told to its end, in order; no frame is ahead of what GET answers")
    func life() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let id = try await ada.deploy()
            try await ada.connect { socket in
                try await socket.send(["type": "subscribe", "deploymentId": .string(id), "eventsAfter": 0])
                var revisions: [Int] = []
                var seqs: [Int] = []
                var last = JSONValue.null
                for status in ["ACTIVE", "DELETED"] {
                    while last["status"] != .string(status) {
                        let message = try await socket.next()
                        if let seq = message["data"]?["seq"]?.integer { seqs.append(seq) }
                        guard message["type"] == "deployment.updated", let data = message["data"] else { continue }
                        last = data
                        let revision = try #require(data["revision"]?.integer)
                        revisions.append(revision)
                        let shown = try await ada.deployment(id)
                        #expect((shown["revision"]?.integer ?? 0) >= revision)
                        if shown["revision"]?.integer == revision {
                            for (key, value) in data.object ?? [:] { #expect(shown[key] == value, "\(key)") }
                        }
                    }
                    if status == "ACTIVE" { _ = try await ada.call(.DELETE, "/deployments/" + id) }
                }
                let total = try #require(
                    try await ada.call(.GET, "/deployments/\(id)/events").json["total"]?.integer)
                while seqs.last != total {
                    if let seq = try await socket.next()["data"]?["seq"]?.integer { seqs.append(seq) }
                }
                #expect(seqs == Array(1...total))
                #expect(revisions == Array(revisions[0]...(revisions.last ?? 0)))
                // A deployment that is gone can still be looked at.
                try await socket.send(["type": "subscribe", "deploymentId": .string(id)])
                #expect(try await socket.next()["type"] == "subscribed")
                #expect(try await socket.next()["data"]?["status"] == "DELETED")
            }
        }
    }

    @Test("another customer's and an unknown deployment are forbidden alike")
    func forbidden() async throws {
        try await Site.serve(Self.atRest) { site in
            let id = try await site.user().deploy()
            let bob = try await site.user("bob")
            try await bob.connect { socket in
                for unknown in [id, "dep_none"] {
                    try await socket.send(["type": "subscribe", "deploymentId": .string(unknown), "id": 1])
                    #expect(
                        try await socket.next() == [
                            "type": "error", "code": "FORBIDDEN", "message": "No access to deployment",
                            "deploymentId": .string(unknown), "id": 1,
                        ])
                }
            }
        }
    }

    @Test("after unsubscribing nothing more of that deployment comes")
    func unsubscribe() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let (kept, left) = (try await ada.deploy("kept"), try await ada.deploy("left"))
            try await ada.connect { socket in
                for id in [kept, left] { try await socket.send(["type": "subscribe", "deploymentId": .string(id)]) }
                try await socket.send(["type": "unsubscribe", "deploymentId": .string(left)])
                // The answer to another command says that the one before was handled.
                try await socket.send(["type": "?"])
                _ = try await socket.until { $0["type"] == "error" }
                for id in [left, kept] { _ = try await ada.call(.DELETE, "/deployments/" + id) }
                let messages = try await socket.until { $0["data"]?["message"] == "Deleted" }
                #expect(messages.allSatisfy { $0["deploymentId"] == .string(kept) })
            }
        }
    }

    @Test("a logout closes the session's sockets with 4001, and no data follows its answer; others stay")
    func logout() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let other = try await site.signIn()
            let id = try await ada.deploy()
            try await ada.connect { socket in
                try await other.connect { staying in
                    for client in [socket, staying] {
                        try await client.send(["type": "subscribe", "deploymentId": .string(id)])
                    }
                    _ = try await socket.until { $0["type"] == "deployment.updated" }
                    _ = try await staying.until { $0["type"] == "deployment.updated" }
                    #expect(try await ada.call(.POST, "/auth/logout").status == 204)
                    _ = try await other.call(.DELETE, "/deployments/" + id)
                    let end = try await socket.untilClosed()
                    #expect(end.code == 4001)
                    #expect(end.messages.map { $0["code"] } == ["SESSION_ENDED"])
                    _ = try await staying.until { $0["data"]?["status"] == "DELETED" }
                }
            }
        }
    }

    @Test("a cookie's socket ends with a new login of the same browser, and with its logout")
    func cookieSessions() async throws {
        try await Site.serve(Self.atRest) { site in
            _ = try await site.user()
            let browser = try await site.signInWithCookie()
            try await browser.connect { socket in
                _ = try await browser.call(
                    .POST, "/auth/login", ["email": "ada@example.org", "password": .string(Site.password)])
                #expect(try await socket.untilClosed().code == 4001)
            }
        }
    }

    @Test("a socket ends when its session does")
    func expiry() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let userId = try #require(try await ada.call(.GET, "/me").json["id"]?.string)
            let token = "a-token-that-the-test-knows"
            let accounts = SQLiteAuthStore(site.database)
            func write(startedAgo age: Duration) async throws {
                let now = site.time.now
                try await accounts.write { tx in
                    try tx.deleteSession(secretHash(token))
                    try tx.insert(
                        Session(
                            id: secretHash(token), userId: userId, kind: .bearer, createdAt: now - age,
                            lastUsedAt: now))
                }
            }
            try await write(startedAgo: .zero)
            let visitor = site.visitor.with(("Authorization", "Bearer " + token))
            try await visitor.connect { socket in
                try await write(startedAgo: .seconds(86_400 - 5))
                let end = try await socket.untilClosed()
                #expect(end.code == 4001)
                #expect(end.messages.map { $0["code"] } == ["SESSION_ENDED"])
            }
        }
    }

    @Test("a shutdown closes sockets with 1012")
    func shutdown() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            try await ada.connect { first in
                try await ada.connect { second async throws -> Void in
                    await site.shutDown()
                    #expect(try await first.untilClosed().code == 1012)
                    #expect(try await second.untilClosed().code == 1012)
                }
            }
        }
    }

    @Test("the server pings, and answers pings and closes as RFC 6455 says")
    func control() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            try await ada.connect { socket in
                try await socket.send([.masked(.ping, "are you there?")])
                let pong = try #require(try await socket.nextFrame())
                #expect(pong.opcode == .pong)
                #expect(String(buffer: pong.unmaskedData) == "are you there?")
                let ping = try #require(try await socket.nextFrame())
                #expect(ping.opcode == .ping)
            }
            for (payload, code) in [([0x0F, 0xA7], 4007), ([], 1000), ([0x03], 1002), ([0x03, 0xED], 1002)] {
                try await ada.connect { socket in
                    try await socket.send([.masked(.connectionClose, bytes: payload.map(UInt8.init))])
                    #expect(try await socket.untilClosed().code == code)
                }
            }
            try await eventually("no socket is left") { site.portal.hub.socketCount == 0 }
        }
    }

    @Test("a command may come in fragments, with control frames between, a letter cut in two")
    func fragments() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            try await ada.connect { socket in
                let command = Array(#"{"type":"subscribe","deploymentId":"dep_ä"}"#.utf8)
                let cut = (command.firstIndex(of: 0xC3) ?? 0) + 1
                try await socket.send([
                    .masked(.text, bytes: [], fin: false),
                    .masked(.continuation, bytes: Array(command[..<cut]), fin: false),
                    .masked(.ping, "in between"), .masked(.continuation, bytes: Array(command[cut...])),
                ])
                #expect(try await socket.nextFrame()?.opcode == .pong)
                let error = try await socket.next()
                #expect(error["code"] == "FORBIDDEN")
                #expect(error["deploymentId"] == "dep_ä")
            }
        }
    }

    static let violations: [(String, [WebSocketFrame], Int)] = [
        ("binary", [.masked(.binary, "{}")], 1003),
        ("fragmented binary", [.masked(.binary, "{", fin: false), .masked(.continuation, "}")], 1003),
        ("a frame over 8 KiB", [.masked(.text, String(repeating: "x", count: 8193))], 1009),
        ("a frame of 1 MiB", [.masked(.text, String(repeating: "x", count: 1 << 20))], 1009),
        (
            "fragments over 8 KiB",
            [
                .masked(.text, String(repeating: "x", count: 8000), fin: false),
                .masked(.continuation, String(repeating: "x", count: 193)),
            ], 1009
        ),
        ("invalid UTF-8", [.masked(.text, bytes: [0x7B, 0xFF, 0x7D])], 1007),
        ("a lone surrogate", [.masked(.text, bytes: [0xED, 0xA0, 0x80])], 1007),
        ("no mask", [WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: "{}"))], 1002),
        ("a reserved bit", [.masked(.text, "{}", rsv1: true)], 1002),
        ("a reserved opcode", [.masked(WebSocketOpcode(encodedWebSocketOpcode: 3)!, "{}")], 1002),
        ("a reserved control opcode", [.masked(WebSocketOpcode(encodedWebSocketOpcode: 11)!, "{}")], 1002),
        ("a continuation of nothing", [.masked(.continuation, "{}")], 1002),
        ("a message within another", [.masked(.text, "{", fin: false), .masked(.text, "}")], 1002),
        ("a fragmented ping", [.masked(.ping, "", fin: false)], 1002),
        ("a long ping", [.masked(.ping, String(repeating: "x", count: 126))], 1002),
    ]

    @Test("what breaks the protocol closes with its code, whatever comes after it", arguments: violations)
    func violation(name: String, frames: [WebSocketFrame], code: Int) async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            for rest in [[], Array(repeating: WebSocketFrame.masked(.text, "{}"), count: 200)] {
                try await ada.connect { socket in
                    try await socket.send(frames + rest)
                    let end = try await socket.untilClosed()
                    #expect(end.code == code, "\(name)")
                    #expect(end.messages == [])
                }
            }
            try await eventually("no socket is left") { site.portal.hub.socketCount == 0 }
            #expect(try await ada.call(.GET, "/me").status == 200)
        }
    }

    @Test("a frame of 8 KiB is read")
    func largest() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            try await ada.connect { socket in
                let text = #"{"type":""# + String(repeating: "x", count: 8192 - 11) + #""}"#
                #expect(text.utf8.count == 8192)
                try await socket.send(text: text)
                #expect(try await socket.next() == ["type": "error", "code": "BAD_MESSAGE", "message": "unknown type"])
            }
        }
    }

    @Test("bad messages are answered, and the socket stays; the tenth in a minute closes it with 4004")
    func badMessages() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            try await ada.connect { socket in
                for text in [
                    "", "{", "[]", "{}", #"{"type":7}"#, #"{"type":"hello"}"#, #"{"type":"subscribe"}"#,
                    #"{"type":"subscribe","deploymentId":"a","revision":"b"}"#,
                    String(repeating: "[", count: 8000),
                ] {
                    try await socket.send(text: text)
                    let answer = try await socket.next()
                    #expect(answer["type"] == "error")
                    #expect(answer["code"] == "BAD_MESSAGE")
                    #expect(answer["message"]?.string?.isEmpty == false)
                }
                try await socket.send(text: "{")
                #expect(try await socket.untilClosed().code == 4004)
            }
        }
    }

    @Test("a flood of commands is told so and closed with 4101")
    func flood() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            try await ada.connect { socket in
                let command = WebSocketFrame.masked(.text, #"{"type":"unsubscribe","deploymentId":"x"}"#)
                try await socket.send(Array(repeating: command, count: 5000))
                let end = try await socket.untilClosed()
                #expect(end.code == 4101)
                #expect(end.messages.map { $0["code"] } == ["RATE_LIMITED"])
            }
        }
    }

    @Test("a socket has at most 100 subscriptions")
    func subscriptions() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let customer = try await ada.customerId
            for number in 0...100 { try await site.insert("dep_\(number)", of: customer, status: .active) }
            try await ada.connect { socket in
                for number in 0...100 {
                    // No more than the commands of a minute, and never silent for one.
                    if (50..<54).contains(number) { site.time.advance(by: .seconds(16)) }
                    try await socket.send([
                        "type": "subscribe", "deploymentId": "dep_\(number)", "revision": 1, "id": .integer(number),
                    ])
                    let answer = try await socket.next()
                    #expect(answer["id"] == .integer(number))
                    #expect(answer["type"] == (number < 100 ? "subscribed" : "error"))
                    #expect(answer["code"] == (number < 100 ? nil : "LIMIT_EXCEEDED"))
                }
            }
        }
    }

    @Test("a reader that stops is given up, and others are told of everything meanwhile")
    func slowReader() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            try await site.insert("dep_1", of: try await ada.customerId, status: .active)
            try await ada.connect { stuck in
                try await ada.connect { reading in
                    for client in [stuck, reading] {
                        try await client.send(["type": "subscribe", "deploymentId": "dep_1"])
                    }
                    _ = try await reading.until { $0["type"] == "deployment.updated" }
                    _ = try await stuck.until { $0["type"] == "deployment.updated" }
                    // As much as the system buffers on the way, and more.
                    let text = String(repeating: "x", count: 200_000)
                    var seq = 1
                    while site.portal.hub.socketCount == 2, seq < 300 {
                        seq += 1
                        try await site.store.write { tx in
                            guard let record = try tx.record("dep_1") else { return }
                            try tx.update(
                                record, from: record, fence: nil, dueAt: nil, events: [EventDraft(.info, text)])
                        }
                        #expect(try await reading.next()["data"]?["seq"]?.integer == seq)
                    }
                    #expect(site.portal.hub.socketCount == 1)
                    _ = try? await stuck.untilClosed()
                }
            }
        }
    }
}

extension Visitor {
    /// Opens a WebSocket while a body runs.
    func connect<Value: Sendable>(
        _ body: (inout WebSocketClient) async throws -> Value
    ) async throws -> Value {
        try await WebSocketClient.connect(port: site.port, headers: headers, body)
    }
}

extension WebSocketFrame {
    static func masked(_ opcode: WebSocketOpcode, bytes: [UInt8], fin: Bool = true, rsv1: Bool = false) -> Self {
        WebSocketFrame(
            fin: fin, rsv1: rsv1, opcode: opcode, maskKey: WebSocketMaskingKey([1, 2, 3, 4]),
            data: ByteBuffer(bytes: bytes))
    }

    static func masked(_ opcode: WebSocketOpcode, _ text: String, fin: Bool = true, rsv1: Bool = false) -> Self {
        masked(opcode, bytes: Array(text.utf8), fin: fin, rsv1: rsv1)
    }
}
