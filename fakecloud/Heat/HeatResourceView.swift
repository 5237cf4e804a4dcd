import Runtime

/// The resources of a stack.
extension HeatView {
    func resources() throws -> ServiceAnswer {
        let stack = try stack()
        _ = try limit("nested_depth")
        let isDetailed = call.query("with_detail")?.lowercased() == "true"
        func matches(_ name: String, _ value: String) -> Bool {
            let wanted = call.queries(name)
            return wanted.isEmpty || wanted.contains(value)
        }
        let shown = listed(stack).filter { resource in
            matches("type", resource.kind.rawValue) && matches("name", resource.name)
                && matches("status", resource.state.rawValue) && matches("action", resource.action.rawValue)
        }
        return .json(
            200,
            [
                "resources": .array(
                    shown.map { .object(isDetailed ? detail($0, of: stack) : summary($0, of: stack)) })
            ])
    }

    /// Those that there are, the last to be made first. What was deleted is struck off at once.
    private func listed(_ stack: StackRecord) -> [StackRecord.Resource] {
        stack.resources.filter { !($0.action == .delete && $0.state == .complete) }.reversed()
    }

    func resource() throws -> ServiceAnswer {
        .json(200, ["resource": .object(detail(try namedResource(), of: try stack()))])
    }

    /// The resource that the path names.
    func namedResource() throws -> StackRecord.Resource {
        let stack = try stack()
        let name = call.parameter("resource")
        guard let resource = listed(stack).first(where: { $0.name == name }) else {
            throw HeatFault.noResource(name, in: stack.name)
        }
        return resource
    }

    private func summary(_ resource: StackRecord.Resource, of stack: StackRecord) -> [String: JSONValue] {
        let stackLink = link(stack.name, stack.id)
        return [
            "updated_time": .string(resource.updatedAt.wholeSeconds),
            "creation_time": .string(resource.updatedAt.wholeSeconds), "logical_resource_id": .string(resource.name),
            "resource_name": .string(resource.name), "physical_resource_id": .string(resource.physicalId ?? ""),
            "resource_status": .string(resource.status), "resource_status_reason": .string(resource.reason),
            "resource_type": .string(resource.kind.rawValue),
            "links": [
                ["href": .string(stackLink + "/resources/" + resource.name), "rel": "self"],
                ["href": .string(stackLink), "rel": "stack"],
            ],
            "required_by": requiredBy(resource, in: stack),
        ]
    }

    private func detail(_ resource: StackRecord.Resource, of stack: StackRecord) -> [String: JSONValue] {
        summary(resource, of: stack).merging(["description": "", "attributes": attributes(of: resource)]) { $1 }
    }

    private func requiredBy(_ resource: StackRecord.Resource, in stack: StackRecord) -> JSONValue {
        .array(
            stack.resources.filter { $0.template.requires.contains(resource.name) }.map { .string($0.name) })
    }

    private func attributes(of resource: StackRecord.Resource) -> JSONValue {
        let known = resource.state == .inProgress ? nil : resource.attributes
        let names = resource.kind.attributes.subtracting(["show"])
        return .object(
            Dictionary(names.map { ($0, known?[$0] ?? .null) }, uniquingKeysWith: { $1 }))
    }

    /// A stack as it would be, without its being made.
    func preview() throws -> ServiceAnswer {
        guard let body = call.json else { throw HeatFault.badRequest("JSON is not valid") }
        let request = try StackCreation(body)
        let template = try HeatTemplate(
            request.template, environment: request.environment,
            stack: StackIdentity(name: request.name, id: "None", projectId: place.project),
            names: engine.names(for: place))
        let stack = StackRecord(
            id: "None", project: place.project, userProjectId: "", request: request, template: template,
            createdAt: engine.now,
            resources: template.resources.map { StackRecord.Resource(template: $0, updatedAt: engine.now) },
            random: RandomSource(seed: 0), rule: nil)
        var json = description(of: stack)
        json["stack_user_project_id"] = .null
        json["outputs"] = []
        json["resources"] = .array(stack.resources.indices.map { previewed($0, of: stack) })
        return .json(200, ["stack": .object(json)])
    }

    private func previewed(_ index: Int, of stack: StackRecord) -> JSONValue {
        let resource = stack.resources[index]
        let properties = engine.evaluated(index, stack)
        let identity: (String) -> JSONValue = { path in
            [
                "tenant": .string(stack.project), "stack_name": .string(stack.name), "stack_id": .string(stack.id),
                "path": .string(path),
            ]
        }
        var attributes = attributes(of: resource).object ?? [:]
        if resource.kind == .value { attributes["value"] = properties["value"] }
        return [
            "updated_time": .null, "creation_time": .null, "resource_name": .string(resource.name),
            "physical_resource_id": "", "resource_action": "INIT", "resource_status": "COMPLETE",
            "resource_status_reason": "", "resource_type": .string(resource.kind.rawValue),
            "resource_identity": identity("/resources/" + resource.name), "stack_identity": identity(""),
            "stack_name": .string(stack.name), "required_by": requiredBy(resource, in: stack), "description": "",
            "metadata": [:], "attributes": .object(attributes), "properties": resource.kind.previewed(properties),
        ]
    }
}
