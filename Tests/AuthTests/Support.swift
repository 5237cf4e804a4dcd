import Auth
import Crypto
import Logging
import Runtime
import Storage
import Synchronization

@testable import Auth

/// Time that stands still until a test moves it.
final class ManualTime: TimeSource {
    private let elapsed = Mutex(Duration.zero)

    var now: Timestamp { Timestamp(milliseconds: 1_767_693_600_000) + uptime }
    var uptime: Duration { elapsed.withLock { $0 } }

    func sleep(for duration: Duration) async throws {
        try Task.checkCancellation()
    }

    func advance(by duration: Duration) {
        elapsed.withLock { $0 += duration }
    }
}

/// Accounts over a new database, with time, mail and the count of hashes in a test's hand.
struct Accounts {
    let time: ManualTime
    let store: SQLiteAuthStore
    let outbox = Outbox(capacity: 100, logger: .quiet)
    let service: AuthService
    private let hashes: Counter

    /// - Parameter store: an existing database, for what must outlive a restart.
    init(
        _ location: SQLiteDatabase.Location = .memory, time: ManualTime = ManualTime(), store: SQLiteAuthStore? = nil,
        profile: PasswordHasher.Profile = .simulation, mailer: (any Mailer)? = nil
    ) throws {
        let surroundings = Surroundings(time: time, random: RandomSource(seed: 7))
        let hashes = Counter()
        let queues = (writing: QueueExecutor(label: "writing"), reading: QueueExecutor(label: "reading"))
        self.store =
            try store ?? SQLiteAuthStore(SQLiteDatabase(location, surroundings: surroundings, executors: queues))
        self.time = time
        self.hashes = hashes
        let hasher = PasswordHasher(profile, on: QueueExecutor(label: "hashing"), random: surroundings.random) {
            hashes.increase()
            return try PasswordHashing.scrypt($0, $1, $2)
        }
        service = AuthService(
            store: self.store, hasher: hasher, mailer: mailer ?? outbox, surroundings: surroundings, logger: .quiet)
    }

    static let ada: JSONValue = ["email": "Ada@Example.org", "password": "analytical engine", "name": "Ada"]

    func register(_ body: JSONValue = ada, from address: String = "192.0.2.1") async throws {
        try await service.register(body, from: address)
    }

    func login(
        _ email: String = "ada@example.org", _ password: String = "analytical engine", session: String = "cookie",
        from address: String = "192.0.2.1", replacing oldToken: String? = nil
    ) async throws -> LoginResult {
        try await service.login(
            ["email": .string(email), "password": .string(password), "session": .string(session)],
            from: address, replacing: oldToken)
    }

    /// The error of a login, nil where it succeeds.
    func loginError(
        _ email: String = "ada@example.org", _ password: String = "a wrong guess", from address: String = "192.0.2.1"
    ) async throws -> AuthError? {
        do {
            _ = try await login(email, password, from: address)
            return nil
        } catch let error as AuthError {
            return error
        }
    }

    func resend(_ email: String = "ada@example.org", from address: String = "192.0.2.1") async throws {
        try await service.resendVerification(["email": .string(email)], from: address)
    }

    func verify(_ token: String?) async throws {
        try await service.verifyEmail(["token": JSONValue(token)])
    }

    var ada: User? {
        get async throws { try await store.read { try $0.user(email: "ada@example.org") } }
    }

    /// The tokens that were mailed, newest first.
    var tokens: [String] { outbox.mails().compactMap(\.token) }

    /// How many hashes a piece of work computes.
    func countingHashes(_ work: () async throws -> Void) async rethrows -> Int {
        let before = hashes.value
        try await work()
        return hashes.value - before
    }
}

final class Counter: Sendable {
    private let count = Mutex(0)

    var value: Int { count.withLock { $0 } }

    func increase() {
        count.withLock { $0 += 1 }
    }
}

extension Logger {
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
