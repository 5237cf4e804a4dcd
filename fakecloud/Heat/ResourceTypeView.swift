import OrderedCollections
import Runtime

/// What Heat says about the resource types that templates may use.
extension HeatView {
    /// Filters: `name` (a regular expression that the beginning of the name must match), `version` and
    /// `support_status` (exact).
    ///
    /// - Throws: ``HeatFault`` for a status that Heat does not know.
    func resourceTypes() throws -> ServiceAnswer {
        let statuses = ["UNKNOWN", "SUPPORTED", "DEPRECATED", "UNSUPPORTED", "HIDDEN"]
        if let status = call.query("support_status"), !statuses.contains(status) {
            let known = statuses.map { "'\($0)'" }.joined(separator: ", ")
            throw HeatFault(
                status: 400, type: "Invalid",
                message:
                    "Data supplied was not valid: Invalid support status and should be one of (\(known))")
        }
        let pattern = call.query("name")
        let expression = pattern.flatMap(UserPattern.init)
        let found = ResourceSchema.all.filter { kind, schema in
            (pattern == nil || expression?.matchesBeginning(of: kind.rawValue) ?? false)
                && call.query("version").map { schema.support["version"]?.string == $0 } ?? true
                && call.query("support_status").map { schema.support["status"]?.string == $0 } ?? true
        }
        let isDescribed = call.query("with_description")?.lowercased() == "true"
        return .json(
            200,
            [
                "resource_types": .array(
                    found.keys.map { kind in
                        isDescribed
                            ? ["resource_type": .string(kind.rawValue), "description": .null] : .string(kind.rawValue)
                    })
            ])
    }

    func resourceType() throws -> ServiceAnswer {
        let kind = try namedResourceType()
        let schema = kind.schema
        var attributes = schema.attributes.filter { !$0.value.isHidden }.mapValues(\.json)
        attributes["show"] = ["description": ResourceKind.showDescription, "type": "map"]
        return .json(
            200,
            [
                "resource_type": .string(kind.rawValue), "properties": Self.shown(schema.properties),
                "attributes": .object(Dictionary(attributes.elements.map { ($0, $1) }, uniquingKeysWith: { $1 })),
                "support_status": schema.support,
            ])
    }

    /// A template with one resource of the type, whose properties are the template's parameters and whose attributes
    /// are its outputs. `template_type` is `hot` or, where nothing is said, `cfn`.
    func templateOfResourceType() throws -> ServiceAnswer {
        let kind = try namedResourceType()
        let type = call.query("template_type") ?? "cfn"
        switch type.lowercased() {
        case "hot": return .json(200, kind.hotTemplate)
        case "cfn": return .json(200, kind.amazonTemplate)
        default:
            throw HeatFault.badRequest(
                "Template type is not supported: Invalid template type \"\(type)\", valid types are: cfn, hot.")
        }
    }

    private func namedResourceType() throws -> ResourceKind {
        let name = call.parameter("type")
        guard let kind = ResourceKind(rawValue: name) else {
            throw HeatFault(
                status: 404, type: "EntityNotFound", message: "The Resource Type (\(name)) could not be found.")
        }
        return kind
    }
}

extension HeatView {
    fileprivate static func shown(_ properties: OrderedDictionary<String, PropertySchema>) -> JSONValue {
        .object(properties.filter { !$0.value.isHidden }.elements.reduce(into: [:]) { $0[$1.key] = $1.value.json })
    }
}

extension PropertySchema {
    /// As Heat shows it (golden heat, `resource-type-show`).
    fileprivate var json: JSONValue {
        var json: [String: JSONValue] = [
            "type": .string(kind.rawValue), "required": .bool(isRequired), "update_allowed": .bool(isUpdatable),
            "immutable": false,
        ]
        if let description { json["description"] = .string(description) }
        json["default"] = fallback
        if !constraints.isEmpty { json["constraints"] = .array(constraints) }
        json["schema"] = members.map { .object($0.elements.reduce(into: [:]) { $0[$1.key] = $1.value.json }) }
        return .object(json)
    }

