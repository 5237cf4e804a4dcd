import Runtime

/// What Heat says about templates and resource types.
extension HeatView {
    func validate() throws -> ServiceAnswer {
        let body = call.json ?? [:]
        let source = try StackCreation.template(of: body)
        let environment = try StackEnvironment(body)
        do {
            let template = try HeatTemplate(
                source, environment: environment, names: engine.names(for: place, user: call.token?.user.id),
                isComplete: false)
            let goal = StackRecord.Goal(template: template, environment: environment)
            var answer = template.validated(goal.environment).object ?? [:]
            if try call.heatFlag("show_nested") {
                let stack = StackRecord(
                    id: "None", name: "dummy", place: place, userId: "", userProjectId: "",
                    goal: goal, createdAt: engine.now, random: RandomSource(seed: 0), rule: nil)
                answer["NestedParameters"] = try nestedParameters(of: stack)
            }
            return .json(200, .object(answer))
        } catch let fault as HeatFault where fault.type == "StackValidationFailed" {
            throw HeatFault(status: 400, type: "HTTPBadRequest", message: fault.message)
        }
    }

    /// The parameters of the stacks that would lie in a stack, by the names of their resources; nil where there are
    /// none (Heat, `get_nested_parameters`).
    private func nestedParameters(of stack: StackRecord) throws -> JSONValue? {
        var nested: [String: JSONValue] = [:]
        for resource in stack.resources where resource.kind.isPart {
            guard stack.depth < CloudEngine.deepestNesting else {
                throw HeatFault.limit("Recursion depth exceeds \(CloudEngine.deepestNesting).")
            }
            guard let child = try engine.prospect(of: resource, in: stack, isProbe: true) else { continue }
            var told = child.template.validated(child.goal.environment).object ?? [:]
            told["Environment"] = nil
            told["Type"] = .string(resource.template.type)
            told["NestedParameters"] = try nestedParameters(of: child)
            nested[resource.name] = .object(told)
        }
        return nested.isEmpty ? nil : .object(nested)
    }

    func templateFunctions() throws -> ServiceAnswer {
        .json(
            200,
            try TemplateLanguage.functions(
                ofVersion: call.parameter("version"),
                withConditions: call.query("with_condition_func")?.lowercased() == "true"))
    }
}
