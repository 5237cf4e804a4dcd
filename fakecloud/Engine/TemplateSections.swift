import Runtime

/// What Heat checks of a template before it looks at its resources.
extension HeatTemplate {
    /// - Throws: ``HeatFault`` for what is too large or no template.
    static func root(of source: JSONValue) throws -> JSONValue {
        func tooLarge(_ size: Int) -> HeatFault {
            .limit("Template size (\(size) bytes) exceeds maximum allowed size (\(maximumSize) bytes).")
        }
        let size = source.string?.utf8.count ?? source.pythonSize
        guard size <= maximumSize else { throw tooLarge(size) }
        let root: JSONValue
        do {
            root = try source.string.map(parsed) ?? source
        } catch let error as JSONValue.TooLarge {
            throw tooLarge(error.size)
        } catch let problem as TemplateProblem {
            throw HeatFault.invalid(problem.message)
        } catch {
            throw HeatFault.badRequest("Template not in valid format: Error parsing template [root stack] \(error)")
        }
        guard root.object != nil else {
            throw HeatFault.badRequest(
                "Template not in valid format: The template is not a JSON object or YAML mapping.")
        }
        let versions = ["heat_template_version", "HeatTemplateFormatVersion", "AWSTemplateFormatVersion"]
        guard source.object != nil || versions.contains(where: { root[$0] != nil }) else {
            throw HeatFault.badRequest("Template not in valid format: Template format version not found.")
        }
        guard root.depth <= deepest else { throw HeatFault.invalid(TemplateProblem.tooDeep.message) }
        return root
    }

    /// Heat takes a text for JSON before it takes it for YAML.
    private static func parsed(_ text: String) throws -> JSONValue {
        if text.first(where: { !$0.isWhitespace }) == "{", let json = try? JSONValue(parsing: text.utf8) { return json }
        let yaml = try JSONValue(yaml: text, largest: maximumSize)
        return yaml == .null ? [:] : yaml
    }

    static func checkSections(of root: JSONValue, _ language: TemplateLanguage) throws {
        for section in root.object?.keys.sorted() ?? [] where !language.sections.contains(section) {
            throw HeatFault.invalid("The template section is invalid: \(section)")
        }
        if let resources = root["resources"], resources.isTruthy, resources.object == nil {
            throw HeatFault.invalid("'\(resources.pythonType)' object has no attribute 'items'")
        }
        let resources = root["resources"]?.object ?? [:]
        for (_, resource) in resources.sorted(by: { $0.key < $1.key }) {
            try checkKeys(of: resource, language)
        }
        guard resources.count <= mostResources else {
            throw HeatFault.limit("Maximum resources per stack exceeded.")
        }
    }

    private static func checkKeys(of resource: JSONValue, _ language: TemplateLanguage) throws {
        guard resource.isTruthy else { throw HeatFault.invalid("Each resource must contain a type key.") }
        guard let members = resource.object else {
            throw HeatFault.invalid(
                "\"resources\" must contain a map of resource maps. Found a [<class '\(resource.pythonType)'>] instead")
        }
        // Heat knows the keys of all versions here.
        let known = language.resourceKeys.union(["external_id", "condition"])
        for key in members.keys.sorted() where !known.contains(key) {
            throw HeatFault.invalid("\"\(key)\" is not a valid keyword inside a resource definition")
        }
        guard members["type"] != nil else { throw HeatFault.invalid("Each resource must contain a type key.") }
        guard members["type"]?.isTruthy ?? false else {
            throw HeatFault.invalid("Each Resource must contain a Type key.")
        }
    }

    // Outputs.

    static func outputs(_ section: JSONValue?, _ evaluation: TemplateEvaluation) throws -> [Output] {
        guard let section, section.isTruthy else { return [] }
        guard let members = section.object else {
            throw HeatFault(status: 400, type: "AttributeError", message: nil)
        }
        return try members.sorted { $0.key < $1.key }.map { name, output in
            func refuse(_ message: String) -> HeatFault {
                .invalid(error: "Output validation error", at: "outputs.\(name)", message)
            }
            guard let members = output.object else {
                throw refuse("Output definitions must be a map. Found a \(output.pythonType) instead")
            }
            guard let value = members["value"] else {
                throw refuse("Each output definition must contain a value key.")
            }
            let description = members["description"]?.string ?? "No description given"
            if let condition = members["condition"], condition != .null {
                let place = "outputs.\(name).condition"
                try evaluation.language.checkCondition(condition, at: place)
                do {
                    if try !evaluation.conditions.hold(condition, evaluation) {
                        return Output(name: name, description: description, value: .null)
                    }
                } catch let problem as TemplateProblem {
                    throw HeatFault.invalid(at: place, problem.message)
                }
            }
            return Output(
                name: name, description: description,
                value: try evaluation.prepared(value, at: "outputs.\(name).value") ?? .null)
        }
    }

    func checkOutputs(_ evaluation: TemplateEvaluation) throws {
        for output in outputs {
            for reference in evaluation.references(in: output.value) {
                let place = "outputs.\(output.name).value"
                guard let index = places[reference.name] else {
                    // Heat looks at what `get_resource` names only when it makes the output.
                    guard reference.function == "get_attr" else { continue }
                    // A resource that a condition leaves out counts as none at all.
                    throw reference.fault(
                        at: place, "The specified reference \"\(reference.name)\" (in unknown) is incorrect.")
                }
                try resources[index].check(reference, at: place)
            }
        }
    }
}

extension JSONValue {
    /// How many maps and lists lie in each other.
    fileprivate var depth: Int {
        switch self {
        case .array(let items): 1 + (items.lazy.map(\.depth).max() ?? 0)
        case .object(let members): 1 + (members.values.lazy.map(\.depth).max() ?? 0)
        default: 0
        }
    }
}
