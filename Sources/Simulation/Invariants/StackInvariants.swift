import Runtime

// The rules that hold what the portal says against the true state of the cloud.

extension Invariants {
    /// A line that tells what became of a stack.
    private struct StackLine {
        let id: String
        let name: String
        let status: String
        let deployment: String?

        init?(_ line: Trace.Line) {
            guard line.kind == "stack", let id = line["id"]?.string, let status = line["status"]?.string else {
                return nil
            }
            self.id = id
            self.status = status
            name = line["name"]?.string ?? ""
            deployment = line["deployment"]?.string
        }

        var isLive: Bool { status != "GONE" && !status.hasPrefix("DELETE") }
    }

    /// What is known of a stack at some line.
    private struct StackPast {
        var status: String
        /// In milliseconds.
        var since: Int
        var wasComplete = false
        var hasFailed = false
    }

    /// Goes through a trace and tells of each line what has become of each deployment's stacks by then.
    private static func withStacks(
        _ trace: [Trace.Line], _ look: (Trace.Line, _ stacks: [String: [String: StackPast]]) -> Void
    ) {
        /// By the deployment that is written on them, and their ids.
        var stacks: [String: [String: StackPast]] = [:]
        for line in trace {
            if let stack = StackLine(line), let deployment = stack.deployment {
                var past = stacks[deployment]?[stack.id] ?? StackPast(status: "", since: 0)
                past.status = stack.status
                past.since = line.t
                past.wasComplete = past.wasComplete || stack.status == "CREATE_COMPLETE"
                past.hasFailed =
                    past.hasFailed || stack.status.hasSuffix("_FAILED") || stack.status.hasPrefix("ROLLBACK")
                stacks[deployment, default: [:]][stack.id] = past
            }
            look(line, stacks)
        }
    }

    /// A deployment has one stack at most at any time; one that is being deleted does not count.
    static func oneStackAtATime(_ trace: [Trace.Line]) -> [Violation] {
        var live: [String: Set<String>] = [:]
        return trace.compactMap { line in
            guard let stack = StackLine(line), let deployment = stack.deployment else { return nil }
            guard stack.isLive else {
                live[deployment]?.remove(stack.id)
                return nil
            }
            let isNew = live[deployment, default: []].insert(stack.id).inserted
            guard isNew, let count = live[deployment]?.count, count > 1 else { return nil }
            return Violation(
                message: "\(deployment) has \(count) stacks at the same time", actor: line.actor, line: line.n)
        }
    }

    /// ACTIVE means that its stack has been complete, and that its address is no other VM's.
    static func activeMeansComplete(_ trace: [Trace.Line]) -> [Violation] {
        var status: [String: String] = [:]
        /// Who has an address, by the region's line of commits.
        var holders: [String: String] = [:]
        var violations: [Violation] = []
        withStacks(trace) { line, stacks in
            guard line.kind == "commit", let id = line["deployment"]?.string,
                let now = line["data"]?["status"]?.string
            else { return }
            let before = status.updateValue(now, forKey: id)
            func complain(_ message: String) {
                violations.append(Violation(message: "\(id) " + message, actor: "store", line: line.n))
            }
            let address = line["data"]?["runtime"]?["publicIp"]?.string
            holders = holders.filter { $0.value != id }
            if let address, now == "ACTIVE" {
                // Where the other's stack is gone, the address is free, known or not.
                if let other = holders[address], stacks[other]?.values.contains(where: { $0.status != "GONE" }) == true
                {
                    complain("has the address \(address), which is \(other)'s")
                }
                holders[address] = id
            }
            guard now == "ACTIVE", before != "ACTIVE" else { return }
            if stacks[id]?.values.contains(where: \.wasComplete) != true {
                let known = stacks[id]?.values.map(\.status).sorted().joined(separator: ", ") ?? "not there"
                complain("is ACTIVE and its stack is \(known)")
            }
        }
        return violations
    }

    /// Failures that a stack, or the refusal of its create, must have shown.
    private static let shownFailures: Set = [
        "NO_CAPACITY", "IMAGE_UNAVAILABLE", "NETWORK_FAILED", "VOLUME_FAILED", "CREATE_FAILED", "QUOTA_EXCEEDED",
    ]

    /// What no answer told is not said: DELETED is gone, and what failed has failed.
    static func verdictsAreTrue(_ trace: [Trace.Line]) -> [Violation] {
        var creates: [Int: String] = [:]
        var refused: Set<String> = []
        var status: [String: String] = [:]
        var violations: [Violation] = []
        withStacks(trace) { line, stacks in
            if line.kind == "asks", line["method"]?.string == "POST", let stack = line["stack"]?.string,
                let call = line["call"]?.integer
            {
                creates[call] = String(stack.dropFirst(3).prefix { $0 != "-" })
            }
            if line.kind == "told", let id = line["call"]?.integer.flatMap({ creates[$0] }),
                let code = line["status"]?.integer, (400..<500).contains(code)
            {
                refused.insert(id)
            }
            guard line.kind == "commit", let id = line["deployment"]?.string,
                let now = line["data"]?["status"]?.string
            else { return }
            let before = status.updateValue(now, forKey: id)
            let known = stacks[id]?.values.map { $0 } ?? []
            func complain(_ message: String) {
                violations.append(Violation(message: "\(id) " + message, actor: "store", line: line.n))
            }
            if now == "DELETED", let left = known.first(where: { $0.status != "GONE" }) {
                complain("is DELETED and its stack is \(left.status)")
            }
            let code = line["data"]?["lastError"]?["code"]?.string ?? ""
            if now == "ERROR", before == "PROVISIONING", shownFailures.contains(code),
                !known.contains(where: \.hasFailed), !refused.contains(id.lowercased())
            {
                complain("is in ERROR with \(code), and nothing has failed")
            }
        }
        return violations
    }

    /// How long a stack must have been gone before it is missing, in milliseconds.
    private static let evidence = 60_000

    static func missingStacksAreGone(_ trace: [Trace.Line]) -> [Violation] {
        var code: [String: String] = [:]
        var violations: [Violation] = []
        withStacks(trace) { line, stacks in
            guard line.kind == "commit", let id = line["deployment"]?.string else { return }
            let now = line["data"]?["lastError"]?["code"]?.string ?? ""
            guard code.updateValue(now, forKey: id) != now, now == "STACK_MISSING" else { return }
            for stack in (stacks[id] ?? [:]).sorted(by: { $0.key < $1.key }).map(\.value) {
                let isGone = stack.status == "GONE" && line.t - stack.since >= evidence
                guard !isGone, !stack.status.hasPrefix("DELETE") else { continue }
                violations.append(
                    Violation(
                        message: "\(id) is missing, and its stack is \(stack.status) for \(line.t - stack.since) ms",
                        actor: "store", line: line.n))
            }
        }
        return violations
    }
}
