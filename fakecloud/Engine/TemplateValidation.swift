import Runtime

extension HeatTemplate {
    /// What a validation tells of the template (golden heat, `validate-*`).
    func validated(given: [String: JSONValue]) -> JSONValue {
        let parameters = parameterDefinitions.map { name, definition in
            (name, TemplateParameter(name: name, definition: definition).described(given: given[name]))
        }
        return [
            "Description": .string(description),
            "Parameters": .object(Dictionary(parameters, uniquingKeysWith: { $1 })),
            "Environment": Self.environment(given),
        ]
    }

    /// An environment that holds nothing but parameters.
    static func environment(_ parameters: [String: JSONValue]) -> JSONValue {
        [
            "resource_registry": ["resources": [:]], "parameters": .object(parameters), "parameter_defaults": [:],
            "event_sinks": [],
        ]
    }
}

extension TemplateParameter {
    fileprivate func described(given: JSONValue?) -> JSONValue {
        var json: [String: JSONValue] = [
            "Type": .string(Self.types[definition["type"]?.string ?? "string"] ?? "String"),
            "Description": definition["description"] ?? "", "NoEcho": definition["hidden"] == true ? "true" : "false",
            "Label": definition["label"] ?? .string(name),
        ]
        json["Default"] = definition["default"]
        json["Value"] = given
        for constraint in definition["constraints"]?.array ?? [] {
            json["MinValue"] = constraint["range"]?["min"] ?? json["MinValue"]
            json["MaxValue"] = constraint["range"]?["max"] ?? json["MaxValue"]
            json["MinLength"] = constraint["length"]?["min"] ?? json["MinLength"]
            json["MaxLength"] = constraint["length"]?["max"] ?? json["MaxLength"]
            json["AllowedValues"] = constraint["allowed_values"] ?? json["AllowedValues"]
            json["AllowedPattern"] = constraint["allowed_pattern"] ?? json["AllowedPattern"]
            json["CustomConstraint"] = constraint["custom_constraint"] ?? json["CustomConstraint"]
            json["ConstraintDescription"] = constraint["description"] ?? json["ConstraintDescription"]
        }
        return .object(json)
    }

    private static let types = [
        "string": "String", "number": "Number", "boolean": "Boolean", "json": "Json",
        "comma_delimited_list": "CommaDelimitedList",
    ]
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
