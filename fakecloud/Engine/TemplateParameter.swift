import Runtime

/// A parameter of a template with its constraints.
struct TemplateParameter {
    let name: String
    let definition: JSONValue

    var isHidden: Bool { definition["hidden"]?.isTruthy ?? false }
    /// Whether an update may not change its value.
    var isImmutable: Bool { definition["immutable"]?.isTruthy ?? false }
    private var constraints: [ValueConstraint] {
        (definition["constraints"]?.array ?? []).map(ValueConstraint.init(definition:))
    }

    // The definition.

    /// - Throws: ``HeatFault`` for a definition that is none.
    func checkDefinition(in language: TemplateLanguage) throws {
        guard let members = definition.object else {
            throw schemaFault("Invalid parameter (\(name)), expected a mapping")
        }
        try check(members, language.parameterKeys, "parameter (\(name))")
        guard let type = members["type"] else { throw schemaFault("Missing parameter type for parameter: \(name)") }
        if let tags = members["tags"], tags.array == nil {
            throw schemaFault("Tags property should be a list for parameter: \(name)")
        }
        switch members["constraints"] {
        case nil, .null: break
        case .array(let constraints):
            for constraint in constraints { try check(constraint: constraint, language) }
        default: throw schemaFault("Invalid parameter constraints for parameter \(name), expected a list")
        }
        guard let kind = type.string, Self.types[kind] != nil else {
            throw schemaFault("Invalid type (\(type.pythonText))")
        }
    }

    private func check(_ members: [String: JSONValue]?, _ allowed: Set<String>, _ what: String) throws {
        guard let members else { throw schemaFault("Invalid \(what), expected a mapping") }
        for key in members.keys.sorted() where !allowed.contains(key) {
            throw schemaFault("Invalid key '\(key)' for \(what)")
        }
    }

    private func check(constraint: JSONValue, _ language: TemplateLanguage) throws {
        try check(
            constraint.object,
            [
                "description", "length", "range", "modulo", "allowed_values", "allowed_pattern", "custom_constraint",
            ], "parameter constraints")
        for kind in ["range", "length"] {
            guard let bounds = constraint[kind] else { continue }
            try check(bounds.object, ["min", "max"], "\(kind) constraint")
            guard bounds["min"] ?? .null != .null || bounds["max"] ?? .null != .null else {
                throw schemaFault("A \(kind) constraint must have a min value and/or a max value specified.")
            }
            return
        }
        if let modulo = constraint["modulo"], language.hasModulo {
            try check(modulo.object, ["step", "offset"], "modulo constraint")
            guard let step = modulo["step"]?.integer, let offset = modulo["offset"]?.integer else {
                throw schemaFault("A modulo constraint must have a step value and an offset value specified.")
            }
            if step == 0 { throw schemaFault("step cannot be 0.") }
            guard offset.magnitude < step.magnitude else {
                throw schemaFault("offset must be smaller (by absolute value) than step.")
            }
            guard offset == 0 || (offset < 0) == (step < 0) else {
                throw schemaFault("step and offset must be both positive or both negative.")
            }
            return
        }
        if let allowed = constraint["allowed_values"] {
            if allowed.array == nil { throw schemaFault("AllowedValues must be a list") }
        } else if let pattern = constraint["allowed_pattern"] {
            if pattern.string == nil { throw schemaFault("AllowedPattern must be a string") }
        } else if constraint["custom_constraint"] == nil {
            throw schemaFault("No constraint expressed")
        }
    }

    /// Which constraints fit which types.
    private static let fitting: [(key: String, name: String, types: Set<String>)] = [
        ("range", "Range", ["number"]), ("length", "Length", ["string", "comma_delimited_list", "json"]),
        ("modulo", "Modulo", ["number"]),
        ("allowed_values", "AllowedValues", ["string", "number", "boolean", "comma_delimited_list"]),
        ("allowed_pattern", "AllowedPattern", ["string"]),
        ("custom_constraint", "CustomConstraint", ["string", "number", "boolean", "comma_delimited_list"]),
    ]

    private func checkSchema() throws {
        let type = definition["type"]?.string ?? "string"
        for constraint in definition["constraints"]?.array ?? [] {
            if let kind = Self.fitting.first(where: { constraint[$0.key] != nil }), !kind.types.contains(type) {
                throw schemaFault("Parameter '\(name)' is invalid: \(kind.name) constraint invalid for \(type)")
            }
        }
        guard let fallback = definition["default"], fallback != .null else { return }
        do {
            let value = type == "comma_delimited_list" ? try typed(fallback) : fallback
            for constraint in constraints { try constraint.check(value, names: nil) }
        } catch let problem as TemplateProblem {
            throw schemaFault(
                "Parameter '\(name)' is invalid: Invalid default \(fallback.pythonText) (\(problem.message))")
        }
    }

