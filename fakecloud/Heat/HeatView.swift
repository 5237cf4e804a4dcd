import HTTPTypes
import Runtime
import Scenarios

/// Stacks as Heat's API shows them.
struct HeatView {
    private let engine: CloudEngine
    private let call: ServiceCall

    init(_ engine: CloudEngine, _ call: ServiceCall) {
        self.engine = engine
        self.call = call
    }

    private var region: String { call.region ?? "" }
    private var stacks: [StackRecord] { engine.stacks(in: region) }
    private var projectURL: String { "\(call.baseURL)/heat/\(region)/v1/\(engine.catalog.projectId)" }

    func link(_ name: String, _ id: String) -> String { "\(projectURL)/stacks/\(name)/\(id)" }

    /// The path's project must be the token's (golden heat, `show-other-token-403`).
    func checkProject() throws {
        guard call.parameter("project") == engine.catalog.projectId else {
            throw HeatFault(status: 403, type: "HTTPForbidden", message: "Access was denied to this resource.")
        }
    }

    private func stack() throws -> StackRecord {
        try checkProject()
        let name = call.parameter("name")
        guard let stack = engine.stack(call.parameter("id"), in: region), stack.name == name else {
            throw HeatFault.noStack(name)
        }
        return stack
    }

    /// By name or id alone: 302 to the full address, with the query kept.
    func redirect(to part: String) throws -> ServiceAnswer {
        try checkProject()
        let identity = call.parameter("name")
        guard let stack = engine.holder(of: identity, in: region) ?? engine.stack(identity, in: region) else {
            throw HeatFault.noStack(identity)
        }
        let query = call.path.firstIndex(of: "?").map { String(call.path[$0...]) } ?? ""
        let location = link(stack.name, stack.id) + part + query
        let message =
            "The resource was found at <a href=\"\(location)\">\(location)</a>;\nyou should be redirected automatically.\n\n"
        return .json(
            302, ["message": .string(message), "code": "302 Found", "title": "Found"], headers: [.location: location])
    }

    // Lists.

    func list() throws -> ServiceAnswer {
        guard call.parameter("project") == engine.catalog.projectId else { return .json(200, ["stacks": []]) }
        if call.query("global_tenant") == "true" {
            throw HeatFault(
                status: 403, type: "Forbidden", message: "You are not authorized to use stacks:global_index.")
        }
        let limit = try limit()
        var found = stacks.reversed().filter(matchesFilters)
        if call.queries("sort_keys").contains("stack_name") { found.sort { $0.name < $1.name } }
        switch call.query("sort_dir") {
        case nil, "desc": break
        case "asc": if !call.queries("sort_keys").contains("stack_name") { found.reverse() }
        default: throw HeatFault(status: 400, type: "ValueError", message: nil)
        }
        let total = found.count
        if let marker = call.query("marker"), let place = found.firstIndex(where: { $0.id == marker }) {
            found.removeFirst(place + 1)
        }
        let page = limit.map { Array(found.prefix($0)) } ?? found
        var body: [String: JSONValue] = ["stacks": .array(page.map(summary))]
        if let limit, found.count >= limit, let last = page.last {
            let next = "\(projectURL)/stacks?limit=\(limit)&marker=\(last.id)"
            body["links"] = [["rel": "next", "href": .string(next)]]
        }
        if call.query("with_count") == "true" { body["count"] = .integer(total) }
        return .json(200, .object(body))
    }

    private func limit() throws -> Int? {
        guard let text = call.query("limit") else { return nil }
        guard let limit = Int(text) else { throw HeatFault.badRequest("Only integer is acceptable by 'limit'.") }
        guard limit >= 0 else {
            throw HeatFault.badRequest(
                "Value '\(limit)' is invalid for 'limit' which only accepts non-negative integer.")
        }
        return limit
    }

    private func matchesFilters(_ stack: StackRecord) -> Bool {
        func any(_ name: String, _ matches: (String) -> Bool) -> Bool {
            let wanted = call.queries(name)
            return wanted.isEmpty || wanted.contains(where: matches)
        }
        func tags(_ name: String) -> [[String]] {
            call.queries(name).map { $0.split(separator: ",").map(String.init) }
        }
        let has = Set(stack.tags)
        return (!stack.isDeleted || call.query("show_deleted")?.lowercased() == "true")
            && any("name") { $0 == stack.name } && any("id") { $0 == stack.id }
            && any("status") { $0 == stack.state.rawValue || $0 == stack.status }
            && any("action") { $0 == stack.action.rawValue }
            && tags("tags").allSatisfy { $0.allSatisfy(has.contains) }
            && tags("tags_any").allSatisfy { $0.contains(where: has.contains) }
            && !tags("not_tags").contains { $0.allSatisfy(has.contains) }
    }

    private func summary(_ stack: StackRecord) -> JSONValue {
        .object(common(stack).merging(["description": ""]) { $1 })
    }

    private func common(_ stack: StackRecord) -> [String: JSONValue] {
        [
            "id": .string(stack.id), "stack_name": .string(stack.name),
            "links": [["href": .string(link(stack.name, stack.id)), "rel": "self"]],
            "stack_status": .string(stack.status), "stack_status_reason": .string(stack.reason),
            "creation_time": .string(stack.createdAt.wholeSeconds),
            "updated_time": JSONValue(stack.updatedAt?.wholeSeconds),
            "deletion_time": JSONValue(stack.deletedAt?.wholeSeconds),
            "stack_owner": .string(engine.scenario.identity.credentials.first?.user ?? ""),
            "parent": .null, "stack_user_project_id": .string(stack.userProjectId),
            "tags": .array(stack.tags.map { .string($0) }),
        ]
    }

