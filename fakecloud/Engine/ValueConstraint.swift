import Runtime

/// A constraint on the value of a parameter or property, in the form of templates: `{range: {min: 1}}`.
struct ValueConstraint {
    let definition: JSONValue

    /// - Parameter names: what custom constraints ask; nil where they are not looked at.
    /// - Throws: ``TemplateProblem`` in Heat's words, or in the constraint's own `description`.
    func check(_ value: JSONValue, names: CatalogNames?) throws {
        guard let problem = violation(by: value, names: names) else { return }
        throw TemplateProblem(definition["description"]?.string ?? problem)
    }

    private func violation(by value: JSONValue, names: CatalogNames?) -> String? {
        if let range = definition["range"] {
            guard let number = value.numeric, !Self.isWithin(range, number) else { return nil }
            return "\(value.pythonText) is out of range (\(Self.bounds(range)))"
        }
        if let length = definition["length"] {
            let count = value.array?.count ?? value.object?.count ?? value.pythonText.unicodeScalars.count
            guard !Self.isWithin(length, Double(count)) else { return nil }
            return "length (\(count)) is out of range (\(Self.bounds(length)))"
        }
        if let modulo = definition["modulo"] {
            guard let number = value.numeric, let step = modulo["step"]?.numeric, let offset = modulo["offset"]?.numeric
            else { return nil }
            // Python's remainder has the sign of the divisor.
            let remainder = number - step * (number / step).rounded(.down)
            guard remainder != offset else { return nil }
            return
                "\(value.pythonText) is not a multiple of \(modulo["step"]?.pythonText ?? "") with an offset of \(modulo["offset"]?.pythonText ?? "")"
        }
        if let allowed = definition["allowed_values"]?.array {
            func isAllowed(_ value: JSONValue) -> Bool {
                allowed.contains { $0.isSame(as: value) || $0.pythonText == value.pythonText }
            }
            guard !(value.array.map { $0.allSatisfy(isAllowed) } ?? isAllowed(value)) else { return nil }
            let list = allowed.map(\.pythonJSON).joined(separator: ", ")
            return "\(value.pythonJSON) is not an allowed value [\(list)]"
        }
        if let pattern = definition["allowed_pattern"]?.string {
            let text = value.pythonText
            guard let expression = UserPattern(pattern), !expression.matchesAll(of: text) else { return nil }
            return "\"\(text)\" does not match pattern \"\(pattern)\""
        }
        if let custom = definition["custom_constraint"]?.string { return names?.violation(of: custom, by: value) }
        return nil
    }

    /// As templates of Amazon's language, and Heat's validation, say it.
    var amazonForm: [String: JSONValue] {
        [
            "MinLength": definition["length"]?["min"], "MaxLength": definition["length"]?["max"],
            "MinValue": definition["range"]?["min"], "MaxValue": definition["range"]?["max"],
            "AllowedValues": definition["allowed_values"], "AllowedPattern": definition["allowed_pattern"],
        ].compactMapValues { $0 }
    }

    private static func isWithin(_ range: JSONValue, _ number: Double) -> Bool {
        let lower = range["min"]?.numeric ?? -.infinity
        let upper = range["max"]?.numeric ?? .infinity
        return lower <= number && number <= upper
    }

    private static func bounds(_ range: JSONValue) -> String {
        func text(_ bound: JSONValue?) -> String { (bound ?? .null).pythonText }
        return "min: \(text(range["min"])), max: \(text(range["max"]))"
    }
}

extension JSONValue {
    /// The number that Heat reads from a number or a text.
    var numeric: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .bool(let value): value ? 1 : 0
        case .string(let text): Double(text)
        default: nil
        }
    }

    /// A number as Python reads it: whole where it can be, else with a fraction.
    ///
    /// - Throws: ``TemplateProblem`` in Python's words.
    func asNumber() throws -> JSONValue {
        switch self {
        case .integer, .number, .bool: return self
        case .string(let text):
            let trimmed = text.trimmed
            if let number = Int(trimmed) { return .integer(number) }
            if let number = Double(trimmed) { return .number(number) }
            throw TemplateProblem("could not convert string to float: \(pythonForm)")
        default:
            throw TemplateProblem(
                "int() argument must be a string, a bytes-like object or a real number, not '\(pythonType)'")
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace ?? false { text = text.dropFirst() }
        while text.last?.isWhitespace ?? false { text = text.dropLast() }
        return String(text)
    }
}
