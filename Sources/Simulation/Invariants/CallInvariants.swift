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
        var region: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
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

    /// A token that was refused or has expired is not used, and one sign-in is under way at a time.
    static func tokensAreMinded(_ trace: [Trace.Line]) -> [Violation] {
        var calls: [Int: Call] = [:]
        /// By the server that knows.
        var refused: [String: Set<Int>] = [:]
        /// By the server, the calls under way.
        var signIns: [String: Set<Int>] = [:]
        /// When tokens end at the latest, by their numbers.
        var ends: [Int: Int] = [:]
        var violations: [Violation] = []
        for line in trace {
            if line.kind == "starts" || line.kind == "dies" { signIns[line.actor] = [] }
            if let call = Call(line) {
                calls[call.number] = call
                if let token = call.token, refused[line.actor]?.contains(token) == true {
                    violations.append(call.violation("token \(token) was refused, and is used again"))
                }
                if let token = call.token, let end = ends[token], line.t > end {
                    violations.append(call.violation("token \(token) had expired \(line.t - end) ms before"))
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
                if let token = line["token"]?.integer, let lifetime = line["lifetime"]?.integer {
                    ends[token] = line.t + lifetime
                }
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

    /// So often may a create be sent whose outcome is not known.
    private static let mostCreates = 5

    /// The creates of each stack of which nobody knows what came of them.
    private static func createsWithoutEnd(_ trace: [Trace.Line]) -> [Violation] {
        var creates: [Int: (stack: String, line: Int)] = [:]
        var sent: [String: Int] = [:]
        return trace.compactMap { line in
            if let call = Call(line), call.isCreate, let stack = call.stack { creates[call.number] = (stack, line.n) }
            guard line.kind == "told", let number = line["call"]?.integer, let create = creates[number] else {
                return nil
            }
            // What was refused was not carried out: it may be sent again.
            if let status = line["status"]?.integer, (400..<500).contains(status), status != 408 { return nil }
            sent[create.stack, default: 0] += 1
            guard sent[create.stack] == mostCreates + 1 else { return nil }
            return Violation(
                message: "\(create.stack) was created \(mostCreates + 1) times", actor: line.actor, line: create.line)
        }
    }

    /// A region is asked at most this often a second, after so many at once.
    private static let (mostASecond, mostAtOnce) = (10, 50)

    static func regionsAreSpared(_ trace: [Trace.Line]) -> [Violation] {
        /// When the allowance will be whole again, in milliseconds, by server and region.
        var wholeAt: [String: Int] = [:]
        var told: Set<String> = []
        return trace.compactMap { line in
            // Another process begins anew.
            if line.kind == "starts" { wholeAt = wholeAt.filter { !$0.key.hasPrefix(line.actor + " ") } }
            guard let call = Call(line), !call.path.hasPrefix("/identity") else { return nil }
            let place = line.actor + " " + call.region
            let next = max(wholeAt[place] ?? 0, line.t) + 1000 / mostASecond
            wholeAt[place] = next
            // A call that waited for its token left later than it was let through.
            guard next - line.t > (mostAtOnce + 20) * 1000 / mostASecond, told.insert(place).inserted else {
                return nil
            }
            return call.violation("\(call.region) is asked too often")
        }
    }

    /// What was under way when a deployment came to rest may go on for so long, in milliseconds.
    private static let longestStep = 70_000
    /// ERRORs that are looked at further: the stack may still come, or go.
    private static let unrested: Set = ["PROVISION_TIMEOUT", "STACK_MISSING", "CREATE_UNCONFIRMED", "DELETE_FAILED"]

    /// A deployment that is DELETED, or has failed for good, costs no call. Its orphans are deleted, if there are any.
    static func restIsRest(_ trace: [Trace.Line]) -> [Violation] {
        var restsSince: [String: Int] = [:]
        return trace.compactMap { line in
            if line.kind == "commit", let id = line["deployment"]?.string {
                let code = line["data"]?["lastError"]?["code"]?.string ?? ""
                let rests =
                    switch line["data"]?["status"]?.string {
                    case "DELETED": true
                    case "ERROR": !unrested.contains(code)
                    default: false
                    }
                restsSince[id.lowercased()] = rests ? line.t : nil
            }
            guard let call = Call(line), call.method != "DELETE", let stack = call.stack, stack.hasPrefix("vm-dep_"),
                let since = restsSince[String(stack.dropFirst(3).prefix { $0 != "-" })], line.t > since + longestStep
            else { return nil }
            return call.violation("\(call.method) of \(stack), which rests for \(line.t - since) ms")
        }
    }

    static func nothingSpins(_ trace: [Trace.Line]) -> [Violation] {
        var asked: [String: [Int]] = [:]
        var told: Set<String> = []
        return createsWithoutEnd(trace)
            + trace.compactMap { line in
                guard let call = Call(line) else { return nil }
                let what = "\(line.actor) \(call.method) \(call.path)" + (call.isCreate ? " \(call.stack ?? "")" : "")
                var times = (asked[what] ?? []).filter { $0 > line.t - 60_000 }
                times.append(line.t)
                asked[what] = times
                guard times.count > mostInAMinute, told.insert(what).inserted else { return nil }
                return call.violation("\(what) was asked \(times.count) times in a minute")
            }
    }
}
