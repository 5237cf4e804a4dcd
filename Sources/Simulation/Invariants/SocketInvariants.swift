import Runtime

// The rules of what a socket must get, and must not.

extension Invariants {
    /// How long a committed state may take to a page: a second, and the network.
    private static let longestDelivery = 10_000

    /// A subscribed page that can be reached gets the newest state soon after its commit.
    static func noUpdateIsLost(_ trace: [Trace.Line]) -> [Violation] {
        struct Socket {
            /// The newest revision that came, by the deployments that it is subscribed to.
            var revisions: [String: Int] = [:]
            /// The deployments that it wants to hear no more of, acknowledged or not.
            var ended: Set<String> = []
        }
        struct Due {
            let at: Int
            let actor: String
            let deployment: String
            let revision: Int
            let line: Int
        }
        var sockets: [String: Socket] = [:]
        var due: [Due] = []
        var committed: [String: (revision: Int, line: Int)] = [:]
        var violations: [Violation] = []
        func expect(_ revision: Int, of deployment: String, on actor: String, at t: Int, line: Int) {
            due.append(
                Due(
                    at: t + longestDelivery, actor: actor, deployment: deployment, revision: revision, line: line))
        }
        for line in trace {
            while let first = due.first, first.at < line.t {
                due.removeFirst()
                guard let seen = sockets[first.actor]?.revisions[first.deployment], seen < first.revision else {
                    continue
                }
                violations.append(
                    Violation(
                        message:
                            "\(first.deployment): revision \(first.revision) did not come, the last is \(seen)",
                        actor: first.actor, line: first.line))
                sockets[first.actor]?.revisions[first.deployment] = nil
            }
            let id = line["frame"]?["deploymentId"]?.string ?? ""
            switch line.kind {
            case "opened": sockets[line.actor] = Socket()
            case "closed", "dropped", "stalled", "silent": sockets[line.actor] = nil
            case "dies", "paused": sockets = [:]
            case "sent":
                let deployment = line["message"]?["deploymentId"]?.string ?? ""
                if line["message"]?["type"]?.string == "unsubscribe" {
                    sockets[line.actor]?.revisions[deployment] = nil
                    sockets[line.actor]?.ended.insert(deployment)
                } else {
                    sockets[line.actor]?.ended.remove(deployment)
                }
            case "frame" where line["frame"]?["type"]?.string == "subscribed":
                guard sockets[line.actor]?.ended.contains(id) == false else { continue }
                sockets[line.actor]?.revisions[id] = 0
                // The snapshot comes after the acknowledgement, whatever is committed next.
                if let newest = committed[id], let sentAfter = line["sentAfter"]?.integer, newest.line <= sentAfter {
                    expect(newest.revision, of: id, on: line.actor, at: line.t, line: line.n)
                }
            case "frame":
                guard let revision = line["frame"]?["data"]?["revision"]?.integer,
                    let seen = sockets[line.actor]?.revisions[id]
                else { continue }
                sockets[line.actor]?.revisions[id] = max(seen, revision)
            case "commit":
                guard let id = line["deployment"]?.string, let revision = line["data"]?["revision"]?.integer else {
                    continue
                }
                committed[id] = (revision, line.n)
                for (actor, socket) in sockets.sorted(by: { $0.key < $1.key }) where socket.revisions[id] != nil {
                    expect(revision, of: id, on: actor, at: line.t, line: line.n)
                }
            default: break
            }
        }
        return violations
    }

    /// How long an unsubscribe may be on its way, in milliseconds.
    private static let longestWay = 10_000

    /// Nothing comes of a deployment that a page is not subscribed to, or that is another user's.
    static func framesAreWanted(_ trace: [Trace.Line]) -> [Violation] {
        let owners = owners(trace)
        /// When a page ended its subscription, by its actor and the deployment.
        var ended: [[String]: Int] = [:]
        var violations: [Violation] = []
        for line in trace {
            if line.kind == "opened" { ended = ended.filter { $0.key[0] != line.actor } }
            if line.kind == "sent", let message = line["message"], let id = message["deploymentId"]?.string {
                ended[[line.actor, id]] = message["type"]?.string == "unsubscribe" ? line.t : nil
            }
            guard line.kind == "frame", let frame = line["frame"], frame["data"] != nil,
                let id = frame["deploymentId"]?.string
            else { continue }
            func complain(_ message: String) {
                violations.append(Violation(message: message, actor: line.actor, line: line.n))
            }
            if let owner = owners[id], owner != user(line.actor) { complain("\(id) is \(owner)'s") }
            let sentAfter = line["sentAfter"]?.integer ?? 0
            let sentAt = sentAfter > 0 && sentAfter <= trace.count ? trace[sentAfter - 1].t : 0
            if let end = ended[[line.actor, id]], sentAt > end + longestWay {
                complain("\(id) came \(sentAt - end) ms after its subscription ended")
            }
        }
        return violations
    }

    /// After a user has signed out no data comes to the user's pages until they sign in again.
    static func nothingAfterLogout(_ trace: [Trace.Line]) -> [Violation] {
        var outSince: [String: Int] = [:]
        return trace.compactMap { line in
            if line.kind == "http", line["method"]?.string == "POST", let status = line["status"]?.integer {
                switch (line["path"]?.string, status) {
                case ("/auth/logout", 204): outSince[line.actor] = line.n
                case ("/auth/login", _): outSince[line.actor] = nil
                default: break
                }
            }
            guard line.kind == "frame", line["frame"]?["data"] != nil, let out = outSince[user(line.actor)],
                line["sentAfter"]?.integer ?? 0 >= out
            else { return nil }
            return Violation(message: "data after the session's end", actor: line.actor, line: line.n)
        }
    }
}
