import Deployments
import GRDB
import Runtime
import Testing

@testable import Storage

/// Work is claimed under a lease and a fence (semantics.md S13.1).
@Suite struct WorkClaimTests {
    func ids(_ claimed: [ClaimedRecord]) -> [String] { claimed.map(\.record.deployment.id) }

    @Test("what is due is claimed, the longest due first, in its region alone")
    func dueOnly() async throws {
        let shelf = try Shelf()
        try await shelf.add(
            Shelf.record("dep_a", at: 5), Shelf.record("dep_b", at: 3), Shelf.record("dep_c", at: 9),
            Shelf.record("dep_d", in: "east"), Shelf.record("dep_e", at: 4))
        try await shelf.write(events: [], of: "dep_e")
        #expect(ids(try await shelf.claim("w1", at: 5, limit: 1)) == ["dep_b"])
        #expect(ids(try await shelf.claim("w2", at: 5)) == ["dep_a"])
        #expect(ids(try await shelf.claim("w3", at: 9)) == ["dep_c"])
        #expect(
            try await shelf.store.read { try $0.work(in: "west") }.map(\.deployment.id) == ["dep_a", "dep_b", "dep_c"])
    }

    @Test("several at once come the longest due first")
    func several() async throws {
        let shelf = try Shelf()
        try await shelf.add(
            Shelf.record("dep_a", at: 5), Shelf.record("dep_b", at: 3), Shelf.record("dep_c", at: 4),
            Shelf.record("dep_d", at: 3))
        #expect(ids(try await shelf.claim("w1", at: 9, limit: 3)) == ["dep_b", "dep_d", "dep_c"])
    }

    @Test("creates wait while as many as may be are under way; what is under way waits for none of them")
    func createsAtOnce() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_a"), Shelf.record("dep_b", at: 1), Shelf.record("dep_c", at: 2))
        #expect(ids(try await shelf.claim("w1", at: 9, createsAtOnce: 2)) == ["dep_a", "dep_b"])
        for id in ["dep_a", "dep_b"] {
            try await shelf.apply(.sendCreate, to: id, dueAt: Shelf.start + .seconds(40)) {
                $0.work.create = .unknown
            }
        }
        try await shelf.store.write { try $0.release(owner: "w1") }
        #expect(ids(try await shelf.claim("w2", at: 40, createsAtOnce: 2)) == ["dep_a", "dep_b"])
        #expect(try await shelf.claim("w3", at: 41, createsAtOnce: 2).isEmpty)
        try await shelf.apply(.complete, to: "dep_a", dueAt: nil)
        #expect(ids(try await shelf.claim("w3", at: 41, createsAtOnce: 2)) == ["dep_c"])
    }

    @Test("customers take turns: who has the fewest creates under way is next, however many the other asked for")
    func fairQueue() async throws {
        let shelf = try Shelf()
        for number in 0..<4 { try await shelf.add(Shelf.record("dep_a\(number)", of: "cus_a", at: number)) }
        try await shelf.add(Shelf.record("dep_b", of: "cus_b", at: 7), Shelf.record("dep_c", of: "cus_c", at: 8))
        #expect(
            ids(try await shelf.claim("w1", at: 9, createsAtOnce: 5)) == [
                "dep_a0", "dep_b", "dep_c", "dep_a1", "dep_a2",
            ])
    }

    @Test("a lease is another's until it runs out; then it is taken over with a higher fence")
    func takeOver() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"))
        let first = try #require(try await shelf.claim("w1", at: 0).first)
        #expect(first.fence == 1)
        #expect(try await shelf.claim("w2", at: 29).isEmpty)
        let second = try #require(try await shelf.claim("w2", at: 30).first)
        #expect(second.fence == 2)

        var late = first.record
        try late.apply(.sendCreate, at: Shelf.start)
        let written = late
        await #expect(throws: StaleRecord(id: "dep_1")) {
            try await shelf.store.write {
                try $0.update(written, from: first.record, fence: first.fence, dueAt: nil, events: [])
            }
        }
        try await shelf.store.write {
            try $0.update(written, from: second.record, fence: second.fence, dueAt: nil, events: [])
        }
        #expect(try await shelf.record("dep_1")?.deployment.status == .provisioning)
    }

    @Test("a lease can be made longer by who holds it, and by nobody who lost it")
    func renewal() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"))
        _ = try await shelf.claim("w1", at: 0)
        #expect(try await shelf.store.write { try $0.renew(owner: "w1", until: Shelf.start + .seconds(40)) })
        #expect(try await shelf.claim("w2", at: 39).isEmpty)
        #expect(try await shelf.claim("w2", at: 40).count == 1)
        #expect(try await !shelf.store.write { try $0.renew(owner: "w1", until: Shelf.start + .seconds(99)) })
        #expect(try await shelf.claim("w3", at: 70).count == 1)
    }

    @Test("what is given back can be claimed at once, and others' claims stay")
    func release() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"), Shelf.record("dep_2"))
        _ = try await shelf.claim("w1", at: 0, limit: 1)
        _ = try await shelf.claim("w2", at: 0, limit: 1)
        try await shelf.store.write { try $0.release(owner: "w1") }
        #expect(ids(try await shelf.claim("w3", at: 0)) == ["dep_1"])
    }

    @Test("a user's act goes through beside a worker, whose commit is then stale")
    func userActs() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"))
        let claimed = try #require(try await shelf.claim("w1", at: 0).first)
        try await shelf.apply(.delete, to: "dep_1", dueAt: Shelf.start)
        #expect(try await shelf.claim("w2", at: 1).isEmpty)
        await #expect(throws: StaleRecord.self) {
            try await shelf.store.write {
                try $0.update(claimed.record, from: claimed.record, fence: claimed.fence, dueAt: nil, events: [])
            }
        }
    }

    @Test("no deployment is claimed twice by many who claim at once")
    func concurrentClaims() async throws {
        let shelf = try Shelf(inFile: true)
        for number in 0..<40 { try await shelf.add(Shelf.record("dep_\(number)")) }
        let claimed = try await withThrowingTaskGroup(of: [String].self) { group in
            for worker in 0..<8 {
                group.addTask {
                    var mine: [String] = []
                    while let next = try await shelf.claim("w\(worker)/\(mine.count)", at: 0, limit: 1).first {
                        mine.append(next.record.deployment.id)
                    }
                    return mine
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(claimed.count == 40 && Set(claimed).count == 40)
    }

    @Test("a record that can't be read is named, claims nothing, can be put off, and hides no other")
    func damaged() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"), Shelf.record("dep_2", at: 1))
        try await shelf.database.write {
            try $0.execute(sql: "UPDATE deployments SET work = '{' WHERE id = 'dep_1'")
        }
        let damage = await #expect(throws: DamagedRecord.self) { _ = try await shelf.claim("w1", at: 1) }
        #expect(damage?.id == "dep_1")
        #expect(try await shelf.store.read { try $0.work(in: "west") }.map(\.deployment.id) == ["dep_2"])
        try await shelf.store.write { try $0.postpone("dep_1", until: Shelf.start + .seconds(60)) }
        #expect(ids(try await shelf.claim("w1", at: 1)) == ["dep_2"])
        #expect(try await shelf.claim("w2", at: 29).isEmpty)

        try await shelf.database.write {
            try $0.execute(sql: "UPDATE deployments SET work = '{}', status = 'LOST' WHERE id = 'dep_1'")
        }
        await #expect(throws: DamagedRecord.self) { _ = try await shelf.record("dep_1") }
    }
}
