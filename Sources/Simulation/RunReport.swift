import Runtime
import Scenarios

// How a run came out, for people and for programs.

extension RunOutcome {
    /// So many lines of the actor concerned are shown with a failure, and of every other actor with the first one.
    private static let (context, surroundings) = (6, 2)

    /// What failed: where it is written, what was expected and seen instead, and the last lines of the actor concerned.
    public func failureReport(of scenario: Scenario) -> [String] {
        var teller = StoryTeller(scenario)
        for line in trace { _ = teller.tell(line) }
        return failures.enumerated().flatMap { index, failure -> [String] in
            var headline = failure.place.map { "\($0): " } ?? ""
            if let invariant = failure.invariant { headline += "invariant \(invariant): " }
            var report = [teller.named(headline + failure.message)]
            if let expected = failure.expected { report.append("  expected  " + teller.named(expected)) }
            if let found = failure.found { report.append("  found     " + teller.named(found)) }
            if let actor = failure.actor {
                let lines = trace.filter { line in
                    (line.actor == actor || line.actor.hasPrefix(actor + "/")) && StoryTeller.isTold(line)
                        && line.n <= failure.line ?? Int.max
                }
                if !lines.isEmpty { report.append("  the last of \(actor):") }
                report += lines.suffix(Self.context).map { "    " + teller.text($0) }
            }
            return index == 0 ? report + lastOfOthers(failure, teller) : report
        }
    }

    /// The last lines of every actor whom a failure does not concern, in the order of time.
    private func lastOfOthers(_ failure: RunFailure, _ teller: StoryTeller) -> [String] {
        var last: [String: [Trace.Line]] = [:]
        for line in trace where line.n <= failure.line ?? Int.max && StoryTeller.isTold(line) {
            let isConcerned = failure.actor.map { line.actor == $0 || line.actor.hasPrefix($0 + "/") } ?? false
            if !isConcerned { last[line.actor] = (last[line.actor] ?? []).suffix(Self.surroundings - 1) + [line] }
        }
        guard !last.isEmpty else { return [] }
        let lines = last.values.joined().sorted { $0.n < $1.n }
        return ["  the last of the others:"] + lines.map { "    " + teller.text($0) }
    }

    /// The verdict as one object: `{scenario, parameters, seed, passed, virtualMilliseconds, traceHash, failures: [{place: {file,
    /// line, column} | null, invariant, message, expected, found, actor, line, text}]}`, with null for what there is
    /// not.
    public func json(of story: Scenario) -> JSONValue {
        [
            "scenario": .string(scenario),
            "parameters": .object(
                Dictionary(
                    story.parameters.map { ($0.name, .string($0.value)) }, uniquingKeysWith: { $1 })),
            "seed": .string(String(seed)), "passed": .bool(hasPassed),
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
