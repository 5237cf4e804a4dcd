import Runtime

/// A parameter of a template with its constraints.
struct TemplateParameter {
    let name: String
    let definition: JSONValue

    /// The value that a stack gets: the given one or the default, of the parameter's type and within its constraints.
    ///
    /// - Throws: ``HeatFault`` in the words of golden heat, `create-param-*`.
    func value(of given: JSONValue?, names: CatalogNames) throws -> JSONValue {
        guard let raw = given ?? definition["default"] else {
            throw HeatFault(
                status: 400, type: "UserParameterMissing", message: "The Parameter (\(name)) was not provided.")
        }
        let value = try typed(raw)
        for constraint in definition["constraints"]?.array ?? [] {
            if let problem = try violation(of: constraint, by: value, names: names) { throw invalid(problem) }
        }
        return value
    }

    private func typed(_ value: JSONValue) throws -> JSONValue {
        switch (definition["type"]?.string ?? "string", value) {
        case ("number", .integer), ("number", .number): return value
        case ("number", _):
            let text = value.string ?? "\(value)"
            if let number = Int(text) { return .integer(number) }
            if let number = Double(text) { return .number(number) }
            throw invalid("could not convert string to float: '\(text)'")
        case ("boolean", .bool): return value
        case ("boolean", _):
            switch (value.string ?? "\(value)").lowercased() {
            case "t", "true", "on", "y", "yes", "1": return true
            case "f", "false", "off", "n", "no", "0": return false
            case let text:
                throw invalid(
                    "Unrecognized value '\(text)', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'"
                )
            }
        case ("json", .string(let text)):
            guard let json = try? JSONValue(parsing: text.utf8) else { throw invalid("Value must be valid JSON") }
            return json
        case ("comma_delimited_list", .string(let text)):
            return .array(
                text.split(separator: ",").map { .string(String($0.drop { $0 == " " })) })
        case ("string", .string), ("json", _), ("comma_delimited_list", .array): return value
        case ("string", .integer), ("string", .number), ("string", .bool): return .string("\(value)")
        case ("string", _): throw invalid("Value must be a string; got \(value)")
        default: return value
        }
    }

    private func violation(of constraint: JSONValue, by value: JSONValue, names: CatalogNames) throws -> String? {
        if let range = constraint["range"] {
            let number: Double? =
                value.integer.map(Double.init) ?? { if case .number(let n) = value { n } else { nil } }()
            if let number, !isWithin(range, number) {
                return "\(value) is out of range (\(bounds(range)))"
            }
        }
        if let length = constraint["length"] {
            let count = value.string?.count ?? value.array?.count ?? value.object?.count ?? 0
            if !isWithin(length, Double(count)) { return "length (\(count)) is out of range (\(bounds(length)))" }
        }
        if let allowed = constraint["allowed_values"]?.array, !allowed.contains(value) {
            let list = allowed.map { "\($0)" }.joined(separator: ", ")
            return "\"\(value.string ?? "\(value)")\" is not an allowed value [\(list)]"
        }
        if let pattern = constraint["allowed_pattern"]?.string, let text = value.string,
            let regex = try? Regex(pattern), text.prefixMatch(of: regex).map({ $0.range.upperBound }) != text.endIndex
        {
            return "\"\(text)\" does not match pattern \"\(pattern)\""
        }
        if let custom = constraint["custom_constraint"]?.string, let text = value.string, !text.isEmpty {
            return names.violation(of: custom, by: text)
        }
        return nil
    }

    private func isWithin(_ range: JSONValue, _ number: Double) -> Bool {
        let lower = range["min"]?.integer.map(Double.init) ?? -.infinity
        let upper = range["max"]?.integer.map(Double.init) ?? .infinity
        return lower <= number && number <= upper
    }

    private func bounds(_ range: JSONValue) -> String {
        func text(_ bound: JSONValue?) -> String { bound.map { "\($0)" } ?? "None" }
        return "min: \(text(range["min"])), max: \(text(range["max"]))"
    }

    private func invalid(_ problem: String) -> HeatFault {
        .invalid("Parameter '\(name)' is invalid: \(problem)")
    }
}
