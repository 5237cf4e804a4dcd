import Runtime

// The rules of lists, from the pages that clients were answered.

extension Invariants {
    /// A walk of a user from the first page of a list to its last.
    private struct Walk {
        /// The line of its first request.
        let from: Int
        let pageSize: Int
        var seen: [String] = []
    }

    /// The page and its size that a list was asked for; nil for anything else.
    private static func page(_ line: Trace.Line) -> (number: Int, size: Int)? {
        guard let path = line["path"]?.string, path.hasPrefix("/deployments?") else { return nil }
        let query = path.split(separator: "?")[1].split(separator: "&").map { $0.split(separator: "=") }
        func value(_ name: String) -> Int? { query.first { $0[0] == name }.flatMap { Int($0[1]) } }
        guard let number = value("page"), let size = value("pageSize") else { return nil }
        return (number, size)
    }

    /// Whoever reads a list to its end sees each deployment that was there all the while once, whatever was created and
    /// deleted meanwhile, and none that was gone before.
    static func walksAreWhole(_ trace: [Trace.Line]) -> [Violation] {
        let owners = owners(trace)
        /// The lines in which deployments became what they are: their first, and that of DELETED.
        var madeAt: [String: Int] = [:]
        var goneAt: [String: Int] = [:]
        var asked: [Int: Int] = [:]
        var walks: [String: Walk] = [:]
        var violations: [Violation] = []
        for line in trace {
            if line.kind == "commit", let id = line["deployment"]?.string {
                if madeAt[id] == nil { madeAt[id] = line.n }
                if line["data"]?["status"]?.string == "DELETED" { goneAt[id] = line.n }
            }
            if line.kind == "request", let request = line["request"]?.integer { asked[request] = line.n }
            guard line.kind == "http", let (number, size) = page(line), let items = line["items"]?.array,
                let request = line["request"]?.integer, let from = asked[request]
            else { continue }
            var walk = walks[line.actor] ?? Walk(from: from, pageSize: size)
            if number == 1 { walk = Walk(from: from, pageSize: size) }
            walk.seen += items.compactMap { $0["id"]?.string }
            walks[line.actor] = walk
            guard items.count < size else { continue }
            walks[line.actor] = nil
            func complain(_ message: String) {
                violations.append(Violation(message: message, actor: line.actor, line: line.n))
            }
            let seen = Set(walk.seen)
            if seen.count < walk.seen.count { complain("the list shows a deployment twice") }
            let own = owners.filter { $0.value == user(line.actor) }.keys.sorted()
            for id in own where !seen.contains(id) && goneAt[id] == nil {
                if let made = madeAt[id], made < walk.from { complain("\(id) is missing in the list") }
            }
            for id in walk.seen {
                if let gone = goneAt[id], gone < walk.from { complain("\(id) is DELETED and in the list") }
            }
        }
        return violations
    }
}
