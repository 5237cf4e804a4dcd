import Runtime

/// A duration that is drawn anew each time.
///
/// The draws are made of plain arithmetic, whose results are the same on every machine; those of a C library are not.
public indirect enum Spread: Equatable, Sendable {
    case fixed(Duration)
    case uniform(Duration, Duration)
    /// Never below zero.
    case normal(mean: Duration, deviation: Duration)
    /// Half of the draws are below `median`, and 99 of 100 below `p99`.
    case lognormal(median: Duration, p99: Duration)
    case pick([Choice])

    public struct Choice: Equatable, Sendable {
        public var weight: Int
        public var value: Spread

        public init(weight: Int, value: Spread) {
            self.weight = weight
            self.value = value
        }
    }

    public func draw(from random: RandomSource) -> Duration {
        switch self {
        case .fixed(let duration): return duration
        case .uniform(let lower, let upper): return random.duration(from: lower, to: upper)
        case .normal(let mean, let deviation):
            return max(.zero, mean + deviation * Self.standardNormal(random))
        case .lognormal(let median, let p99):
            // 2.326 deviations are the 99th percentile.
            let sigma = Self.logarithm(p99 / median) / 2.326
            return median * Self.exponential(sigma * Self.standardNormal(random))
        case .pick(let choices):
            var rest = random.index(below: max(1, choices.reduce(0) { $0 + $1.weight }))
            for choice in choices {
                if rest < choice.weight { return choice.value.draw(from: random) }
                rest -= choice.weight
            }
            return .zero
        }
    }

    /// The least that can be drawn.
    var earliest: Duration {
        switch self {
        case .fixed(let duration), .uniform(let duration, _): duration
        case .normal, .lognormal: .zero
        case .pick(let choices): choices.map(\.value.earliest).min() ?? .zero
        }
    }

    /// The most that can be drawn.
    var latest: Duration {
        switch self {
        case .fixed(let duration), .uniform(_, let duration): duration
        case .normal(let mean, let deviation): mean + deviation * 6
        case .lognormal(let median, let p99): median * Self.exponential(6 * Self.logarithm(p99 / median) / 2.326)
        case .pick(let choices): choices.map(\.value.latest).max() ?? .zero
        }
    }

    /// The sum of twelve even draws less six: normal but for its ends, which are at six deviations.
    private static func standardNormal(_ random: RandomSource) -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + random.fraction() }
    }

    private static let logarithmOfTwo = 0.693147180559945309

    static func exponential(_ x: Double) -> Double {
        let halvings = (x / logarithmOfTwo).rounded()
        let rest = x - halvings * logarithmOfTwo
        var (term, sum) = (1.0, 1.0)
        for index in 1...20 {
            term *= rest / Double(index)
            sum += term
        }
        return Double(sign: .plus, exponent: Int(halvings), significand: sum)
    }

    static func logarithm(_ x: Double) -> Double {
        guard x > 0, x.isFinite else { return 0 }
        let significand = x.significand
        let y = (significand - 1) / (significand + 1)
        var (power, sum) = (y, 0.0)
        for index in stride(from: 1, through: 59, by: 2) {
            sum += power / Double(index)
            power *= y * y
        }
        return 2 * sum + Double(x.exponent) * logarithmOfTwo
    }
}
