import Scenarios

/// What the runs of a set have reached together: each seed and each combination of a story's matrix is one of them.
public struct Reached: Sendable {
    public private(set) var coverage = Coverage()
    /// Where that is written which was looked at, or fired, in at least one run.
    private var looked: [Place] = []
    /// What was not in some run.
    private var unlooked: [RunFailure] = []

    public init() {}

    public mutating func add(_ outcome: RunOutcome) {
        coverage.add(outcome.trace)
        looked += outcome.evaluated.filter { !looked.contains($0) }
        unlooked += outcome.unevaluated.filter { failure in !unlooked.contains { $0.place == failure.place } }
    }

    /// What no run has reached, and what no run has looked at.
    public func failures(of matrix: [Scenario]) -> [RunFailure] {
        let sometimes = matrix.flatMap(\.expectations.sometimes)
        let wanted = sometimes.enumerated().filter { index, item in
            !sometimes[..<index].contains { $0.place == item.place && $0.subject == item.subject }
        }
        return wanted.compactMap { $0.element.failure(in: coverage) }
            + unlooked.filter { failure in !looked.contains { $0 == failure.place } }
    }
}
