import Runtime
import Scenarios
import Testing

@testable import Simulation

@Suite struct FittedSpreadTests {
    @Test("a quantile lies between the two nearest samples, whatever their order")
    func quantile() {
        let samples = [400, 100, 300, 200, 500].map { Duration.milliseconds($0) }
        #expect(FittedSpread.quantile(0.5, of: samples) == .milliseconds(300))
        #expect(FittedSpread.quantile(0.99, of: samples) == .milliseconds(496))
        #expect(FittedSpread.quantile(0.99, of: [.milliseconds(7)]) == .milliseconds(7))
    }

    @Test("many draws of a lognormal duration give its median and its 99th percentile again")
    func lognormal() throws {
        let spread = Spread.lognormal(median: .milliseconds(40), p99: .milliseconds(400))
        let random = RandomSource(seed: 5)
        let fitted = FittedSpread((0..<5000).map { _ in spread.draw(from: random) })
        guard case .lognormal(let p50, let p99)? = fitted else {
            Issue.record("\(fitted as Any)")
            return
        }
        #expect((38...42).contains(p50.wholeMilliseconds))
        #expect((350...450).contains(p99.wholeMilliseconds))
    }

    @Test(
        "a scenario reads again what is written",
        arguments: [
            (FittedSpread.fixed(.milliseconds(1750)), Spread.fixed(.milliseconds(1750))),
            (.lognormal(p50: .seconds(2), p99: .seconds(90)), .lognormal(median: .seconds(2), p99: .seconds(90))),
        ])
    func readAgain(fitted: FittedSpread, spread: Spread) throws {
        let document: StoryDocument = [
            "scenario": "spread", "about": "A spread.",
            "cloud": ["regions": ["west": ["latency": ["default": fitted.document]]]],
            "users": ["ann": ["script": ["login"]]], "expect": [:],
        ]
        let story = try Library.story(text: document.yaml)
        #expect(story.cloud.regions[0].latency == spread)
    }

    @Test("what is always the same, or was seen once, is one duration; nothing is nothing")
    func fixed() {
        #expect(FittedSpread([.milliseconds(20), .microseconds(20_300)]) == .fixed(.milliseconds(20)))
        #expect(FittedSpread([.microseconds(300)]) == .fixed(.zero))
        #expect(FittedSpread([]) == nil)
        #expect(FittedSpread(ofWholeSeconds: []) == nil)
    }

    @Test("of short durations in whole seconds the mean is what is known")
    func wholeSeconds() {
        #expect(FittedSpread(ofWholeSeconds: [.zero, .zero, .zero, .seconds(1)]) == .fixed(.milliseconds(250)))
        #expect(
            FittedSpread(ofWholeSeconds: [.zero, .zero, .seconds(101)])
                == .lognormal(p50: .milliseconds(500), p99: .milliseconds(98_980)))
    }
}
