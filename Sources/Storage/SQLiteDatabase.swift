import Deployments
import Foundation
import GRDB
import Runtime

/// An SQLite database with its migrations: one connection that writes and, for a file, one that reads beside it.
///
/// The pragmas and why: WAL, so that reads go on beside a write; `synchronous = FULL`, because a 202 promises that
/// the deployment is kept, also when the power fails; foreign keys checked; 5 s of patience with another process
/// that holds the write lock.
public final class SQLiteDatabase: Sendable {
    public enum Location: Sendable {
        case file(String)
        /// Gone with this object; for simulations and tests.
        case memory
    }

    private let writing: DatabaseQueue
    private let reading: DatabaseQueue
    private let writer: Lane
    private let reader: Lane
    /// Runs before every use, and may refuse it.
    private let check: @Sendable () throws -> Void

    /// Opens a database and brings its tables up to date. A file and its folders are made where they are missing,
    /// readable by this user alone.
    ///
    /// - Parameters:
    ///   - executors: where the calls that write and those that read run; they block.
    ///   - busyTimeout: how long to wait for another process that writes.
    /// - Throws: ``DatabaseUnavailable``.
    public init(
        _ location: Location, surroundings: Surroundings,
        executors: (writing: any SerialExecutor, reading: any SerialExecutor),
        busyTimeout: Duration = .seconds(5)
    ) throws {
        check = {}
        writer = Lane(on: executors.writing)
        reader = Lane(on: executors.reading)
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(busyTimeout.inSeconds)
            switch location {
            case .memory:
                writing = try DatabaseQueue(configuration: configuration)
                reading = writing
            case .file(let path):
                let folder = (path as NSString).deletingLastPathComponent
                if !folder.isEmpty, !FileManager.default.fileExists(atPath: folder) {
                    try FileManager.default.createDirectory(
                        atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                }
                // Made before SQLite makes it, so that its companions get its permissions as well.
                let descriptor = Foundation.open(path, O_CREAT | O_EXCL | O_WRONLY, 0o600)
                guard descriptor >= 0 || errno == EEXIST else {
                    throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
                }
                if descriptor >= 0 { close(descriptor) }
                configuration.journalMode = .wal
                writing = try DatabaseQueue(path: path, configuration: configuration)
                // After GRDB's own way to WAL, which sets NORMAL.
                try writing.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
                var readingConfiguration = Configuration()
                readingConfiguration.busyMode = .timeout(busyTimeout.inSeconds)
                readingConfiguration.readonly = true
                try Self.migrate(writing, surroundings: surroundings)
                reading = try DatabaseQueue(path: path, configuration: readingConfiguration)
                return
            }
            try Self.migrate(writing, surroundings: surroundings)
        } catch {
            throw DatabaseUnavailable(location: location, error: error)
        }
    }

    private init(_ other: SQLiteDatabase, check: @escaping @Sendable () throws -> Void) {
        writing = other.writing
        reading = other.reading
        writer = other.writer
        reader = other.reader
        self.check = check
    }

    /// The same database for a user who may lose it: a simulated process that dies leaves its store behind.
    ///
    /// - Parameter check: throws once it is lost; from then on every use throws that.
    public func guarded(_ check: @escaping @Sendable () throws -> Void) -> SQLiteDatabase {
        SQLiteDatabase(self, check: check)
    }

    private static func migrate(_ queue: DatabaseQueue, surroundings: Surroundings) throws {
        var migrator = DatabaseMigrator()
        SQLiteDeploymentStore.migrate(&migrator, surroundings: surroundings)
        SQLiteAuthStore.migrate(&migrator)
        guard try !queue.read(migrator.hasBeenSuperseded) else { throw NewerDatabase() }
        try migrator.migrate(queue)
    }

    /// The newest instant that deployments and their events tell of; nil in an empty database.
    public func newestInstant() async throws -> Timestamp? {
        try await read { db in
            try db.row(
                """
                SELECT MAX(instant) AS newest FROM
                  (SELECT MAX(updated_at) AS instant FROM deployments UNION SELECT MAX(ts) FROM deployment_events)
                """
            ).flatMap { $0["newest"] }
        }
    }

    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        try await Self.translatingErrors {
            try await self.reader.perform {
                try self.check()
                return try self.reading.read(body)
            }
        }
    }

    /// Runs a body in an immediate transaction and, still in its turn, `afterCommit` with what it returned: commits
    /// are told of in their order.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value,
        afterCommit: @escaping @Sendable (Value) -> Void = { _ in }
    ) async throws -> Value {
        try await Self.translatingErrors {
            try await self.writer.perform {
                try self.check()
                let value = try self.writing.writeWithoutTransaction { db in
                    var value: Value?
                    try db.inTransaction(.immediate) {
                        value = try body(db)
                        return .commit
                    }
                    return value
                }
                guard let value else { throw StoreUnavailable(.failed("a transaction ended without a value")) }
                afterCommit(value)
                return value
            }
        }
    }

    private static func translatingErrors<Value: Sendable>(
        _ work: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await work()
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: throw StoreUnavailable(.busy)
            case .SQLITE_FULL: throw StoreUnavailable(.full)
            default: throw StoreUnavailable(.failed(error.description))
            }
        }
    }
}

/// A database with tables that this version does not know.
private struct NewerDatabase: Error {}

/// The database can't be opened or brought up to date.
public struct DatabaseUnavailable: Error, CustomStringConvertible {
    public let path: String
    public let reason: String

    init(location: SQLiteDatabase.Location, error: any Error) {
        path = if case .file(let path) = location { path } else { ":memory:" }
        reason =
            switch error {
            case let error as DatabaseError: error.message ?? "SQLite error \(error.resultCode.rawValue)"
            case is NewerDatabase: "a newer version of hothouse made it"
            case let error as POSIXError: Self.words(of: error)
            case let error as CocoaError:
                (error.underlying as? POSIXError).map(Self.words) ?? error.localizedDescription
            default: "\(error)"
            }
    }

    private static func words(of error: POSIXError) -> String { String(cString: strerror(error.code.rawValue)) }

    public var description: String { "cannot use the database \(path): \(reason)" }
}
