import Synchronization

/// The one place that random numbers come from. A copy draws from the same source.
///
/// Production draws from the system's secure generator; a simulation from a seed, with one stream a purpose, so
/// that a new draw in one place does not move the draws of another.
public struct RandomSource: RandomNumberGenerator, Sendable {
    private enum Kind {
        case secure
        case seeded(SeededState)
    }

    private final class SeededState: Sendable {
        let seed: UInt64
        let generator: Mutex<SplitMix64>

        init(seed: UInt64) {
            self.seed = seed
            generator = Mutex(SplitMix64(seed: seed))
        }
    }

    private let kind: Kind

    /// The operating system's cryptographically secure generator.
    public static let secure = RandomSource(kind: .secure)

    /// A reproducible source. Never for production: whoever knows the seed knows every token.
    public init(seed: UInt64) {
        kind = .seeded(SeededState(seed: SplitMix64.scrambled(seed)))
    }

    private init(kind: Kind) {
        self.kind = kind
    }

    public func next() -> UInt64 {
        switch kind {
        case .secure:
            var system = SystemRandomNumberGenerator()
            return system.next()
        case .seeded(let state):
            return state.generator.withLock { $0.next() }
        }
    }

    /// A source of its own for a purpose: for the same seed and name always the same draws.
    public func stream(_ name: String) -> RandomSource {
        guard case .seeded(let state) = kind else { return self }
        return RandomSource(seed: state.seed ^ fnv1a(name))
    }

    /// Random bytes, for tokens and salts.
    public func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            withUnsafeBytes(of: next().littleEndian) { bytes.append(contentsOf: $0) }
        }
        return Array(bytes.prefix(count))
    }

    /// A number of `[0, 1)`.
    public func fraction() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A duration of `[lower, upper)`; `lower` where the range is empty.
    public func duration(from lower: Duration, to upper: Duration) -> Duration {
        upper > lower ? lower + (upper - lower) * fraction() : lower
    }

    /// An index of `0..<count`; count must be positive.
    public func index(below count: Int) -> Int {
        var source = self
        return Int.random(in: 0..<count, using: &source)
    }
}

/// Steele, Lea and Flood's SplitMix64. Fast, and good enough for everything but secrets.
private struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.scrambled(state)
    }

    /// Spreads a seed over all 64 bits: consecutive seeds would otherwise draw alike.
    static func scrambled(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Fowler-Noll-Vo 1a of a text's UTF-8, the same in every process (Swift's own hash is not).
private func fnv1a(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
