import Runtime
import Testing

@testable import Simulation

@Suite struct InvariantTests {
    @Test("each rule sees a trace that breaks it, and names the line", arguments: BrokenTraces.all.indices)
    func violations(index: Int) throws {
        let (id, draw) = BrokenTraces.all[index]
        var sketch = Sketch()
        draw(&sketch)
        let failures = Invariants.failures(of: sketch.lines)
        let found = try #require(failures.first { $0.invariant == id }, "only \(failures)")
        #expect(found.line != nil && found.actor != nil)
        #expect(found.description.hasPrefix("invariant \(id): "))
    }

    @Test("every rule of the trace has a trace that breaks it")
    func everyRuleIsTested() {
        #expect(Set(Invariants.ofTrace.map(\.id)) == Set(BrokenTraces.all.map(\.id)))
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
        sketch.stack("s1", "CREATE_IN_PROGRESS")
        sketch.stack("s1", "CREATE_COMPLETE")
        sketch.commit("ACTIVE", 5)
        sketch.event(4)
        sketch.frame("deployment.updated", Sketch.data("ACTIVE", 5))
        sketch.commit("DELETING", 6)
        sketch.event(5)
        sketch.stack("s1", "DELETE_IN_PROGRESS")
        sketch.stack("s1", "GONE")
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
        sketch.add(
            "bob", "http",
            [
                "method": "GET", "path": "/deployments/dep_A", "status": 404,
                "answer": ["code": "NOT_FOUND", "requestId": "r"],
            ])
        // A call that was under way, and one after the pause.
        sketch.asks(1, token: 1)
        sketch.asks(2, token: 1)
        sketch.told(1, 429, retryAfter: 1)
        sketch.told(2, 401)
        sketch.pass(2000)
        sketch.asks(3, "POST", "/identity/v3/auth/tokens")
        sketch.told(3, 201)
        sketch.asks(4, token: 2)
        sketch.stack("s1", "CREATE_COMPLETE")
        sketch.commit("ACTIVE", 3)
        sketch.event(3)
        sketch.add("ann", "http", ["method": "POST", "path": "/auth/logout", "status": 204])
        // It was sent before, and came later.
        sketch.frame("deployment.updated", Sketch.data("ACTIVE", 3), sentAfter: sketch.lines.count - 1)
        #expect(Invariants.failures(of: sketch.lines) == [])
    }

    @Test("the page of the language lists every rule in the words of the code")
    func listed() throws {
        let page = try Library.text("README.md")
        let atEnd = Invariants.ofEnd.map { "| \($0.id) | at the end: \($0.sentence) |" }
        let rows = Invariants.ofTrace.map { "| \($0.id) | \($0.sentence) |" } + atEnd
        for row in rows + ["| \(Invariants.secrecy.id) | \(Invariants.secrecy.sentence) |"] {
            #expect(page.contains(row), "\(row)")
        }
    }

    @Test("what was on its way to a socket that is no more need not come, and a new subscription begins anew")
    func newSubscription() {
        var sketch = Sketch()
        sketch.open()
        sketch.subscribe()
        sketch.frame("subscribed")
        sketch.event(1)
        sketch.open()
        sketch.fetch()
        sketch.subscribe()
        sketch.frame("subscribed")
        sketch.pass(60_000)
        sketch.fetch("no answer")
        #expect(!Invariants.failures(of: sketch.lines).contains { $0.invariant == "R14" })
    }

    @Test("a secret in a log, a message or a commit is seen, and one that is nowhere is not")
    func secrets() {
        var sketch = Sketch()
        sketch.add("server", "log", ["level": "warning", "message": "cannot sign in with s3cr3t-value"])
        #expect(Invariants.failures(of: sketch.lines, secrets: ["s3cr3t-value"]).map(\.invariant) == ["X1"])
        #expect(Invariants.failures(of: sketch.lines, secrets: ["another"]) == [])
        sketch.add("server", "leak", ["where": "a log of level debug"])
        #expect(Invariants.failures(of: sketch.lines).map(\.invariant) == ["X1"])
    }

    // The end.

    private func stack(_ id: String, of deployment: String = "dep_A", tags: [String]? = nil) -> EndState.Stack {
        EndState.Stack(
            region: "west", id: id, name: "vm-" + deployment.lowercased(), status: "CREATE_COMPLETE",
            tags: tags ?? ["portal:hh_1", "dep:" + deployment])
    }

    private func deployment(
        _ status: String, isWanted: Bool = true, stackIds: [String] = []
    ) -> EndState.Deployment {
        EndState.Deployment(status: status, isWanted: isWanted, stackIds: stackIds, revision: 7)
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

    @Test("what was committed and is not stored was forgotten")
    func forgotten() {
        func violated(_ committed: [String: Int]) -> [String] {
            let end = EndState(
                stacks: [], deployments: ["dep_A": deployment("ERROR")], pages: [], committed: committed)
            return Invariants.failures(of: end).compactMap(\.invariant)
        }
        #expect(violated(["dep_A": 7]) == [])
        #expect(violated(["dep_A": 8]) == ["A4"])
        #expect(violated(["dep_A": 7, "dep_B": 1]) == ["A4"])
    }

    @Test("a socket whose peer is gone is left over")
    func leftOver() {
        func violated(_ sockets: Int, _ peers: Int) -> [String] {
            let server = EndState.Server(actor: "server", sockets: sockets, peers: peers)
            let end = EndState(stacks: [], deployments: [:], pages: [], servers: [server])
            return Invariants.failures(of: end).compactMap(\.invariant)
        }
        #expect(violated(2, 2) == [] && violated(0, 1) == [])
        #expect(violated(2, 1) == ["L3"])
    }

    @Test("a stack that is wanted, being deleted or somebody else's is no orphan")
    func noOrphans() {
        #expect(violated([stack("s1")], ["dep_A": deployment("ACTIVE", stackIds: ["s1"])]) == [])
        #expect(violated([stack("s1")], ["dep_A": deployment("DELETING", isWanted: false, stackIds: ["s1"])]) == ["L1"])
        #expect(violated([stack("s1", tags: ["dep:dep_A"])], [:]) == [])
    }
}
