import Runtime

/// What a new stack takes over instead of making it: the export of another one (golden adopt).
struct StackAdoption: Sendable {
    /// The body of the create with the export's template and parameters in it.
    let body: JSONValue
    /// What is said of each resource, by its name: `resource_id`, `resource_data`, or all of a stack.
    let resources: [String: JSONValue]

    /// - Returns: nil where the body adopts nothing.
    /// - Throws: ``HeatFault``.
    init?(_ body: JSONValue) throws(HeatFault) {
        guard let given = body["adopt_stack_data"], given != .null else { return nil }
        let parsed = given.string.map { try? JSONValue(yaml: $0) } ?? given
        guard let data = parsed, data.object != nil else {
            throw .badRequest("Invalid adopt data: The template is not a JSON object or YAML mapping.")
        }
        guard let template = data["template"] else { throw .badRequest("Invalid adopt data: 'template'") }
        var members = body.object ?? [:]
        members["adopt_stack_data"] = nil
        members["template"] = template
        members["environment"] = data["environment"]
        self.body = .object(members)
        resources = data["resources"]?.object ?? [:]
    }
}

/// How stacks are given up by one Heat and taken over by another.
extension CloudEngine {
    /// Forgets a stack and leaves what it has made.
    ///
    /// - Throws: ``HeatFault``.
    mutating func abandonStack(_ id: String, in place: StackPlace) throws {
        guard let stack = stack(id, in: place), !stack.isGone else { throw HeatFault.noStack(id) }
        withStack(id, in: place.region) { engine, stack in
            stack.isAbandoned = true
            engine.beginDeletion(of: &stack)
            engine.proceed(&stack)
        }
    }

    mutating func beginAdopt(_ index: Int, _ stack: inout StackRecord) {
        stack.begin(.adopt, index)
        let properties = evaluated(stack.resources[index].template, stack)
        let name = stack.resources[index].name
        let newName = "\(stack.name)-\(name)-\(stack.random.suffix())"
        let given = stack.adopted?[name]
        let external = stack.resources[index].template.externalId.map {
            stack.template.evaluate($0, stack: stack.identity, resource: view(of: stack))
        }
        let metadata = writtenMetadata(of: stack.resources[index].template, stack)
        stack.change(index) { resource in
            resource.physicalId = external?.string
            resource.properties = properties
            resource.generatedName = newName
            resource.data = given?["resource_data"]?.object ?? [:]
            resource.writtenMetadata = metadata
            resource.metadata = given?["metadata"] ?? metadata
        }
        note(&stack, resource: index, "ADOPT_IN_PROGRESS", "state changed")
        if stack.resources[index].kind == .resourceGroup, let template = given?["template"] {
            makeChild(of: index, &stack, template, adopted: given?["resources"]?.object ?? [:])
        } else {
            scheduleEnd(of: index, stack, after: .zero)
        }
    }

    mutating func finishAdopt(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        let id = resource.physicalId ?? stack.adopted?[resource.name]?["resource_id"]?.string
        let missing = "Exception: \(StackResource.place(of: resource.name)): Resource ID was not provided."
        if let reason = resource.refusal ?? (id == nil ? missing : nil) {
            stack.change(index) { $0.state = .failed }
            note(&stack, resource: index, "ADOPT_FAILED", reason)
            fail(&stack, "Resource ADOPT failed: \(reason)")
            return
        }
        stack.change(index) { $0.physicalId = id }
        stack.complete(index)
        note(&stack, resource: index, "ADOPT_COMPLETE", "state changed")
        if resource.template.externalId != nil { check(index, &stack) }
    }
}

extension StackRecord {
    /// It takes over what is there already.
    mutating func adopt(_ resources: [String: JSONValue]) {
        adopted = resources
        action = .adopt
        reason = "Stack ADOPT started"
        updatedAt = createdAt
    }
}
