import Runtime
import Scenarios

// What is expected at a time, until a time, or never.

extension Judge {
    /// The statuses that a deployment had, each from when on, in milliseconds.
    private func statuses(of label: String) -> [(at: Int, status: String, line: Int)] {
        guard let id = world.id(label) else { return [] }
        return world.trace.lines.compactMap { line in
            guard line.kind == "commit", line["deployment"]?.string == id, let status = line["data"]?["status"]?.string
            else { return nil }
            return (line.t, status, line.n)
        }
    }

    func momentFailures() -> [RunFailure] {
        world.scenario.expectations.moments.compactMap { moment in
            let history = statuses(of: moment.deployment)
            let wanted = moment.statuses.joined(separator: " or ")
            switch moment.kind {
            case .at(let time):
                let end = world.surroundings.time.uptime
                guard time <= end else {
                    return RunFailure(
                        "the story was over before \(time.shown): nothing was looked at", at: moment.place,
                        actor: "store")
                }
                let found = history.last { $0.at <= Int(time.wholeMilliseconds) }?.status ?? "none"
                guard !moment.statuses.contains(found) else { return nil }
                return RunFailure(
                    "\(moment.deployment) at \(time.shown)", at: moment.place, expected: wanted, found: found,
                    actor: "store")
            case .within(let time):
                let inTime = history.filter { $0.at <= Int(time.wholeMilliseconds) }
                guard !inTime.contains(where: { moment.statuses.contains($0.status) }) else { return nil }
                return RunFailure(
                    "\(moment.deployment) within \(time.shown)", at: moment.place, expected: wanted,
                    found: inTime.last?.status ?? "none", actor: "store")
            }
        }
    }

    func alwaysFailures() -> [RunFailure] {
        world.scenario.expectations.always.compactMap { always in
            let from = Int(always.after.wholeMilliseconds)
            let history = statuses(of: always.deployment)
            // What it was when the time came counts as well.
            let relevant = history.filter { $0.at > from } + (history.last { $0.at <= from }.map { [$0] } ?? [])
            return relevant.sorted { $0.line < $1.line }.first { !always.statuses.contains($0.status) }.map {
                RunFailure(
                    "\(always.deployment) is always one of these", at: always.place,
                    expected: always.statuses.joined(separator: " or "), found: $0.status, actor: "store",
                    line: $0.line)
            }
        }
    }

    func neverFailures() -> [RunFailure] {
        world.scenario.expectations.never.compactMap { never in
            switch never.subject {
            case .status(let label, let status):
                return statuses(of: label).first { $0.status == status }.map {
                    RunFailure("\(label) is never \(status)", at: never.place, actor: "store", line: $0.line)
                }
            case .change(let label, let from, let to):
                let history = statuses(of: label)
                return zip(history, history.dropFirst()).first { $0.status == from && $1.status == to }.map {
                    RunFailure(
                        "\(label) never goes from \(from) to \(to)", at: never.place, actor: "store", line: $1.line)
                }
            case .frame(let pattern, let tab):
                let labels = world.ids
                let found = world.trace.lines.first { line in
                    guard line.kind == "frame", let frame = line["frame"] else { return false }
                    return tab.map { line.actor.hasSuffix("/" + $0) } ?? true
                        && pattern.matches(frame, isExact: false, labels: labels)
                }
                return found.map {
                    RunFailure("a frame that never comes: \(pattern)", at: never.place, actor: $0.actor, line: $0.n)
                }
            }
        }
    }
}

extension Expectations.Sometimes {
    /// What a set of runs never reached.
    public func failure(in coverage: Coverage) -> RunFailure? {
        let (what, isReached) =
            switch subject {
            case .status(let status): (status, coverage.statuses.contains(status))
            case .change(let from, let to): ("\(from) to \(to)", coverage.transitions.contains("\(from)→\(to)"))
            case .code(let code): (code, coverage.errorCodes.contains(code))
            case .close(let code): ("close \(code)", coverage.closeCodes.contains(code))
            case .call(let operation, let status):
                ("\(operation) → \(status)", coverage.cloudAnswers.contains("\(operation) \(status)"))
            case .crash(let point): (point.rawValue, coverage.crashPoints.contains(point.rawValue))
            }
        return isReached ? nil : RunFailure("no run reached \(what)", at: place)
    }
}
