import OrderedCollections
import Runtime

/// Stacks with all that they are made of, as another Heat would take them.
extension HeatView {
    func export() throws -> ServiceAnswer { .json(200, exported(try stack())) }

    /// The stack is given up: its owner is told what it is made of, and Heat forgets it and leaves all as it is.
    ///
    /// - Returns: the answer, which shows the stack as it is before.
    func abandoned() throws -> (id: String, answer: ServiceAnswer) {
        let stack = try stack()
        guard !stack.isGone else { throw HeatFault.noStack(stack.name) }
        return (stack.id, .json(200, exported(stack)))
    }

    private func exported(_ stack: StackRecord) -> JSONValue {
        let resources = stack.resources.filter { !$0.isLeftover }.map { resource -> (String, JSONValue) in
            if let child = engine.child(of: resource, in: stack), child.isPart {
                return (resource.name, exported(child))
            }
            return (
                resource.name,
                [
                    "name": .string(resource.name), "resource_id": .string(resource.physicalId ?? ""),
                    "type": .string(resource.template.type), "action": .string(resource.action.rawValue),
                    "status": .string(resource.state.rawValue), "metadata": engine.metadata(of: resource, stack),
                    "resource_data": data(of: resource, in: stack),
                ]
            )
        }
        return [
            "name": .string(stack.name), "id": .string(stack.id), "action": .string(stack.action.rawValue),
            "status": .string(stack.state.rawValue), "files": stack.goal.environment.filesJSON,
            "template": stack.template.source,
            "environment": .object(stack.goal.environment.json()),
            "resources": .object(Dictionary(resources, uniquingKeysWith: { $1 })),
            "project_id": .string(stack.project), "stack_user_project_id": .string(stack.userProjectId),
            "tags": .array(stack.tags.map { .string($0) }),
        ]
    }

    private func data(of resource: StackResource, in stack: StackRecord) -> JSONValue {
        let attributes = engine.attributes(of: resource, stack)
        let value: JSONValue? =
            switch resource.kind {
            case .test: attributes?["output"]
            case .randomString: attributes?["value"]
            default: nil
            }
        return value.map { ["value": $0] } ?? [:]
    }
}
