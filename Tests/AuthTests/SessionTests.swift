import Foundation
import Logging
import Runtime
import Storage
import Testing

@testable import Auth

@Suite struct SessionTests {
    private func signedIn(
        _ location: SQLiteDatabase.Location = .memory
    ) async throws -> (accounts: Accounts, login: LoginResult) {
        let accounts = try Accounts(location)
        try await accounts.register()
        return (accounts, try await accounts.login())
    }

    @Test("a session ends after 8 hours without a request")
    func idle() async throws {
        let (accounts, login) = try await signedIn()
        accounts.time.advance(by: .seconds(8 * 3600) - .milliseconds(1))
        #expect(try await accounts.service.principal(ofSession: login.principal.sessionId) != nil)
        accounts.time.advance(by: .milliseconds(1))
        #expect(try await accounts.service.principal(ofSession: login.principal.sessionId) == nil)
        #expect(try await accounts.service.authenticate(token: login.token) == nil)
    }

    @Test("a session ends after 24 hours however much it is used")
    func absolute() async throws {
        let (accounts, login) = try await signedIn()
        #expect(login.expiresAt == accounts.time.now + .seconds(24 * 3600))
        for hour in 1...23 {
            accounts.time.advance(by: .seconds(3600))
            let end = min(accounts.time.now + .seconds(8 * 3600), login.expiresAt)
            #expect(try await accounts.service.authenticate(token: login.token)?.expiresAt == end, "hour \(hour)")
        }
        accounts.time.advance(by: .seconds(3600))
        #expect(try await accounts.service.authenticate(token: login.token) == nil)
    }

    @Test("only requests extend a session")
    func watchingDoesNotExtend() async throws {
        let (accounts, login) = try await signedIn()
        accounts.time.advance(by: .seconds(3600))
        let watched = try await accounts.service.principal(ofSession: login.principal.sessionId)
        #expect(watched == login.principal)
        #expect(try await accounts.service.authenticate(token: login.token, extends: false) == login.principal)
        let used = try #require(try await accounts.service.authenticate(token: login.token))
        #expect(used.expiresAt - login.principal.expiresAt == .seconds(3600))
        #expect(try await accounts.service.principal(ofSession: used.sessionId) == used)
    }

    @Test("a use is written at most once a minute")
    func usesAreWrittenRarely() async throws {
        let (accounts, login) = try await signedIn()
        let id = login.principal.sessionId
        let start = accounts.time.now
        for second in [59, 60, 119] {
            accounts.time.advance(by: start + .seconds(second) - accounts.time.now)
            _ = try await accounts.service.authenticate(token: login.token)
            let lastUse = try await accounts.store.read { try $0.session(id)?.lastUsedAt }
            #expect(lastUse == start + .seconds(second < 60 ? 0 : 60))
        }
    }

    @Test("a session is good for reading while its use cannot be written down")
    func storeIsBusy() async throws {
        struct Busy: Error {}
        struct ReadOnly: AuthStore {
            let base: SQLiteAuthStore

            func read<Value: Sendable>(
                _ body: @escaping @Sendable (any AuthQueries) throws -> Value
            ) async throws -> Value { try await base.read(body) }

            func write<Value: Sendable>(
                _ body: @escaping @Sendable (any AuthTransaction) throws -> Value
            ) async throws -> Value { throw Busy() }
        }
        let (accounts, login) = try await signedIn()
        let surroundings = Surroundings(time: accounts.time, random: RandomSource(seed: 1))
        let service = AuthService(
            store: ReadOnly(base: accounts.store),
            hasher: PasswordHasher(.simulation, on: QueueExecutor(label: "hashing"), random: surroundings.random),
            mailer: accounts.outbox, surroundings: surroundings, logger: .quiet)
        accounts.time.advance(by: .seconds(60))
        #expect(try await service.authenticate(token: login.token) == login.principal)
    }

    @Test("a session is over at once with a logout, and when its user is disabled")
    func end() async throws {
        let (accounts, login) = try await signedIn()
        let other = try await accounts.login()
        try await accounts.service.logout(login.principal.sessionId)
        try await accounts.service.logout(login.principal.sessionId)
        #expect(try await accounts.service.authenticate(token: login.token) == nil)
        #expect(try await accounts.service.principal(ofSession: login.principal.sessionId) == nil)
        #expect(try await accounts.service.authenticate(token: other.token) != nil)

        let now = accounts.time.now
        try await accounts.store.write { tx in
            var user = try #require(try tx.user(other.principal.userId))
            user.disabledAt = now
            try tx.update(user)
        }
        #expect(try await accounts.service.authenticate(token: other.token) == nil)
    }

    @Test("a session's id signs nobody in")
    func idIsNoToken() async throws {
        let (accounts, login) = try await signedIn()
        #expect(try await accounts.service.authenticate(token: login.principal.sessionId) == nil)
        #expect(try await accounts.service.authenticate(token: "") == nil)
    }

    @Test("what has expired is purged, the rest is kept")
    func purge() async throws {
        let (accounts, old) = try await signedIn()
        try await accounts.resend()
        accounts.time.advance(by: .seconds(20 * 3600))
        let recent = try await accounts.login()
        accounts.time.advance(by: .seconds(4 * 3600))
        let oldToken = secretHash(accounts.tokens[0])
        try await accounts.service.purgeExpired()
        try await accounts.store.read { queries throws in
            #expect(try queries.session(old.principal.sessionId) == nil)
            #expect(try queries.session(recent.principal.sessionId) != nil)
            #expect(try queries.verificationToken(hash: oldToken) == nil)
            #expect(
                try queries.mailsSent(.verification, to: "ada@example.org", after: Timestamp(milliseconds: 0)) == [])
        }
        try await accounts.resend()
        try await accounts.service.purgeExpired()
        try await accounts.verify(accounts.tokens.first)
    }

    @Test("no token and no password is in the database's files")
    func nothingInClear() async throws {
        let folder = FileManager.default.temporaryDirectory.path + "/hothouse-auth-tests-\(#line)-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (accounts, login) = try await signedIn(.file(folder + "/portal.db"))
        let bytes = try FileManager.default.contentsOfDirectory(atPath: folder).reduce(into: Data()) {
            $0 += try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $1))
        }
        #expect(bytes.range(of: Data(login.principal.sessionId.utf8)) != nil, "the rows were not read")
        for secret in [login.token, accounts.tokens[0], "analytical engine"] {
            #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret)")
        }
    }
}
