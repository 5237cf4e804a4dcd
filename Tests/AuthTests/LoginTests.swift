import Runtime
import Storage
import Testing

@testable import Auth

@Suite struct LoginTests {
    @Test("a session is a cookie's unless a bearer token is asked for", arguments: Session.Kind.allCases)
    func kinds(kind: Session.Kind) async throws {
        let accounts = try Accounts()
        try await accounts.register()
        let result = try await accounts.login(session: kind.rawValue)
        #expect(result.principal.kind == kind)
        #expect(try await accounts.service.authenticate(token: result.token) == result.principal)
        let plain = try await accounts.service.login(
            ["email": "ada@example.org", "password": "analytical engine"], from: "192.0.2.1")
        #expect(plain.principal.kind == .cookie)
        #expect(plain.token != result.token)
    }

    @Test("an unknown, a disabled and a mistaken user get the same refusal after one hash")
    func refusals() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        try await accounts.register(["email": "bob@example.org", "password": "analytical engine", "name": "Bob"])
        let now = accounts.time.now
        try await accounts.store.write { tx in
            var bob = try #require(try tx.user(email: "bob@example.org"))
            bob.disabledAt = now
            try tx.update(bob)
        }
        let attempts = [
            ("nobody@example.org", "analytical engine"), ("bob@example.org", "analytical engine"),
            ("ada@example.org", "Analytical engine"), ("not an address", "analytical engine"),
        ]
        for (email, password) in attempts {
            let hashes = try await accounts.countingHashes { () async throws -> Void in
                #expect(try await accounts.loginError(email, password) == .invalidCredentials, "\(email)")
            }
            #expect(hashes == 1, "\(email)")
        }
    }

    @Test("a password is the same however its letters are composed")
    func composedPassword() async throws {
        let accounts = try Accounts()
        try await accounts.register([
            "email": "ada@example.org", "password": "p\u{e4}\u{df}w\u{f6}rter \u{fb01}", "name": "Ada",
        ])
        _ = try await accounts.login("ada@example.org", "pa\u{308}\u{df}wo\u{308}rter fi")
        #expect(try await accounts.loginError("ada@example.org", "passworter fi") == .invalidCredentials)
    }

    @Test("a wrong body names its fields")
    func wrongFields() async throws {
        let accounts = try Accounts()
        do {
            _ = try await accounts.service.login(["email": 1, "session": "jwt"], from: "192.0.2.1")
            Issue.record("the body was taken")
        } catch AuthError.invalid(let errors) {
            #expect(errors.map(\.pointer) == ["/email", "/password", "/session"])
        }
    }

    @Test(
        "after five failures an account waits 1, 2, 4 … 300 s, registered or not; success begins anew",
        arguments: ["ada@example.org", "nobody@example.org"])
    func delays(email: String) async throws {
        let accounts = try Accounts()
        try await accounts.register()
        for number in 1...5 {
            #expect(try await accounts.loginError(email, from: "192.0.2.\(number)") == .invalidCredentials)
        }
        for (number, pause) in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].enumerated() {
            accounts.time.advance(by: .seconds(pause) - .milliseconds(1))
            // The right password is refused too, and a refusal costs no hash and no longer pause.
            let hashes = try await accounts.countingHashes { () async throws -> Void in
                #expect(
                    try await accounts.loginError(email, "analytical engine")
                        == .tooManyAttempts(retryAfter: .milliseconds(1)))
            }
            #expect(hashes == 0)
            accounts.time.advance(by: .milliseconds(1))
            #expect(try await accounts.loginError(email, from: "192.0.2.1\(number)") == .invalidCredentials)
        }
        guard email == "ada@example.org" else { return }
        accounts.time.advance(by: .seconds(300))
        _ = try await accounts.login()
        for _ in 1...5 { #expect(try await accounts.loginError() == .invalidCredentials) }
    }

    @Test("many guesses at once get no more tries than one after the other")
    func guessesAtOnce() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        let errors = try await withThrowingTaskGroup(of: AuthError?.self) { group in
            for number in 0..<30 {
                group.addTask { try await accounts.loginError("ada@example.org", from: "192.0.2.\(number)") }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors.filter { $0 == .invalidCredentials }.count == 5)
        #expect(errors.filter { $0 == .tooManyAttempts(retryAfter: .seconds(1)) }.count == 25)
    }

    @Test("many right logins at once all succeed")
    func loginsAtOnce() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        let tokens = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<40 { group.addTask { try await accounts.login().token } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(tokens.count == 40)
    }

    @Test("one network address has 20 failures a minute")
    func failuresFromOneAddress() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        for number in 0..<20 { _ = try await accounts.loginError("user\(number)@example.org") }
        #expect(
            try await accounts.loginError("ada@example.org", "analytical engine")
                == .tooManyAttempts(retryAfter: .seconds(60)))
        _ = try await accounts.login(from: "192.0.2.2")
        accounts.time.advance(by: .seconds(60))
        _ = try await accounts.login()
    }

    @Test("a login ends the session that the client had, and no other one")
    func rotation() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        let (other, old) = (try await accounts.login(), try await accounts.login())
        let new = try await accounts.login(replacing: old.token)
        #expect(new.endedSessionId == old.principal.sessionId)
        #expect(new.principal.sessionId != old.principal.sessionId)
        #expect(try await accounts.service.authenticate(token: old.token) == nil)
        #expect(try await accounts.service.authenticate(token: other.token) != nil)
        #expect(try await accounts.login(replacing: "forged").endedSessionId == nil)
        #expect(try await accounts.loginError() == .invalidCredentials)
        #expect(try await accounts.service.authenticate(token: new.token) != nil)
    }

    @Test("a hash of another cost is replaced at the next login, also by logins at once")
    func rehash() async throws {
        let strong = try Accounts(profile: .production)
        try await strong.register()
        #expect(try await strong.ada?.passwordHash.hasPrefix("$scrypt$ln=15,r=8,p=3$") == true)

        let cheap = try Accounts(time: strong.time, store: strong.store, profile: .simulation)
        #expect(try await cheap.loginError() == .invalidCredentials)
        #expect(try await cheap.ada?.passwordHash.hasPrefix("$scrypt$ln=15,r=8,p=3$") == true)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { _ = try await cheap.login() } }
            try await group.waitForAll()
        }
        #expect(try await cheap.ada?.passwordHash.hasPrefix("$scrypt$ln=4,r=1,p=1$") == true)
        #expect(try await cheap.countingHashes { _ = try await cheap.login() } == 1)
    }
}
