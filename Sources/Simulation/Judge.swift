import FakeCloud
import Runtime
import Scenarios
import Synchronization

/// Compares what happened with what a story expects.
struct Judge {
    let world: World

    private var expectations: Expectations { world.scenario.expectations }

    func finalFailures() -> [RunFailure] {
        expectations.final.flatMap { final -> [RunFailure] in
            if let given = final.given, world.id(given.deployment).flatMap(world.committed)?.status != given.status {
                return []
            }
            switch final.fact {
            case .cloud(let region, let wanted):
                let stacks = world.cloud.stacks(in: region)
                guard stacks.count != wanted else { return [] }
                let list = stacks.map { "\($0.name) \($0.status)" }.joined(separator: ", ")
                return [
                    RunFailure(
                        "live stacks in \(region)", at: final.place, expected: "\(wanted)",
                        found: stacks.isEmpty ? "0" : "\(stacks.count) (\(list))", actor: "cloud/\(region)")
                ]
            case .deployment(let label, let status, let lastError, let event):
                return deploymentFailures(label, status, lastError, event, final.place)
            }
        }
    }

    private func deploymentFailures(
        _ label: String, _ status: String?, _ lastError: String?, _ event: String?, _ place: Place
    ) -> [RunFailure] {
        guard let found = world.id(label).flatMap(world.committed) else {
            return [RunFailure("\(label) does not exist", at: place, actor: "store")]
        }
        var failures: [RunFailure] = []
        func compare(_ what: String, _ wanted: String?, _ found: String?) {
            guard let wanted, wanted != found else { return }
            failures.append(
                RunFailure("\(label): \(what)", at: place, expected: wanted, found: found ?? "none", actor: "store"))
        }
        compare("status", status, found.status)
        compare("lastError", lastError, found.lastError)
        if let event, !found.events.contains(where: { $0.contains(event) }) {
            failures.append(
                RunFailure(
                    "\(label): the log", at: place, expected: "an event with \"\(event)\"",
                    found: found.events.joined(separator: "; "), actor: "store"))
        }
        return failures
    }

    func countFailures() -> [RunFailure] {
        expectations.counts.compactMap { expected in
            let (what, found) = count(expected.subject)
            guard !expected.range.contains(found) else { return nil }
            let wanted =
                expected.range.lowerBound == expected.range.upperBound
                ? "\(expected.range.upperBound)" : "at most \(expected.range.upperBound)"
            return RunFailure(
                "\(what): how often", at: expected.place, expected: wanted, found: "\(found)",
                actor: actor(of: expected.subject))
        }
    }

    private func count(_ subject: Expectations.Count.Subject) -> (String, Int) {
        let lines = world.trace.lines
        switch subject {
        case .operation(let operation):
            return (operation, lines.filter { $0.kind == "call" && $0["op"]?.string == operation }.count)
        case .http(let method, let path, let user):
            let wanted = world.ids.reduce(path) { $0.replacing("${\($1.key)}", with: $1.value) }
            let found = lines.filter { line in
                line.kind == "http" && line["method"]?.string == method && isBy(user, line)
                    && matches(wanted, line["path"]?.string ?? "")
            }
            return ("\(method) \(path)", found.count)
        case .sent(let type, let user):
            let found = lines.filter { line in
                line.kind == "sent" && line["message"]?["type"]?.string == type && isBy(user, line)
            }
            return ("\(type) sent", found.count)
        }
    }

    /// Whether a line is of a user, or one of their pages.
    private func isBy(_ user: String?, _ line: Trace.Line) -> Bool {
        guard let user else { return true }
        return line.actor == user || line.actor.hasPrefix(user + "/")
    }

    private func actor(of subject: Expectations.Count.Subject) -> String? {
        switch subject {
        case .operation: nil
        case .http(_, _, let user), .sent(_, let user): user
        }
    }

    private func matches(_ pattern: String, _ path: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return pattern == path }
        return path.hasPrefix(parts[0]) && path.hasSuffix(parts[1]) && path.count >= parts[0].count + parts[1].count
    }

    func socketFailures() -> [RunFailure] {
        expectations.sockets.compactMap { expected in
            let frames = world.frames(of: expected.tab)
            return mismatch(expected, frames).map { position, wanted in
                let line = world.trace.lines.filter {
                    $0.kind == "frame" && $0.actor.hasSuffix("/" + expected.tab)
                }.dropFirst(position).first
                return RunFailure(
                    "tab \(expected.tab), frame \(position + 1)", at: expected.place, expected: wanted,
                    found: position < frames.count ? "\(frames[position])" : "nothing more",
                    actor: world.actor(ofTab: expected.tab), line: line?.n)
            }
        }
    }

    /// The first frame that is not as expected, and what was.
    private func mismatch(_ expected: Expectations.Socket, _ frames: [JSONValue]) -> (Int, String)? {
        let labels = world.ids
        func matches(_ pattern: Pattern, _ frame: JSONValue) -> Bool {
            pattern.matches(frame, isExact: expected.isExact, labels: labels)
        }
        var position = 0
        for part in expected.sequence {
            switch part {
            case .frame(let pattern):
                guard position < frames.count, matches(pattern, frames[position]) else {
                    return (position, "\(pattern)")
                }
                position += 1
            case .until(let pattern, let between):
                while position < frames.count, !matches(pattern, frames[position]) {
                    guard between.contains(where: { matches($0, frames[position]) }) else {
                        return (position, ([pattern] + between).map { "\($0)" }.joined(separator: " or "))
                    }
                    position += 1
                }
                guard position < frames.count else { return (position, "\(pattern)") }
                position += 1
            case .rest(let only):
                while position < frames.count {
                    guard only.contains(where: { matches($0, frames[position]) }) else {
                        return (position, only.map { "\($0)" }.joined(separator: " or "))
                    }
                    position += 1
                }
            }
        }
        return position < frames.count ? (position, "the end") : nil
    }

    /// A fault that never fired proves nothing. Of a set of runs it is enough that it fires in one.
    func unusedFaults() -> [RunFailure] {
        world.scenario.isOfSet ? [] : faults().filter { !$0.isEvaluated }.map(\.failure)
    }

    /// Which of all that was to go wrong did.
    func faults() -> [Evaluation] {
        let scenario = world.scenario
        let done = world.state.withLock { $0.done }
        let fired = world.cloud.faults.filter { $0.fired > 0 }.map(\.rule.id) + world.firedFaults
        return scenario.crashes.enumerated().map { index, crash in
            Evaluation(
                world.hasCrashed(index),
                RunFailure("the server never came to its crash", at: crash.place, actor: "server"), at: crash.place)
        }
            + scenario.deeds.enumerated().map { index, deed in
                Evaluation(
                    done.contains(index), RunFailure("the deed was not done", at: deed.place, actor: "cloud"),
                    at: deed.place)
            }
            + scenario.cloud.faults.map { rule in
                Evaluation(
                    fired.contains(rule.id),
                    RunFailure("the rule \(rule.id) never fired", at: rule.place, actor: "cloud"),
                    at: rule.place)
            }
    }
}
