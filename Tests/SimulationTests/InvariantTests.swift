import Runtime
import Testing

@testable import Simulation

/// A trace made by hand.
private struct Sketch {
    private(set) var lines: [Trace.Line] = []
    private var later = 0

    mutating func add(_ actor: String, _ kind: String, _ fields: [String: JSONValue] = [:]) {
        lines.append(
            Trace.Line(t: lines.count + later, n: lines.count + 1, actor: actor, kind: kind, fields: fields))
    }

    static func data(_ status: String, _ revision: Int, at second: Int? = nil, error: String? = nil) -> JSONValue {
        [
            "status": .string(status), "revision": .integer(revision),
            "updatedAt": .string("2026-01-06T10:00:0\(second ?? revision).000Z"),
            "lastError": error.map { ["code": .string($0), "message": ""] } ?? .null,
        ]
    }

    mutating func commit(
        _ status: String, _ revision: Int, at second: Int? = nil, error: String? = nil, of deployment: String = "dep_A",
        stacks: [String] = []
    ) {
        add(
            "store", "commit",
            [
                "deployment": .string(deployment), "data": Self.data(status, revision, at: second, error: error),
                "stacks": .array(stacks.map { .string($0) }),
            ])
    }

    static func event(_ seq: Int) -> [String: JSONValue] {
        ["seq": .integer(seq), "ts": "2026-01-06T10:00:00.000Z", "level": "INFO", "message": "said \(seq)"]
    }

    mutating func event(_ seq: Int, of deployment: String = "dep_A") {
        add("store", "event", Self.event(seq).merging(["deployment": .string(deployment)]) { $1 })
    }

    /// A frame that was sent when the trace had so many lines; all of them, where nothing is said.
    mutating func frame(_ type: String, _ data: JSONValue? = nil, sentAfter: Int? = nil) {
        var frame: [String: JSONValue] = ["type": .string(type), "deploymentId": "dep_A"]
        frame["data"] = data
        add("ann/t1", "frame", ["frame": .object(frame), "sentAfter": .integer(sentAfter ?? lines.count)])
    }

    mutating func fetch(_ status: JSONValue = 200) {
        add("ann/t1", "http", ["method": "GET", "path": "/deployments/dep_A", "status": status])
    }

    mutating func subscribe() {
        add("ann/t1", "sent", ["message": ["type": "subscribe", "deploymentId": "dep_A"]])
    }

    mutating func open() { add("ann/t1", "opened") }

    /// The deployment is Ann's.
    mutating func named() { add("story", "named", ["deployment": "dep_A", "label": "vm", "user": "ann"]) }

    /// A create of Ann's that was accepted.
    mutating func accepted(_ deployment: String = "dep_A", key: String, body: JSONValue = "b") {
        add(
            "ann", "http",
            [
                "method": "POST", "path": "/deployments", "status": 202, "key": .string(key), "body": body,
                "deployment": .string(deployment),
            ])
    }

    mutating func read(revision: Int) {
        add(
            "ann", "http",
            [
                "method": "GET", "path": "/deployments/dep_A", "status": 200, "deployment": "dep_A",
                "revision": .integer(revision),
            ])
    }

    /// Lets time pass, in milliseconds.
    mutating func pass(_ milliseconds: Int) {
        lines.append(
            Trace.Line(
                t: (lines.last?.t ?? 0) + milliseconds, n: lines.count + 1, actor: "story", kind: "calm", fields: [:]))
        later += milliseconds
    }

    /// The server asks the cloud, and is told.
    mutating func asks(
        _ call: Int, _ method: String = "GET", _ path: String = "/heat/west/v1/p/stacks", stack: String? = nil,
        token: Int? = nil
    ) {
        add(
            "server", "asks",
            [
                "call": .integer(call), "method": .string(method), "path": .string(path), "stack": JSONValue(stack),
                "token": token.map { .integer($0) } ?? .null,
            ])
    }

