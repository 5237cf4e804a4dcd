import NIOHTTP1
import Runtime
import Simulation
import Testing
import WebSockets

/// Sockets that are lost on purpose (design.md section 8, `sockets/drop`).
@Suite(.timeLimit(.minutes(3))) struct SocketLossTests {
    @Test("a socket that the server closes gets the code of one that goes away")
    func closing() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            try await ada.connect { socket in
                // Once it has answered something, the portal knows the socket.
                try await socket.send(text: "?")
                #expect(try await socket.next()["code"] == "BAD_MESSAGE")
                #expect(await site.portal.hub.lose(.close) == 1)
                let end = try await socket.untilClosed()
                #expect(end.code == 1001)
            }
        }
    }

    @Test("a socket that is reset ends without a word")
    func resetting() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            try await ada.connect { socket in
                // Once it has answered something, the portal knows the socket.
                try await socket.send(text: "?")
                #expect(try await socket.next()["code"] == "BAD_MESSAGE")
                #expect(await site.portal.hub.lose(.reset) == 1)
                // The client's own end is an error of the network, or just the end.
                let end = try? await socket.untilClosed()
                #expect(end?.code == nil)
            }
        }
    }

    @Test("nothing comes through a socket that is half open, and its peer is not told")
    func halfOpen() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let id = try await ada.deploy()
            try await ada.connect { socket in
                try await socket.send(["type": "subscribe", "deploymentId": .string(id)])
                _ = try await socket.until { $0["data"]?["status"] == "ACTIVE" }
                #expect(await site.portal.hub.lose(.halfOpen) == 1)
                _ = try await ada.call(.DELETE, "/deployments/\(id)")
                try await socket.send(["type": "subscribe", "deploymentId": .string(id)])
                // The server learns of it in its own time; this is sooner.
                #expect(await site.portal.hub.lose(.close) == 1)
                // What the server has not read makes the end a reset, if it comes before the end.
                let end = try? await socket.untilClosed()
                #expect(end?.code == nil)
                let messages = end?.messages ?? []
                #expect(messages.allSatisfy { $0["data"]?["status"] != "DELETING" && $0["type"] != "subscribed" })
            }
        }
    }

    @Test("only those sockets are lost that are meant")
    func selection() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let id = try await ada.deploy()
            try await ada.connect { subscribed in
                try await subscribed.send(["type": "subscribe", "deploymentId": .string(id)])
                _ = try await subscribed.next()
                #expect(await site.portal.hub.lose(.reset, customerId: "cus_other") == 0)
                try await ada.connect { other in
                    #expect(await site.portal.hub.lose(.reset, deploymentId: id) == 1)
                    try await other.send(["type": "subscribe", "deploymentId": .string(id)])
                    #expect(try await other.next() == ["type": "subscribed", "deploymentId": .string(id)])
                }
                let end = try? await subscribed.untilClosed()
                #expect(end?.code == nil)
            }
        }
    }
}
