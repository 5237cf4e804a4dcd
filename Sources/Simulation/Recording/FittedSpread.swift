import Runtime
import Scenarios

/// What was measured, as a scenario says it: one duration, or the median and the 99th percentile of many.
enum FittedSpread: Equatable, Sendable {
    case fixed(Duration)
    case lognormal(p50: Duration, p99: Duration)

    /// Of durations that were measured here, to the millisecond; nil where there are none.
    init?(_ samples: [Duration]) {
        guard !samples.isEmpty else { return nil }
        self.init(p50: Self.quantile(0.5, of: samples), p99: Self.quantile(0.99, of: samples))
    }

    /// Of durations that are differences of times in whole seconds, as Heat's events have them; nil where there are
    /// none.
    ///
    /// Each is wrong by up to a second, their mean is right. So where all are short, that is what is known.
    init?(ofWholeSeconds samples: [Duration]) {
        guard !samples.isEmpty else { return nil }
        let p99 = Self.quantile(0.99, of: samples)
        guard p99 > .seconds(2) else {
            self = .fixed(Self.rounded(samples.reduce(.zero, +) / samples.count))
            return
        }
        self.init(p50: max(Self.quantile(0.5, of: samples), .milliseconds(500)), p99: p99)
    }

    private init(p50: Duration, p99: Duration) {
        let (p50, p99) = (Self.rounded(p50), Self.rounded(p99))
        self = p50 > .zero && p99 > p50 ? .lognormal(p50: p50, p99: p99) : .fixed(p50)
    }

    /// The quantile between the two nearest samples, as they lie (Hyndman and Fan's type 7). The 99th percentile of a
    /// few samples is about the largest of them: what was not seen is not made up.
    static func quantile(_ fraction: Double, of samples: [Duration]) -> Duration {
        let sorted = samples.sorted()
        let place = fraction * Double(sorted.count - 1)
        let lower = Int(place)
        let upper = min(lower + 1, sorted.count - 1)
        return sorted[lower] + (sorted[upper] - sorted[lower]) * (place - Double(lower))
    }

    private static func rounded(_ duration: Duration) -> Duration {
        .milliseconds(Int64((duration.inSeconds * 1000).rounded()))
    }

    var document: StoryDocument {
        switch self {
        case .fixed(let duration): .text(duration.shown, isQuoted: false)
        case .lognormal(let p50, let p99):
            ["lognormal": ["p50": .text(p50.shown, isQuoted: false), "p99": .text(p99.shown, isQuoted: false)]]
        }
    }
}
