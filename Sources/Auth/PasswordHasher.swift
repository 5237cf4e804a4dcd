import Crypto
import CryptoExtras
import Foundation
import Runtime

/// Hashes passwords with scrypt (RFC 7914) on a lane of its own, one at a time: a hash takes 32 MiB and a tenth of a
/// second of a core.
public struct PasswordHasher: Sendable {
    /// What a hash costs.
    public enum Profile: Sendable {
        /// N = 2^15, r = 8, p = 3, as OWASP's Password Storage Cheat Sheet has it.
        case production
        /// Next to nothing, and as little safe. For simulations and tests.
        case simulation

        var cost: ScryptCost {
            switch self {
            case .production: ScryptCost(logN: 15, blockSize: 8, parallelism: 3)
            case .simulation: ScryptCost(logN: 4, blockSize: 1, parallelism: 1)
            }
        }
    }

    typealias Derivation = @Sendable (_ password: String, _ salt: [UInt8], ScryptCost) throws -> SymmetricKey

    private let lane: Lane
    private let hashing: PasswordHashing

    /// - Parameter executor: where hashes are computed; they keep its thread busy.
    public init(_ profile: Profile, on executor: any SerialExecutor, random: RandomSource) {
        self.init(profile, on: executor, random: random, derive: PasswordHashing.scrypt)
    }

    init(_ profile: Profile, on executor: any SerialExecutor, random: RandomSource, derive: @escaping Derivation) {
        lane = Lane(on: executor)
        hashing = PasswordHashing(cost: profile.cost, random: random, derive: derive)
    }

    /// Runs a body that hashes. No other one runs meanwhile, so what it reads and notes of attempts is exact.
    func perform<Value: Sendable>(_ body: @Sendable (PasswordHashing) throws -> Value) async rethrows -> Value {
        try await lane.perform { try body(hashing) }
    }
}

/// The numbers that set scrypt's cost: memory of 128 · 2^logN · blockSize bytes.
struct ScryptCost: Equatable, Sendable {
    let logN: Int
    let blockSize: Int
    let parallelism: Int
}

/// Makes and checks hashes, within ``PasswordHasher/perform(_:)``.
struct PasswordHashing: Sendable {
    let cost: ScryptCost
    let random: RandomSource
    let derive: PasswordHasher.Derivation

    /// A hash with a new salt: `$scrypt$ln=15,r=8,p=3$<salt>$<hash>`, base 64 without padding.
    func hash(_ password: String) throws -> String {
        let salt = random.bytes(16)
        let key = try derive(password, salt, cost)
        return ScryptHash(cost: cost, salt: salt, key: key).description
    }

    /// Whether a password is the stored hash's. Without one it costs the same and is never so.
    ///
    /// - Throws: ``UnreadablePasswordHash``.
    func verify(_ password: String, against stored: String?) throws -> Bool {
        guard let stored else {
            _ = try derive(password, [UInt8](repeating: 0, count: 16), cost)
            return false
        }
        guard let hash = ScryptHash(stored) else { throw UnreadablePasswordHash() }
        // Keys compare in constant time.
        return try derive(password, hash.salt, hash.cost) == hash.key
    }

    /// Whether a stored hash was made at another cost than new ones are.
    func needsRehash(_ stored: String) -> Bool {
        ScryptHash(stored)?.cost != cost
    }

    /// - Parameter password: hashed in Unicode's form NFKC, for keyboards compose letters in different ways (NIST SP
    ///   800-63B, section 3.1.1.2).
    @Sendable static func scrypt(_ password: String, _ salt: [UInt8], _ cost: ScryptCost) throws -> SymmetricKey {
        try KDF.Scrypt.deriveKey(
            from: Data(password.precomposedStringWithCompatibilityMapping.utf8), salt: salt, outputByteCount: 32,
            rounds: 1 << cost.logN,
            blockSize: cost.blockSize, parallelism: cost.parallelism)
    }
}

/// A stored password hash is not of the form that this program writes: the database was changed by other hands.
struct UnreadablePasswordHash: Error, CustomStringConvertible {
    let description = "a stored password hash is not of the form $scrypt$ln=…,r=…,p=…$salt$hash"
}

/// A password's hash with all that it takes to compute it again.
private struct ScryptHash: CustomStringConvertible {
    let cost: ScryptCost
    let salt: [UInt8]
    let key: SymmetricKey

    init(cost: ScryptCost, salt: [UInt8], key: SymmetricKey) {
        self.cost = cost
        self.salt = salt
        self.key = key
    }

    init?(_ text: String) {
        let pattern = /\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+\/]+)\$([A-Za-z0-9+\/]+)/
        guard let match = text.wholeMatch(of: pattern),
            let logN = Int(match.1), let blockSize = Int(match.2), let parallelism = Int(match.3),
            let salt = Self.bytes(match.4), let key = Self.bytes(match.5)
        else { return nil }
        cost = ScryptCost(logN: logN, blockSize: blockSize, parallelism: parallelism)
        self.salt = Array(salt)
        self.key = SymmetricKey(data: key)
    }

    var description: String {
        let numbers = "ln=\(cost.logN),r=\(cost.blockSize),p=\(cost.parallelism)"
        return "$scrypt$\(numbers)$\(Self.text(Data(salt)))$\(key.withUnsafeBytes { Self.text(Data($0)) })"
    }

    private static func text(_ bytes: Data) -> String {
        String(bytes.base64EncodedString().prefix { $0 != "=" })
    }

    private static func bytes(_ text: Substring) -> Data? {
        Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4))
    }
}
