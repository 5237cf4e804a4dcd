import Foundation
import Testing

/// Reads the sources for the rules of determinism (design.md section 3): what a simulation must own is not to be
/// had elsewhere.
@Suite struct DeterminismRulesTests {
    struct Rule: Sendable {
        let name: String
        let pattern: String
    }

    static let rules = [
        Rule(
            name: "unstructured task",
            pattern:
                #"\bTask\s*(<[^{}:]*>)?\s*(\.(detached|immediate|immediateDetached|init))?\s*(\([^)]*\)\s*)?\{|\bTask\s*(<[^{}:]*>)?\s*(\.\w+)?\s*\([^)]*\boperation:|\b(completeWithTask|makeFutureWithTask)\b"#
        ),
        Rule(name: "dispatch queue", pattern: #"\bDispatch(Queue|Group|Semaphore|WorkItem|Time|Source)\b"#),
        Rule(name: "thread", pattern: #"\b(Thread|NIOThreadPool|pthread_\w+)\b"#),
        Rule(
            name: "wall clock",
            pattern:
                #"\bDate\s*(\.init\s*)?\(\s*\)|\bDate\s*\(\s*timeIntervalSinceNow|\bDate\.now\b|\bNSDate\b|\b(gettimeofday|clock_gettime|time)\s*\(\s*nil"#
        ),
        Rule(name: "clock", pattern: #"\b(ContinuousClock|SuspendingClock|systemUptime)\b"#),
        Rule(name: "sleep", pattern: #"\bTask\.sleep\b|\busleep\s*\("#),
        Rule(name: "timer", pattern: #"\bTimer\.scheduledTimer\b|\bTimer\s*\(\s*(timeInterval|fire)\b"#),
        Rule(
            name: "random",
            pattern:
                #"\bUUID\s*(\.init\s*)?\(\s*\)|\bSystemRandomNumberGenerator\b|\.random\s*\(\s*\)|\.random\s*\(in:[^,)]*\)|\.(shuffled|shuffle|randomElement)\s*\(\s*\)|\barc4random"#
        ),
    ]

    /// Where the outside world is let in: an adapter at the edge, and what it may use.
    static let edges: [String: Set<String>] = [
        "Sources/Runtime/SystemTime.swift": ["wall clock", "clock", "sleep"],
        "Sources/Runtime/RandomSource.swift": ["random"],
        "Sources/Runtime/QueueExecutor.swift": ["dispatch queue"],
        "Sources/Simulation/Simulate.swift": ["unstructured task"],
        // NIO asks for a future where it decides on an upgrade.
        "Sources/HTTPAPI/PortalChannel.swift": ["unstructured task"],
    ]

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The rules that a source breaks. Comments and texts are not code.
    static func broken(in source: String) throws -> Set<String> {
        let code = source.replacing(try Regex(#""(?:[^"\\\n]|\\.)*""#), with: "\"\"")
            .split(separator: "\n").filter { !$0.drop(while: \.isWhitespace).hasPrefix("//") }.joined(separator: "\n")
        return Set(
            try rules.filter { try Regex($0.pattern).wordBoundaryKind(.simple).firstMatch(in: code) != nil }.map(\.name)
        )
    }

    @Test("time, randomness, tasks and threads are used at the edges and nowhere else")
    func sourcesKeepTheRules() throws {
        var files: [String] = []
        for folder in ["Sources", "fakecloud"] {
            let found = try #require(FileManager.default.enumerator(atPath: Self.root.path + "/" + folder))
            files += found.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.map { folder + "/" + $0 }
        }
        #expect(files.count > 50, "the sources were not found")
        for file in files.sorted() {
            let broken = try Self.broken(in: String(contentsOfFile: Self.root.path + "/" + file, encoding: .utf8))
            #expect(broken == Self.edges[file] ?? [], "\(file)")
        }
    }

    @Test(
        "each way around the rules is seen",
        arguments: [
            ("Task { await work() }", "unstructured task"), ("Task.detached {", "unstructured task"),
            ("let t = Task(priority: .high) { }", "unstructured task"),
            ("Task<Void, any Error> { try await work() }", "unstructured task"),
            ("Task.init { }", "unstructured task"), ("Task(operation: work)", "unstructured task"),
            ("Task<Void, Never>(priority: nil, operation: work)", "unstructured task"),
            ("promise.completeWithTask { await work() }", "unstructured task"),
            ("eventLoop.makeFutureWithTask { await work() }", "unstructured task"),
            ("let now = Date.init()", "wall clock"), ("Date(timeIntervalSinceNow: 5)", "wall clock"),
            ("DispatchQueue.main.async {", "dispatch queue"),
            ("Thread.current", "thread"), ("let now = Date()", "wall clock"), ("Timer.scheduledTimer(", "timer"),
            ("Date.now", "wall clock"),
            ("ContinuousClock.now", "clock"), ("try await Task.sleep(for: x)", "sleep"), ("UUID()", "random"),
            ("Int.random(in: 0..<9)", "random"), ("items.shuffled()", "random"), ("Bool.random()", "random"),
        ])
    func violationIsSeen(source: String, rule: String) throws {
        #expect(try Self.broken(in: source).contains(rule))
    }

    @Test(
        "what only looks like one is not",
        arguments: [
            "// Task { }", "let text = \"Date()\"", "group.addTask { }", "Int.random(in: 0..<9, using: &source)",
            "let running: Task<Void, Never>?", "func end(_ task: Task<Void, Never>) {",
            "Date(timeIntervalSince1970: 0)", "items.shuffled(using: &source)", "try Task.checkCancellation()",
        ])
    func lookalikeIsAllowed(source: String) throws {
        #expect(try Self.broken(in: source).isEmpty)
    }
}
