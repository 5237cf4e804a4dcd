import Runtime
import Scenarios
import Testing

@testable import FakeCloud

@Suite struct RateRuleTests {
    @Test("past its rate a rule fires, each region counted alone, and what was refused does not count")
    func rate() throws {
        let rule = try FaultRule(
            parsing:
                #"{"id": "r", "op": "*", "when": {"rate": {"limit": 2, "in": "10s"}, "per": "region"}, "delay": "1s"}"#,
            file: "body", regions: ["west", "east"], others: [])
        var book = FaultBook([rule], random: RandomSource(seed: 1), at: Timestamp(milliseconds: 0))
        func fires(_ seconds: Int64, _ region: String = "west") -> Bool {
            let subject = FaultSubject(operation: .heatStackList, region: region, stack: nil)
            return !book.meet(subject, at: Timestamp(milliseconds: seconds * 1000)).rules.isEmpty
        }
        let west = [0, 4, 5, 9, 10, 11, 14, 15].map { fires($0) }
        #expect(west == [false, false, true, true, false, true, false, true])
        let east = [15, 15, 15].map { fires($0, "east") }
        #expect(east == [false, false, true])
    }
}
