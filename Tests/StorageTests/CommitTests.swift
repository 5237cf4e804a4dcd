import Deployments
import GRDB
import Runtime
import Testing

@testable import Storage

/// Commit, then tell (semantics.md section 7), revisions and events (section 1).
@Suite struct CommitTests {
    struct Unwanted: Error {}

    @Test("a transaction is one element of the changes: the update, then its events", arguments: [false, true])
    func oneElement(inFile: Bool) async throws {
        let shelf = try Shelf(inFile: inFile)
        var changes = shelf.store.changes().makeAsyncIterator()
        try await shelf.add(Shelf.record("dep_1"), events: [EventDraft(.info, "one"), EventDraft(.warn, "two")])
        let told = await changes.next() ?? []
        #expect(told.count == 3)
        #expect(told.first == .updated(Shelf.record("dep_1").deployment))
        let events = told.compactMap { if case .event(let event) = $0 { event } else { nil } }
        #expect(events.map(\.seq) == [1, 2])
        #expect(events.map(\.message) == ["one", "two"])
        #expect(events.allSatisfy { $0.ts == Shelf.start && $0.deploymentId == "dep_1" })
        #expect(
            try await shelf.store.read { try $0.events(EventQuery(deploymentId: "dep_1", page: 1, pageSize: 10)) }.items
                == events)
    }

    @Test("two transitions in one transaction are two updates, in their order (S3.5)")
    func twoTransitions() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"))
        var changes = shelf.store.changes().makeAsyncIterator()
        try await shelf.store.write { tx in
            for (transition, event) in [(Transition.delete, "Deletion requested"), (.confirmAbsence, "Deleted")] {
                guard let previous = try tx.record("dep_1") else { return }
                var record = previous
                try record.apply(transition, at: Shelf.start)
                try tx.update(record, from: previous, fence: nil, dueAt: nil, events: [EventDraft(.info, event)])
            }
        }
        let told = (await changes.next() ?? []).map { change in
            switch change {
            case .updated(let deployment): "\(deployment.status) \(deployment.revision)"
            case .event(let event): "\(event.seq) \(event.message)"
            }
        }
        #expect(told == ["deleting 2", "1 Deletion requested", "deleted 3", "2 Deleted"])
    }

    @Test("a body that throws commits nothing and tells nothing")
    func thrown() async throws {
        let shelf = try Shelf()
        var changes = shelf.store.changes().makeAsyncIterator()
        await #expect(throws: Unwanted.self) {
            try await shelf.store.write { tx in
                try tx.insert(Shelf.record("dep_1"), events: [EventDraft(.info, "one")])
                throw Unwanted()
            }
        }
        #expect(try await shelf.record("dep_1") == nil)
        try await shelf.add(Shelf.record("dep_2"))
        #expect(await changes.next() == [.updated(Shelf.record("dep_2").deployment)])
    }

    @Test("a change of the notes alone is neither a revision nor told")
    func notes() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"))
        var changes = shelf.store.changes().makeAsyncIterator()
        try await shelf.store.write { tx in
            guard let previous = try tx.record("dep_1") else { return }
            var record = previous
            record.work.stackId = "s1"
            try tx.update(record, from: previous, fence: nil, dueAt: nil, events: [])
        }
        #expect(try await shelf.record("dep_1")?.work.stackId == "s1")
        #expect(try await shelf.record("dep_1")?.deployment.revision == 1)
        try await shelf.apply(.sendCreate, to: "dep_1")
        guard case .updated(let deployment) = await changes.next()?.first else { return }
        #expect(deployment.revision == 2)
    }

    @Test("changes come in the order of the commits, whoever writes")
    func order() async throws {
        let shelf = try Shelf(inFile: true)
        try await shelf.add(Shelf.record("dep_1"))
        let changes = shelf.store.changes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<25 { try await shelf.write(events: [EventDraft(.info, "line")], of: "dep_1") }
                }
            }
            try await group.waitForAll()
        }
        var seqs: [Int] = []
        for await told in changes {
            for case .event(let event) in told { seqs.append(event.seq) }
            if seqs.count == 200 { break }
        }
        #expect(seqs == Array(1...200))
    }

    @Test("everybody who listens is told")
    func listeners() async throws {
        let shelf = try Shelf()
        var iterators = [shelf.store.changes().makeAsyncIterator(), shelf.store.changes().makeAsyncIterator()]
        try await shelf.add(Shelf.record("dep_1"))
        for index in iterators.indices { #expect(await iterators[index].next()?.count == 1) }
    }

    @Test("a record that was changed since it was read is stale, and nothing is written")
    func staleRevision() async throws {
        let shelf = try Shelf()
        try await shelf.add(Shelf.record("dep_1"))
        let read = try #require(try await shelf.record("dep_1"))
        try await shelf.apply(.delete, to: "dep_1")
        var late = read
        try late.apply(.sendCreate, at: Shelf.start)
        let written = late
        await #expect(throws: StaleRecord(id: "dep_1")) {
            try await shelf.store.write {
                try $0.update(written, from: read, fence: nil, dueAt: nil, events: [EventDraft(.info, "late")])
            }
        }
        #expect(try await shelf.record("dep_1")?.deployment.status == .deleting)
        #expect(try await shelf.record("dep_1")?.lastEventSeq == 0)
    }

    @Test("the answer to an idempotency key is kept if and only if its deployment is (S2.3)")
    func idempotencyRecord() async throws {
        let shelf = try Shelf()
        let key = IdempotencyKey(customerId: "cus_1", operation: "POST /deployments", key: "k")
        let answer = IdempotencyRecord(
            fingerprint: "f", deploymentId: "dep_1", expiresAt: Shelf.start + .seconds(100))
        let save: @Sendable (any DeploymentTransaction) throws -> Void = { tx in
            try tx.insert(Shelf.record("dep_1"), events: [])
            try tx.remember(answer, for: key)
        }
        await #expect(throws: Unwanted.self) {
            try await shelf.store.write { tx in
                try save(tx)
                throw Unwanted()
            }
        }
        func found(_ key: IdempotencyKey, at second: Int = 0) async throws -> IdempotencyRecord? {
            try await shelf.store.read { try $0.idempotencyRecord(key, at: Shelf.start + .seconds(second)) }
        }
        #expect(try await found(key) == nil)
        try await shelf.store.write(save)
        #expect(try await found(key) == answer)
        #expect(try await found(key, at: 100) == nil)
        #expect(try await found(IdempotencyKey(customerId: "cus_2", operation: key.operation, key: "k")) == nil)
        #expect(try await found(IdempotencyKey(customerId: "cus_1", operation: "POST /other", key: "k")) == nil)

        try await shelf.store.write { try $0.forgetIdempotencyRecords(before: Shelf.start + .seconds(99)) }
        #expect(try await found(key) == answer)
        try await shelf.store.write { try $0.forgetIdempotencyRecords(before: Shelf.start + .seconds(100)) }
        #expect(try await found(key) == nil)
    }

    @Test("SSH keys are a customer's own, one of a fingerprint, in the order in which they came")
    func sshKeys() async throws {
        let shelf = try Shelf()
        @Sendable func key(_ id: String, of customerId: String, _ fingerprint: String, at second: Int) -> SSHKey {
            SSHKey(
                id: id, customerId: customerId, name: id, publicKey: "ssh-ed25519 AAAA", fingerprint: fingerprint,
                createdAt: Shelf.start + .seconds(second))
        }
        let keys = [
            key("key_2", of: "cus_1", "b", at: 1), key("key_1", of: "cus_1", "a", at: 2),
            key("key_3", of: "cus_2", "a", at: 0),
        ]
        try await shelf.store.write { tx in for key in keys { try tx.insert(key) } }
        #expect(try await shelf.store.read { try $0.sshKeys(of: "cus_1") } == Array(keys.prefix(2)))
        #expect(try await shelf.store.read { try $0.sshKey("key_3") } == keys[2])
        await #expect(throws: StoreUnavailable.self) {
            try await shelf.store.write { try $0.insert(key("key_4", of: "cus_1", "a", at: 9)) }
        }
        try await shelf.store.write { try $0.deleteSSHKey("key_2") }
        #expect(try await shelf.store.read { try $0.sshKeys(of: "cus_1") } == [keys[1]])
    }
}
