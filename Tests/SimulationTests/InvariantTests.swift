import Runtime
import Testing

@testable import Simulation

/// A trace made by hand.
private struct Sketch {
    private(set) var lines: [Trace.Line] = []

    mutating func add(_ actor: String, _ kind: String, _ fields: [String: JSONValue] = [:]) {
        lines.append(
            Trace.Line(t: lines.count, n: lines.count + 1, actor: actor, kind: kind, fields: fields))
    }

    static func data(_ status: String, _ revision: Int, at second: Int? = nil, error: String? = nil) -> JSONValue {
        [
            "status": .string(status), "revision": .integer(revision),
            "updatedAt": .string("2026-01-06T10:00:0\(second ?? revision).000Z"),
            "lastError": error.map { ["code": .string($0), "message": ""] } ?? .null,
        ]
    }

    mutating func commit(
        _ status: String, _ revision: Int, at second: Int? = nil, error: String? = nil, of deployment: String = "dep_A"
    ) {
        add(
            "store", "commit",
            ["deployment": .string(deployment), "data": Self.data(status, revision, at: second, error: error)])
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

    // The end.

    private func stack(_ id: String, of deployment: String = "dep_A", tags: [String]? = nil) -> EndState.Stack {
        EndState.Stack(
            region: "west", id: id, name: "vm-" + deployment.lowercased(), status: "CREATE_COMPLETE",
            tags: tags ?? ["portal:hh_1", "dep:" + deployment])
    }

    private func deployment(
        _ status: String, isWanted: Bool = true, stackIds: [String] = [], isCreateOpen: Bool = false
    ) -> EndState.Deployment {
        EndState.Deployment(status: status, isWanted: isWanted, stackIds: stackIds, isCreateOpen: isCreateOpen)
    }

    private func violated(_ stacks: [EndState.Stack], _ deployments: [String: EndState.Deployment]) -> [String] {
        Invariants.failures(of: EndState(stacks: stacks, deployments: deployments)).compactMap(\.invariant)
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
        #expect(violated([stack("s1")], ["dep_A": deployment("ACTIVE", stackIds: ["s2"])]) == ["C2"])
        #expect(violated([stack("s1")], ["dep_A": deployment("ERROR")]) == ["C2"])
    }

    @Test("a stack that is wanted, looked for, being deleted or somebody else's is no orphan")
    func noOrphans() {
        #expect(violated([stack("s1")], ["dep_A": deployment("ACTIVE", stackIds: ["s1"])]) == [])
        #expect(violated([stack("s1")], ["dep_A": deployment("PROVISIONING", isCreateOpen: true)]) == [])
        #expect(violated([stack("s1")], ["dep_A": deployment("DELETING", isWanted: false, stackIds: ["s1"])]) == [])
        #expect(violated([stack("s1", tags: ["dep:dep_A"])], [:]) == [])
    }
}
