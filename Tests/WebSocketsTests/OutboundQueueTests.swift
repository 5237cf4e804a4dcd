import Runtime
import Testing

@testable import WebSockets

@Suite struct OutboundQueueTests {
    private static func update(_ id: String, _ text: String) -> OutboundQueue.Content {
        .update(deploymentId: id, text: text)
    }

    private static func event(_ id: String, _ text: String) -> OutboundQueue.Content {
        .event(deploymentId: id, text: text)
    }

    /// Takes all that may leave at an instant.
    private static func take(_ queue: inout OutboundQueue, at now: Duration) -> [OutboundQueue.Content] {
        var taken: [OutboundQueue.Content] = []
        while case .send(let content) = queue.next(at: now) {
            queue.flightEnded()
            taken.append(content)
        }
        return taken
    }

    @Test("what is below the limits leaves in its order, nothing left out")
    func order() {
        var queue = OutboundQueue(limits: SocketLimits())
        let contents = [
            .reply("ack"), Self.update("a", "1"), Self.event("a", "e1"), Self.update("a", "2"), .ping,
            Self.update("b", "1"),
        ]
        for content in contents { queue.append(content, at: .zero) }
        #expect(Self.take(&queue, at: .zero) == contents)
        #expect(queue.next(at: .zero) == .nothing)
        #expect(queue.bytes == 0)
        #expect(queue.events == 0)
    }

    @Test("past the soft size, updates of a deployment collapse to the newest where the oldest was; events stay")
    func coalescingBySize() {
        var limits = SocketLimits()
        limits.softBytes = 8
        var queue = OutboundQueue(limits: limits)
        for content in [
            Self.update("a", "a-1"), Self.event("a", "e-1"), Self.update("b", "b-1"), Self.update("a", "a-2"),
            Self.event("a", "e-2"), Self.update("b", "b-2"), Self.update("a", "a-3"),
        ] { queue.append(content, at: .zero) }
        #expect(
            Self.take(&queue, at: .zero) == [
                Self.update("a", "a-3"), Self.event("a", "e-1"), Self.update("b", "b-2"), Self.event("a", "e-2"),
            ])
        #expect(queue.bytes == 0)
    }

    @Test("a frame that waits for 2 s makes updates collapse too, also where it is on its way")
    func coalescingByAge() {
        var queue = OutboundQueue(limits: SocketLimits())
        queue.append(.reply("ack"), at: .zero)
        _ = queue.next(at: .zero)
        for number in 1...3 { queue.append(Self.update("a", "\(number)"), at: .seconds(number)) }
        queue.flightEnded()
        #expect(Self.take(&queue, at: .seconds(3)) == [Self.update("a", "3")])
    }

    @Test("it is overfull by its bytes, by its events, and by the age of what waits or is on its way")
    func bounds() {
        var limits = SocketLimits()
        limits.hardBytes = 100
        var bytes = OutboundQueue(limits: limits)
        bytes.append(.reply(String(repeating: "x", count: 100)), at: .zero)
        #expect(!bytes.isOverfull(at: .zero))
        _ = bytes.next(at: .zero)
        bytes.append(.reply("x"), at: .zero)
        #expect(bytes.isOverfull(at: .zero))
        bytes.flightEnded()
        #expect(!bytes.isOverfull(at: .zero))

        var events = OutboundQueue(limits: SocketLimits())
        for number in 1...500 { events.append(Self.event("a", "\(number)"), at: .zero) }
        #expect(!events.isOverfull(at: .zero))
        events.append(Self.event("b", "1"), at: .zero)
        #expect(events.isOverfull(at: .zero))

        var age = OutboundQueue(limits: SocketLimits())
        age.append(.reply("x"), at: .seconds(1))
        #expect(!age.isOverfull(at: .seconds(16) - .milliseconds(1)))
        #expect(age.isOverfull(at: .seconds(16)))
        _ = age.next(at: .seconds(16))
        #expect(age.deadline == .seconds(16))
        #expect(age.isOverfull(at: .seconds(16)))
        age.flightEnded()
        #expect(!age.isOverfull(at: .seconds(16)))
    }

    @Test("at most 20 events of a deployment leave in a second, and none that waits for its turn counts as old")
    func pacing() {
        var queue = OutboundQueue(limits: SocketLimits())
        for number in 1...45 { queue.append(Self.event("a", "\(number)"), at: .zero, paced: true) }
        queue.append(Self.event("b", "1"), at: .zero, paced: true)
        queue.append(Self.update("a", "1"), at: .zero)
        let first = Self.take(&queue, at: .zero)
        #expect(first == (1...20).map { Self.event("a", "\($0)") } + [Self.event("b", "1"), Self.update("a", "1")])
        #expect(queue.next(at: .milliseconds(999)) == .wait(until: .seconds(1)))
        #expect(Self.take(&queue, at: .seconds(1)) == (21...40).map { Self.event("a", "\($0)") })
        #expect(queue.age(at: .seconds(1)) == .zero)
        #expect(Self.take(&queue, at: .seconds(2)) == (41...45).map { Self.event("a", "\($0)") })
        queue.append(Self.event("a", "46"), at: .seconds(5), paced: true)
        #expect(Self.take(&queue, at: .seconds(5)) == [Self.event("a", "46")])
    }

    @Test("what a deployment has waiting is taken out, answers about it and others' stay")
    func removal() {
        var queue = OutboundQueue(limits: SocketLimits())
        for content in [
            .reply("ack a"), Self.update("a", "1"), Self.event("a", "1"), Self.update("b", "1"), Self.event("b", "1"),
        ] { queue.append(content, at: .zero) }
        var onlyUpdates = queue
        onlyUpdates.removeUpdates(of: "a")
        #expect(
            Self.take(&onlyUpdates, at: .zero) == [
                .reply("ack a"), Self.event("a", "1"), Self.update("b", "1"), Self.event("b", "1"),
            ])
        queue.remove("a")
        #expect(queue.events == 1)
        #expect(Self.take(&queue, at: .zero) == [.reply("ack a"), Self.update("b", "1"), Self.event("b", "1")])
        #expect(queue.bytes == 0)
    }
}
