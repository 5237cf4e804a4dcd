import Runtime

/// The resources of a stack.
extension HeatView {
    func resources() throws -> ServiceAnswer {
        let stack = try stack()
        let depth = min(try limit("nested_depth") ?? 0, CloudEngine.deepestNesting)
        let isDetailed = call.query("with_detail")?.lowercased() == "true"
        func matches(_ name: String, _ value: String) -> Bool {
            let wanted = call.queries(name)
            return wanted.isEmpty || wanted.contains(value)
        }
        let shown = engine.family(of: stack, depth: depth).flatMap { stack in
            listed(stack).filter { resource in
                matches("type", resource.template.type) && matches("name", resource.name)
                    && matches("status", resource.state.rawValue) && matches("action", resource.action.rawValue)
            }.map { ($0, stack) }
        }
        return .json(
            200,
            [
                "resources": .array(
                    shown.map { .object(isDetailed ? detail($0, of: $1) : summary($0, of: $1)) })
            ])
    }

    /// Those that there are, the last to be made first. What was deleted is struck off at once.
    func listed(_ stack: StackRecord) -> [StackResource] {
        stack.resources.filter {
            !($0.action == .delete && $0.state == .complete) && isShown($0, of: stack)
        }.reversed()
    }

    /// Whether no other has taken its place.
    private func isShown(_ resource: StackResource, of stack: StackRecord) -> Bool {
        !resource.isLeftover || stack.resource(resource.name) == nil
    }

    func resource() throws -> ServiceAnswer {
        .json(200, ["resource": .object(detail(try namedResource(), of: try stack()))])
    }

    /// The resource that the path names.
    func namedResource() throws -> StackResource {
        let stack = try stack()
        let name = call.parameter("resource")
        guard let resource = listed(stack).first(where: { $0.name == name }) else {
            throw HeatFault.noResource(name, in: stack.name)
        }
        return resource
    }

    private func summary(_ resource: StackResource, of stack: StackRecord) -> [String: JSONValue] {
        let stackLink = link(stack.name, stack.id)
        var links: [JSONValue] = [
            ["href": .string(stackLink + "/resources/" + resource.name), "rel": "self"],
            ["href": .string(stackLink), "rel": "stack"],
        ]
        if let child = engine.child(of: resource, in: stack), child.isPart {
            links.append(["href": .string(link(child.name, child.id)), "rel": "nested"])
        }
        var summary: [String: JSONValue] = [
            "updated_time": .string(resource.updatedAt.wholeSeconds),
            "creation_time": .string(resource.createdAt.wholeSeconds), "logical_resource_id": .string(resource.name),
            "resource_name": .string(resource.name), "physical_resource_id": .string(resource.physicalId ?? ""),
            "resource_status": .string(resource.status), "resource_status_reason": .string(resource.reason),
            "resource_type": .string(resource.template.type),
            "links": .array(links), "required_by": requiredBy(resource, in: stack),
        ]
        if stack.isPart { summary["parent_resource"] = JSONValue(stack.maker?.resource) }
        return summary
    }

    private func detail(_ resource: StackResource, of stack: StackRecord) -> [String: JSONValue] {
        summary(resource, of: stack).merging([
            "description": .string(resource.template.description), "attributes": attributes(of: resource, in: stack),
        ]) { $1 }
    }

    private func requiredBy(_ resource: StackResource, in stack: StackRecord) -> JSONValue {
        .array(
            stack.resources.filter { $0.template.requires.contains(resource.name) && isShown($0, of: stack) }
                .map { .string($0.name) })
    }

    private func attributes(of resource: StackResource, in stack: StackRecord) -> JSONValue {
        let known = engine.attributes(of: resource, stack)
        if resource.kind == .template { return .object(known ?? [:]) }
        let names = resource.kind.attributes.subtracting(["show"])
        if let shown = known?["show"], shown.object != nil { return shown }
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
            names: engine.names(for: place, user: call.token?.user.id))
        let stack = StackRecord(
            id: "None", name: request.name, place: place, userId: "", userProjectId: "",
            goal: StackRecord.Goal(template: template, environment: request.environment), tags: request.tags ?? [],
            timeoutMinutes: request.timeoutMinutes, disablesRollback: request.disablesRollback ?? true,
            createdAt: engine.now, random: RandomSource(seed: 0), rule: nil)
        var json = description(of: stack)
        json["stack_user_project_id"] = .null
        json["outputs"] = []
        try engine.checkParts(of: stack)
        json["resources"] = .array(try previewed(stack))
        return .json(200, ["stack": .object(json)])
    }

    /// What lies in a stack is shown in a list of its own.
    private func previewed(_ stack: StackRecord) throws -> [JSONValue] {
        try stack.resources.indices.map { index in
            guard let child = try engine.prospect(of: stack.resources[index], in: stack) else {
                return previewed(index, of: stack)
            }
            return .array(try previewed(child))
        }
    }

    private func previewed(_ index: Int, of stack: StackRecord) -> JSONValue {
        let resource = stack.resources[index]
        let properties = engine.evaluated(resource.template, stack)
        var shown = prospect(of: resource, in: stack, properties)
        shown["properties"] = resource.kind.previewed(properties)
        return .object(shown)
    }

    /// A resource as it is before an update, or would be after it or a create.
    func prospect(
        of resource: StackResource, in stack: StackRecord, _ properties: [String: JSONValue]
    ) -> [String: JSONValue] {
        let isThere = resource.action != .initial
        let identity: (String) -> JSONValue = { path in
            [
                "tenant": .string(stack.project), "stack_name": .string(stack.name), "stack_id": .string(stack.id),
                "path": .string(path),
            ]
        }
        var attributes = attributes(of: resource, in: stack).object ?? [:]
        if resource.kind == .value { attributes["value"] = properties["value"] }
        var shown: [String: JSONValue] = [
            "updated_time": isThere ? .string(resource.updatedAt.wholeSeconds) : .null,
            "creation_time": isThere ? .string(resource.createdAt.wholeSeconds) : .null,
            "resource_name": .string(resource.name), "physical_resource_id": .string(resource.physicalId ?? ""),
            "resource_action": .string(resource.action.rawValue), "resource_status": .string(resource.state.rawValue),
            "resource_status_reason": .string(resource.reason), "resource_type": .string(resource.template.type),
            "resource_identity": identity("/resources/" + resource.name), "stack_identity": identity(""),
            "stack_name": .string(stack.name), "required_by": requiredBy(resource, in: stack),
            "description": .string(resource.template.description), "metadata": engine.metadata(of: resource, stack),
            "attributes": .object(attributes),
        ]
        if stack.isPart { shown["parent_resource"] = JSONValue(stack.maker?.resource) }
        if let child = engine.child(of: resource, in: stack), child.isPart {
            shown["nested_stack_id"] = [
                "tenant": .string(child.project), "stack_name": .string(child.name), "stack_id": .string(child.id),
                "path": "",
            ]
        }
        return shown
    }

}
