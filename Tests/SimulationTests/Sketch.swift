import Runtime

@testable import Simulation

/// A trace made by hand.
struct Sketch {
    private(set) var lines: [Trace.Line] = []
    private var later = 0

    mutating func add(_ actor: String, _ kind: String, _ fields: [String: JSONValue] = [:]) {
        lines.append(
            Trace.Line(t: lines.count + later, n: lines.count + 1, actor: actor, kind: kind, fields: fields))
    }

    static func data(
        _ status: String, _ revision: Int, at second: Int? = nil, error: String? = nil, ip: String? = nil
    ) -> JSONValue {
        [
            "status": .string(status), "revision": .integer(revision),
            "runtime": ["publicIp": JSONValue(ip), "privateIp": .null, "sshUser": .null],
            "updatedAt": .string("2026-01-06T10:00:0\(second ?? revision).000Z"),
            "lastError": error.map { ["code": .string($0), "message": ""] } ?? .null,
        ]
    }

    mutating func commit(
        _ status: String, _ revision: Int, at second: Int? = nil, error: String? = nil, of deployment: String = "dep_A",
        named name: String? = nil, ip: String? = nil
    ) {
        var fields: [String: JSONValue] = [
            "deployment": .string(deployment),
            "data": Self.data(status, revision, at: second, error: error, ip: ip),
        ]
        fields["name"] = name.map { .string($0) }
        add("store", "commit", fields)
    }

    /// What becomes of a deployment's stack in the cloud.
    mutating func stack(_ id: String, _ status: String, of deployment: String = "dep_A") {
        add(
            "cloud/west", "stack",
            [
                "id": .string(id), "name": .string("vm-" + deployment.lowercased()), "status": .string(status),
                "deployment": .string(deployment),
            ])
    }

    /// Ann asks for a deployment.
    mutating func requests(_ request: Int, name: String = "web", key: String? = nil) {
        add(
            "ann", "request",
            [
                "request": .integer(request), "method": "POST", "path": "/deployments", "name": .string(name),
                "key": JSONValue(key),
            ])
    }

    /// Somebody reads a list of one page.
    mutating func lists(_ request: Int, _ ids: [String], total: Int? = nil, by user: String = "ann") {
        let asked: [String: JSONValue] = [
            "request": .integer(request), "method": "GET", "path": "/deployments?page=1&pageSize=10",
        ]
        add(user, "request", asked)
        let items = JSONValue.array(ids.map { ["id": .string($0), "revision": 1] })
        let total = JSONValue.integer(total ?? ids.count)
        add(user, "http", asked.merging(["status": 200, "items": items, "total": total]) { $1 })
    }

    /// Ann is answered.
    mutating func answers(_ request: Int, _ status: Int, _ answer: JSONValue = ["code": "X", "requestId": "r"]) {
        add(
            "ann", "http",
            [
                "request": .integer(request), "method": "POST", "path": "/deployments", "status": .integer(status),
                "answer": answer,
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

    mutating func open(on server: String? = nil) { add("ann/t1", "opened", ["server": JSONValue(server)]) }

    /// The deployment is Ann's.
    mutating func named() { add("story", "named", ["deployment": "dep_A", "label": "vm", "user": "ann"]) }

    /// A create of Ann's that was accepted.
    mutating func accepted(
        _ deployment: String = "dep_A", key: String, body: JSONValue = "b", answer: JSONValue = "same"
    ) {
        add(
            "ann", "http",
            [
                "method": "POST", "path": "/deployments", "status": 202, "key": .string(key), "body": body,
                "deployment": .string(deployment), "answer": answer,
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

    mutating func told(_ call: Int, _ status: Int?, retryAfter: Int? = nil, token: Int? = nil) {
        var fields: [String: JSONValue] = [
            "call": .integer(call), "status": status.map { .integer($0) } ?? .null,
            "retryAfter": retryAfter.map { .integer($0) } ?? .null,
        ]
        if let token {
            fields["token"] = .integer(token)
            fields["lifetime"] = 60_000
        }
        add("server", "told", fields)
    }

    mutating func create() {
        add("cloud/west", "call", ["op": "heat.stack.create", "stack": "vm-dep_a", "status": 201])
    }
}
