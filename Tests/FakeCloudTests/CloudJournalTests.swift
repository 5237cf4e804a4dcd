import FakeCloud
import Foundation
import Logging
import Runtime
import Testing

@Suite struct CloudJournalTests {
    let path = FileManager.default.temporaryDirectory.appending(path: "journal-\(UUID().uuidString)").path

    func open() throws -> FileCloudJournal {
        try FileCloudJournal(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func instants() throws -> [Int] {
        try open().entries().compactMap { $0["at"]?.integer }
    }

    @Test("A journal whose last line was cut off is read up to it, and goes on after it")
    func cutOffLineIsLeftOut() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("{\"at\":1}\n{\"at\":2}\n{\"at\":3,\"ki".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try instants() == [1, 2])
        do {
            let journal = try open()
            _ = try journal.entries()
            try journal.append(["at": 4])
        }
        #expect(try instants() == [1, 2, 4])
    }

    @Test("A journal that is damaged in the middle is refused by line, and left as it is")
    func damagedLineIsRefused() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        let damaged = Data("{\"at\":1}\n{\"at\":\n{\"at\":3}\n".utf8)
        try damaged.write(to: URL(fileURLWithPath: path))
        let refusal = try #require(throws: JournalUnavailable.self) { try open().entries() }
        #expect(refusal.reason == .damaged(line: 2))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == damaged)
    }

    @Test("A journal belongs to one at a time: a second one is refused until the first lets go, and loses nothing")
    func secondOpenerIsRefused() throws {
        defer { try? FileManager.default.removeItem(atPath: path) }
        do {
            let first = try open()
            try first.append(["at": 1])
            let refusal = try #require(throws: JournalUnavailable.self) { try open() }
            #expect(refusal.reason == .inUse)
            try first.append(["at": 2])
        }
        #expect(try instants() == [1, 2])
    }
}
