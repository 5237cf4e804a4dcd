import Foundation
import Runtime
import Testing

@testable import Scenarios

@Suite struct SpreadTests {
    /// Draws in milliseconds, sorted.
    private func draws(_ spread: Spread, count: Int = 10_000) -> [Double] {
        let random = RandomSource(seed: 1)
        return (0..<count).map { _ in spread.draw(from: random).inSeconds * 1000 }.sorted()
    }

    @Test("half of the draws are below the median, 99 of 100 below the 99th percentile")
    func lognormal() {
        let found = draws(.lognormal(median: .milliseconds(100), p99: .milliseconds(1000)))
        #expect((95...105).contains(found[5000]) && (850...1150).contains(found[9900]))
        #expect(found[0] > 0 && found[9999] < 40_000)
    }

    @Test("normal draws have their mean and deviation, and are never negative")
    func normal() {
        let found = draws(.normal(mean: .milliseconds(100), deviation: .milliseconds(50)))
        let mean = found.reduce(0, +) / 10_000
        let deviation = (found.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 10_000).squareRoot()
        #expect((98...103).contains(mean) && (46...51).contains(deviation) && found[0] == 0)
    }

    @Test("choices come as often as they weigh")
    func pick() {
        let choices = [(3, 10), (1, 20), (0, 30)].map {
            Spread.Choice(weight: $0.0, value: .fixed(.milliseconds($0.1)))
        }
        let found = draws(.pick(choices))
        #expect((7300...7700).contains(found.count { $0 == 10 }) && !found.contains(30))
    }

    @Test("exponentials and logarithms are those of the mathematics", arguments: [0.001, 0.5, 1, 2.326, 10, 300])
    func functions(x: Double) {
        #expect(abs(Spread.exponential(x) / exp(x) - 1) < 1e-12)
        #expect(abs(Spread.exponential(-x) / exp(-x) - 1) < 1e-12)
        #expect(abs(Spread.logarithm(x) - log(x)) < 1e-12)
    }

    @Test("what is earliest and latest bounds what is drawn")
    func bounds() {
        let spreads: [Spread] = [
            .fixed(.seconds(1)), .uniform(.seconds(1), .seconds(2)),
            .normal(mean: .seconds(1), deviation: .seconds(2)), .lognormal(median: .seconds(1), p99: .seconds(9)),
        ]
        for spread in spreads {
            let found = draws(spread, count: 1000)
            #expect(found[0] >= spread.earliest.inSeconds * 1000 && found[999] <= spread.latest.inSeconds * 1000)
        }
    }
}
