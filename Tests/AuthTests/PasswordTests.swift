import Crypto
import Foundation
import Runtime
import Testing

@testable import Auth

@Suite struct PasswordTests {
    @Test("scrypt is that of RFC 7914, section 12")
    func vector() throws {
        let key = try PasswordHashing.scrypt(
            "password", Array("NaCl".utf8), ScryptCost(logN: 10, blockSize: 8, parallelism: 16))
        let hex = key.withUnsafeBytes { $0.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
        #expect(hex == "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162")
    }

    @Test("a hash has a salt of its own, takes every character of the password, and fits no other one")
    func hashing() async throws {
        let hasher = PasswordHasher(.simulation, on: QueueExecutor(label: "hashing"), random: RandomSource(seed: 1))
        let long = String(repeating: "pässwörd ", count: 14)
        try await hasher.perform { hashing in
            let stored = try hashing.hash(long)
            #expect(try hashing.hash(long) != stored)
            #expect(try hashing.verify(long, against: stored))
            #expect(try !hashing.verify(String(long.dropLast()), against: stored))
            #expect(try !hashing.verify(long.uppercased(), against: stored))
            #expect(try !hashing.verify(long, against: nil))
            #expect(!hashing.needsRehash(stored))
            #expect(throws: UnreadablePasswordHash.self) { try hashing.verify(long, against: "$2b$10$abc") }
        }
    }

    @Test(
        "first guesses are refused",
        arguments: [
            "password", "Password1", "p4ssw0rd!", "1password1", "12345678", "87654321", "1234567890", "qwertyuiop",
            "QWERTY123", "asdfghjkl", "11111111", "abcabcabc", "12121212", "abcd1234", "1q2w3e4r", "iloveyou2",
            "$unsh1ne", "monkeymonkey", "letmein!!", "trustno1", "superman", "hothouse1", "ada.lovelace1",
            "ada.lovelace@example.org",
        ])
    func commonPassword(text: String) {
        #expect(!PasswordPolicy.allows(text, email: "ada.lovelace@example.org"))
    }

    @Test(
        "long or uncommon ones are taken, whatever they are made of",
        arguments: [
            "correct horse battery", "hothouse-demo", "aubergine", "tjqxwvzk", "83920174", "päßwörter", "🌶🌶🍅🍅🌽🌽🥕🥕🥦",
            "8274-9917-secret-2931", "analytical engine", "password of the day",
        ])
    func uncommonPassword(text: String) {
        #expect(PasswordPolicy.allows(text, email: "ada.lovelace@example.org"))
    }

    @Test(
        "addresses are those that a browser takes",
        arguments: [
            ("ada@example.org", true), ("a.d+a@x-y.example", true), ("root@localhost", true), ("ada", false),
            ("ada@", false), ("@example.org", false), ("a@b@c", false), ("ada@-x.org", false), ("ada@x..org", false),
            ("a da@example.org", false), ("ada@exämple.org", false), ("ada@example.org ", false), ("a@b.", false),
        ])
    func addresses(text: String, isValid: Bool) {
        #expect(EmailAddress.isValid(text) == isValid)
    }
}

@Suite struct RateLimitTests {
    @Test("a key may go on when its oldest use has left the window; others are not concerned")
    func window() {
        var limit = RateLimit(2, per: .seconds(10))
        #expect(limit.take("a", at: .seconds(0)) == nil)
        #expect(limit.take("a", at: .seconds(4)) == nil)
        #expect(limit.take("a", at: .seconds(9)) == .seconds(1))
        #expect(limit.take("b", at: .seconds(9)) == nil)
        #expect(limit.take("a", at: .seconds(10)) == nil)
        #expect(limit.take("a", at: .seconds(10)) == .seconds(4))
    }

    @Test("memory is bounded: the keys that were quiet longest are forgotten, the others still count")
    func bound() {
        var limit = RateLimit(1, per: .seconds(1_000_000), capacity: 10)
        var failures = FailedLogins(capacity: 10)
        for second in 0..<1000 {
            limit.note("\(second)", at: .seconds(second))
            for _ in 0..<5 { failures.note("\(second)", succeeded: false, at: .seconds(second)) }
        }
        let limited = (0..<1000).filter { limit.wait("\($0)", at: .seconds(1000)) != nil }
        #expect((5...10).contains(limited.count))
        #expect(limited == Array(1000 - limited.count..<1000))
        #expect(failures.wait("999", at: .seconds(999)) == .seconds(1))
        #expect(failures.wait("0", at: .seconds(0)) == nil)
    }
}
