import Runtime

// The rules of sockets and pages, from what clients sent and got.

extension Invariants {
    /// A frame tells what was committed before it was sent, and nothing else.
    static func framesFollowCommits(_ trace: [Trace.Line]) -> [Violation] {
        struct Change: Hashable {
            let type: String
            let deployment: String
            let data: JSONValue
        }
        var committedAt: [Change: Int] = [:]
        var violations: [Violation] = []
        for line in trace {
            let deployment = line["deployment"]?.string ?? ""
            switch line.kind {
            case "commit":
                let change = Change(type: "deployment.updated", deployment: deployment, data: line["data"] ?? .null)
                committedAt[change] = line.n
            case "event":
                let data = JSONValue.object(line.fields.filter { $0.key != "deployment" })
                committedAt[Change(type: "deployment.event", deployment: deployment, data: data)] = line.n
            case "frame":
                guard let frame = line["frame"], let type = frame["type"]?.string, let data = frame["data"] else {
                    continue
                }
                let change = Change(type: type, deployment: frame["deploymentId"]?.string ?? "", data: data)
                let isEarly = committedAt[change].map { $0 > line["sentAfter"]?.integer ?? 0 } ?? true
                if isEarly {
                    violations.append(
                        Violation(message: "not committed when it was sent: \(frame)", actor: line.actor, line: line.n))
                }
            default: break
            }
        }
        return violations
    }

    /// On a socket each subscription is answered once, before anything else of its deployment; then revisions and
    /// numbers of events strictly rise.
    static func subscriptionsAreInOrder(_ trace: [Trace.Line]) -> [Violation] {
        struct Subscription {
            var unanswered = 0
            var isAnswered = false
            var revision = 0
            var seq = 0
        }
        /// By actor and deployment, of the actor's socket of that time.
        var open: [String: [String: Subscription]] = [:]
        var violations: [Violation] = []
        for line in trace {
            if line.kind == "opened" { open[line.actor] = [:] }
            if line.kind == "sent", line["message"]?["type"]?.string == "subscribe" {
                let id = line["message"]?["deploymentId"]?.string ?? ""
                open[line.actor, default: [:]][id, default: Subscription()].unanswered += 1
            }
            guard line.kind == "frame", let frame = line["frame"], let id = frame["deploymentId"]?.string else {
                continue
            }
            func complain(_ message: String) {
                violations.append(Violation(message: "\(id): \(message)", actor: line.actor, line: line.n))
            }
            var subscription = open[line.actor]?[id] ?? Subscription()
            switch frame["type"]?.string {
            case "subscribed", "error":
                subscription.unanswered -= 1
                if subscription.unanswered < 0 { complain("answered without a question") }
                subscription.isAnswered = true
                (subscription.revision, subscription.seq) = (0, 0)
            case let type:
                if !subscription.isAnswered { complain("\(type ?? "a frame") before the acknowledgement") }
                if let revision = frame["data"]?["revision"]?.integer {
                    if revision <= subscription.revision {
                        complain("revision \(revision) after \(subscription.revision)")
                    }
                    subscription.revision = revision
                }
                if let seq = frame["data"]?["seq"]?.integer {
                    if seq <= subscription.seq { complain("event \(seq) after \(subscription.seq)") }
                    subscription.seq = seq
                }
            }
            open[line.actor, default: [:]][id] = subscription
        }
        return violations
    }

    /// The keys of each part of a frame, by its type, and those that may be missing.
    private static let keys: [String: (all: Set<String>, optional: Set<String>)] = [
        "subscribed": (["type", "deploymentId"], ["id"]),
        "error": (["type", "code", "message"], ["deploymentId", "id"]),
        "deployment.updated": (["type", "deploymentId", "data"], []),
        "deployment.updated data": (["status", "runtime", "lastError", "updatedAt", "revision"], []),
        "deployment.updated runtime": (["publicIp", "privateIp", "sshUser"], []),
        "deployment.updated lastError": (["code", "message"], []),
        "deployment.event": (["type", "deploymentId", "data"], []),
        "deployment.event data": (["seq", "ts", "level", "message"], []),
    ]

    /// A frame has the keys that are documented (design.md section 6), and no others.
    static func framesHaveTheirKeys(_ trace: [Trace.Line]) -> [Violation] {
        trace.compactMap { line in
            guard line.kind == "frame", let frame = line["frame"] else { return nil }
            let type = frame["type"]?.string ?? ""
            let parts: [(String, JSONValue?)] = [
                (type, frame), (type + " data", frame["data"]), (type + " runtime", frame["data"]?["runtime"]),
                (type + " lastError", frame["data"]?["lastError"]),
            ]
            for (name, part) in parts {
                guard let members = part?.object else { continue }
                let found = Set(members.keys)
                guard let known = keys[name], known.all.isSubset(of: found),
                    found.subtracting(known.all).isSubset(of: known.optional)
                else {
                    return Violation(
                        message: "the keys of \(name) are \(found.sorted().joined(separator: ", "))", actor: line.actor,
                        line: line.n)
                }
            }
            return nil
        }
    }

    /// The most that may wait for one socket: what its limits say, and what one subscription may add at once.
    private static let (mostBytes, mostEvents) = (1024 * 1024 + 256 * 1024, 500 + 200)

    /// The memory of a socket's queue is bounded, whoever does not read.
    static func queuesAreBounded(_ trace: [Trace.Line]) -> [Violation] {
        trace.compactMap { line in
            guard line.kind == "backlog", let bytes = line["bytes"]?.integer, let events = line["events"]?.integer,
                bytes > mostBytes || events > mostEvents
            else { return nil }
            return Violation(
                message: "\(bytes) bytes and \(events) events wait for one socket", actor: line.actor, line: line.n)
        }
    }

    /// A page fetches when it is loaded, and once for each socket after its first, before it subscribes again.
    static func pagesDoNotPoll(_ trace: [Trace.Line]) -> [Violation] {
        struct Page {
            var isLoaded = false
            var sockets = 0
            /// Since the page's newest socket opened.
            var fetches = 0
        }
        var pages: [String: Page] = [:]
        var violations: [Violation] = []
        for line in trace where line.actor.contains("/") {
            func complain(_ message: String) {
                violations.append(Violation(message: message, actor: line.actor, line: line.n))
            }
            var page = pages[line.actor] ?? Page()
            switch line.kind {
            case "opened":
                page.sockets += 1
                page.fetches = 0
            case "http" where line["method"]?.string == "GET":
                // A page that could not be loaded is loaded again; that is no poll.
                if page.sockets == 0, !page.isLoaded {
                    page.isLoaded = line["status"]?.integer.map { $0 != 503 } ?? false
                    break
                }
                page.fetches += 1
                if page.fetches > (page.sockets > 1 ? 1 : 0) { complain("fetches without a reconnect") }
            case "sent" where line["message"]?["type"]?.string == "subscribe":
                if page.sockets > 1, page.fetches == 0 { complain("subscribes again without a fetch") }
            default: break
            }
            pages[line.actor] = page
        }
        return violations
    }
}