    /// The parameter of a template that stands for it.
    fileprivate func parameter(isHOT: Bool) -> JSONValue {
        let hot: [Kind: String] = [
            .integer: "number", .string: "string", .number: "number", .boolean: "boolean", .map: "json",
            .list: "comma_delimited_list",
        ]
        let amazon: [Kind: String] = [
            .integer: "Number", .string: "String", .number: "Number", .boolean: "Boolean", .map: "Json",
            .list: "CommaDelimitedList",
        ]
        var json: [String: JSONValue] = [:]
        json[isHOT ? "type" : "Type"] = JSONValue((isHOT ? hot : amazon)[kind])
        if let description { json[isHOT ? "description" : "Description"] = .string(description) }
        json[isHOT ? "default" : "Default"] = fallback
        if isHOT {
            // Heat writes a custom constraint as an empty one.
            let kept = constraints.map { $0["custom_constraint"] == nil ? $0 : .object([:]) }
            if !kept.isEmpty { json["constraints"] = .array(kept) }
            return .object(json)
        }
        for constraint in constraints { json.merge(ValueConstraint(definition: constraint).amazonForm) { $1 } }
        if kind == .boolean { json["AllowedValues"] = ["True", "true", "False", "false"] }
        return .object(json)
    }
}

extension AttributeSchema {
    fileprivate var json: JSONValue {
        var json: [String: JSONValue] = [:]
        if let description { json["description"] = .string(description) }
        if let kind { json["type"] = .string(kind) }
        return .object(json)
    }
}

extension ResourceKind {
    fileprivate static let showDescription: JSONValue = "Detailed information about resource."

    private var shownProperties: [(key: String, value: PropertySchema)] {
        schema.properties.filter { !$0.value.isHidden }.elements.map { ($0.key, $0.value) }
    }

    private func outputs(
        attribute: (String) -> JSONValue, value: String, description: String, id: JSONValue
    ) -> JSONValue {
        var outputs: [String: JSONValue] = ["OS::stack_id": .object([value: id])]
        let attributes = schema.attributes.filter { !$0.value.isHidden }.mapValues(\.description).elements
        for (name, text) in attributes.map({ ($0.key, JSONValue($0.value)) }) + [("show", Self.showDescription)] {
            outputs[name] = .object([value: attribute(name), description: text])
        }
        return .object(outputs)
    }

    /// A HOT template of one resource of the type.
    fileprivate var hotTemplate: JSONValue {
        let name = className
        let properties = shownProperties
        return [
            "heat_template_version": "2016-10-14", "description": .string("Initial template of \(name)"),
            "parameters": .object(properties.reduce(into: [:]) { $0[$1.key] = $1.value.parameter(isHOT: true) }),
            "outputs": outputs(
                attribute: { ["get_attr": [.string(name), .string($0)]] }, value: "value", description: "description",
                id: ["get_resource": .string(name)]),
            "resources": .object([
                name: [
                    "type": .string(rawValue),
                    "properties": .object(
                        properties.reduce(into: [:]) { $0[$1.key] = ["get_param": .string($1.key)] }),
                ]
            ]),
        ]
    }

    /// The same in Amazon's language.
    fileprivate var amazonTemplate: JSONValue {
        let name = className
        let properties = shownProperties
        return [
            "HeatTemplateFormatVersion": "2012-12-12", "Description": .string("Initial template of \(name)"),
            "Parameters": .object(properties.reduce(into: [:]) { $0[$1.key] = $1.value.parameter(isHOT: false) }),
            "Outputs": outputs(
                attribute: { ["Fn::GetAtt": [.string(name), .string($0)]] }, value: "Value",
                description: "Description", id: ["Ref": .string(name)]),
            "Resources": .object([
                name: [
                    "Type": .string(rawValue),
                    "Properties": .object(
                        properties.reduce(into: [:]) { properties, property in
                            let reference: JSONValue = ["Ref": .string(property.key)]
                            properties[property.key] =
                                property.value.kind == .list ? ["Fn::Split": [",", reference]] : reference
                        }),
                ]
            ]),
        ]
    }
}
