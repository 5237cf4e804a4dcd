import OrderedCollections
import Runtime

/// What Heat makes of the properties of a resource: values of their types, within their constraints.
struct PropertyValidation {
    let schema: OrderedDictionary<String, PropertySchema>
    let evaluation: TemplateEvaluation
    let names: CatalogNames
    /// Whether the values are looked at, or only the properties' names.
    let checksValues: Bool

    /// - Parameters:
    ///   - given: with all `if` decided.
    ///   - omitted: the names of those that an `if` left out.
    /// - Returns: the values that the service will be asked for, defaults included, where they can be known.
    /// - Throws: ``HeatFault`` in Heat's order: unknown names first, then each property as the type has them.
    func validated(
        _ given: [String: JSONValue], omitted: Set<String>, of resource: String
    ) throws -> [String: JSONValue] {
        do {
            for name in given.keys.sorted() where schema[name] == nil {
                throw TemplateProblem("Unknown Property \(name)")
            }
            guard checksValues else { return [:] }
            var values: [String: JSONValue] = [:]
            for (name, property) in schema {
                do {
                    if let value = try value(of: name, property, given) { values[name] = value }
                } catch let problem as TemplateProblem where omitted.contains(name) {
                    throw TemplateProblem(problem.message, place: ".\(name)")
                }
            }
            return values
        } catch let problem as TemplateProblem {
            throw HeatFault.invalid(
                error: "Property error", at: "resources.\(resource).properties\(problem.place)", problem.message)
        }
    }

    private func value(
        of name: String, _ property: PropertySchema, _ given: [String: JSONValue]
    ) throws -> JSONValue? {
        if let raw = given[name] {
            do {
                // What refers to a resource that is not there yet is of the right type at best.
                let isKnown = evaluation.references(in: raw).isEmpty
                return try property.value(try evaluation.evaluate(raw), names: isKnown ? names : nil)
            } catch let problem as TemplateProblem {
                throw TemplateProblem(problem.message, place: ".\(name)" + problem.place)
            }
        }
        if let old = schema.elements.first(where: { $0.value.standsFor == name }), let raw = given[old.key] {
            return try property.value(try evaluation.evaluate(raw), names: nil)
        }
        if let fallback = property.fallback { return try property.value(fallback, names: nil) }
        if property.isRequired { throw TemplateProblem("Property \(name) not assigned") }
        return nil
    }
}

extension PropertySchema {
    /// A value of the property's type.
    ///
    /// - Parameter names: what custom constraints ask; nil where constraints are not looked at.
    /// - Throws: ``TemplateProblem`` with the place under the property.
    func value(_ raw: JSONValue, names: CatalogNames?) throws -> JSONValue {
        let value = try typed(raw, names: names)
        if names != nil {
            for constraint in constraints { try ValueConstraint(definition: constraint).check(value, names: names) }
        }
        return value
    }

    private func typed(_ raw: JSONValue, names: CatalogNames?) throws -> JSONValue {
        switch kind {
        case .any: return raw
        case .string:
            switch raw {
            case .null: return fallback ?? ""
            case .string: return raw
            case .bool, .integer: return .string(raw.pythonText)
            default: throw TemplateProblem("Value must be a string; got \(raw.pythonForm)")
            }
        case .integer:
            switch raw {
            case .null: return fallback ?? 0
            case .integer: return raw
            case .bool(let value): return value ? 1 : 0
            case .number(let value): return Int(exactly: value.rounded(.towardZero)).map { .integer($0) } ?? raw
            case .string(let text):
                guard let number = Int(text) else { throw TemplateProblem("Value '\(text)' is not an integer") }
                return .integer(number)
            default: return try raw.asNumber()
            }
        case .number: return raw == .null ? fallback ?? 0 : try raw.asNumber()
        case .boolean:
            switch raw {
            case .null: return fallback ?? false
            case .bool: return raw
            case .string(let text) where ["true", "false"].contains(text.lowercased()):
                return .bool(text.lowercased() == "true")
            default: throw TemplateProblem("\"\(raw.pythonText.lowercased())\" is not a valid boolean")
            }
        case .map:
            let raw = raw == .null ? fallback ?? [:] : raw
            guard let given = raw.object else { throw TemplateProblem("\"\(raw.pythonText)\" is not a map") }
            return .object(try members(of: given, names: names))
        case .list:
            let raw = raw == .null ? fallback ?? [] : raw
            guard let given = raw.array else { throw TemplateProblem("\"\(raw.pythonForm)\" is not a list") }
            guard let items else { return raw }
            return .array(
                try given.enumerated().map { index, item in
                    do {
                        return try items.value(item, names: names)
                    } catch let problem as TemplateProblem {
                        throw TemplateProblem(problem.message, place: "[\(index)]" + problem.place)
                    }
                })
        }
    }

    private func members(of given: [String: JSONValue], names: CatalogNames?) throws -> [String: JSONValue] {
        guard let members else { return given }
        for name in given.keys.sorted() where members[name] == nil { throw TemplateProblem("Unknown Property \(name)") }
        var values: [String: JSONValue] = [:]
        for (name, member) in members {
            guard let raw = given[name] ?? member.fallback else {
                if member.isRequired { throw TemplateProblem("Property \(name) not assigned") }
                continue
            }
            do {
                values[name] = try member.value(raw, names: names)
            } catch let problem as TemplateProblem {
                throw TemplateProblem(problem.message, place: ".\(name)" + problem.place)
            }
        }
        return values
    }
}