    mutating func told(_ call: Int, _ status: Int, retryAfter: Int? = nil) {
        add(
            "server", "told",
            [
                "call": .integer(call), "status": .integer(status),
                "retryAfter": retryAfter.map { .integer($0) } ?? .null,
            ])
    }

    mutating func create() {
        add("cloud/west", "call", ["op": "heat.stack.create", "stack": "vm-dep_a", "status": 201])
    }
}

@Suite struct InvariantTests {
    /// Steps to a trace in which one rule is broken, and which.
    private static let broken: [(id: String, sketch: @Sendable (inout Sketch) -> Void)] = [
        ("S1", { $0.commit("ACTIVE", 1) }),
        (
            "S1",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.commit("ACTIVE", 2)
            }
        ),
        ("S2", { $0.commit("REQUESTED", 2) }),
        (
            "S2",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.commit("PROVISIONING", 3)
            }
        ),
        (
            "S2",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.commit("PROVISIONING", 1, at: 2)
            }
        ),
        (
            "S3",
            {
                $0.commit("REQUESTED", 1, at: 5)
                $0.event(1)
                $0.commit("PROVISIONING", 2, at: 5)
            }
        ),
        (
            "S4",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.commit("DELETING", 2)
                $0.event(2)
                $0.commit("ERROR", 3, error: "DELETE_FAILED")
                $0.event(3)
                $0.commit("PROVISIONING", 4)
            }
        ),
        (
            "S5",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.commit("DELETING", 2)
                $0.event(2)
                $0.commit("DELETED", 3)
                $0.event(3)
                $0.commit("DELETED", 4)
            }
        ),
        (
            "S6",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.create()
            }
        ),
        (
            "S8",
            {
                $0.commit("REQUESTED", 1)
                $0.event(2)
            }
        ),
        (
            "S8",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.event(3)
            }
        ),
        (
            "S8",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.event(1)
            }
        ),
        (
            "S8",
            {
                $0.commit("REQUESTED", 1)
                $0.commit("PROVISIONING", 2)
                $0.event(1)
            }
        ),
        ("S8", { $0.commit("REQUESTED", 1) }),
        (
            "S9",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.commit("ERROR", 2)
            }
        ),
        ("S9", { $0.commit("REQUESTED", 1, error: "CREATE_FAILED") }),
        (
            "R1",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.subscribe()
                $0.frame("subscribed")
                $0.commit("PROVISIONING", 2)
                $0.event(2)
                $0.frame("deployment.updated", Sketch.data("PROVISIONING", 2), sentAfter: 4)
            }
        ),
        (
            "R1",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.subscribe()
                $0.frame("subscribed")
                $0.frame("deployment.updated", Sketch.data("ACTIVE", 1))
            }
        ),
        (
            "R1",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.subscribe()
                $0.frame("subscribed")
                $0.frame("deployment.event", .object(Sketch.event(2)))
            }
        ),
        (
            "R2",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.frame("deployment.updated", Sketch.data("REQUESTED", 1))
            }
        ),
        (
            "R2",
            {
                $0.subscribe()
                $0.frame("subscribed")
                $0.frame("subscribed")
            }
        ),
        (
            "R2",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.open()
                $0.subscribe()
                $0.frame("subscribed")
                for _ in 0..<2 { $0.frame("deployment.updated", Sketch.data("REQUESTED", 1)) }
            }
        ),
        (
            "R2",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.subscribe()
                $0.frame("subscribed")
                for _ in 0..<2 { $0.frame("deployment.event", .object(Sketch.event(1))) }
            }
        ),
        // The acknowledgement of the socket before counts for nothing.
        (
            "R2",
            {
                $0.commit("REQUESTED", 1)
                $0.event(1)
                $0.open()
                $0.subscribe()
                $0.frame("subscribed")
                $0.open()
                $0.fetch()
                $0.subscribe()
                $0.frame("deployment.updated", Sketch.data("REQUESTED", 1))
            }
        ),
        (
            "R10",
            {
                $0.fetch()
                $0.fetch()
            }
        ),
        (
            "R10",
            {
                $0.fetch()
                $0.open()
                $0.subscribe()
                $0.fetch()
            }
        ),
        (
            "R10",
            {
                $0.fetch()
                $0.open()
                $0.subscribe()
                $0.open()
                $0.subscribe()
            }
        ),
        (
            "R10",
            {
                $0.fetch()
                $0.open()
                $0.subscribe()
                $0.open()
                $0.fetch()
                $0.subscribe()
                $0.fetch()
            }
        ),
        ("S7", { $0.commit("ACTIVE", 1, stacks: ["CREATE_IN_PROGRESS"]) }),
        (
            "A1",
            {
                $0.accepted("dep_A", key: "k")
                $0.accepted("dep_B", key: "k")
            }
        ),
        (
            "A3",
            {
                $0.accepted(key: "k")
                $0.accepted(key: "k", body: "another")
            }
        ),
        ("A4", { $0.accepted(key: "k") }),
        (
            "A6",
            {
                $0.named()
                $0.add("bob", "http", ["method": "GET", "path": "/deployments/dep_A/events", "status": 200])
            }
        ),
        (
            "A8",
            {
                $0.read(revision: 3)
                $0.read(revision: 2)
            }
        ),
        (
            "R3",
            {
                $0.open()
                $0.subscribe()
                $0.frame("subscribed")
                $0.frame("deployment.updated", Sketch.data("REQUESTED", 1))
                $0.commit("PROVISIONING", 2)
                $0.pass(60_000)
            }
        ),
        (
            "R3",
            {
                $0.commit("REQUESTED", 1)
                $0.open()
                $0.subscribe()
                $0.frame("subscribed")
                $0.pass(60_000)
            }
        ),
        (
            "R5",
            {
                $0.open()
                $0.add("ann/t1", "sent", ["message": ["type": "unsubscribe", "deploymentId": "dep_A"]])
                $0.pass(60_000)
                $0.frame("deployment.updated", Sketch.data("ACTIVE", 3))
            }
        ),
        (
            "R5",
            {
                $0.add("story", "named", ["deployment": "dep_A", "label": "vm", "user": "bob"])
                $0.frame("deployment.updated", Sketch.data("ACTIVE", 3))
            }
        ),
        (
            "R6",
            {
                $0.add("ann", "http", ["method": "POST", "path": "/auth/logout", "status": 204])
                $0.frame("deployment.updated", Sketch.data("ACTIVE", 3))
            }
        ),
        ("C4", { $0.asks(1, "DELETE", "/heat/west/v1/p/stacks/theirs/1", stack: "theirs") }),
        (
            "C5",
            {
                $0.commit("DELETING", 1)
                $0.pass(100_000)
                $0.asks(1, "POST", stack: "vm-dep_a")
            }
        ),
        (
            "C8",
            {
                $0.asks(1, token: 1)
                $0.told(1, 401)
                $0.asks(2, token: 1)
            }
        ),
        (
            "C8",
            {
                $0.asks(1, "POST", "/identity/v3/auth/tokens")
                $0.asks(2, "POST", "/identity/v3/auth/tokens")
            }
        ),
        (
            "C9",
            {
                $0.asks(1)
                $0.told(1, 429, retryAfter: 30)
                $0.asks(2)
            }
        ),
        ("W3", { for call in 1...50 { $0.asks(call) } }),
    ]

    @Test("each rule sees a trace that breaks it, and names the line", arguments: broken.indices)
    func violations(index: Int) throws {
        let (id, draw) = Self.broken[index]
        var sketch = Sketch()
        draw(&sketch)
        let failures = Invariants.failures(of: sketch.lines)
        let found = try #require(failures.first { $0.invariant == id }, "only \(failures)")
        #expect(found.line != nil && found.actor != nil)
        #expect(found.description.hasPrefix("invariant \(id): "))
    }

    @Test("every rule of the trace has a trace that breaks it")
    func everyRuleIsTested() {
        #expect(Set(Invariants.ofTrace.map(\.id)) == Set(Self.broken.map(\.id)))
    }

    @Test("a trace in which all is well breaks no rule")
    func nothingFound() {
        var sketch = Sketch()
        sketch.commit("REQUESTED", 1)
        sketch.event(1)
        sketch.commit("PROVISIONING", 2)
        sketch.event(2)
        sketch.create()
        sketch.fetch("no answer")
        sketch.fetch()
        sketch.open()
        sketch.subscribe()
        sketch.frame("subscribed")
        sketch.frame("deployment.updated", Sketch.data("PROVISIONING", 2))
        sketch.open()
        sketch.fetch("no answer")
        sketch.subscribe()
        sketch.frame("subscribed")
        sketch.frame("deployment.updated", Sketch.data("PROVISIONING", 2))
        sketch.commit("PROVISIONING", 3)
        sketch.commit("ERROR", 4, error: "PROVISION_TIMEOUT")
        sketch.event(3)
        sketch.frame("deployment.event", .object(Sketch.event(3)))
        sketch.commit("ACTIVE", 5)
        sketch.event(4)
        sketch.frame("deployment.updated", Sketch.data("ACTIVE", 5))
        sketch.commit("DELETING", 6)
        sketch.event(5)
        sketch.commit("DELETED", 7)
        sketch.event(6)
        #expect(Invariants.failures(of: sketch.lines) == [])
    }

    @Test("what looks like a breach of a rule and is none")
    func almost() {
        var sketch = Sketch()
        sketch.named()
        sketch.commit("REQUESTED", 1)
        sketch.event(1)
        sketch.accepted(key: "k")
        sketch.accepted(key: "k")
        sketch.open()
        sketch.subscribe()
        sketch.frame("subscribed")
        sketch.frame("deployment.updated", Sketch.data("REQUESTED", 1))
        sketch.commit("PROVISIONING", 2)
        sketch.event(2)
        // The network loses the socket before it came.
        sketch.add("ann/t1", "dropped")
        sketch.pass(60_000)
        // An unsubscribe that overtakes the acknowledgement.
        sketch.open()
        sketch.fetch()
        sketch.subscribe()
        sketch.add("ann/t1", "sent", ["message": ["type": "unsubscribe", "deploymentId": "dep_A"]])
        sketch.frame("subscribed")
        sketch.pass(60_000)
        // The next subscription is heard again.
        sketch.add("ann/t1", "dropped")
        sketch.open()
        sketch.fetch()
        sketch.subscribe()
        sketch.frame("subscribed")
        sketch.add("ann/t1", "dropped")
        // Somebody else is told that there is nothing.
        sketch.add("bob", "http", ["method": "GET", "path": "/deployments/dep_A", "status": 404])
        // A call that was under way, and one after the pause.
        sketch.asks(1, token: 1)
        sketch.asks(2, token: 1)
        sketch.told(1, 429, retryAfter: 1)
        sketch.told(2, 401)
        sketch.pass(2000)
        sketch.asks(3, "POST", "/identity/v3/auth/tokens")
        sketch.told(3, 201)
        sketch.asks(4, token: 2)
        sketch.commit("ACTIVE", 3, stacks: ["CREATE_COMPLETE"])
        sketch.event(3)
        sketch.add("ann", "http", ["method": "POST", "path": "/auth/logout", "status": 204])
        // It was sent before, and came later.
        sketch.frame("deployment.updated", Sketch.data("ACTIVE", 3), sentAfter: sketch.lines.count - 1)
        #expect(Invariants.failures(of: sketch.lines) == [])
    }

    @Test("a secret in a log, a message or a commit is seen, and one that is nowhere is not")
    func secrets() {
        var sketch = Sketch()
        sketch.add("server", "log", ["level": "warning", "message": "cannot sign in with s3cr3t-value"])
        #expect(Invariants.failures(of: sketch.lines, secrets: ["s3cr3t-value"]).map(\.invariant) == ["X1"])
        #expect(Invariants.failures(of: sketch.lines, secrets: ["another"]) == [])
    }

    // The end.

    private func stack(_ id: String, of deployment: String = "dep_A", tags: [String]? = nil) -> EndState.Stack {
        EndState.Stack(
            region: "west", id: id, name: "vm-" + deployment.lowercased(), status: "CREATE_COMPLETE",
            tags: tags ?? ["portal:hh_1", "dep:" + deployment])
    }

    private func deployment(
        _ status: String, isWanted: Bool = true, stackIds: [String] = [], isCreateOpen: Bool = false
    ) -> EndState.Deployment {
        EndState.Deployment(
            status: status, isWanted: isWanted, stackIds: stackIds, isCreateOpen: isCreateOpen, revision: 7)
    }

    private func violated(
        _ stacks: [EndState.Stack], _ deployments: [String: EndState.Deployment], pages: [EndState.Page] = []
    ) -> [String] {
        Invariants.failures(of: EndState(stacks: stacks, deployments: deployments, pages: pages))
            .compactMap(\.invariant)
    }

    @Test("what is ACTIVE has a stack")
    func missingStack() {
        #expect(violated([], ["dep_A": deployment("ACTIVE", stackIds: ["s1"])]) == ["C3"])
        #expect(violated([], ["dep_A": deployment("ERROR", stackIds: ["s1"])]) == [])
    }

    @Test("what is still under way at the end is not settled")
    func unsettled() {
        for status in ["REQUESTED", "PROVISIONING", "DELETING"] {
            #expect(violated([], ["dep_A": deployment(status)]) == ["L1"])
        }
        #expect(violated([], ["dep_A": deployment("ACTIVE", isWanted: false)]).contains("L1"))
        #expect(violated([], ["dep_A": deployment("ERROR", isWanted: false)]) == [])
    }

    @Test("a page that is open shows what is stored; another's does not matter")
    func stalePage() {
        let stored = ["dep_A": deployment("ERROR")]
        func page(_ revision: Int, isOwn: Bool = true) -> [EndState.Page] {
            [EndState.Page(actor: "ann/t1", deployment: "dep_A", revision: revision, isOwn: isOwn)]
        }
        #expect(violated([], stored, pages: page(6)) == ["L2"])
        #expect(violated([], stored, pages: page(7)) == [])
        #expect(violated([], stored, pages: page(0, isOwn: false)) == [])
    }

    @Test("two stacks of one deployment are too many")
    func twoStacks() {
        let known = ["dep_A": deployment("ACTIVE", stackIds: ["s1", "s2"])]
        #expect(violated([stack("s1"), stack("s2")], known) == ["C1"])
        #expect(violated([stack("s1")], known) == [])
    }

    @Test("a stack that no deployment stands for is an orphan")
    func orphans() {
        #expect(violated([stack("s1")], [:]) == ["C2"])
        #expect(violated([stack("s1")], ["dep_A": deployment("DELETED", isWanted: false, stackIds: ["s1"])]) == ["C2"])
        #expect(violated([stack("s1")], ["dep_A": deployment("ACTIVE", stackIds: ["s2"])]) == ["C2", "C3"])
        #expect(violated([stack("s1")], ["dep_A": deployment("ERROR")]) == ["C2"])
    }

    @Test("a stack that is wanted, looked for, being deleted or somebody else's is no orphan")
    func noOrphans() {
        #expect(violated([stack("s1")], ["dep_A": deployment("ACTIVE", stackIds: ["s1"])]) == [])
        #expect(violated([stack("s1")], ["dep_A": deployment("PROVISIONING", isCreateOpen: true)]) == ["L1"])
        #expect(violated([stack("s1")], ["dep_A": deployment("DELETING", isWanted: false, stackIds: ["s1"])]) == ["L1"])
        #expect(violated([stack("s1", tags: ["dep:dep_A"])], [:]) == [])
    }
}
