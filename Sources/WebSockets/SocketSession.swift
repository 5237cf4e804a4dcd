import Deployments
import Logging
import Runtime
import Synchronization

extension Hub {
    /// Serves one socket from its upgrade to its end (semantics.md section 8).
    ///
    /// - Throws: ``Crashed`` in a simulation.
    public func serve(_ socket: any MessageSocket, identity: SocketIdentity) async throws {
        let mailbox = SocketMailbox(socket: socket, identity: identity, limits: limits)
        guard let id = open(mailbox) else { return await socket.close(.serviceRestart) }
        defer { close(id) }
        try await SocketSession(hub: self, socket: socket, mailbox: mailbox, id: id).run()
    }
}

/// The life of one socket: its reader, its writer and what watches over them.
private struct SocketSession: Sendable {
    let hub: Hub
    let socket: any MessageSocket
    let mailbox: SocketMailbox
    let id: Int
    /// When the peer was last heard of.
    private let lastHeard: LastHeard

    init(hub: Hub, socket: any MessageSocket, mailbox: SocketMailbox, id: Int) {
        self.hub = hub
        self.socket = socket
        self.mailbox = mailbox
        self.id = id
        lastHeard = LastHeard(hub.surroundings.time.uptime)
    }

    private var time: any TimeSource { hub.surroundings.time }
    private var limits: SocketLimits { hub.limits }

