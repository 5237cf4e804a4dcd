import OrderedCollections
import Runtime
import Scenarios

/// Wait conditions, their handles, and the signals that they wait for (golden signals).
extension CloudEngine {
    /// A handle is a user of Keystone's own for the stack, with a token that may signal.
    mutating func makeHandle(_ index: Int, _ stack: inout StackRecord) {
        let id = stack.random.hexId()
        let token = stack.random.hexId()
        let domain = Identity.Domain(name: "heat", id: catalog.hexId(of: "domain", "heat"))
        let user = Identity.User(
            name: stack.resources[index].generatedName, id: id, domain: domain, password: "", assignments: [])
        let project = Identity.Project(
            name: "\(stack.id)-\(stack.name)", id: stack.userProjectId, domain: domain,
            description: "Heat stack user project")
        tokens.add(
            IssuedToken(
                value: token, methods: ["password"], auditIds: [], issuedAt: now,
                expiresAt: now + scenario.tokenLifetime, user: user, project: project, roles: ["heat_stack_user"],
                credentialId: nil))
        let keys = stack.random.stream("keys of \(stack.resources[index].generatedName)")
        let key = AmazonKey(access: keys.hexId(), secret: keys.hexId(), madeAt: now)
        stack.change(index) { resource in
            resource.physicalId = id
            resource.data["token"] = .string(token)
            if resource.properties["signal_transport"] == "CFN_SIGNAL" { resource.data.merge(key.data) { $1 } }
        }
    }

    func handleAttributes(of resource: StackResource, _ stack: StackRecord) -> [String: JSONValue] {
        let transport = resource.properties["signal_transport"]?.string ?? "TOKEN_SIGNAL"
        let endpoint =
            "\(baseURL)/heat/\(stack.place.region)/v1/\(stack.userProjectId)/stacks/\(stack.name)/\(stack.id)/resources/\(resource.name)/signal"
        guard resource.physicalId != nil else { return [:] }
        switch transport {
        case "CFN_SIGNAL":
            let address = signedAddress(of: resource, in: stack)
            return ["signal": .string("{\"alarm_url\": \(JSONValue(address).pythonJSON)}")]
        case "NO_SIGNAL": return ["signal": "{}"]
        // There is no Swift and no Zaqar.
        case "TEMP_URL_SIGNAL", "ZAQAR_SIGNAL": return ["signal": .null]
        default: break
        }
        guard transport == "TOKEN_SIGNAL", let token = resource.data["token"]?.string else {
            let members: [(String, String)] = [
                ("auth_url", "\(baseURL)/identity/v3/"), ("username", resource.generatedName),
                ("user_id", resource.physicalId ?? ""), ("password", resource.data["token"]?.string ?? ""),
                ("project_id", stack.userProjectId), ("domain_id", catalog.hexId(of: "domain", "heat")),
                ("region_name", stack.place.region), ("alarm_url", endpoint),
            ]
            let text = members.map { "\"\($0)\": \(JSONValue.string($1).pythonJSON)" }.joined(separator: ", ")
            return ["signal": .string("{\(text)}")]
        }
        return [
            "token": .string(token), "endpoint": .string(endpoint), "signal": "null",
            "curl_cli": .string(
                "curl -i -X POST -H 'X-Auth-Token: \(token)' -H 'Content-Type: application/json' -H 'Accept: application/json' \(endpoint)"
            ),
        ]
    }

    /// The handle that a condition waits for.
    func handleIndex(of condition: StackResource, in stack: StackRecord) -> Int? {
        let id = condition.properties["handle"]?.string
        return stack.resources.firstIndex { $0.physicalId == id && $0.kind == .waitConditionHandle }
    }

    mutating func beginWaiting(_ index: Int, _ stack: inout StackRecord) {
        let condition = stack.resources[index]
        guard handleIndex(of: condition, in: stack) != nil else {
            let id = condition.properties["handle"]?.string ?? ""
            let name = stack.resources.first { $0.physicalId == id }?.name ?? id
            let place = StackResource.place(of: condition.name)
            stack.change(index) { $0.refusal = "ValueError: \(place): \(name) is not a valid wait condition handle." }
            scheduleEnd(of: index, stack, after: .zero)
            return
        }
        let seconds = condition.properties["timeout"]?.integer ?? 0
        schedule(.waitTimeout(condition.name, turn: condition.turn), stack, after: .seconds(seconds))
        look(condition.name, turn: condition.turn, of: &stack)
    }

    /// Ends the waiting where enough has come.
    mutating func look(_ name: String, turn: Int, of stack: inout StackRecord) {
        guard let index = stack.index(of: name, turn: turn), stack.resources[index].state == .inProgress,
            let handle = handleIndex(of: stack.resources[index], in: stack)
        else { return }
        let condition = stack.resources[index]
        switch stack.resources[handle].handle.outcome(of: condition.properties["count"]?.integer ?? 1) {
        case .waiting: return
        case .complete: break
        case .failed(let text):
            let place = StackResource.place(of: condition.name)
            stack.change(index) { $0.refusal = "WaitConditionFailure: \(place): \(text)" }
        }
        scheduleEnd(of: index, stack, after: .zero)
    }

    /// The time of a condition is over.
    mutating func stopWaiting(_ name: String, turn: Int, of stack: inout StackRecord) {
        guard let index = stack.index(of: name, turn: turn), stack.resources[index].state == .inProgress,
            let handle = handleIndex(of: stack.resources[index], in: stack)
        else { return }
        let count = stack.resources[index].properties["count"]?.integer ?? 1
        let text = stack.resources[handle].handle.timeoutText(of: count)
        stack.change(index) { $0.refusal = "WaitConditionTimeout: \(StackResource.place(of: name)): \(text)" }
        finish(name, turn: turn, of: &stack)
    }

    /// Signals a resource.
    ///
    /// - Throws: ``HeatFault``.
    mutating func signal(_ name: String, of id: String, _ details: JSONValue, in region: String) throws {
        guard let stack = regions[region]?.stacks[id], let index = stack.index(of: name) else {
            throw HeatFault.noResource(name, in: regions[region]?.stacks[id]?.name ?? id)
        }
        guard stack.resources[index].kind == .waitConditionHandle else {
            throw HeatFault(
                status: 400, type: "ResourceActionNotSupported", message: "signal is not supported for resource.")
        }
        let action = stack.resources[index].action
        let isDeaf = [.suspend, .delete].contains(action)
        withStack(id, in: region) { engine, stack in
            if isDeaf {
                let text = "Cannot signal resource during \(action.rawValue)"
                engine.note(&stack, resource: index, stack.resources[index].status, text)
                return
            }
            let kept = stack.resources[index].reason
            guard let said = stack.change(index, { $0.handle.take(details) }) else { return }
            engine.note(&stack, resource: index, "SIGNAL_COMPLETE", "Signal: \(said)")
            stack.change(index) { $0.reason = kept }
            // Heat looks once a second.
            for condition in stack.resources where condition.kind == .waitCondition && condition.state == .inProgress {
                engine.schedule(.look(condition.name, turn: condition.turn), stack, after: .seconds(1))
            }
        }
        if isDeaf {
            throw HeatFault(
                status: 400, type: "NotSupported",
                message: "Signal resource during \(action.rawValue) is not supported.")
        }
    }
}
