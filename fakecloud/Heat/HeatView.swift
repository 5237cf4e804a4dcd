import HTTPTypes
import OrderedCollections
import Runtime

/// Stacks as Heat's API shows them.
struct HeatView {
    let engine: CloudEngine
    let call: ServiceCall
    private let address: HeatAddress

    /// - Throws: ``HeatFault`` where the path's project is not the token's.
    init(_ engine: CloudEngine, _ call: ServiceCall) throws {
        self.engine = engine
        self.call = call
        address = try HeatAddress(call)
    }

    /// What a stack shows to another one.
    init(_ engine: CloudEngine, toShowIn place: StackPlace) {
        self.engine = engine
        call = ServiceCall(toShowIn: place.region, baseURL: engine.baseURL)
        address = HeatAddress(call, place)
    }

    var place: StackPlace { address.place }
    var projectURL: String { address.projectURL }

    func link(_ name: String, _ id: String) -> String { address.link(name, id) }

    static func versions(_ call: ServiceCall) -> ServiceAnswer {
        let link: JSONValue = ["rel": "self", "href": .string("\(call.baseURL)/heat/\(call.region ?? "")/v1/")]
        return .json(300, ["versions": [["id": "v1.0", "status": "CURRENT", "links": [link]]]])
    }

    func services() throws -> ServiceAnswer {
        throw HeatFault(status: 403, type: "Forbidden", message: "You are not authorized to use service:index.")
    }

    /// The stack that the path names.
    func stack() throws -> StackRecord {
        let name = call.parameter("name")
        guard let stack = engine.stack(call.parameter("id"), in: place), stack.name == name else {
            throw HeatFault.noStack(name)
        }
        return stack
    }

    /// The stack that the path of a signal names. Its resources sign in for a project of their own.
    ///
    /// - Throws: ``HeatFault``.
    func signalledStack() throws -> StackRecord {
        let (name, id) = (call.parameter("name"), call.parameter("id"))
        guard let stack = engine.regions[place.region]?.stacks[id], stack.name == name,
            [stack.project, stack.userProjectId].contains(place.project)
        else { throw HeatFault.noStack(name) }
        return stack
    }

    /// By name or id alone: 302 to the full address, with the query kept.
    func redirect(to part: String) throws -> ServiceAnswer {
        let identity = call.parameter("name")
        guard let stack = engine.holder(of: identity, in: place) ?? engine.stack(identity, in: place) else {
            throw HeatFault.noStack(identity)
        }
        let query = call.path.firstIndex(of: "?").map { String(call.path[$0...]) } ?? ""
        let location = link(stack.name, stack.id) + part + query
        let message =
            "The resource was found at <a href=\"\(location)\">\(location)</a>;\nyou should be redirected automatically.\n\n"
        return .json(
            302, ["message": .string(message), "code": "302 Found", "title": "Found"], headers: [.location: location])
    }

    func limit(_ name: String = "limit") throws -> Int? { try call.heatLimit(name) }

    // One stack.

    func show() throws -> ServiceAnswer {
        .json(200, ["stack": .object(body(of: try stack()))])
    }

    func body(of stack: StackRecord) -> [String: JSONValue] {
        var body = description(of: stack)
        body["stack_status"] = .string(stack.status)
        body["stack_status_reason"] = .string(stack.reason)
        if !stack.isGone { body["outputs"] = .array(shown(stack).outputs.map { outputJSON($0, of: stack) }) }
        return body
    }

    /// A stack's template with its parameters.
    private func shown(_ stack: StackRecord) -> (parameters: [String: JSONValue], outputs: [HeatTemplate.Output]) {
        (stack.template.shownParameters, stack.template.outputs)
    }

    /// What is told of a stack, also before it is there: all but its status and outputs.
    func description(of stack: StackRecord) -> [String: JSONValue] {
        var parameters: [String: JSONValue] = [
            "OS::stack_id": .string(stack.id), "OS::project_id": .string(stack.project),
            "OS::stack_name": .string(stack.name),
        ]
        parameters.merge(shown(stack).parameters) { $1 }
        let text = stack.template.description
        return common(stack).merging([
            "notification_topics": [], "parameters": .object(parameters), "description": .string(text),
            "template_description": .string(text), "capabilities": [],
            "disable_rollback": .bool(stack.disablesRollback),
            "timeout_mins": stack.timeoutMinutes.map { .integer($0) } ?? .null,
            "tags": .array(stack.tags.map { .string($0) }),
        ]) { $1 }
    }

