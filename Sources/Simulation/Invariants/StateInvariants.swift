import Runtime

// The rules of the status machine, from what was committed.

extension Invariants {
    /// A line that tells of a commit.
    private struct Commit {
        let line: Trace.Line
        let deployment: String
        let status: String
        let revision: Int
        let updatedAt: String

        init?(_ line: Trace.Line) {
            guard line.kind == "commit", let deployment = line["deployment"]?.string, let data = line["data"] else {
                return nil
            }
            self.line = line
            self.deployment = deployment
            status = data["status"]?.string ?? ""
            revision = data["revision"]?.integer ?? 0
            updatedAt = data["updatedAt"]?.string ?? ""
        }

        func violation(_ message: String) -> Violation {
            Violation(message: "\(deployment): \(message)", actor: "store", line: line.n)
        }
    }

    /// Each commit with the one of the same deployment before it.
    private static func steps(_ trace: [Trace.Line]) -> [(before: Commit?, after: Commit)] {
        var last: [String: Commit] = [:]
        return trace.compactMap(Commit.init).map { commit in
            defer { last[commit.deployment] = commit }
            return (last[commit.deployment], commit)
        }
    }

    /// The statuses that may follow one another (T1 to T22). A status may follow itself where addresses became known.
    private static let edges: [String: Set<String>] = [
        "": ["REQUESTED"],
        "REQUESTED": ["PROVISIONING", "ERROR", "DELETING"],
        "PROVISIONING": ["PROVISIONING", "ACTIVE", "ERROR", "DELETING"],
        "ACTIVE": ["ACTIVE", "ERROR", "DELETING"],
        "ERROR": ["PROVISIONING", "ACTIVE", "DELETING", "DELETED"],
        "DELETING": ["DELETED", "ERROR"],
        "DELETED": [],
    ]

    static func knownEdges(_ trace: [Trace.Line]) -> [Violation] {
        steps(trace).compactMap { before, after in
            edges[before?.status ?? ""]?.contains(after.status) == true
                ? nil : after.violation("\(after.status) after \(before?.status ?? "nothing")")
        }
    }

    static func revisionsRiseByOne(_ trace: [Trace.Line]) -> [Violation] {
        steps(trace).compactMap { before, after in
            let expected = (before?.revision ?? 0) + 1
            return after.revision == expected
                ? nil : after.violation("revision \(after.revision) where \(expected) is next")
        }
    }

    static func updatedAtRises(_ trace: [Trace.Line]) -> [Violation] {
        steps(trace).compactMap { before, after in
            guard let before, after.updatedAt <= before.updatedAt else { return nil }
            return after.violation("updatedAt is \(after.updatedAt) after \(before.updatedAt)")
        }
    }

    static func nothingResurrects(_ trace: [Trace.Line]) -> [Violation] {
        var leaving: Set<String> = []
        return steps(trace).compactMap { _, after in
            if after.status == "DELETING" { leaving.insert(after.deployment) }
            guard leaving.contains(after.deployment), ["PROVISIONING", "ACTIVE"].contains(after.status) else {
                return nil
            }
            return after.violation("\(after.status) after its deletion was asked for")
        }
    }

    static func deletedIsFinal(_ trace: [Trace.Line]) -> [Violation] {
        steps(trace).compactMap { before, after in
            before?.status == "DELETED" ? after.violation("\(after.status) after DELETED") : nil
        }
    }

    /// REQUESTED means that no create ever left the process.
    static func noCreateWhileRequested(_ trace: [Trace.Line]) -> [Violation] {
        var status: [String: String] = [:]
        var violations: [Violation] = []
        for line in trace {
            if let commit = Commit(line) { status["vm-" + commit.deployment.lowercased()] = commit.status }
            guard line.kind == "call", line["op"]?.string == "heat.stack.create", let stack = line["stack"]?.string,
                status[stack] == "REQUESTED"
            else { continue }
            violations.append(
                Violation(message: "\(stack) was created while REQUESTED", actor: line.actor, line: line.n))
        }
        return violations
    }

    /// Events are numbered from 1 without gaps, and each change of status has one.
    static func eventsHaveNoGaps(_ trace: [Trace.Line]) -> [Violation] {
        var last: [String: Int] = [:]
        var unexplained: [String: Commit] = [:]
        var status: [String: String] = [:]
        var violations: [Violation] = []
        func complain(_ commit: Commit) {
            violations.append(commit.violation("no event tells of \(commit.status)"))
        }
        for line in trace {
            if let commit = Commit(line) {
                if let earlier = unexplained.removeValue(forKey: commit.deployment) { complain(earlier) }
                if status[commit.deployment] != commit.status { unexplained[commit.deployment] = commit }
                status[commit.deployment] = commit.status
            }
            guard line.kind == "event", let deployment = line["deployment"]?.string else { continue }
            unexplained[deployment] = nil
            let (seq, expected) = (line["seq"]?.integer ?? 0, (last[deployment] ?? 0) + 1)
            if seq != expected {
                violations.append(
                    Violation(
                        message: "\(deployment): event \(seq) where \(expected) is next", actor: "store", line: line.n))
            }
            last[deployment] = seq
        }
        for (_, commit) in unexplained.sorted(by: { $0.key < $1.key }) { complain(commit) }
        return violations
    }

    /// There is a `lastError` in ERROR, and nowhere else but in a deletion that did not work yet.
    static func errorsAreExplained(_ trace: [Trace.Line]) -> [Violation] {
        steps(trace).compactMap { _, after in
            let hasError = after.line["data"]?["lastError"].map { $0 != .null } ?? false
            switch after.status {
            case "ERROR": return hasError ? nil : after.violation("ERROR without a lastError")
            case "DELETING": return nil
            default: return hasError ? after.violation("a lastError in \(after.status)") : nil
            }
        }
    }
}

extension Invariants {
    /// The changes of status that there are: `REQUESTED→PROVISIONING`.
    static let transitions = Set(
        edges.flatMap { from, next in next.filter { $0 != from }.map { from + "→" + $0 } })
}
