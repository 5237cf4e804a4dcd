import Runtime

/// Carries out the functions of a template (HOT's intrinsic functions).
struct TemplateEvaluation {
    /// What a function can learn of a resource.
    struct Resource {
        let physicalId: String
        /// Nil while it is not complete.
        let attributes: [String: JSONValue]?
    }

    struct Reference {
        let function: String
        let name: String
        let attribute: String?
        let path: String
    }

    let parameters: [String: JSONValue]
    let conditions: [String: JSONValue]
    var stack = StackIdentity(name: "", id: "", projectId: "")
    var resources: [String: Resource] = [:]
    var resourceNames: Set<String> = []

    init(parameters: [String: JSONValue], conditions: [String: JSONValue]) {
        self.parameters = parameters
        self.conditions = conditions
    }

    /// Whether a condition holds: a name of one, or a function.
    func holds(_ condition: JSONValue) throws -> Bool {
        switch condition {
        case .bool(let value): return value
        case .string(let name):
            guard let named = conditions[name] else {
                throw HeatFault.invalid("Invalid condition \"\(name)\"")
            }
            return try holds(named)
        case .object(let members) where members.count == 1:
            let (function, argument) = (members.first?.key ?? "", members.first?.value ?? .null)
            let items = argument.array ?? []
            switch function {
            case "not": return try !holds(argument)
            case "and": return try items.allSatisfy(holds)
            case "or": return try items.contains(where: holds)
            case "equals" where items.count == 2: return try evaluate(items[0]) == evaluate(items[1])
            case "get_param": return try evaluate(condition) == true
            default: throw HeatFault.invalid("The condition function \"\(function)\" is not supported")
            }
        default:
            throw HeatFault.invalid("A condition is a name, a boolean or a function")
        }
    }

    /// A value with `if` decided, which what it refers to depends on.
    func pruned(_ value: JSONValue) throws -> JSONValue {
        try kept(value) ?? .null
    }

    /// Nil for an `if` without an else that does not hold: what it is the value of is left out (HOT wallaby).
    private func kept(_ value: JSONValue) throws -> JSONValue? {
        switch value {
        case .array(let items): return .array(try items.compactMap(kept))
        case .object(let members):
            if members.count == 1, let choice = members["if"]?.array, (2...3).contains(choice.count) {
                if try holds(choice[0]) { return try kept(choice[1]) }
                return choice.count == 3 ? try kept(choice[2]) : nil
            }
            return .object(try members.compactMapValues(kept))
        default: return value
        }
    }

    /// All `get_resource` and `get_attr` in a value.
    func references(in value: JSONValue, at path: String) -> [Reference] {
        switch value {
        case .array(let items):
            return items.enumerated().flatMap { references(in: $0.element, at: "\(path)[\($0.offset)]") }
        case .object(let members):
            if members.count == 1, let name = members["get_resource"]?.string {
                return [Reference(function: "get_resource", name: name, attribute: nil, path: path)]
            }
            if members.count == 1, let arguments = members["get_attr"]?.array, let name = arguments.first?.string {
                return [
                    Reference(
                        function: "get_attr", name: name, attribute: arguments.dropFirst().first?.string, path: path)
                ]
            }
            return members.sorted { $0.key < $1.key }.flatMap { references(in: $0.value, at: "\(path).\($0.key)") }
        default: return []
        }
    }

    func evaluate(_ value: JSONValue) throws -> JSONValue {
        switch value {
        case .array(let items): return .array(try items.map(evaluate))
        case .object(let members):
            if members.count == 1, let member = members.first,
                let result = try call(member.key, member.value)
            {
                return result
            }
            return .object(try members.mapValues(evaluate))
        default: return value
        }
    }

    private func call(_ function: String, _ argument: JSONValue) throws -> JSONValue? {
        switch function {
        case "get_param": return try parameter(argument)
        case "get_resource":
            guard let name = argument.string else { return .null }
            return .string(resources[name]?.physicalId ?? name)
        case "get_attr": return try attribute(argument)
        case "if":
            guard let choice = argument.array, choice.count == 3 else { return .null }
            return try evaluate(holds(choice[0]) ? choice[1] : choice[2])
        case "list_join":
            guard let arguments = argument.array, let delimiter = arguments.first?.string else { return .null }
            let items = try arguments.dropFirst().flatMap { try evaluate($0).array ?? [] }
            return .string(items.map { $0.string ?? "\($0)" }.joined(separator: delimiter))
        case "list_concat":
            return .array(try (argument.array ?? []).flatMap { try evaluate($0).array ?? [] })
        case "str_split":
            guard let arguments = argument.array, arguments.count >= 2, let delimiter = arguments[0].string,
                let text = try evaluate(arguments[1]).string
            else { return .null }
            let parts = text.split(separator: delimiter, omittingEmptySubsequences: false).map {
                JSONValue.string(String($0))
            }
            return arguments.count > 2 ? JSONValue.array(parts)[arguments[2].integer ?? 0] ?? .null : .array(parts)
        case "str_replace", "str_replace_strict":
            var text = try evaluate(argument["template"] ?? .null).string ?? ""
            let replacements = try evaluate(argument["params"] ?? .object([:])).object ?? [:]
            for (key, replacement) in replacements.sorted(by: { ($0.key.count, $0.key) > ($1.key.count, $1.key) }) {
                text = text.replacing(key, with: replacement.string ?? "\(replacement)")
            }
            return .string(text)
        case "map_merge":
            let maps = try (argument.array ?? []).map { try evaluate($0).object ?? [:] }
            return .object(maps.reduce(into: [:]) { $0.merge($1) { $1 } })
        default: return nil
        }
    }

    private func parameter(_ argument: JSONValue) throws -> JSONValue {
        let path = argument.array ?? [argument]
        guard let name = path.first?.string else { return .null }
        let value: JSONValue
        switch name {
        case "OS::stack_name": value = .string(stack.name)
        case "OS::stack_id": value = .string(stack.id)
        case "OS::project_id": value = .string(stack.projectId)
        default:
            guard let known = parameters[name] else {
                throw HeatFault(
                    status: 400, type: "UserParameterMissing", message: "The Parameter (\(name)) was not provided.")
            }
            value = known
        }
        return walk(value, path.dropFirst())
    }

    private func attribute(_ argument: JSONValue) throws -> JSONValue {
        guard let path = argument.array, path.count >= 2, let name = path[0].string, let attribute = path[1].string,
            let value = resources[name]?.attributes?[attribute]
        else { return .null }
        return walk(value, path.dropFirst(2))
    }

    private func walk(_ value: JSONValue, _ path: ArraySlice<JSONValue>) -> JSONValue {
        path.reduce(value) { value, step in
            (step.string.map { value[$0] } ?? step.integer.map { value[$0] } ?? nil) ?? .null
        }
    }
}