    func common(_ stack: StackRecord) -> [String: JSONValue] {
        [
            "id": .string(stack.id), "stack_name": .string(stack.name),
            "links": [["href": .string(link(stack.name, stack.id)), "rel": "self"]],
            "creation_time": .string(stack.createdAt.wholeSeconds),
            "updated_time": JSONValue(stack.updatedAt?.wholeSeconds),
            "deletion_time": JSONValue(stack.isPurged(at: engine.now) ? stack.purgedAt?.wholeSeconds : nil),
            "stack_owner": .string(owner(of: stack)), "parent": JSONValue(stack.parentId),
            "stack_user_project_id": .string(stack.userProjectId),
        ]
    }

    private func owner(of stack: StackRecord) -> String {
        engine.identity.member(of: stack.project)?.name ?? ""
    }

    func environment() throws -> ServiceAnswer {
        let stack = try stack()
        let environment = stack.goal.environment.json(hiding: stack.template.hiddenParameters)
        return .json(200, .object(environment.merging(["encrypted_param_names": []]) { $1 }))
    }

    // Outputs.

    private func outputJSON(_ output: HeatTemplate.Output, of stack: StackRecord) -> JSONValue {
        var json: [String: JSONValue] = [
            "output_key": .string(output.name), "description": .string(output.description), "output_value": .null,
        ]
        // A deletion takes the resources out of the template before it begins with them.
        if stack.action == .delete, let name = stack.template.references(in: output.value).first {
            json["output_error"] = .string("The specified reference \"\(name)\" (in unknown) is incorrect.")
        } else {
            do {
                json["output_value"] = try stack.template.evaluate(
                    output, stack: stack.identity, resource: engine.view(of: stack))
            } catch {
                json["output_error"] = .string((error as? TemplateProblem)?.message ?? "\(error)")
            }
        }
        return .object(json)
    }

    func outputs() throws -> ServiceAnswer {
        let stack = try stack()
        let outputs = (stack.isGone ? [] : shown(stack).outputs).map { output -> JSONValue in
            ["output_key": .string(output.name), "description": .string(output.description)]
        }
        return .json(200, ["outputs": .array(outputs)])
    }

    func output() throws -> ServiceAnswer {
        let stack = try stack()
        let key = call.parameter("output")
        guard let output = shown(stack).outputs.first(where: { $0.name == key }) else {
            throw HeatFault(status: 404, type: "NotFound", message: "Specified output key \(key) not found.")
        }
        return .json(200, ["output": outputJSON(output, of: stack)])
    }
}

extension ServiceCall {
    /// Whether a list is asked for in rising order.
    ///
    /// - Throws: ``HeatFault``.
    func isAscending(otherwise fallback: Bool) throws(HeatFault) -> Bool {
        switch query("sort_dir") {
        case nil: fallback
        case "desc": false
        case "asc": true
        default: throw HeatFault(status: 400, type: "ValueError", message: nil)
        }
    }

    /// `true` or `false` in the query, in whatever letters; false where it is not given.
    ///
    /// - Throws: ``HeatFault``.
    func heatFlag(_ name: String) throws(HeatFault) -> Bool {
        switch query(name)?.lowercased() {
        case nil, "false": return false
        case "true": return true
        default:
            throw .badRequest(
                "Unrecognized value \"\(query(name) ?? "")\" for \"\(name)\", acceptable values are: true, false.")
        }
    }

    /// A number in the query that is not negative; nil where it is not given.
    ///
    /// - Throws: ``HeatFault``.
    func heatLimit(_ name: String = "limit") throws(HeatFault) -> Int? {
        guard let text = query(name) else { return nil }
        guard let limit = Int(text) else { throw .badRequest("Only integer is acceptable by '\(name)'.") }
        guard limit >= 0 else {
            throw .badRequest("Value '\(limit)' is invalid for '\(name)' which only accepts non-negative integer.")
        }
        return limit
    }
}
