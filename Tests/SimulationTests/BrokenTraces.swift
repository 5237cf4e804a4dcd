import Runtime

@testable import Simulation

/// Traces in each of which one rule is broken, and which.
enum BrokenTraces {
    typealias Broken = (id: String, sketch: @Sendable (inout Sketch) -> Void)

    static let all = ofPortal + ofClients + ofCloud

    /// What is committed, and what comes over sockets.
    static let ofPortal: [Broken] = [
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

    /// What clients are told, and what they must never be.
    static let ofClients: [Broken] = [
        (
            "A1",
            {
                for request in 1...2 { $0.requests(request, key: "k") }
                $0.commit("REQUESTED", 1, of: "dep_A", named: "web")
                $0.commit("REQUESTED", 1, of: "dep_B", named: "web")
            }
        ),
        (
            "A2",
            {
                $0.accepted(key: "k")
                $0.accepted(key: "k", answer: "another")
            }
        ),
        (
            "A5",
            {
                $0.requests(1)
                $0.commit("REQUESTED", 1, named: "web")
                $0.answers(1, 422)
            }
        ),
        (
            "A6",
            {
                $0.commit("REQUESTED", 1)
                $0.named()
                $0.lists(1, ["dep_A"], by: "bob")
            }
        ),
        (
            "A6",
            {
                $0.commit("REQUESTED", 1)
                $0.named()
                $0.lists(1, [], total: 1, by: "bob")
            }
        ),
        (
            "A7",
            {
                $0.commit("REQUESTED", 1)
                $0.named()
                $0.lists(1, [])
            }
        ),
        ("A7", { $0.lists(1, ["dep_A", "dep_A"]) }),
        (
            "A7",
            {
                $0.commit("DELETED", 1)
                $0.lists(1, ["dep_A"])
            }
        ),
        ("A9", { $0.answers(1, 500, ["code": "INTERNAL"]) }),
        ("A9", { $0.answers(1, 503, ["code": "X", "requestId": "r", "detail": "Heat says <html>"]) }),
        ("A9", { $0.answers(1, 422, ["code": "X", "requestId": "r", "errors": [["message": "http://cloud.test"]]]) }),
        (
            "A10",
            {
                $0.requests(1)
                $0.pass(600_000)
                $0.requests(2)
            }
        ),
        (
            "U1",
            {
                $0.add(
                    "ann", "http", ["method": "GET", "path": "/me", "status": 200, "session": "ended", "request": 1])
            }
        ),
        (
            "R3",
            {
                // Another server dies, and not the one at the socket's other end.
                $0.open(on: "server/0")
                $0.subscribe()
                $0.frame("subscribed")
                $0.add("server/1", "dies")
                $0.commit("PROVISIONING", 2)
                $0.pass(60_000)
                $0.fetch()
            }
        ),
        (
            "R4",
            {
                $0.subscribe()
                $0.add(
                    "ann/t1", "frame", ["frame": ["type": "subscribed", "deploymentId": "dep_A", "fence": 3]])
            }
        ),
        (
            "R4",
            {
                let data = Sketch.data("REQUESTED", 1).object?.filter { $0.key != "lastError" }
                $0.frame("deployment.updated", data.map(JSONValue.object))
            }
        ),
        (
            "R6",
            {
                // Another server has had its second.
                $0.open(on: "server/1")
                $0.add(
                    "ann", "http",
                    ["method": "POST", "path": "/auth/logout", "status": 204, "server": "server/0"])
                $0.pass(2000)
                $0.frame("deployment.updated", Sketch.data("ACTIVE", 3))
            }
        ),
        ("R7", { $0.add("server", "backlog", ["bytes": 2_000_000, "events": 1]) }),
        ("R7", { $0.add("server", "backlog", ["bytes": 1, "events": 5000]) }),
        (
            "R14",
            {
                $0.open()
                $0.subscribe()
                $0.frame("subscribed")
                $0.event(1)
                $0.pass(60_000)
                $0.fetch()
            }
        ),
        (
            "R14",
            {
                $0.open()
                $0.subscribe()
                $0.frame("subscribed")
                $0.frame("deployment.event", .object(Sketch.event(3)))
                $0.frame("deployment.event", .object(Sketch.event(5)))
            }
        ),
    ]

    /// What the portal says of the cloud and asks of it.
    static let ofCloud: [Broken] = [
        (
            "S7",
            {
                $0.stack("s1", "CREATE_IN_PROGRESS")
                $0.commit("ACTIVE", 1)
            }
        ),
        ("S7", { $0.commit("ACTIVE", 1) }),
        (
            "S7",
            {
                for id in ["dep_A", "dep_B"] {
                    $0.stack("stack of " + id, "CREATE_COMPLETE", of: id)
                    $0.commit("ACTIVE", 1, of: id, ip: "203.0.113.5")
                }
            }
        ),
        (
            "C1",
            {
                $0.stack("s1", "CREATE_IN_PROGRESS")
                $0.stack("s2", "CREATE_IN_PROGRESS")
            }
        ),
        (
            "C6",
            {
                $0.stack("s1", "DELETE_IN_PROGRESS")
                $0.commit("DELETED", 2)
            }
        ),
        (
            "C6",
            {
                $0.commit("PROVISIONING", 1)
                $0.stack("s1", "CREATE_IN_PROGRESS")
                $0.commit("ERROR", 2, error: "CREATE_FAILED")
            }
        ),
        (
            "C7",
            {
                $0.stack("s1", "CREATE_COMPLETE")
                $0.stack("s1", "GONE")
                $0.pass(30_000)
                $0.commit("ERROR", 2, error: "STACK_MISSING")
            }
        ),
        (
            "C7",
            {
                $0.stack("s1", "CREATE_COMPLETE")
                $0.pass(300_000)
                $0.commit("ERROR", 2, error: "STACK_MISSING")
            }
        ),
        (
            "C8",
            {
                $0.asks(1, "POST", "/identity/v3/auth/tokens")
                $0.told(1, 201, token: 1)
                $0.pass(90_000)
                $0.asks(2, token: 1)
            }
        ),
        ("C12", { for call in 1...80 { $0.asks(call, "GET", "/heat/west/v1/p/stacks/\(call)") } }),
        (
            "C13",
            {
                $0.commit("DELETED", 2)
                $0.pass(100_000)
                $0.asks(1, stack: "vm-dep_a")
            }
        ),
        (
            "C13",
            {
                $0.commit("ERROR", 2, error: "CREATE_FAILED")
                $0.pass(100_000)
                $0.asks(1, stack: "vm-dep_a-r2")
            }
        ),
        (
            "W3",
            {
                for call in 1...6 {
                    $0.asks(call, "POST", stack: "vm-dep_a")
                    $0.told(call, call == 1 ? nil : 504)
                }
            }
        ),
    ]
}
