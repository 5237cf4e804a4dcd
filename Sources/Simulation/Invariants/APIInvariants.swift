import Runtime

// The rules of the HTTP API, from what clients asked and were answered.

extension Invariants {
    /// An answer of the server to a client.
    private struct Answer {
        let line: Trace.Line
        /// The user, whatever the tab.
        let user: String
        let method: String
        let path: String
        let status: Int
        let deployment: String?

        init?(_ line: Trace.Line) {
            guard line.kind == "http", let status = line["status"]?.integer else { return nil }
            self.line = line
            user = Invariants.user(line.actor)
            method = line["method"]?.string ?? ""
            path = line["path"]?.string ?? ""
            self.status = status
            deployment = line["deployment"]?.string
        }

        /// An accepted create.
        var created: String? {
            method == "POST" && path == "/deployments" && (200..<300).contains(status) ? deployment : nil
        }
    }

    /// What creates were asked for under one name, and what came of them.
    private struct Wishes {
        /// Each key once, and each request without one.
        var wanted: Set<String> = []
        /// The same, without those of which every request was refused.
        var possible: Set<String> = []
        /// The deployments of that name, with the lines of their commits.
        var made: [(id: String, line: Int)] = []
    }

    /// By the name of the deployment.
    private static func wishes(_ trace: [Trace.Line]) -> [String: Wishes] {
        var refused: Set<Int> = []
        for line in trace where line.kind == "http" {
            guard let status = line["status"]?.integer, (400..<500).contains(status) else { continue }
            if let request = line["request"]?.integer { refused.insert(request) }
        }
        var wishes: [String: Wishes] = [:]
        for line in trace {
            guard let name = line["name"]?.string else { continue }
            switch line.kind {
            case "request":
                let request = line["request"]?.integer ?? 0
                let wish = user(line.actor) + " " + (line["key"]?.string ?? "without a key, request \(request)")
                wishes[name, default: Wishes()].wanted.insert(wish)
                if !refused.contains(request) { wishes[name]?.possible.insert(wish) }
            case "commit": wishes[name, default: Wishes()].made.append((line["deployment"]?.string ?? "", line.n))
            default: break
            }
        }
        return wishes
    }

    /// A key of a customer makes one deployment at most: whoever got the answers, and if nobody did.
    static func oneDeploymentAKey(_ trace: [Trace.Line]) -> [Violation] {
        var made: [[String]: String] = [:]
        let told = trace.compactMap { line -> Violation? in
            guard let answer = Answer(line), let created = answer.created, let key = line["key"]?.string else {
                return nil
            }
            let first = made[[answer.user, key]] ?? created
            made[[answer.user, key]] = first
            guard first != created else { return nil }
            return Violation(
                message: "the key \(key) made \(first) and \(created)", actor: line.actor, line: line.n)
        }
        let untold = wishes(trace).sorted { $0.key < $1.key }.compactMap { name, wishes -> Violation? in
            guard wishes.made.count > wishes.wanted.count else { return nil }
            let (id, line) = wishes.made[wishes.wanted.count]
            return Violation(
                message: "\(id) is one \(name) more than the \(wishes.wanted.count) that were asked for",
                actor: "store", line: line)
        }
        return told + untold
    }

    /// A create that was refused leaves nothing in the store.
    static func refusalsLeaveNothing(_ trace: [Trace.Line]) -> [Violation] {
        wishes(trace).sorted { $0.key < $1.key }.compactMap { name, wishes in
            guard wishes.made.count > wishes.possible.count, wishes.made.count <= wishes.wanted.count else {
                return nil
            }
            let (id, line) = wishes.made[wishes.possible.count]
            return Violation(
                message: "\(id) is stored, and the create of \(name) was refused", actor: "store", line: line)
        }
    }

    /// Who asks again with a key is told the same again.
    static func repeatedAnswersAreTheSame(_ trace: [Trace.Line]) -> [Violation] {
        var told: [[String]: JSONValue] = [:]
        return trace.compactMap { line in
            guard let answer = Answer(line), answer.created != nil, let key = line["key"]?.string else { return nil }
            let body = line["answer"] ?? .null
            let first = told[[answer.user, key]] ?? body
            told[[answer.user, key]] = first
            guard first != body else { return nil }
            return Violation(
                message: "the key \(key) is answered with \(body) after \(first)", actor: line.actor, line: line.n)
        }
    }

    static func noKeyForTwoBodies(_ trace: [Trace.Line]) -> [Violation] {
        var bodies: [[String]: JSONValue] = [:]
        return trace.compactMap { line in
            guard let answer = Answer(line), answer.created != nil, let key = line["key"]?.string else { return nil }
            let body = line["body"] ?? .null
            defer { bodies[[answer.user, key]] = body }
            guard let first = bodies[[answer.user, key]], first != body else { return nil }
            return Violation(message: "the key \(key) was good for two bodies", actor: line.actor, line: line.n)
        }
    }

    /// What was accepted is in the store.
    static func acceptedIsCommitted(_ trace: [Trace.Line]) -> [Violation] {
        var committed: Set<String> = []
        return trace.compactMap { line in
            if line.kind == "commit", let id = line["deployment"]?.string { committed.insert(id) }
            guard let created = Answer(line)?.created, !committed.contains(created) else { return nil }
            return Violation(message: "\(created) was accepted and is not stored", actor: line.actor, line: line.n)
        }
    }

