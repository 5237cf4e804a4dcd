import Runtime

// The rules of what a socket must get, and must not.

extension Invariants {
    /// How long a committed change may take to a page, in milliseconds: a second, and the network.
    private static let longestDelivery = 5000

    /// What a page is told of: states, or events.
    private struct Told {
        let kind: String
        let frame: String
        /// The number of a change, which rises.
        let number: @Sendable (JSONValue) -> Int?
        /// Whether a subscription begins with the newest.
        let hasSnapshot: Bool
    }

    /// A subscribed page that can be reached gets the newest state soon after its commit.
    static func noUpdateIsLost(_ trace: [Trace.Line]) -> [Violation] {
        let told = Told(
            kind: "commit", frame: "deployment.updated", number: { $0["data"]?["revision"]?.integer },
            hasSnapshot: true)
        return undelivered(told, in: trace) { id, number, seen in
            "\(id): revision \(number) did not come, the last is \(seen)"
        }
    }

    /// A subscribed page that can be reached gets every event soon after its commit, and none before the one before.
    static func noEventIsLost(_ trace: [Trace.Line]) -> [Violation] {
        let told = Told(
            kind: "event", frame: "deployment.event", number: { ($0["data"] ?? $0)["seq"]?.integer },
            hasSnapshot: false)
        return undelivered(told, in: trace) { id, number, seen in
            "\(id): event \(number) did not come, the last is \(seen)"
        } + eventsWithGaps(trace)
    }

    /// Events that came on a subscription without the one before.
    private static func eventsWithGaps(_ trace: [Trace.Line]) -> [Violation] {
        /// By the socket's page and the deployment.
        var last: [[String]: Int] = [:]
        return trace.compactMap { line in
            if line.kind == "opened" { last = last.filter { $0.key[0] != line.actor } }
            guard line.kind == "frame", let frame = line["frame"], let id = frame["deploymentId"]?.string else {
                return nil
            }
            if frame["type"]?.string == "subscribed" { last[[line.actor, id]] = nil }
            guard frame["type"]?.string == "deployment.event", let seq = frame["data"]?["seq"]?.integer else {
                return nil
            }
            let before = last.updateValue(seq, forKey: [line.actor, id])
            guard let before, seq > before + 1 else { return nil }
            return Violation(message: "\(id): event \(seq) came after \(before)", actor: line.actor, line: line.n)
        }
    }

    private struct Socket {
        /// The server at its other end.
        let server: String?
        /// By the deployments that it is subscribed to.
        var subscriptions: [String: Subscription] = [:]
        /// The deployments that it wants to hear no more of, acknowledged or not.
        var ended: Set<String> = []
    }

    private struct Subscription {
        /// The line of its acknowledgement.
        let line: Int
        /// The newest number that came.
        var seen = 0
    }

    private struct Due {
        let at: Int
        /// The line of the subscription's acknowledgement.
        let subscription: Int
        let actor: String
        let deployment: String
        let number: Int
        let line: Int
    }

