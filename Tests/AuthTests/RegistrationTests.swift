import Foundation
import Runtime
import Storage
import Testing

@testable import Auth

@Suite struct RegistrationTests {
    @Test("a new account can sign in at once and is verified by the token in its mail, which works once")
    func verification() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        let mail = try #require(accounts.outbox.mails(to: "ADA@example.org").first)
        let token = try #require(mail.token)
        #expect(mail.text.contains(token))
        #expect(try await accounts.login().principal.isVerified == false)

        try await accounts.verify(token)
        let principal = try await accounts.login().principal
        #expect(principal.isVerified)
        #expect(principal.email == "ada@example.org")
        #expect(principal.customerId.hasPrefix("cus_"))
        await #expect(throws: AuthError.invalidToken) { try await accounts.verify(token) }
    }

    @Test("an address that is registered gives the same answer and costs the same; its owner gets a notice")
    func existingAddress() async throws {
        let accounts = try Accounts()
        #expect(try await accounts.countingHashes { try await accounts.register() } == 1)
        let before = try await accounts.ada
        let again: JSONValue = ["email": "ADA@example.ORG", "password": "another password", "name": "Mallory"]
        #expect(try await accounts.countingHashes { try await accounts.register(again) } == 1)
        #expect(try await accounts.ada == before)
        #expect(accounts.outbox.mails().map(\.subject) == ["You already have an account", "Confirm your address"])
        #expect(try await accounts.loginError("ada@example.org", "another password") == .invalidCredentials)
        try await accounts.verify(accounts.tokens.first)
    }

    @Test("registrations of one address at once make one account")
    func atOnce() async throws {
        let accounts = try Accounts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { try await accounts.register() } }
            try await group.waitForAll()
        }
        #expect(accounts.tokens.count == 1)
        #expect(accounts.outbox.mails().count == 2)
    }

    @Test("notices to one address are limited to one in 60 s and five a day, and the answer stays the same")
    func noticesAreLimited() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        for _ in 0..<10 {
            try await accounts.register()
            try await accounts.register()
            accounts.time.advance(by: .seconds(60))
        }
        #expect(accounts.outbox.mails().count == 1 + 5)
        accounts.time.advance(by: .seconds(86_400))
        try await accounts.register()
        #expect(accounts.outbox.mails().count == 1 + 6)
    }

    @Test("one network address may register 60 times a minute")
    func registrationsAreLimited() async throws {
        let accounts = try Accounts()
        for _ in 0..<60 { try await accounts.register() }
        accounts.time.advance(by: .seconds(20))
        await #expect(throws: AuthError.tooManyAttempts(retryAfter: .seconds(40))) { try await accounts.register() }
        try await accounts.register(from: "192.0.2.2")
    }

    @Test(
        "each wrong field is named with its place",
        arguments: [
            (["email"], nil, "/email REQUIRED"), (["email"], "ada", "/email INVALID_EMAIL"),
            (["email"], 5, "/email WRONG_TYPE"), (["name"], "  ", "/name REQUIRED"),
            (["password"], "1234567", "/password TOO_SHORT"),
            (["password"], .string(String(repeating: "ab cd ef ", count: 15)), "/password TOO_LONG"),
            (["password"], "P4ssw0rd1!", "/password COMMON_PASSWORD"),
            (["admin"], true, "/admin UNKNOWN_FIELD"),
            (["email", "password"], nil, "/email REQUIRED, /password REQUIRED"),
        ] as [([String], JSONValue?, String)])
    func wrongFields(fields: [String], value: JSONValue?, expected: String) async throws {
        var members = Accounts.ada.object ?? [:]
        for field in fields { members[field] = value }
        let accounts = try Accounts()
        do {
            try await accounts.register(.object(members))
            Issue.record("the body was taken")
        } catch AuthError.invalid(let errors) {
            #expect(errors.map { "\($0.pointer) \($0.code)" }.joined(separator: ", ") == expected)
        }
        #expect(try await accounts.ada == nil)
    }

    @Test("a mailer that fails changes neither the answer nor the account")
    func mailerFails() async throws {
        struct Broken: Mailer {
            func send(_ mail: Mail) async throws { throw CocoaError(.fileNoSuchFile) }
        }
        let accounts = try Accounts(mailer: Broken())
        try await accounts.register()
        _ = try await accounts.login()
    }

    @Test("a token works for 24 hours")
    func tokenExpires() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        accounts.time.advance(by: .seconds(86_400))
        await #expect(throws: AuthError.invalidToken) { try await accounts.verify(accounts.tokens.first) }
        try await accounts.resend()
        accounts.time.advance(by: .seconds(86_400) - .milliseconds(1))
        try await accounts.verify(accounts.tokens.first)
    }

    @Test("a new token kills the old one")
    func tokenIsReplaced() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        try await accounts.resend()
        let tokens = accounts.tokens
        #expect(tokens.count == 2)
        await #expect(throws: AuthError.invalidToken) { try await accounts.verify(tokens[1]) }
        try await accounts.verify(tokens[0])
    }

    @Test("an unknown token is invalid, a missing one a wrong field")
    func unknownToken() async throws {
        let accounts = try Accounts()
        await #expect(throws: AuthError.invalidToken) { try await accounts.verify("abc") }
        let missing = FieldError(pointer: "/token", code: "REQUIRED", message: "token is required")
        await #expect(throws: AuthError.invalid([missing])) { try await accounts.verify(nil) }
    }

    @Test("a token is sent again at most once in 60 s and five times a day, also across a restart")
    func resendsAreLimited() async throws {
        let first = try Accounts()
        try await first.register()
        try await first.resend()
        try await first.resend()
        #expect(first.tokens.count == 2)

        let restarted = try Accounts(time: first.time, store: first.store)
        try await restarted.resend()
        #expect(restarted.tokens.isEmpty)
        for _ in 0..<10 {
            restarted.time.advance(by: .seconds(60))
            try await restarted.resend()
        }
        #expect(restarted.tokens.count == 4)
    }

    @Test("nothing is sent again to an address that is unknown or verified, and the caller sees no difference")
    func resendSaysNothing() async throws {
        let accounts = try Accounts()
        try await accounts.resend("nobody@example.org")
        try await accounts.register()
        try await accounts.verify(accounts.tokens.first)
        try await accounts.resend()
        #expect(accounts.outbox.mails().count == 1)
    }

    @Test("one network address has mail sent again 20 times an hour, and is not told so")
    func resendsFromOneAddress() async throws {
        let accounts = try Accounts()
        try await accounts.register()
        for _ in 0..<20 { try await accounts.resend("nobody@example.org") }
        try await accounts.resend()
        #expect(accounts.tokens.count == 1)
        accounts.time.advance(by: .seconds(3600))
        try await accounts.resend()
        #expect(accounts.tokens.count == 2)
    }

    @Test("an empty database is given a verified account, another one is left alone")
    func seed() async throws {
        let accounts = try Accounts()
        try await accounts.service.seedAccount(email: "demo@hothouse.test", password: "hothouse-demo", name: "Demo")
        #expect(try await accounts.login("demo@hothouse.test", "hothouse-demo").principal.isVerified)
        try await accounts.service.seedAccount(email: "ada@example.org", password: "analytical engine", name: "Ada")
        #expect(try await accounts.ada == nil)
        #expect(accounts.outbox.mails().isEmpty)
    }

    @Test("the outbox keeps the newest mails")
    func outboxIsBounded() async throws {
        let outbox = Outbox(capacity: 2, logger: .quiet)
        for number in 1...3 { try await outbox.send(Mail(to: "a@b", subject: "\(number)", text: "")) }
        #expect(outbox.mails().map(\.subject) == ["3", "2"])
        #expect(outbox.mails(to: "c@d").isEmpty)
    }
}
