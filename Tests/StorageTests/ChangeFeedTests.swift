import Deployments
import GRDB
import Runtime
import Testing

@testable import Storage

/// Several processes on one database (semantics.md S7.2): each has a connection and a store of its own.
@Suite struct ChangeFeedTests {
    let shelf: Shelf
    let other: SQLiteDeploymentStore

    init() throws {
        shelf = try Shelf(inFile: true)
        other = SQLiteDeploymentStore(try open(shelf.location, shelf.surroundings), surroundings: shelf.surroundings)
    }

    func told(_ changes: [CommittedChange]?) -> [String] {
        (changes ?? []).map { change in
            switch change {
            case .updated(let deployment): "\(deployment.id) \(deployment.status.rawValue) \(deployment.revision)"
            case .event(let event): "\(event.deploymentId) \(event.seq) \(event.message)"
            }
        }
    }

    @Test("what another process commits is told while it is followed, in the order of the commits")
    func followed() async throws {
        try await shelf.add(Shelf.record("dep_old"))
        try await other.joinFeed()
        var changes = other.changes().makeAsyncIterator()
        try await shelf.add(Shelf.record("dep_1"), events: [EventDraft(.info, "one")])
        try await shelf.apply(.sendCreate, to: "dep_1", events: [EventDraft(.info, "two")])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await other.follow() }
            #expect(told(await changes.next()) == ["dep_1 PROVISIONING 2"])
            #expect(told(await changes.next()) == ["dep_1 1 one"])
            #expect(told(await changes.next()) == ["dep_1 PROVISIONING 2"])
            #expect(told(await changes.next()) == ["dep_1 2 two"])
            try await shelf.apply(.delete, to: "dep_1")
            #expect(told(await changes.next()) == ["dep_1 DELETING 3"])
            group.cancelAll()
        }
    }

    @Test("who writes tells first what others have committed before")
    func inOrder() async throws {
        try await other.joinFeed()
        var changes = other.changes().makeAsyncIterator()
        try await shelf.add(Shelf.record("dep_1"))
        try await other.write { try $0.insert(Shelf.record("dep_2"), events: []) }
        #expect(told(await changes.next()) == ["dep_1 REQUESTED 1"])
        #expect(told(await changes.next()) == ["dep_2 REQUESTED 1"])
        try await other.write { try $0.insert(Shelf.record("dep_3"), events: []) }
        #expect(told(await changes.next()) == ["dep_3 REQUESTED 1"], "each is told of once")
    }

    @Test("many who write at once in one process are told once each")
    func toldOnce() async throws {
        try await other.joinFeed()
        var changes = other.changes().makeAsyncIterator()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 10..<50 {
                group.addTask { try await other.write { try $0.insert(Shelf.record("dep_\(number)"), events: []) } }
            }
            try await group.waitForAll()
        }
        try await other.write { try $0.insert(Shelf.record("dep_last"), events: []) }
        var seen: [String] = []
        while seen.last != "dep_last REQUESTED 1" { seen += told(await changes.next()) }
        #expect(seen.count == 41 && Set(seen).count == 41)
    }

    @Test("a deployment that can't be read is passed over; what was committed after it is told")
    func damaged() async throws {
        try await other.joinFeed()
        var changes = other.changes().makeAsyncIterator()
        try await shelf.add(Shelf.record("dep_1"))
        try await shelf.database.write { try $0.execute(sql: "UPDATE deployments SET status = 'LOST'") }
        try await shelf.add(Shelf.record("dep_2"))
        try await other.write { _ in }
        #expect(told(await changes.next()) == ["dep_2 REQUESTED 1"])
    }

    @Test("the feed is kept for an hour, and its numbers are never given again")
    func retention() async throws {
        try await other.joinFeed()
        var changes = other.changes().makeAsyncIterator()
        try await shelf.add(Shelf.record("dep_1"))
        shelf.time.advance(by: .seconds(3599))
        let now = shelf.time.now
        try await shelf.store.write { try $0.forgetChanges(at: now) }
        #expect(try await shelf.database.read { try $0.count("SELECT COUNT(*) FROM feed") } == 1)
        try await shelf.store.write { try $0.forgetChanges(at: now + .seconds(2)) }
        #expect(try await shelf.database.read { try $0.count("SELECT COUNT(*) FROM feed") } == 0)
        try await shelf.add(Shelf.record("dep_2"))
        try await other.write { _ in }
        #expect(told(await changes.next()) == ["dep_2 REQUESTED 1"])
    }
}
