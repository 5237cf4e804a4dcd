import Runtime

/// What Heat says about templates and resource types.
extension HeatView {
    func validate() throws -> ServiceAnswer {
        let body = call.json ?? [:]
        let source = try StackCreation.template(of: body)
        let environment = try StackEnvironment(body)
        do {
            let template = try HeatTemplate(
                source, environment: environment, names: engine.names(for: place), isComplete: false)
            return .json(200, template.validated(environment))
        } catch let fault as HeatFault where fault.type == "StackValidationFailed" {
            throw HeatFault(status: 400, type: "HTTPBadRequest", message: fault.message)
        }
    }

    func templateFunctions() throws -> ServiceAnswer {
        .json(
            200,
            try TemplateLanguage.functions(
                ofVersion: call.parameter("version"),
                withConditions: call.query("with_condition_func")?.lowercased() == "true"))
    }

    /// A stack with all that it is made of, as another Heat would take it.
    func export() throws -> ServiceAnswer {
        let stack = try stack()
        let resources = stack.resources.map { resource -> (String, JSONValue) in
            let data: JSONValue? =
                switch resource.kind {
                case .test: resource.attributes?["output"]
                case .randomString: resource.attributes?["value"]
                default: nil
                }
            return (
                resource.name,
                [
                    "name": .string(resource.name), "resource_id": .string(resource.physicalId ?? ""),
                    "type": .string(resource.kind.rawValue), "action": .string(resource.action.rawValue),
                    "status": .string(resource.state.rawValue), "metadata": [:],
                    "resource_data": data.map { ["value": $0] } ?? [:],
                ]
            )
        }
        return .json(
            200,
            [
                "name": .string(stack.name), "id": .string(stack.id), "action": .string(stack.action.rawValue),
                "status": .string(stack.state.rawValue),
                "files": stack.request.environment.filesJSON, "template": stack.template.source,
                "environment": .object(stack.request.environment.json()),
                "resources": .object(Dictionary(resources, uniquingKeysWith: { $1 })),
                "project_id": .string(stack.project), "stack_user_project_id": .string(stack.userProjectId),
                "tags": .array(stack.tags.map { .string($0) }),
            ])
    }
}
