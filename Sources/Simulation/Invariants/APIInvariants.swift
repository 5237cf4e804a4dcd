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

    static func user(_ actor: String) -> String { String(actor.prefix { $0 != "/" }) }

    /// One key of a customer makes one deployment at most (A1), and is never good for two bodies (A3).
    static func oneDeploymentAKey(_ trace: [Trace.Line]) -> [Violation] {
        var made: [[String]: (deployment: String, body: JSONValue?)] = [:]
        return trace.compactMap { line in
            guard let answer = Answer(line), let created = answer.created, let key = line["key"]?.string else {
                return nil
            }
            guard let first = made[[answer.user, key]] else {
                made[[answer.user, key]] = (created, line["body"])
                return nil
            }
            if first.deployment != created {
                return Violation(
                    message: "the key \(key) made \(first.deployment) and \(created)", actor: line.actor, line: line.n)
            }
            return nil
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

    /// The users that deployments belong to.
    static func owners(_ trace: [Trace.Line]) -> [String: String] {
        var owners: [String: String] = [:]
        for line in trace where line.kind == "named" {
            if let id = line["deployment"]?.string, let user = line["user"]?.string { owners[id] = user }
        }
        return owners
    }

    /// No user is answered about another user's deployment.
    static func nothingForeignIsAnswered(_ trace: [Trace.Line]) -> [Violation] {
        let owners = owners(trace)
        return trace.compactMap { line in
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

    /// No secret is in the log of the server, or in anything that clients get.
    static func nothingSecretIsTold(_ trace: [Trace.Line], secrets: [String]) -> [Violation] {
        guard !secrets.isEmpty else { return [] }
        return trace.compactMap { line in
            guard ["log", "frame", "event", "commit"].contains(line.kind) else { return nil }
            let text = "\(line.json)"
            guard secrets.contains(where: text.contains) else { return nil }
            return Violation(message: "a secret is told", actor: line.actor, line: line.n)
        }
    }
}