    private func schemaFault(_ message: String) -> HeatFault {
        HeatFault(status: 400, type: "InvalidSchemaError", message: message)
    }

    // The value.

    /// The value that a stack gets: the given one or the default, of the parameter's type and within its constraints.
    ///
    /// - Parameter isRequired: whether there must be a value, and whether it is checked.
    /// - Throws: ``HeatFault`` in the words of golden heat, `create-param-*`.
    func value(of given: JSONValue?, names: CatalogNames, isRequired: Bool = true) throws -> JSONValue {
        try checkSchema()
        let given = given == .null ? nil : given
        guard let raw = given ?? definition["default"], raw != .null else {
            guard isRequired else { return .null }
            throw HeatFault(
                status: 400, type: "UserParameterMissing", message: "The Parameter (\(name)) was not provided.")
        }
        do {
            let value = try typed(raw)
            for constraint in constraints { try constraint.check(value, names: names) }
            return value
        } catch let problem as TemplateProblem {
            guard isRequired else { return raw }
            throw HeatFault.invalid("Parameter '\(name)' is invalid: \(problem.message)")
        }
    }

    private func typed(_ value: JSONValue) throws -> JSONValue {
        switch definition["type"]?.string ?? "string" {
        case "number": return try value.asNumber()
        case "boolean":
            if value.bool != nil { return value }
            switch value.pythonText.lowercased() {
            case "t", "true", "on", "y", "yes", "1": return true
            case "f", "false", "off", "n", "no", "0": return false
            default:
                throw TemplateProblem(
                    "Unrecognized value '\(value.pythonText)', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'"
                )
            }
        case "json":
            guard let text = value.string, !text.isEmpty else { return value }
            do {
                return try JSONValue(parsing: text.utf8)
            } catch {
                throw TemplateProblem("Value must be valid JSON: \(JSONValue.string(text).pythonForm) is none")
            }
        case "comma_delimited_list":
            if let items = value.array { return .array(items.map { .string($0.pythonText) }) }
            guard let text = value.string else {
                throw TemplateProblem(
                    "Value must be a comma-delimited list string: '\(value.pythonType)' object has no attribute 'split'"
                )
            }
            guard !text.isEmpty else { return [] }
            return .array(text.split(separator: ",", omittingEmptySubsequences: false).map { .string(String($0)) })
        default: return .string(value.pythonText)
        }
    }

    /// The value as a stack shows it.
    func shown(_ value: JSONValue) -> String {
        if isHidden { return "******" }
        return switch definition["type"]?.string {
        case "comma_delimited_list": (value.array ?? []).map(\.pythonText).joined(separator: ",")
        case "json": value.pythonJSON
        default: value.pythonText
        }
    }

    /// What a property takes for which a parameter of a type stands.
    static func propertyType(_ type: String) -> PropertySchema.Kind {
        switch type {
        case "number": .number
        case "json": .map
        case "comma_delimited_list": .list
        case "boolean": .boolean
        default: .string
        }
    }

    /// As a validation names the types.
    static let types = [
        "string": "String", "number": "Number", "boolean": "Boolean", "json": "Json",
        "comma_delimited_list": "CommaDelimitedList",
    ]
}

/// The `parameter_groups` of a template.
enum TemplateParameterGroups {
    /// - Throws: ``HeatFault``.
    static func check(_ section: JSONValue?, parameters: Set<String>) throws {
        guard let section, section.isTruthy else { return }
        func fault(_ label: String?, _ message: String) -> HeatFault {
            .invalid(
                error: "Parameter Groups error", at: "parameter_groups" + (label.map { "." + $0 } ?? ""), message)
        }
        guard let groups = section.array else { throw fault(nil, "The parameter_groups should be a list.") }
        var grouped: Set<String> = []
        for group in groups {
            let label = group["label"]?.pythonText ?? ""
            guard let members = group["parameters"], members != .null else {
                throw fault(label, "The parameters must be provided for each parameter group.")
            }
            guard let names = members.array else {
                throw fault(label, "The parameters of parameter group should be a list.")
            }
            for name in names.map(\.pythonText) {
                guard grouped.insert(name).inserted else {
                    throw fault(label, "The \(name) parameter must be assigned to one parameter group only.")
                }
                guard parameters.contains(name) else {
                    throw fault(label, "The grouped parameter \(name) does not reference a valid parameter.")
                }
            }
        }
    }
}
