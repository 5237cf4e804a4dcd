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
            var answer = template.validated(environment).object ?? [:]
            let groups = template.resources.filter { $0.kind == .resourceGroup }
            if call.query("show_nested")?.lowercased() == "true", !groups.isEmpty {
                let nested = groups.map { group -> (String, JSONValue) in
                    (
                        group.name,
                        [
                            "Type": .string(group.kind.rawValue), "Description": "No description", "Parameters": [:],
                        ]
                    )
                }
                answer["NestedParameters"] = .object(Dictionary(nested, uniquingKeysWith: { $1 }))
            }
            return .json(200, .object(answer))
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
}