    func run() async throws {
        // It may have ended after the upgrade was granted, and before the hub knew of the socket to end it too.
        if try await isSessionOver() { mailbox.close(.sessionEnded) }
        // The first to end ends the others: the peer went, the writer closed, or the peer is taken for dead.
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ignoringEnd { try await read() } }
            group.addTask { try await ignoringEnd { try await write() } }
            group.addTask { try await ignoringEnd { try await ping() } }
            group.addTask { try await ignoringEnd { try await watchPeer() } }
            group.addTask { try await ignoringEnd { try await watchSession() } }
            defer { group.cancelAll() }
            try await group.next()
        }
        await socket.close(mailbox.closing ?? .normal)
    }

    /// The end of a connection is no error; only the end of the server goes further.
    private func ignoringEnd(_ work: () async throws -> Void) async throws {
        do {
            try await work()
        } catch let crashed as Crashed {
            throw crashed
        } catch {
            hub.logger.trace("a socket ended: \(error)")
        }
    }

    // Reading.

    private func read() async throws {
        var commands = LastMinute()
        var badFrames = LastMinute()
        for try await frame in socket.frames {
            let now = time.uptime
            lastHeard.note(now)
            switch frame {
            case .pong: continue
            case .binary: mailbox.close(.unacceptableData)
            case .violation(let code): mailbox.close(code)
            case .text(let text):
                guard commands.count(at: now) <= limits.commandsPerMinute else {
                    mailbox.close(.rateLimited)
                    break
                }
                do {
                    try await handle(try ClientMessage(parsing: text))
                } catch let bad as BadMessage {
                    refuse("BAD_MESSAGE", bad.reason, bad.deploymentId, bad.id)
                    if badFrames.count(at: now) >= limits.badFramesPerMinute { mailbox.close(.protocolAbuse) }
                }
            }
        }
    }

    private func handle(_ message: ClientMessage) async throws {
        switch message {
        case .unsubscribe(let deploymentId): unsubscribe(deploymentId)
        case .subscribe(let command):
            do {
                try await subscribe(command)
            } catch let unavailable as StoreUnavailable {
                hub.logger.error("a subscription failed: \(unavailable)")
                unsubscribe(command.deploymentId)
                refuse("OVERLOADED", "Try again.", command.deploymentId, command.id)
            }
        }
    }

    private func unsubscribe(_ deploymentId: String) {
        mailbox.unsubscribe(deploymentId)
        hub.unsubscribe(id, from: deploymentId)
    }

    private func subscribe(_ command: ClientMessage.Subscribe) async throws {
        let deploymentId = command.deploymentId
        let owner = try await hub.store.read { try $0.record(deploymentId)?.deployment.customerId }
        guard owner == mailbox.identity.customerId else {
            return refuse("FORBIDDEN", "No access to deployment", deploymentId, command.id)
        }
        guard mailbox.isSubscribed(to: deploymentId) || mailbox.subscriptionCount < limits.subscriptions else {
            let text = "A socket has at most \(limits.subscriptions) subscriptions"
            return refuse("LIMIT_EXCEEDED", text, deploymentId, command.id)
        }
        // Registration comes before the read, which closes the gap between the two.
        mailbox.register(deploymentId)
        hub.subscribe(id, to: deploymentId)
        let replayLimit = limits.replayedEvents
        let (snapshot, page) = try await hub.store.read { queries in
            let snapshot = try queries.record(deploymentId)?.deployment
            let page = try command.eventsAfter.map {
                try queries.events(
                    EventQuery(deploymentId: deploymentId, page: 1, pageSize: replayLimit, afterSeq: $0))
            }
            return (snapshot, page)
        }
        guard let snapshot else {
            unsubscribe(deploymentId)
            return refuse("FORBIDDEN", "No access to deployment", deploymentId, command.id)
        }
        mailbox.complete(
            deploymentId, ack: .subscribed(deploymentId: deploymentId, id: command.id), snapshot: snapshot,
            known: command.revision, events: page?.items, at: time.uptime)
        if let page, page.total > page.items.count {
            refuse("EVENTS_GAP", "There are more events: fetch them over HTTP", deploymentId, command.id)
        }
    }

    private func refuse(_ code: String, _ text: String, _ deploymentId: String?, _ mark: JSONValue?) {
        mailbox.reply(.error(code: code, message: text, deploymentId: deploymentId, id: mark), at: time.uptime)
    }

    // Writing.

    private func write() async throws {
        var sessionLookedAt = time.uptime
        while true {
            // Before anything is taken out: meanwhile the session may end here too, or a subscription.
            if mailbox.hasData, time.uptime - sessionLookedAt >= limits.sessionKnownFor {
                if try await isSessionOver() { mailbox.close(.sessionEnded) }
                sessionLookedAt = time.uptime
            }
            switch mailbox.next(at: time.uptime) {
            case .send(let content):
                switch content {
                case .ping: try await socket.ping()
                case .reply(let text), .update(_, let text), .event(_, let text): try await socket.send(text)
                }
                mailbox.sent()
                try hub.surroundings.crashPoints.reached(.socketFlushed)
            case .wait(let until):
                try await time.wait(for: mailbox.wakeUp, atMost: until - time.uptime)
            case .rest:
                guard await mailbox.wakeUp.wait() else { return }
            case .close(let code):
                if let farewell = code.farewell {
                    try? await time.withTimeout(limits.farewell) { try await socket.send(farewell.text) }
                }
                return await socket.close(code)
            }
        }
    }

    // Watching.

    private func ping() async throws {
        while true {
            try await time.sleep(for: limits.pingEvery)
            mailbox.ping(at: time.uptime)
        }
    }

    /// Ends a socket whose peer is silent, or does not read, also where the writer is stuck.
    private func watchPeer() async throws {
        while true {
            try await time.sleep(for: Self.watchInterval)
            let now = time.uptime
            if now - lastHeard.instant >= limits.silence { return await socket.close(.goingAway) }
            if mailbox.isStuck(at: now) {
                mailbox.close(.slowConsumer)
                try await time.sleep(for: limits.farewell)
                return await socket.close(.slowConsumer)
            }
        }
    }

    private static let watchInterval = Duration.seconds(5)

    /// Ends the socket with its session, at the instant; requests over HTTP may have moved that (S8.16).
    private func watchSession() async throws {
        var end = mailbox.identity.expiresAt
        while true {
            try await time.sleep(for: min(end - time.now, limits.sessionCheckEvery))
            do {
                guard let known = try await sessionEnd() else {
                    mailbox.close(.sessionEnded)
                    // The writer ends the socket; this must not do so before it has.
                    return try await time.sleep(for: .seconds(60))
                }
                end = known
            } catch is StoreUnavailable {
                // Nothing is known of the session; soon there may be.
                end = time.now + .seconds(1)
            }
        }
    }

    /// When the session ends as things are now; nil where it has.
    private func sessionEnd() async throws -> Timestamp? {
        let end = try await hub.sessionEnd(mailbox.identity.sessionId)
        return end.flatMap { $0 > time.now ? $0 : nil }
    }

    private func isSessionOver() async throws -> Bool {
        do {
            return try await sessionEnd() == nil
        } catch is StoreUnavailable {
            return false
        }
    }
}

/// When the peer was last heard of.
private final class LastHeard: Sendable {
    private let value: Mutex<Duration>

    init(_ now: Duration) {
        value = Mutex(now)
    }

    var instant: Duration { value.withLock { $0 } }

    func note(_ now: Duration) {
        value.withLock { $0 = now }
    }
}
