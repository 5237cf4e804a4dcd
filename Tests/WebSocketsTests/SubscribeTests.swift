import Deployments
import Runtime
import Synchronization
import Testing
import WebSockets

/// Subscribing against commits at any moment (semantics.md S8.2 to S8.6).
@Suite(.timeLimit(.minutes(1))) struct SubscribeTests {
    static let moments: [HookedStore.Moment] = [
        .before(read: 1), .after(read: 1), .before(read: 2), .after(read: 2),
    ]

    /// Every set of the moments at which something may be committed.
    static let plans = (0..<16).map { bits in
        moments.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)
    }

    @Test(
        "a commit between any two steps of subscribing is neither lost nor told twice", arguments: plans, [true, false])
    func commitBetween(moments: [HookedStore.Moment], hubRuns: Bool) async throws {
        for eventsAfter in [JSONValue.null, 0] {
            try await Scene.play(hubRuns: hubRuns) { scene in
                let socket = await scene.open()
                scene.store.setHook { [unowned scene] moment in
                    guard moments.contains(moment) else { return }
                    try await scene.commit(events: 1)
                    // The hub has its turn, if it is running.
                    for _ in 0..<50 { await Task.yield() }
                }
                socket.say(["type": "subscribe", "deploymentId": "dep_1", "eventsAfter": eventsAfter])
                await scene.stage.play()
                scene.store.setHook(nil)
                if !hubRuns { scene.runHub() }
                try await scene.commit(events: 1)
                await scene.settle { !socket.peek.contains("updated dep_1 \(2 + moments.count)") }
                let messages = Scene.essence(socket.received())

                #expect(messages.first == "subscribed dep_1")
                #expect(messages.dropFirst().first?.hasPrefix("updated dep_1 ") == true)
                func numbers(_ kind: String) -> [Int] {
                    messages.filter { $0.hasPrefix(kind) }.compactMap {
                        $0.split(separator: " ").last.flatMap { Int($0) }
                    }
                }
                let last = 2 + moments.count
                let updates = numbers("updated")
                #expect(updates == updates.sorted() && Set(updates).count == updates.count)
                #expect(updates.last == last)
                let events = numbers("event")
                if eventsAfter == 0 {
                    #expect(events == Array(1...last))
                } else {
                    // From the registration on none is missing.
                    let since = last - moments.filter { $0 == .before(read: 2) || $0 == .after(read: 2) }.count
                    #expect(events.suffix(last - since + 1) == Array(since...last)[...])
                    #expect(events == events.sorted() && Set(events).count == events.count)
                }
            }
        }
    }

    @Test("the ack comes first, then the snapshot; a mark is echoed")
    func ack() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            socket.say(["type": "subscribe", "deploymentId": "dep_1", "id": "m-1"])
            await scene.stage.play()
            let messages = socket.received()
            #expect(messages.first == ["type": "subscribed", "deploymentId": "dep_1", "id": "m-1"])
            #expect(Scene.essence(messages) == ["subscribed dep_1", "updated dep_1 1"])
        }
    }

    @Test("a client that knows the revision is spared the snapshot, and gets what follows")
    func knownRevision() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            socket.say(["type": "subscribe", "deploymentId": "dep_1", "revision": 1])
            await scene.stage.play()
            try await scene.commit(events: 1)
            await scene.stage.play()
            #expect(Scene.essence(socket.received()) == ["subscribed dep_1", "updated dep_1 2", "event dep_1 2"])
        }
    }

    @Test("another customer's deployment and an unknown one are refused alike, and are not subscribed to")
    func forbidden() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            for id in ["dep_9", "dep_none", ""] {
                socket.say(["type": "subscribe", "deploymentId": .string(id), "id": 5])
                await scene.stage.play()
                #expect(
                    socket.received() == [
                        [
                            "type": "error", "code": "FORBIDDEN", "message": "No access to deployment",
                            "deploymentId": .string(id), "id": 5,
                        ]
                    ])
            }
            try await scene.commit("dep_9", events: 1)
            await scene.stage.play()
            #expect(socket.received() == [])
        }
    }

    @Test("at most 200 events are replayed, and a gap is told")
    func gap() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            try await scene.commit(changes: false, events: 204)
            await scene.stage.play()
            socket.say(["type": "subscribe", "deploymentId": "dep_1", "revision": 1, "eventsAfter": 5])
            await scene.stage.play()
            #expect(
                Scene.essence(socket.received()) == ["subscribed dep_1"] + (6...205).map { "event dep_1 \($0)" })

            socket.say(["type": "subscribe", "deploymentId": "dep_1", "revision": 1, "eventsAfter": 4, "id": 9])
            await scene.stage.play()
            let messages = socket.received()
            #expect(
                Scene.essence(messages) == ["subscribed dep_1"] + (5...204).map { "event dep_1 \($0)" }
                    + ["error EVENTS_GAP dep_1"])
            #expect(messages.last?["id"] == 9)
            try await scene.commit(changes: false, events: 1)
            await scene.stage.play()
            #expect(Scene.essence(socket.received()) == ["event dep_1 206"])
        }
    }

    @Test("a subscription that the store failed is none, and grows no memory")
    func storeFails() async throws {
        var limits = SocketLimits()
        limits.subscriptions = 1
        try await Scene.play(limits: limits) { scene in
            let socket = await scene.open()
            for failing in 1...2 {
                scene.store.setHook { moment in
                    if moment == .before(read: failing) { throw StoreUnavailable(.busy) }
                }
                socket.say(["type": "subscribe", "deploymentId": "dep_2", "id": 1])
                await scene.stage.play()
                #expect(Scene.essence(socket.received()) == ["error OVERLOADED dep_2"])
                scene.store.setHook(nil)
                try await scene.commit("dep_2", events: 1)
                await scene.stage.play()
                #expect(socket.received() == [])
            }
            // It does not count among those that a socket may have either.
            socket.say(["type": "subscribe", "deploymentId": "dep_1"])
            await scene.stage.play()
            #expect(Scene.essence(socket.received()) == ["subscribed dep_1", "updated dep_1 1"])
            try await scene.commit()
            await scene.stage.play()
            #expect(Scene.essence(socket.received()) == ["updated dep_1 2"])
        }
    }

    @Test("after unsubscribing nothing of that deployment comes, and the others go on")
    func unsubscribe() async throws {
        try await Scene.play { scene in
            let socket = await scene.open()
            for id in ["dep_1", "dep_2"] { socket.say(["type": "subscribe", "deploymentId": .string(id)]) }
            for id in ["dep_1", "dep_1", "dep_none"] {
                socket.say(["type": "unsubscribe", "deploymentId": .string(id)])
            }
            await scene.stage.play()
            _ = socket.received()
            try await scene.commit("dep_1", events: 1)
            try await scene.commit("dep_2", events: 1)
            await scene.stage.play()
            #expect(Scene.essence(socket.received()) == ["updated dep_2 2", "event dep_2 2"])
        }
    }

    @Test("every socket is told of what it is subscribed to, the update before its events, and of nothing else")
    func hub() async throws {
        try await Scene.play { scene in
            let ada = await scene.open()
            let adasOther = await scene.open()
            let bob = await scene.open(session: "ses_2", customer: "cus_2")
            ada.say(["type": "subscribe", "deploymentId": "dep_1"])
            adasOther.say(["type": "subscribe", "deploymentId": "dep_2"])
            bob.say(["type": "subscribe", "deploymentId": "dep_9"])
            await scene.stage.play()
            for socket in [ada, adasOther, bob] { _ = socket.received() }
            try await scene.commit("dep_1", events: 2)
            try await scene.commit("dep_1", changes: false, events: 1)
            try await scene.commit("dep_9")
            await scene.stage.play()
            #expect(
                Scene.essence(ada.received()) == [
                    "updated dep_1 2", "event dep_1 2", "event dep_1 3", "event dep_1 4",
                ])
            #expect(adasOther.received() == [])
            #expect(Scene.essence(bob.received()) == ["updated dep_9 2"])
            ada.leave()
            await scene.stage.play()
            #expect(scene.hub.socketCount == 2)
        }
    }
}
