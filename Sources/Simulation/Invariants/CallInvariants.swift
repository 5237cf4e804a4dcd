import Runtime

// The rules of what the server asks of the cloud.

extension Invariants {
    /// A call of the server to the cloud.
    private struct Call {
        let line: Trace.Line
        let number: Int
        let method: String
        let path: String
        let stack: String?
        let token: Int?

        init?(_ line: Trace.Line) {
            guard line.kind == "asks", let number = line["call"]?.integer else { return nil }
            self.line = line
            self.number = number
            method = line["method"]?.string ?? ""
            path = line["path"]?.string ?? ""
            stack = line["stack"]?.string
            token = line["token"]?.integer
        }

        var isCreate: Bool { method == "POST" && path.hasSuffix("/stacks") }
        var isSignIn: Bool { method == "POST" && path.hasSuffix("/auth/tokens") }
        /// `/heat/west`: a service of a region.
        var service: String { path.split(separator: "/").prefix(2).joined(separator: "/") }

        func violation(_ message: String) -> Violation {
            Violation(message: message, actor: line.actor, line: line.n)
        }
    }

    /// Only stacks that the portal made are deleted.
    static func onlyOwnStacksAreDeleted(_ trace: [Trace.Line]) -> [Violation] {
        trace.compactMap { line in
            guard let call = Call(line), call.method == "DELETE", let stack = call.stack, !stack.hasPrefix("vm-dep_")
            else { return nil }
            return call.violation("\(stack) is not the portal's")
        }
    }

    /// A create that was let through before a deletion was asked for may still leave for so long, in milliseconds.
    private static let longestCreate = 70_000

    static func noCreateAfterDeletion(_ trace: [Trace.Line]) -> [Violation] {
        var leaving: [String: Int] = [:]
        return trace.compactMap { line in
            if line.kind == "commit", line["data"]?["status"]?.string == "DELETING",
                let id = line["deployment"]?.string
            {
                leaving["vm-" + id.lowercased()] = line.t
            }
            guard let call = Call(line), call.isCreate, let stack = call.stack,
                let since = leaving.first(where: { stack == $0.key || stack.hasPrefix($0.key + "-") })?.value,
                line.t > since + longestCreate
            else { return nil }
            return call.violation("\(stack) is created after its deletion was asked for")
        }
    }

    /// A token that was refused is not used again, and one sign-in is under way at a time.
    static func tokensAreMinded(_ trace: [Trace.Line]) -> [Violation] {
        var calls: [Int: Call] = [:]
        /// By the server that knows.
        var refused: [String: Set<Int>] = [:]
        /// By the server, the calls under way.
        var signIns: [String: Set<Int>] = [:]
        var violations: [Violation] = []
        for line in trace {
            if line.kind == "starts" || line.kind == "dies" { signIns[line.actor] = [] }
            if let call = Call(line) {
                calls[call.number] = call
                if let token = call.token, refused[line.actor]?.contains(token) == true {
                    violations.append(call.violation("token \(token) was refused, and is used again"))
                }
                if call.isSignIn {
                    if signIns[line.actor]?.isEmpty == false {
                        violations.append(call.violation("two sign-ins at the same time"))
                    }
                    signIns[line.actor, default: []].insert(call.number)
                }
            }
            if line.kind == "told", let number = line["call"]?.integer {
                signIns[line.actor]?.remove(number)
                if line["status"]?.integer == 401, let token = calls[number]?.token {
                    refused[line.actor, default: []].insert(token)
                }
            }
        }
        return violations
    }

    /// A service that asks for a pause gets it.
    static func pausesAreKept(_ trace: [Trace.Line]) -> [Violation] {
        var calls: [Int: Call] = [:]
        var pausedUntil: [String: Int] = [:]
        var violations: [Violation] = []
        for line in trace {
            // Another process does not know.
            if line.kind == "starts" { pausedUntil = pausedUntil.filter { !$0.key.hasPrefix(line.actor + " ") } }
            if let call = Call(line) {
                calls[call.number] = call
                if let until = pausedUntil[line.actor + " " + call.service], line.t < until {
                    violations.append(call.violation("\(call.service) asked for a pause of \(until - line.t) ms more"))
                }
            }
            if line.kind == "told", let number = line["call"]?.integer, let call = calls[number], !call.isSignIn,
                [413, 429].contains(line["status"]?.integer), let seconds = line["retryAfter"]?.integer
            {
                pausedUntil[line.actor + " " + call.service] = line.t + min(max(seconds, 1), 600) * 1000
            }
        }
        return violations
    }

    /// So often may one thing be asked in a minute: a list every 2 s is the most.
    private static let mostInAMinute = 45

    static func nothingSpins(_ trace: [Trace.Line]) -> [Violation] {
        var asked: [String: [Int]] = [:]
        var told: Set<String> = []
        return trace.compactMap { line in
            guard let call = Call(line) else { return nil }
            let what = "\(line.actor) \(call.method) \(call.path)" + (call.isCreate ? " \(call.stack ?? "")" : "")
            var times = (asked[what] ?? []).filter { $0 > line.t - 60_000 }
            times.append(line.t)
            asked[what] = times
            guard times.count > mostInAMinute, told.insert(what).inserted else { return nil }
            return call.violation("\(what) was asked \(times.count) times in a minute")
        }
    }

    /// ACTIVE means that the stack is complete, as far as it is still there.
    static func activeMeansComplete(_ trace: [Trace.Line]) -> [Violation] {
        var status: [String: String] = [:]
        return trace.compactMap { line in
            guard line.kind == "commit", let id = line["deployment"]?.string,
                let now = line["data"]?["status"]?.string
            else { return nil }
            defer { status[id] = now }
            let stacks = line["stacks"]?.array?.compactMap(\.string) ?? []
            guard now == "ACTIVE", status[id] != "ACTIVE", !stacks.isEmpty,
                !stacks.contains(where: { $0.hasSuffix("_COMPLETE") })
            else { return nil }
            return Violation(
                message: "\(id) is ACTIVE and its stack is \(stacks.joined(separator: ", "))", actor: "store",
                line: line.n)
        }
    }
}
