import Foundation
import Logging
import Runtime
import Synchronization

/// What changed the cloud, so that it can be as it was after a restart: the fake is a function of its inputs.
public protocol CloudJournal: Sendable {
    /// All entries so far, in their order.
    func entries() throws -> [JSONValue]
    /// Adds an entry, before its effect is answered.
    func append(_ entry: JSONValue) throws
    /// Forgets all entries.
    func clear() throws
}

/// A journal in a file, one JSON object a line. It survives the end of the process, however sudden.
public final class FileCloudJournal: CloudJournal {
    private let file: Mutex<FileHandle>
    private let path: String
    private let logger: Logger

    /// - Throws: ``JournalUnavailable``.
    public init(path: String, logger: Logger) throws {
        self.path = path
        self.logger = logger
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        guard let handle = FileHandle(forUpdatingAtPath: path) else { throw JournalUnavailable(path: path) }
        file = Mutex(handle)
    }

    public func entries() throws -> [JSONValue] {
        try file.withLock { file in
            try file.seek(toOffset: 0)
            let data = try file.readToEnd() ?? Data()
            var entries: [JSONValue] = []
            var end = 0
            for line in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
                guard let entry = try? JSONValue(parsing: line) else { break }
                entries.append(entry)
                end += line.count + 1
            }
            if end < data.count {
                // The process ended while it wrote: what was not written was not answered either.
                logger.warning("\(path): the last entry is incomplete and was left out")
                try file.truncate(atOffset: UInt64(end))
            }
            try file.seekToEnd()
            return entries
        }
    }

    public func append(_ entry: JSONValue) throws {
        try file.withLock { try $0.write(contentsOf: Data(entry.utf8 + [UInt8(ascii: "\n")])) }
    }

    public func clear() throws {
        try file.withLock { file in
            try file.truncate(atOffset: 0)
            try file.seek(toOffset: 0)
        }
    }
}

public struct JournalUnavailable: Error, CustomStringConvertible {
    public let path: String

    public var description: String { "cannot write the fake cloud's journal \(path)" }
}
