import Deployments
import Foundation
import GRDB
import Runtime
import Testing

@testable import Storage

@Suite struct SQLiteDatabaseTests {
    let surroundings = Surroundings(time: ManualTime(), random: RandomSource(seed: 1))

    /// Why a database can't be used.
    func refusal(_ path: String) throws -> DatabaseUnavailable {
        try #require(throws: DatabaseUnavailable.self) { _ = try open(.file(path), surroundings) }
    }

    @Test("a new database has an installation's id and an epoch, and keeps both when it is opened again")
    func reopened() async throws {
        let shelf = try Shelf(inFile: true)
        try await shelf.add(Shelf.record("dep_1"))
        let again = SQLiteDeploymentStore(try open(shelf.location, surroundings), surroundings: surroundings)
        for read in [{ try $0.instanceId() }, { try $0.epoch() }]
            as [@Sendable (any DeploymentQueries) throws -> String]
        {
            let first = try await shelf.store.read(read)
            #expect(!first.isEmpty)
            #expect(try await again.read(read) == first)
        }
        #expect(try await again.read { try $0.record("dep_1") } == Shelf.record("dep_1"))
    }

    @Test("a database in memory is new each time")
    func memory() async throws {
        let (one, other) = (try Shelf(), try Shelf())
        try await one.add(Shelf.record("dep_1"))
        #expect(try await other.record("dep_1") == nil)
    }

    @Test("folders that are missing are made, and nobody else may read the file")
    func makesFolders() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a/b/hothouse.sqlite")
        _ = try open(.file(path), surroundings)
        func permissions(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        }
        #expect(try permissions(path) == 0o600)
        #expect(try permissions(path + "-wal") == 0o600)
        #expect(try permissions(folder.file("a/b")) == 0o700)
    }

    @Test("a commit is on the disk before it is told of: WAL with synchronous FULL, and references are checked")
    func pragmas() async throws {
        let shelf = try Shelf(inFile: true)
        let pragmas = try await shelf.database.write { db in
            try ["journal_mode", "synchronous", "foreign_keys"].map { name in
                try String.fetchOne(db, sql: "PRAGMA " + name) ?? ""
            }
        }
        #expect(pragmas == ["wal", "2", "1"])
    }

    @Test("a database of a newer version is refused, and left as it is")
    func newer() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("hothouse.sqlite")
        _ = try open(.file(path), surroundings)
        let queue = try DatabaseQueue(path: path)
        func migrations() throws -> Int? {
            try queue.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM grdb_migrations") }
        }
        try queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('deployments-99')") }
        let before = try migrations()
        #expect(try refusal(path).reason == "a newer version of hothouse made it")
        #expect(try migrations() == before)
    }

    @Test("what is not a database is refused, and left as it is")
    func notADatabase() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("notes.txt")
        let text = String(repeating: "These are notes. ", count: 100)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try refusal(path).description == "cannot use the database \(path): file is not a database")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test("a path that leads nowhere is refused with the path and a reason")
    func unusablePaths() throws {
        let folder = try TemporaryFolder()
        try "".write(toFile: folder.file("file"), atomically: true, encoding: .utf8)
        for (path, reason) in [
            (folder.file("file/hothouse.sqlite"), "Not a directory"), (folder.path, "unable to open database file"),
        ] {
            let refusal = try refusal(path)
            #expect(refusal.path == path)
            #expect(refusal.reason == reason)
        }
    }

    @Test("a folder in which no file can be made, not even by root, is refused")
    func readOnlyFolder() throws {
        for path in ["/proc/hothouse.sqlite", "/proc/deeper/hothouse.sqlite"] {
            let refusal = try refusal(path)
            #expect(refusal.path == path)
            #expect(refusal.reason == "No such file or directory")
        }
    }

    @Test("a path without a folder is a file where the process is")
    func bareName() throws {
        let name = "hothouse-\(UUID().uuidString).sqlite"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: name + suffix) } }
        _ = try open(.file(name), surroundings)
        #expect(FileManager.default.fileExists(atPath: name))
    }

    @Test("while another process writes, a write is refused as busy after the patience, and reads go on")
    func busy() async throws {
        let shelf = try Shelf(inFile: true, busyTimeout: .milliseconds(10))
        guard case .file(let path) = shelf.location else { return }
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let refusal = await #expect(throws: StoreUnavailable.self) { try await shelf.add(Shelf.record("dep_1")) }
        #expect(refusal?.reason == .busy)
        #expect(try await shelf.record("dep_1") == nil)
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        try await shelf.add(Shelf.record("dep_1"))
        #expect(try await shelf.record("dep_1") != nil)
    }

    @Test("when the disk is full a write is refused as such, nothing is told, and reads go on")
    func full() async throws {
        let shelf = try Shelf(inFile: true)
        try await shelf.add(Shelf.record("dep_1"))
        var changes = shelf.store.changes().makeAsyncIterator()
        try await shelf.database.write { db in
            let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
            try db.execute(sql: "PRAGMA max_page_count = \(pages)")
        }
        let long = [EventDraft(.info, String(repeating: "x", count: 100_000))]
        let refusal = await #expect(throws: StoreUnavailable.self) { try await shelf.write(events: long, of: "dep_1") }
        #expect(refusal?.reason == .full)
        #expect(try await shelf.record("dep_1")?.lastEventSeq == 0)
        try await shelf.database.write { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        try await shelf.write(events: long, of: "dep_1")
        guard case .event(let event) = await changes.next()?.first else {
            Issue.record("something was told that is not committed")
            return
        }
        #expect(event.seq == 1)
    }

    @Test("a store that is lost refuses every use with what it was lost by")
    func guarded() async throws {
        let shelf = try Shelf()
        let lost = shelf.database.guarded { throw Crashed(point: nil) }
        await #expect(throws: Crashed.self) { _ = try await lost.newestInstant() }
        #expect(try await shelf.database.newestInstant() == nil)
    }
}
