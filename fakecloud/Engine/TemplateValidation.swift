import OrderedCollections
import Runtime

extension HeatTemplate {
    /// What a validation tells of the template (golden heat, `validate-*`).
    func validated(_ environment: StackEnvironment) -> JSONValue {
        let parameters = parameterDefinitions.map { name, definition in
            var definition = definition.object ?? [:]
            if let fallback = environment.parameterDefaults[name] { definition["default"] = fallback }
            let parameter = TemplateParameter(name: name, definition: .object(definition))
            return (name, parameter.described(given: environment.parameters[name]))
        }
        var json: [String: JSONValue] = [
            "Description": .string(description),
            "Parameters": .object(Dictionary(parameters, uniquingKeysWith: { $1 })),
            "Environment": .object(environment.json()),
        ]
        if let groups = source["parameter_groups"], groups.isTruthy { json["ParameterGroups"] = groups }
        return .object(json)
    }
}

extension TemplateParameter {
    fileprivate func described(given: JSONValue?) -> JSONValue {
        var json: [String: JSONValue] = [
            "Type": .string(Self.types[definition["type"]?.string ?? "string"] ?? "String"),
            "Description": definition["description"] ?? "", "NoEcho": isHidden ? "true" : "false",
            "Label": definition["label"] ?? .string(name),
        ]
        json["Default"] = definition["default"]
        json["Value"] = given
        if let tags = definition["tags"] { json["Tags"] = tags }
        for constraint in definition["constraints"]?.array ?? [] {
            json.merge(ValueConstraint(definition: constraint).amazonForm) { $1 }
            json["CustomConstraint"] = constraint["custom_constraint"] ?? json["CustomConstraint"]
            json["ConstraintDescription"] = constraint["description"] ?? json["ConstraintDescription"]
        }
        return .object(json)
    }
}

extension ResourceKind {
    /// The properties of a preview, with the values of what the template leaves out.
    func previewed(_ given: [String: JSONValue]) -> JSONValue {
        let properties = schema.properties.elements.map { name, property in
            (name, given[name] ?? property.fallback ?? .null)
        }
        return .object(Dictionary(properties, uniquingKeysWith: { $1 }))
    }
}
