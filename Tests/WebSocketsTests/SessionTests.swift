import Deployments
import Runtime
import Synchronization
import Testing
import WebSockets

/// The life of one socket: its limits, its session and its peer (semantics.md S8.7 to S8.16).
@Suite(.timeLimit(.minutes(1))) struct SessionTests {
    @Test("a ping every 25 s; a peer that answers stays")
    func pings() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            for number in 1...8 {
                await scene.stage.play(for: .seconds(25))
                #expect(socket.pings == number)
                socket.give(.pong)
                await scene.stage.play()
            }
            #expect(socket.closed == nil)
        }
    }

    @Test("a peer that is silent for 60 s is taken for gone")
    func silence() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            await scene.stage.play(for: .seconds(10))
            socket.say(["type": "unsubscribe", "deploymentId": "dep_1"])
            await scene.stage.play(for: .seconds(60) - .milliseconds(1))
            #expect(socket.closed == nil)
            await scene.stage.play(for: .seconds(6))
            #expect(socket.closed == .goingAway)
            #expect(scene.hub.socketCount == 0)
        }
    }

    @Test("a reader that stops gets the newest state when it reads on in time, and all its events")
    func slowReader() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            socket.say(["type": "subscribe", "deploymentId": "dep_1"])
            await scene.stage.play()
            _ = socket.received()
            socket.stopReading()
            for _ in 1...12 {
                try await scene.commit(events: 1)
                await scene.stage.play(for: .seconds(1))
            }
            socket.readOn()
            await scene.stage.play(for: .seconds(1))
            let messages = Scene.essence(socket.received())
            #expect(messages.filter { $0.hasPrefix("event") } == (2...13).map { "event dep_1 \($0)" })
            let updates = messages.filter { $0.hasPrefix("updated") }
            #expect(updates.count < 6)
            #expect(updates.last == "updated dep_1 13")
            #expect(socket.closed == nil)
        }
    }

    @Test("a reader that stops for 15 s is closed with 4100; others are told of everything at once")
    func stuckReader() async throws {
        try await Scene.play { scene in
            let stuck = await scene.open()
            let other = await scene.open()
            for socket in [stuck, other] { socket.say(["type": "subscribe", "deploymentId": "dep_1"]) }
            await scene.stage.play()
            for socket in [stuck, other] { _ = socket.received() }
            stuck.stopReading()
            for number in 1...15 {
                try await scene.commit()
                await scene.stage.play()
                #expect(Scene.essence(other.received()) == ["updated dep_1 \(number + 1)"])
                #expect(stuck.closed == nil)
                await scene.stage.play(for: .seconds(1) - .milliseconds(1))
            }
            await scene.stage.play(for: .seconds(7))
            #expect(stuck.closed == .slowConsumer)
            #expect(other.closed == nil)
            #expect(scene.hub.socketCount == 1)
        }
    }

    @Test("ten bad frames in a minute close a socket with 4004, nine do not")
    func badFrames() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            for round in 1...2 {
                for number in 1...9 {
                    socket.give(.text("{"))
                    await scene.stage.play()
                    #expect(
                        socket.received() == [["type": "error", "code": "BAD_MESSAGE", "message": "not JSON"]],
                        "\(round).\(number)")
                }
                if round == 1 { await scene.stage.play(for: .seconds(59)) }
                if round == 1 { socket.give(.pong) }
                await scene.stage.play(for: round == 1 ? .seconds(1) : .zero)
            }
            #expect(socket.closed == nil)
            socket.give(.text("[]"))
            await scene.stage.play()
            #expect(socket.closed == .protocolAbuse)
        }
    }

    @Test("more than 60 commands in a minute are told, and close a socket with 4101")
    func tooManyCommands() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            for _ in 1...60 { socket.say(["type": "unsubscribe", "deploymentId": "dep_1"]) }
            await scene.stage.play()
            #expect(socket.closed == nil)
            socket.say(["type": "unsubscribe", "deploymentId": "dep_1"])
            await scene.stage.play()
            #expect(Scene.essence(socket.received()) == ["error RATE_LIMITED"])
            #expect(socket.closed == .rateLimited)
        }
    }

    @Test("a socket has a number of subscriptions; a second to the same is none more")
    func tooManySubscriptions() async throws {
        var limits = SocketLimits()
        limits.subscriptions = 1
        try await Scene.play(limits: limits) { scene in
            let socket = await scene.open()
            for id in ["dep_1", "dep_1", "dep_2"] { socket.say(["type": "subscribe", "deploymentId": .string(id)]) }
            await scene.stage.play()
            #expect(Scene.essence(socket.received()).suffix(2) == ["updated dep_1 1", "error LIMIT_EXCEEDED dep_2"])
            socket.say(["type": "unsubscribe", "deploymentId": "dep_1"])
            socket.say(["type": "subscribe", "deploymentId": "dep_2"])
            await scene.stage.play()
            #expect(Scene.essence(socket.received()) == ["subscribed dep_2", "updated dep_2 1"])
        }
    }

    @Test(
        "a frame that breaks the rules closes with its code, also where the peer is gone at once",
        arguments: [
            (SocketFrame.binary, CloseCode.unacceptableData), (.violation(.tooBig), .tooBig),
            (.violation(.invalidText), .invalidText), (.violation(.protocolError), .protocolError),
        ])
    func violation(frame: SocketFrame, code: CloseCode) async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            socket.give(frame)
            socket.leave()
            await scene.stage.play()
            #expect(socket.closed == code)
        }
    }

    @Test("a peer that leaves ends the socket")
    func leaving() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            socket.leave()
            await scene.stage.play()
            #expect(socket.closed == .normal)
            #expect(scene.hub.socketCount == 0)
        }
    }

    @Test("a socket ends at the instant of its session, and says so first")
    func expiry() async throws {
        try await Scene.play { scene in
            let end = scene.stage.now + .seconds(40)
            scene.sessions.withLock { $0["ses_1"] = end }
            let socket = await scene.open(expiresAt: end)
            await scene.stage.play(for: .seconds(40) - .milliseconds(1))
            #expect(socket.closed == nil)
            await scene.stage.play(for: .milliseconds(1))
            #expect(Scene.essence(socket.received()) == ["error SESSION_ENDED"])
            #expect(socket.closed == .sessionEnded)
        }
    }

    @Test("requests over HTTP move the end of a session, and with it that of the socket")
    func extended() async throws {
        try await Scene.play { scene in
            let start = scene.stage.now
            scene.sessions.withLock { $0["ses_1"] = start + .seconds(50) }
            let socket = await scene.open(expiresAt: start + .seconds(20))
            await scene.stage.play(for: .seconds(49))
            #expect(socket.closed == nil)
            await scene.stage.play(for: .seconds(1))
            #expect(socket.closed == .sessionEnded)
        }
    }

    @Test("while the store cannot tell, no session ends; when it can again, an ended one does")
    func unknown() async throws {
        try await Scene.play { scene in
            scene.sessionsAreUnknown.withLock { $0 = true }
            let socket = await scene.open(expiresAt: scene.stage.now + .seconds(10))
            scene.sessions.withLock { $0["ses_1"] = nil }
            await scene.stage.play(for: .seconds(50))
            #expect(socket.closed == nil)
            scene.sessionsAreUnknown.withLock { $0 = false }
            await scene.stage.play(for: .seconds(1))
            #expect(socket.closed == .sessionEnded)
        }
    }

    @Test("a session that is ended elsewhere is noticed within 30 s")
    func endedElsewhere() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            scene.sessions.withLock { $0["ses_1"] = nil }
            await scene.stage.play(for: .seconds(30))
            #expect(socket.closed == .sessionEnded)
        }
    }

    @Test("a session that is ended elsewhere gets no data a second later, where data is what there is to send")
    func endedElsewhereWithData() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            socket.say(["type": "subscribe", "deploymentId": "dep_1"])
            await scene.stage.play(for: .seconds(2))
            #expect(Scene.essence(socket.received()) == ["subscribed dep_1", "updated dep_1 1"])
            scene.sessions.withLock { $0["ses_1"] = nil }
            try await scene.commit()
            await scene.stage.play(for: .milliseconds(10))
            #expect(Scene.essence(socket.received()) == ["error SESSION_ENDED"])
            #expect(socket.closed == .sessionEnded)
        }
    }

    @Test("while the store cannot tell, data is sent")
    func dataWhileUnknown() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            socket.say(["type": "subscribe", "deploymentId": "dep_1"])
            await scene.stage.play(for: .seconds(2))
            scene.sessionsAreUnknown.withLock { $0 = true }
            try await scene.commit()
            await scene.stage.play(for: .milliseconds(10))
            #expect(Scene.essence(socket.received()).last == "updated dep_1 2")
        }
    }

    @Test("a session that ended while its socket was opened sees nothing")
    func endedAtOpening() async throws {
        try await Scene.play { scene in
            scene.sessions.withLock { $0["ses_1"] = nil }
            let socket = ScriptedSocket()
            socket.say(["type": "subscribe", "deploymentId": "dep_1"])
            scene.start { [hub = scene.hub] in
                try await hub.serve(
                    socket, identity: SocketIdentity(sessionId: "ses_1", customerId: "cus_1", expiresAt: .distant))
            }
            await scene.settle { socket.closed == nil }
            #expect(Scene.essence(socket.received()) == ["error SESSION_ENDED"])
            #expect(socket.closed == .sessionEnded)
        }
    }

    @Test("after a session was ended nothing of it leaves, also where its peer does not read; others stay")
    func endSession() async throws {
        try await Scene.play { scene in
            let reading = await scene.open()
            let stuck = await scene.open()
            let other = await scene.open(session: "ses_2")
            for socket in [reading, stuck, other] { socket.say(["type": "subscribe", "deploymentId": "dep_1"]) }
            await scene.stage.play()
            for socket in [reading, stuck, other] { _ = socket.received() }
            stuck.stopReading()
            try await scene.commit()
            await scene.stage.play()
            _ = reading.received()
            _ = other.received()
            let hasEnded = Mutex(false)
            scene.start { [hub = scene.hub] in
                await hub.endSession("ses_1")
                hasEnded.withLock { $0 = true }
            }
            await scene.settle(passing: .milliseconds(1)) { !hasEnded.withLock { $0 } }
            stuck.readOn()
            try await scene.commit()
            await scene.stage.play(for: .seconds(2))
            #expect(Scene.essence(reading.received()) == ["error SESSION_ENDED"])
            #expect(reading.closed == .sessionEnded)
            #expect(stuck.received().allSatisfy { $0["type"] == "error" })
            #expect(stuck.closed == .sessionEnded)
            #expect(Scene.essence(other.received()) == ["updated dep_1 3"])
            #expect(other.closed == nil)
        }
    }

    @Test("a sign-out or drain whose task is cancelled waits for nobody, and closes the sockets all the same")
    func cancelledEnds() async throws {
        let ends: [@Sendable (Hub) async -> Void] = [{ await $0.endSession("ses_1") }, { await $0.drain() }]
        for end in ends {
            try await Scene.play { scene in
                let reading = await scene.open()
                let stuck = await scene.open()
                for socket in [reading, stuck] { socket.say(["type": "subscribe", "deploymentId": "dep_1"]) }
                await scene.stage.play()
                stuck.stopReading()
                try await scene.commit()
                await scene.stage.play()
                let hasEnded = Mutex(false)
                scene.start { [hub = scene.hub] in
                    await withTaskGroup(of: Void.self) { group in
                        group.cancelAll()
                        group.addTask { await end(hub) }
                    }
                    hasEnded.withLock { $0 = true }
                }
                // Time stands still: who waited for it would never end.
                await scene.settle { !hasEnded.withLock { $0 } }
                #expect(reading.closed != nil)
            }
        }
    }

    @Test("a drain refuses new sockets and closes the open ones with 1012, spread evenly")
    func drain() async throws {
        try await Scene.play { scene in
            var sockets: [ScriptedSocket] = []
            for _ in 1...4 { sockets.append(await scene.open()) }
            scene.start { [hub = scene.hub] in await hub.drain(over: .seconds(8)) }
            await scene.settle { !scene.hub.isDraining }
            for closed in 1...4 {
                #expect(sockets.filter { $0.closed == .serviceRestart }.count == closed)
                await scene.stage.play(for: .seconds(2))
            }
            let late = ScriptedSocket()
            scene.start { [hub = scene.hub] in
                try await hub.serve(
                    late, identity: SocketIdentity(sessionId: "ses_1", customerId: "cus_1", expiresAt: .distant))
            }
            await scene.settle { late.closed == nil }
            #expect(late.closed == .serviceRestart)
            #expect(scene.hub.socketCount == 0)
        }
    }
}