    /// No user is answered about another user's deployment.
    static func nothingForeignIsAnswered(_ trace: [Trace.Line]) -> [Violation] {
        let owners = owners(trace)
        var known: Set<String> = []
        return trace.compactMap { line in
            if line.kind == "commit", let id = line["deployment"]?.string { known.insert(id) }
            let items = line["items"]?.array?.compactMap { $0["id"]?.string } ?? []
            if let foreign = items.first(where: { owners[$0].map { $0 != user(line.actor) } ?? false }) {
                return Violation(message: "\(foreign) is in the list of another", actor: line.actor, line: line.n)
            }
            // What has no owner yet may be the user's own.
            let most = known.count { owners[$0].map { $0 == user(line.actor) } ?? true }
            if let total = line["total"]?.integer, total > most {
                return Violation(
                    message: "a list of \(total), and there are \(most) at most", actor: line.actor, line: line.n)
            }
            guard let answer = Answer(line), (200..<400).contains(answer.status) else { return nil }
            let id = answer.path.split(separator: "/").dropFirst().first.map(String.init) ?? answer.deployment
            guard let id, let owner = owners[id], owner != answer.user else { return nil }
            return Violation(
                message: "\(answer.user) is answered about \(id), which is \(owner)'s", actor: line.actor, line: line.n)
        }
    }

    /// What a client reads never goes back.
    static func readsNeverGoBack(_ trace: [Trace.Line]) -> [Violation] {
        var seen: [[String]: Int] = [:]
        return trace.compactMap { line in
            guard let answer = Answer(line), answer.method == "GET", let id = answer.deployment,
                let revision = line["revision"]?.integer
            else { return nil }
            let known = seen[[line.actor, id]] ?? 0
            seen[[line.actor, id]] = max(known, revision)
            guard revision < known else { return nil }
            return Violation(message: "\(id): revision \(revision) after \(known)", actor: line.actor, line: line.n)
        }
    }

    /// What no customer is to read: where the portal runs, and on what.
    private static let inside = ["cloud.test", "heat", "keystone", "neutron", "traceback", "<html", "<h1", "swift"]

    private static func isOfTheInside(_ text: String) -> Bool {
        let text = text.lowercased()
        return inside.contains { text.contains($0) }
    }

    /// Errors have a code and the number of the request, and neither they nor a `lastError` tell of what is behind the
    /// portal.
    static func errorsAreOurs(_ trace: [Trace.Line]) -> [Violation] {
        trace.compactMap { line in
            func violation(_ message: String) -> Violation {
                Violation(message: message, actor: line.actor, line: line.n)
            }
            if line.kind == "commit", let text = line["data"]?["lastError"]?["message"]?.string, isOfTheInside(text) {
                return violation("a lastError says \(text)")
            }
            guard let answer = Answer(line), answer.status >= 400, answer.method != "HEAD" else { return nil }
            let body = line["answer"] ?? .null
            guard body["code"]?.string?.isEmpty == false, body["requestId"]?.string?.isEmpty == false else {
                return violation("\(answer.status) without a code or a requestId: \(body)")
            }
            let fields = body["errors"]?.array?.compactMap { $0["message"]?.string } ?? []
            let texts = ["title", "detail", "message"].compactMap { body[$0]?.string } + fields
            return texts.first(where: isOfTheInside).map { violation("\(answer.status) says \($0)") }
        }
    }

    /// So long may a request be under way, in milliseconds: the cloud, which some wait for, has 65 s.
    private static let longestRequest = 300_000

    /// Every request is answered, or its connection ends.
    static func everyRequestEnds(_ trace: [Trace.Line]) -> [Violation] {
        var open: [Int: Trace.Line] = [:]
        var late: [Trace.Line] = []
        var oldest = 1
        for line in trace {
            // They are numbered in the order of their beginnings.
            while let first = open[oldest], first.t + longestRequest < line.t {
                late.append(first)
                open[oldest] = nil
            }
            guard let request = line["request"]?.integer else { continue }
            if line.kind == "request" { open[request] = line } else { open[request] = nil }
            while oldest <= request, open[oldest] == nil { oldest += 1 }
        }
        return late.map { line in
            Violation(
                message: "\(line["method"]?.string ?? "") \(line["path"]?.string ?? "") is not answered",
                actor: line.actor, line: line.n)
        }
    }

    /// A session that has ended is good for nothing.
    static func endedSessionsAreRefused(_ trace: [Trace.Line]) -> [Violation] {
        trace.compactMap { line in
            guard let answer = Answer(line), line["session"]?.string == "ended", answer.status < 400 else { return nil }
            return Violation(
                message: "\(answer.path) is answered with \(answer.status) after the sign-out", actor: line.actor,
                line: line.n)
        }
    }

    /// No secret is in anything that is told, or that the server logs.
    static func nothingSecretIsTold(_ trace: [Trace.Line], secrets: [String]) -> [Violation] {
        let shortest = secrets.map(\.utf8.count).min() ?? .max
        /// Most texts are too short to tell one.
        func tells(_ value: JSONValue) -> Bool {
            switch value {
            case .string(let text): text.utf8.count >= shortest && secrets.contains(where: text.contains)
            case .array(let items): items.contains(where: tells)
            case .object(let members): members.values.contains(where: tells)
            default: false
            }
        }
        return trace.compactMap { line in
            if line.kind == "leak" {
                return Violation(
                    message: "a secret is told in \(line["where"]?.string ?? "")", actor: line.actor, line: line.n)
            }
            guard line.fields.values.contains(where: tells) else { return nil }
            return Violation(message: "a secret is told", actor: line.actor, line: line.n)
        }
    }
}
