import Simulation
import Testing

@Suite struct TraceDiffTests {
    private let lines = (1...9).map { "{\"n\":\($0),\"t\":0}" }

    @Test("traces that are the same do not part")
    func same() {
        let text = lines.joined(separator: "\n") + "\n"
        #expect(TraceDivergence.first(in: text, text) == nil)
    }

    @Test("the first line that differs is named, with what differs in it and what came before")
    func different() throws {
        var other = lines
        other[6] = "{\"n\":7,\"t\":5,\"x\":1}"
        other[8] = "later"
        let divergence = try #require(
            TraceDivergence.first(in: lines.joined(separator: "\n"), other.joined(separator: "\n")))
        #expect(divergence.line == 7 && divergence.left == lines[6] && divergence.right == other[6])
        #expect(divergence.fields == ["t", "x"])
        #expect(divergence.before == Array(lines[1...5]))
    }

    @Test("a trace that ends earlier parts there")
    func shorter() throws {
        let short = lines.prefix(2).joined(separator: "\n")
        let divergence = try #require(TraceDivergence.first(in: lines.joined(separator: "\n"), short))
        #expect(divergence.line == 3 && divergence.right == nil && divergence.fields == [])
    }
}
