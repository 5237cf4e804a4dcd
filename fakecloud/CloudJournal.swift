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

/// A journal in a file, one JSON object a line. It survives the end of the process, however sudden, and belongs to
/// one process at a time: two clouds that write one history would each make the other's wrong.
public final class FileCloudJournal: CloudJournal {
    private let file: Mutex<FileHandle>
    private let path: String
    private let logger: Logger

    /// Opens a journal, or begins one, and holds it until the end of this object.
    ///
    /// - Throws: ``JournalUnavailable``, also while another process holds it.
    public init(path: String, logger: Logger) throws {
        self.path = path
        self.logger = logger
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        guard let handle = FileHandle(forUpdatingAtPath: path) else {
            throw JournalUnavailable(path: path, reason: .notWritable)
        }
        guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw JournalUnavailable(
                path: path, reason: errno == EWOULDBLOCK ? .inUse : .notLockable(String(cString: strerror(errno))))
        }
        file = Mutex(handle)
    }

    /// - Throws: ``JournalUnavailable`` where a line in the middle is not an entry: what came after it can't be told.
    public func entries() throws -> [JSONValue] {
        try file.withLock { file in
            try file.seek(toOffset: 0)
            let data = try file.readToEnd() ?? Data()
            var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let last = lines.popLast() ?? Data()
            let entries = try lines.enumerated().map { index, line in
                guard let entry = try? JSONValue(parsing: line) else {
                    throw JournalUnavailable(path: path, reason: .damaged(line: index + 1))
                }
                return entry
            }
            if !last.isEmpty {
                // The process ended while it wrote: what was not written was not answered either.
                logger.warning("\(path): the last entry is incomplete and was left out")
                try file.truncate(atOffset: UInt64(data.count - last.count))
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

/// The history of a fake cloud can't be read or written. Nothing was changed.
public struct JournalUnavailable: Error, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        case notWritable
        /// Another process holds it.
        case inUse
        /// The file system has no locks, in its own words.
        case notLockable(String)
        /// This line is not an entry.
        case damaged(line: Int)
    }

    public let path: String
    public let reason: Reason

    public var description: String {
        let what = "the fake cloud's journal \(path)"
        return switch reason {
        case .notWritable: "cannot write \(what)"
        case .inUse: "\(what) is in use by another hothouse; stop that one, or choose another --database"
        case .notLockable(let words): "cannot lock \(what): \(words)"
        case .damaged(let line):
            "line \(line) of \(what) is damaged; mend that line, or choose another --database"
        }
    }
}
