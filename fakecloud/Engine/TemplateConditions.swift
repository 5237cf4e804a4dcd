import Runtime

/// The conditions of a template, each decided once.
final class TemplateConditions {
    private let definitions: [String: JSONValue]
    private var decided: [String: Bool] = [:]
    private var underWay: Set<String> = []

    /// How many conditions may lead to each other; Python's own limit is about there.
    private static let longestChain = 100

    init(_ definitions: [String: JSONValue]) {
        self.definitions = definitions
    }

    /// Whether a condition holds: a boolean, a name of one, or a function.
    ///
    /// - Throws: ``TemplateProblem`` for an unknown name, ``HeatFault`` for a circle or a definition that is neither
    ///   true nor false.
    func hold(_ condition: JSONValue, _ evaluation: TemplateEvaluation) throws -> Bool {
        let result = condition.object == nil ? condition : try evaluation.evaluate(condition, isCondition: true)
        if case .bool(let value) = result { return value }
        guard let name = result.string, let definition = definitions[name] else {
            throw TemplateProblem("Invalid condition \"\(result.pythonText)\"")
        }
        if let known = decided[name] { return known }
        guard underWay.insert(name).inserted else {
            throw HeatFault.invalid(
                error: "Condition validation error", "Circular definition for condition \"\(name)\"")
        }
        defer { underWay.remove(name) }
        guard underWay.count <= Self.longestChain else { throw TemplateProblem.tooDeep }
        guard case .bool(let value) = try evaluation.evaluate(definition, isCondition: true) else {
            throw Self.invalid(name, definition)
        }
        decided[name] = value
        return value
    }

    /// Checks what the section says, without deciding.
    ///
    /// - Throws: ``HeatFault``.
    static func check(_ section: JSONValue?, in language: TemplateLanguage) throws -> [String: JSONValue] {
        guard let section, section != .null else { return [:] }
        guard let definitions = section.object else {
            throw HeatFault.invalid(
                error: "Conditions validation error",
                "Condition definitions must be a map. Found a \(section.pythonType) instead")
        }
        for (name, definition) in definitions.sorted(by: { $0.key < $1.key }) {
            try language.checkCondition(definition, at: "conditions.\(name)")
            if definition.bool == nil, !language.isCondition(definition) { throw invalid(name, definition) }
        }
        return definitions
    }

    private static func invalid(_ name: String, _ definition: JSONValue) -> HeatFault {
        .invalid(
            error: "Condition validation error",
            "The definition of condition \"\(name)\" is invalid: \(definition.pythonText)")
    }
}

extension TemplateLanguage {
    fileprivate func isCondition(_ value: JSONValue) -> Bool {
        guard let members = value.object, members.count == 1, let name = members.keys.first,
            let function = TemplateFunction(rawValue: name)
        else { return false }
        return allowsInConditions(function)
    }

    /// Checks the functions of a condition and their arguments.
    ///
    /// - Throws: ``HeatFault`` at the place of what is wrong.
    func checkCondition(_ value: JSONValue, at path: String) throws {
        switch value {
        case .array(let items):
            for (index, item) in items.enumerated() { try checkCondition(item, at: "\(path)[\(index)]") }
        case .object(let members):
            guard members.count == 1, let (name, argument) = members.first.map({ ($0.key, $0.value) }),
                let function = TemplateFunction(rawValue: name)
            else {
                for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                    try checkCondition(member, at: "\(path).\(name)")
                }
                return
            }
            let place = "\(path).\(name)"
            if allowsInConditions(function) {
                try checkCondition(argument, at: place)
                do {
                    try check(function, argument)
                } catch let problem as TemplateProblem {
                    throw HeatFault.invalid(at: place, problem.message)
                }
            } else if standing(of: name) != nil {
                throw HeatFault.invalid(at: place, "The function \"\(name)\" is invalid in this context")
            }
        default: return
        }
    }
}
