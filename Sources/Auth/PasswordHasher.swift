import Crypto
import CryptoExtras
import Foundation
import Runtime

/// Hashes passwords with scrypt (RFC 7914), one at a time on a lane of its own, since a hash takes 32 MiB and a
/// good part of a second.
///
/// A hash is kept as `$scrypt$ln=15,r=8,p=3$SALT$HASH` with URL-safe base 64, so that one made with older costs can
/// be checked, and renewed at the next sign-in.
public struct PasswordHasher: Sendable {
    /// How much work a hash is.
    public struct Cost: Equatable, Sendable {
        /// The binary logarithm of scrypt's N.
        let logRounds: Int
        let blockSize: Int
        let parallelism: Int

        /// OWASP's parameters for 32 MiB.
        public static let production = Cost(logRounds: 15, blockSize: 8, parallelism: 3)
        /// Next to none: only for simulations and tests, whose passwords protect nothing.
        public static let simulation = Cost(logRounds: 4, blockSize: 1, parallelism: 1)

        var text: String { "ln=\(logRounds),r=\(blockSize),p=\(parallelism)" }
    }

    private let cost: Cost
    private let lane: Lane
    private let random: RandomSource

    public init(_ cost: Cost, on executor: any SerialExecutor, random: RandomSource) {
        self.cost = cost
        lane = Lane(on: executor)
        self.random = random
    }

    public func hash(_ password: String) async throws -> String {
        let salt = Data(random.bytes(16))
        let key = try await derive(password, salt: salt, cost: cost)
        return "$scrypt$\(cost.text)$\(base64URL(salt))$\(base64URL(key))"
    }

    public struct Verdict: Equatable, Sendable {
        public let isRight: Bool
        /// Whether the hash was made with other costs than today's.
        public let isOutdated: Bool
    }

    /// Checks a password against a stored hash; one that can't be read is never right.
    public func verify(_ password: String, against stored: String) async throws -> Verdict {
        let parts = stored.split(separator: "$").map(String.init)
        guard parts.count == 4, parts[0] == "scrypt", let cost = Cost(parsing: parts[1]),
            let salt = decoded(parts[2]), let expected = decoded(parts[3])
        else { return Verdict(isRight: false, isOutdated: true) }
        let key = try await derive(password, salt: salt, cost: cost)
        return Verdict(isRight: isEqual(key, expected), isOutdated: cost != self.cost)
    }

    private func derive(_ password: String, salt: Data, cost: Cost) async throws -> Data {
        try await lane.perform {
            let key = try KDF.Scrypt.deriveKey(
                from: Data(password.utf8), salt: salt, outputByteCount: 32, rounds: 1 << cost.logRounds,
                blockSize: cost.blockSize, parallelism: cost.parallelism)
            return key.withUnsafeBytes { Data($0) }
        }
    }

    /// Compares in a time that does not depend on where they differ.
    private func isEqual(_ left: Data, _ right: Data) -> Bool {
        left.count == right.count && zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func decoded(_ text: String) -> Data? {
        let standard = text.replacing("-", with: "+").replacing("_", with: "/")
        return Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
    }
}

extension PasswordHasher.Cost {
    fileprivate init?(parsing text: String) {
        guard let match = text.wholeMatch(of: /ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})/),
            let logRounds = Int(match.1), let blockSize = Int(match.2), let parallelism = Int(match.3),
            (1...20).contains(logRounds), blockSize > 0, parallelism > 0
        else { return nil }
        self.init(logRounds: logRounds, blockSize: blockSize, parallelism: parallelism)
    }
}
