import Deployments
import Runtime
import Testing

@testable import WebSockets

@Suite struct SocketMailboxTests {
    private let mailbox = SocketMailbox(
        socket: ScriptedSocket(),
        identity: SocketIdentity(sessionId: "ses_1", customerId: "cus_1", expiresAt: .distant), limits: SocketLimits())

    private func subscribe(
        snapshot: Int = 1, known: Int? = nil, events: [Int]? = nil, meanwhile: [CommittedChange] = []
    ) {
        mailbox.register("dep_1")
        for change in meanwhile { mailbox.offer(change, at: .zero) }
        mailbox.complete(
            "dep_1", ack: .subscribed(deploymentId: "dep_1"), snapshot: .new(revision: snapshot), known: known,
            events: events.map { $0.map { .new($0) } }, at: .zero)
    }

    private func taken() throws -> [String] {
        var messages: [JSONValue] = []
        while case .send(let content) = mailbox.next(at: .zero) {
            mailbox.sent()
            switch content {
            case .reply(let text), .update(_, let text), .event(_, let text):
                messages.append(try JSONValue(parsing: text.utf8))
            case .ping: messages.append(["type": "ping"])
            }
        }
        return Scene.essence(messages)
    }

    @Test("ack, snapshot, replayed events, then what came in meanwhile and is newer")
    func order() throws {
        subscribe(
            snapshot: 3, events: [4, 5],
            meanwhile: [
                .updated(.new(revision: 2)), .updated(.new(revision: 3)), .event(.new(5)),
                .updated(.new(revision: 4)), .event(.new(6)),
            ])
        #expect(
            try taken() == [
                "subscribed dep_1", "updated dep_1 3", "event dep_1 4", "event dep_1 5", "updated dep_1 4",
                "event dep_1 6",
            ])
        #expect(mailbox.next(at: .zero) == .rest)
    }

    @Test("a snapshot that the client has is left out, an older or an unknown one is not")
    func known() throws {
        subscribe(snapshot: 3, known: 3)
        #expect(try taken() == ["subscribed dep_1"])
        subscribe(snapshot: 3, known: 2)
        #expect(try taken() == ["subscribed dep_1", "updated dep_1 3"])
        subscribe(snapshot: 3, known: 4)
        #expect(try taken() == ["subscribed dep_1", "updated dep_1 3"])
        mailbox.offer(.updated(.new(revision: 3)), at: .zero)
        #expect(try taken() == [])
    }

    @Test("what is not newer is dropped")
    func duplicates() throws {
        subscribe()
        for revision in [1, 2, 2, 1, 3] { mailbox.offer(.updated(.new(revision: revision)), at: .zero) }
        for seq in [2, 2, 1, 3] { mailbox.offer(.event(.new(seq)), at: .zero) }
        mailbox.offer(.updated(.new("dep_2")), at: .zero)
        #expect(
            try taken() == [
                "subscribed dep_1", "updated dep_1 1", "updated dep_1 2", "updated dep_1 3", "event dep_1 2",
                "event dep_1 3",
            ])
    }

    @Test("after a second subscribe its ack stands before its snapshot, also where updates collapse")
    func resubscribe() throws {
        subscribe()
        mailbox.offer(.updated(.new(revision: 2)), at: .zero)
        mailbox.offer(.event(.new(2)), at: .zero)
        subscribe(snapshot: 2)
        mailbox.offer(.updated(.new(revision: 3)), at: .seconds(3))
        #expect(try taken() == ["subscribed dep_1", "event dep_1 2", "subscribed dep_1", "updated dep_1 3"])
    }

    @Test("events that wait and are replayed by a second subscribe are sent once, in order")
    func replayOfWaitingEvents() throws {
        subscribe()
        // More than may leave in a second.
        for seq in 1...25 { mailbox.offer(.event(.new(seq)), at: .zero) }
        _ = try taken()
        subscribe(events: [21, 22, 23, 24, 25])
        #expect(try taken() == ["subscribed dep_1", "updated dep_1 1"] + (21...25).map { "event dep_1 \($0)" })
        #expect(mailbox.next(at: .seconds(9)) == .rest)
    }

    @Test("after unsubscribing nothing waits and nothing comes, until the next subscribe")
    func unsubscribe() throws {
        subscribe()
        mailbox.offer(.updated(.new(revision: 2)), at: .zero)
        mailbox.unsubscribe("dep_1")
        mailbox.unsubscribe("dep_7")
        mailbox.offer(.updated(.new(revision: 3)), at: .zero)
        #expect(try taken() == ["subscribed dep_1"])
        #expect(mailbox.subscriptionCount == 0)
        subscribe(snapshot: 3)
        #expect(try taken() == ["subscribed dep_1", "updated dep_1 3"])
    }

    @Test("once it closes nothing of what waits is sent, and the first reason counts")
    func close() throws {
        subscribe()
        mailbox.close(.sessionEnded)
        mailbox.close(.serviceRestart)
        mailbox.offer(.updated(.new(revision: 2)), at: .zero)
        mailbox.reply(.error(code: "BAD_MESSAGE", message: "no"), at: .zero)
        mailbox.ping(at: .zero)
        #expect(mailbox.next(at: .zero) == .close(.sessionEnded))
    }

    @Test("more than 500 waiting events close it as too slow")
    func tooManyEvents() {
        subscribe()
        for seq in 1...500 { mailbox.offer(.event(.new(seq)), at: .zero) }
        #expect(mailbox.next(at: .zero) != .close(.slowConsumer))
        for seq in 501...502 { mailbox.offer(.event(.new(seq)), at: .zero) }
        #expect(mailbox.next(at: .zero) == .close(.slowConsumer))
    }
}