    // One stack.

    func show() throws -> ServiceAnswer {
        let stack = try stack()
        var parameters: [String: JSONValue] = [
            "OS::stack_id": .string(stack.id), "OS::project_id": .string(engine.catalog.projectId),
            "OS::stack_name": .string(stack.name),
        ]
        for (name, value) in stack.template.parameters {
            parameters[name] =
                stack.template.hiddenParameters.contains(name) ? "******" : .string(value.string ?? "\(value)")
        }
        var body = common(stack)
        body["notification_topics"] = []
        body["parameters"] = .object(parameters)
        body["description"] = .string(stack.template.description)
        body["template_description"] = .string(stack.template.description)
        body["capabilities"] = []
        body["disable_rollback"] = .bool(stack.disablesRollback)
        body["timeout_mins"] = stack.timeoutMinutes.map { .integer($0) } ?? .null
        body["outputs"] = .array(stack.template.outputs.map { outputJSON($0, of: stack) })
        return .json(200, ["stack": .object(body)])
    }

    private func outputJSON(_ output: HeatTemplate.Output, of stack: StackRecord) -> JSONValue {
        var json: [String: JSONValue] = [
            "output_key": .string(output.name), "description": .string(output.description),
        ]
        if stack.action == .delete {
            json["output_value"] = .null
            json["output_error"] = "The specified reference \"\(output.name)\" (in unknown) is incorrect."
        } else {
            json["output_value"] = stack.template.evaluate(
                output.value, stack: stack.identity(projectId: engine.catalog.projectId), resources: stack.view)
        }
        return .object(json)
    }

    func outputs() throws -> ServiceAnswer {
        let outputs = try stack().template.outputs.map { output -> JSONValue in
            ["output_key": .string(output.name), "description": .string(output.description)]
        }
        return .json(200, ["outputs": .array(outputs)])
    }

    func output() throws -> ServiceAnswer {
        let stack = try stack()
        let key = call.parameter("output")
        guard let output = stack.template.outputs.first(where: { $0.name == key }) else {
            throw HeatFault(status: 404, type: "NotFound", message: "Specified output key \(key) not found.")
        }
        return .json(200, ["output": outputJSON(output, of: stack)])
    }

    // Events and resources.

    /// Newest first unless asked otherwise; an unknown marker or sort key is silently ignored.
    func events() throws -> ServiceAnswer {
        let stack = try stack()
        let limit = try limit()
        var events = Array(stack.events.reversed())
        if call.query("sort_dir") == "asc" { events.reverse() }
        if let wanted = call.query("resource_status") { events = events.filter { $0.status == wanted } }
        if let wanted = call.query("resource_name") { events = events.filter { $0.resource == wanted } }
        if let marker = call.query("marker"), let place = events.firstIndex(where: { $0.id == marker }) {
            events.removeFirst(place + 1)
        }
        if let limit { events = Array(events.prefix(limit)) }
        return .json(200, ["events": .array(events.map { eventJSON($0, of: stack) })])
    }

    private func eventJSON(_ event: StackRecord.Event, of stack: StackRecord) -> JSONValue {
        let stackLink = link(stack.name, stack.id)
        let resourceLink = stackLink + "/resources/" + event.resource
        return [
            "id": .string(event.id),
            "links": [
                ["href": .string(resourceLink + "/events/" + event.id), "rel": "self"],
                ["href": .string(resourceLink), "rel": "resource"], ["href": .string(stackLink), "rel": "stack"],
            ],
            "event_time": .string(event.time.wholeSeconds), "logical_resource_id": .string(event.resource),
            "resource_name": .string(event.resource), "physical_resource_id": .string(event.physicalId),
            "resource_status": .string(event.status), "resource_status_reason": .string(event.reason),
        ]
    }

    func resources() throws -> ServiceAnswer {
        let stack = try stack()
        let shown = stack.isDeleted ? [] : stack.resources
        return .json(200, ["resources": .array(shown.map { .object(resourceJSON($0, of: stack)) })])
    }

    func resource() throws -> ServiceAnswer {
        let stack = try stack()
        let name = call.parameter("resource")
        guard let resource = stack.resources.first(where: { $0.name == name }) else {
            throw HeatFault(
                status: 404, type: "ResourceNotFound",
                message: "The Resource (\(name)) could not be found in Stack \(stack.name).")
        }
        var json = resourceJSON(resource, of: stack)
        json["description"] = ""
        json["attributes"] = .object(resource.attributes ?? [:])
        return .json(200, ["resource": .object(json)])
    }

    private func resourceJSON(_ resource: StackRecord.Resource, of stack: StackRecord) -> [String: JSONValue] {
        let stackLink = link(stack.name, stack.id)
        let requiredBy = stack.resources.filter { $0.template.requires.contains(resource.name) }.map(\.name)
        return [
            "updated_time": .string(resource.updatedAt.wholeSeconds),
            "creation_time": .string(stack.createdAt.wholeSeconds), "logical_resource_id": .string(resource.name),
            "resource_name": .string(resource.name), "physical_resource_id": .string(resource.physicalId),
            "resource_status": .string(resource.status), "resource_status_reason": .string(resource.reason),
            "resource_type": .string(resource.template.kind.rawValue),
            "links": [
                ["href": .string(stackLink + "/resources/" + resource.name), "rel": "self"],
                ["href": .string(stackLink), "rel": "stack"],
            ],
            "required_by": .array(requiredBy.map { .string($0) }),
        ]
    }
}
