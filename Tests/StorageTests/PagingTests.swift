import Deployments
import Runtime
import Storage
import Testing

/// Pages of deployments and events (semantics.md sections 10 and 11).
@Suite struct PagingTests {
    /// Five of one customer at the seconds 0 to 4, the last two in one instant, and one of another.
    func shelf() async throws -> Shelf {
        let shelf = try Shelf()
        for (number, second) in [0, 1, 2, 3, 3].enumerated() {
            try await shelf.add(Shelf.record("dep_\(number)", at: second))
        }
        try await shelf.add(Shelf.record("dep_x", of: "cus_2"))
        shelf.time.advance(by: .seconds(10))
        return shelf
    }

    func query(page: Int = 1, pageSize: Int = 2, asOf second: Int = 10) -> DeploymentQuery {
        DeploymentQuery(customerId: "cus_1", page: page, pageSize: pageSize, asOf: Shelf.start + .seconds(second))
    }

    func list(_ shelf: Shelf, _ query: DeploymentQuery) async throws -> (ids: [String], total: Int) {
        let page = try await shelf.store.read { try $0.deployments(query) }
        return (page.items.map(\.id), page.total)
    }

    @Test("pages are newest first, ties by id, with the total; past the end there is nothing (S10.1, S10.2)")
    func pages() async throws {
        let shelf = try await shelf()
        #expect(try await list(shelf, query()) == (["dep_4", "dep_3"], 5))
        #expect(try await list(shelf, query(page: 2)) == (["dep_2", "dep_1"], 5))
        #expect(try await list(shelf, query(page: 3)) == (["dep_0"], 5))
        #expect(try await list(shelf, query(page: 4)) == ([], 5))
        var oldest = query()
        oldest.oldestFirst = true
        #expect(try await list(shelf, oldest) == (["dep_0", "dep_1"], 5))
    }

    @Test("another customer's deployments are neither shown nor counted")
    func isolation() async throws {
        let shelf = try await shelf()
        var theirs = query()
        theirs.customerId = "cus_2"
        #expect(try await list(shelf, theirs) == (["dep_x"], 1))
        theirs.customerId = "cus_3"
        #expect(try await list(shelf, theirs) == ([], 0))
        #expect(try await shelf.store.read { try $0.liveDeployments(of: "cus_2") } == 1)
    }

    @Test("deleted ones are shown and counted when they are asked for; a status alone is too")
    func filters() async throws {
        let shelf = try await shelf()
        try await shelf.apply(.delete, to: "dep_3")
        try await shelf.apply(.confirmAbsence, to: "dep_3")
        try await shelf.apply(.sendCreate, to: "dep_1")
        #expect(try await list(shelf, query()) == (["dep_4", "dep_2"], 4))
        #expect(try await shelf.store.read { try $0.liveDeployments(of: "cus_1") } == 4)
        var all = query()
        all.includeDeleted = true
        #expect(try await list(shelf, all) == (["dep_4", "dep_3"], 5))
        var some = query()
        some.status = .provisioning
        #expect(try await list(shelf, some) == (["dep_1"], 1))
        some.status = .deleted
        #expect(try await list(shelf, some) == (["dep_3"], 1))
        some.status = .active
        #expect(try await list(shelf, some) == ([], 0))
    }

    @Test("a walk skips and repeats nothing while others are made and deleted (S10.3)")
    func walk() async throws {
        let shelf = try await shelf()
        try await shelf.apply(.delete, to: "dep_0")
        try await shelf.apply(.confirmAbsence, to: "dep_0")
        shelf.time.advance(by: .seconds(1))
        #expect(try await list(shelf, query(asOf: 11)) == (["dep_4", "dep_3"], 4))
        shelf.time.advance(by: .seconds(1))
        try await shelf.add(Shelf.record("dep_9", at: 12))
        try await shelf.apply(.delete, to: "dep_4")
        try await shelf.apply(.confirmAbsence, to: "dep_4")
        var next = query(page: 2, asOf: 11)
        next.isWalk = true
        #expect(try await list(shelf, next) == (["dep_2", "dep_1"], 4))
        next.page = 1
        let first = try await shelf.store.read { [next] in try $0.deployments(next) }.items
        #expect(first.map(\.id) == ["dep_4", "dep_3"])
        #expect(first.first?.status == .deleted)
        #expect(try await list(shelf, query(asOf: 12)) == (["dep_9", "dep_3"], 4))
    }

