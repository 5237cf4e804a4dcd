import Runtime
import Scenarios

// How a run came out, for people and for programs.

extension RunOutcome {
    /// So many lines of the actor concerned are shown with a failure.
    private static let context = 6

    /// What failed: where it is written, what was expected and seen instead, and the last lines of the actor concerned.
    public func failureReport(of scenario: Scenario) -> [String] {
        var teller = StoryTeller(scenario)
        for line in trace { _ = teller.tell(line) }
        return failures.flatMap { failure -> [String] in
            var headline = failure.place.map { "\($0): " } ?? ""
            if let invariant = failure.invariant { headline += "invariant \(invariant): " }
            var report = [teller.named(headline + failure.message)]
            if let expected = failure.expected { report.append("  expected  " + teller.named(expected)) }
            if let found = failure.found { report.append("  found     " + teller.named(found)) }
            if let actor = failure.actor {
                let lines = trace.filter { line in
                    (line.actor == actor || line.actor.hasPrefix(actor + "/")) && line.n <= failure.line ?? Int.max
                }
                if !lines.isEmpty { report.append("  the last of \(actor):") }
                report += lines.suffix(Self.context).map { "    " + teller.text($0) }
            }
            return report
        }
    }

    /// The verdict as one object: `{scenario, seed, passed, virtualMilliseconds, traceHash, failures: [{place: {file,
    /// line, column} | null, invariant, message, expected, found, actor, line, text}]}`, with null for what there is
    /// not.
    public var json: JSONValue {
        [
            "scenario": .string(scenario), "seed": .string(String(seed)), "passed": .bool(hasPassed),
            "virtualMilliseconds": .integer(Int(virtualTime.wholeMilliseconds)), "traceHash": .string(trace.hash),
            "failures": .array(failures.map(\.json)),
        ]
    }
}

extension RunFailure {
    fileprivate var json: JSONValue {
        [
            "place": place.map {
                ["file": .string($0.file), "line": .integer($0.line), "column": .integer($0.column)]
            } ?? .null,
            "invariant": JSONValue(invariant), "message": .string(message), "expected": JSONValue(expected),
            "found": JSONValue(found), "actor": JSONValue(actor), "line": line.map(JSONValue.integer) ?? .null,
            "text": .string(description),
        ]
    }
}