    private static func undelivered(
        _ told: Told, in trace: [Trace.Line], _ message: (_ id: String, _ number: Int, _ seen: Int) -> String
    ) -> [Violation] {
        var sockets: [String: Socket] = [:]
        var due: ArraySlice<Due> = []
        var committed: [String: (number: Int, line: Int)] = [:]
        var violations: [Violation] = []
        func expect(
            _ number: Int, of deployment: String, on actor: String, _ subscription: Subscription, by line: Trace.Line
        ) {
            due.append(
                Due(
                    at: line.t + longestDelivery, subscription: subscription.line, actor: actor,
                    deployment: deployment, number: number, line: line.n))
        }
        for line in trace {
            while let first = due.first, first.at < line.t {
                due.removeFirst()
                guard let known = sockets[first.actor]?.subscriptions[first.deployment],
                    known.line == first.subscription, known.seen < first.number
                else { continue }
                violations.append(
                    Violation(
                        message: message(first.deployment, first.number, known.seen), actor: first.actor,
                        line: first.line))
                sockets[first.actor]?.subscriptions[first.deployment] = nil
            }
            let id = line["frame"]?["deploymentId"]?.string ?? ""
            switch line.kind {
            case "opened": sockets[line.actor] = Socket(server: line["server"]?.string)
            case "closed", "dropped", "stalled", "silent": sockets[line.actor] = nil
            case "dies", "paused": sockets = sockets.filter { $0.value.server.map { $0 != line.actor } ?? false }
            case "sent":
                let deployment = line["message"]?["deploymentId"]?.string ?? ""
                if line["message"]?["type"]?.string == "unsubscribe" {
                    sockets[line.actor]?.subscriptions[deployment] = nil
                    sockets[line.actor]?.ended.insert(deployment)
                } else {
                    sockets[line.actor]?.ended.remove(deployment)
                }
            case "frame" where line["frame"]?["type"]?.string == "subscribed":
                guard sockets[line.actor]?.ended.contains(id) == false else { continue }
                let subscription = Subscription(line: line.n)
                sockets[line.actor]?.subscriptions[id] = subscription
                // The snapshot comes after the acknowledgement, whatever is committed next.
                if told.hasSnapshot, let newest = committed[id], let sentAfter = line["sentAfter"]?.integer,
                    newest.line <= sentAfter
                {
                    expect(newest.number, of: id, on: line.actor, subscription, by: line)
                }
            case "frame" where line["frame"]?["type"]?.string == told.frame:
                guard let frame = line["frame"], let number = told.number(frame),
                    let seen = sockets[line.actor]?.subscriptions[id]?.seen
                else { continue }
                sockets[line.actor]?.subscriptions[id]?.seen = max(seen, number)
            case told.kind:
                guard let id = line["deployment"]?.string, let number = told.number(.object(line.fields)) else {
                    continue
                }
                committed[id] = (number, line.n)
                for (actor, socket) in sockets.sorted(by: { $0.key < $1.key }) {
                    guard let subscription = socket.subscriptions[id] else { continue }
                    expect(number, of: id, on: actor, subscription, by: line)
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

    /// A session ends when nobody has asked for anything for so long, in milliseconds; and the time that it takes to
    /// be seen.
    private static let longestIdleness = 8 * 3_600_000 + 60_000

    /// No data comes to a user's pages after the user has signed out, or the session has run out, until they sign in
    /// again.
    static func nothingAfterLogout(_ trace: [Trace.Line]) -> [Violation] {
        /// The line of the sign-out, and the server that was told.
        var outSince: [String: (line: Trace.Line, server: String?)] = [:]
        var servers: [String: String] = [:]
        var askedAt: [String: Int] = [:]
        return trace.compactMap { line in
            if line.kind == "opened" { servers[line.actor] = line["server"]?.string }
            if line.kind == "http", let status = line["status"]?.integer {
                askedAt[user(line.actor)] = line.t
                switch (line["method"]?.string, line["path"]?.string, status) {
                case ("POST", "/auth/logout", 204): outSince[line.actor] = (line, line["server"]?.string)
                case ("POST", "/auth/login", _): outSince[line.actor] = nil
                default: break
                }
            }
            guard line.kind == "frame", line["frame"]?["data"] != nil else { return nil }
            let user = user(line.actor)
            let sentAfter = line["sentAfter"]?.integer ?? 0
            if let out = outSince[user], sentAfter >= out.line.n {
                // Other servers may learn of it a second later.
                let isElsewhere = servers[line.actor] != out.server
                let sentAt = sentAfter <= trace.count ? trace[sentAfter - 1].t : line.t
                if isElsewhere, sentAt <= out.line.t + 1000 { return nil }
                return Violation(message: "data after the session's end", actor: line.actor, line: line.n)
            }
            guard let asked = askedAt[user], line.t > asked + longestIdleness else { return nil }
            return Violation(
                message: "data \(line.t - asked) ms after the last request", actor: line.actor, line: line.n)
        }
    }
}