    @Test("events come in pages, from either end, or after a number, with the first and last number")
    func events() async throws {
        let shelf = try await shelf()
        try await shelf.write(events: (1...5).map { EventDraft(.info, "line \($0)") }, of: "dep_1")
        func page(_ change: (inout EventQuery) -> Void = { _ in }) async throws -> EventPage {
            var query = EventQuery(deploymentId: "dep_1", page: 1, pageSize: 2)
            change(&query)
            return try await shelf.store.read { [query] in try $0.events(query) }
        }
        let first = try await page()
        #expect(first.items.map(\.seq) == [1, 2] && first.items.map(\.message) == ["line 1", "line 2"])
        #expect((first.total, first.firstSeq, first.lastSeq) == (5, 1, 5))
        #expect(try await page { $0.page = 3 }.items.map(\.seq) == [5])
        #expect(try await page { $0.page = 4 }.items.isEmpty)
        #expect(try await page { $0.newestFirst = true }.items.map(\.seq) == [5, 4])
        let after = try await page { $0.afterSeq = 3 }
        #expect(after.items.map(\.seq) == [4, 5])
        #expect((after.total, after.firstSeq, after.lastSeq) == (2, 1, 5))
        let none = try await page { $0.deploymentId = "dep_2" }
        #expect((none.items.count, none.total, none.firstSeq, none.lastSeq) == (0, 0, 0, 0))
    }

    @Test("an event of the cloud is stored once a deployment, also within one transaction (S11.2)")
    func sourceEvents() async throws {
        let shelf = try await shelf()
        let drafts = ["a", "b", "a"].map { EventDraft(.info, $0, sourceId: $0) }
        try await shelf.write(events: drafts, of: "dep_1")
        try await shelf.write(events: drafts + [EventDraft(.info, "c", sourceId: "c")], of: "dep_1")
        try await shelf.write(events: drafts, of: "dep_2")
        let log = try await shelf.store.read { try $0.events(EventQuery(deploymentId: "dep_1", page: 1, pageSize: 9)) }
        #expect(log.items.map { "\($0.seq) \($0.message)" } == ["1 a", "2 b", "3 c"])
        #expect(try await shelf.record("dep_2")?.lastEventSeq == 2)
    }

    @Test("the newest events are kept, younger ones up to a bound, and failures for good (S11.1)")
    func retention() async throws {
        let shelf = try await shelf()
        try await shelf.write(events: [EventDraft(.error, "old failure"), EventDraft(.info, "old")], of: "dep_1")
        shelf.time.advance(by: .seconds(100))
        try await shelf.write(events: (3...12).map { EventDraft(.info, "line \($0)") }, of: "dep_1")
        try await shelf.write(events: [EventDraft(.info, "short log")], of: "dep_2")
        func kept(newest: Int, atMost: Int, youngerThan second: Int) async throws -> [Int] {
            var retention = EventRetention(youngerThan: Shelf.start + .seconds(second))
            (retention.newest, retention.atMost) = (newest, atMost)
            try await shelf.store.write { [retention] in try $0.forgetEvents(retention) }
            let query = EventQuery(deploymentId: "dep_1", page: 1, pageSize: 100)
            return try await shelf.store.read { try $0.events(query) }.items.map(\.seq)
        }
        #expect(try await kept(newest: 12, atMost: 20, youngerThan: 9999) == Array(1...12))
        #expect(try await kept(newest: 11, atMost: 20, youngerThan: 9999) == Array(1...12))
        #expect(try await kept(newest: 3, atMost: 11, youngerThan: 100) == [1] + Array(3...12))
        #expect(try await kept(newest: 3, atMost: 8, youngerThan: 100) == [1] + Array(5...12))
        #expect(try await kept(newest: 3, atMost: 8, youngerThan: 9999) == [1] + Array(10...12))
        #expect(try await shelf.record("dep_2")?.lastEventSeq == 1)
        try await shelf.write(events: [EventDraft(.info, "next")], of: "dep_1")
        #expect(try await shelf.record("dep_1")?.lastEventSeq == 13)
    }
}
