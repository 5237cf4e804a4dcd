import Runtime

/// Carries out the functions of a template (HOT's intrinsic functions), as the template's version has them.
struct TemplateEvaluation {
    /// What a function can learn of a resource.
    struct Resource: Sendable {
        let physicalId: String
        /// Nil while it is not complete.
        let attributes: [String: JSONValue]?
        /// Takes an attribute with its path where that is more than a part of the attribute's value.
        var select: (@Sendable ([JSONValue]) -> JSONValue)?
    }

    /// How much may be made of one value, in bytes and steps. Heat has no limit but its memory.
    static let largestResult = 67_108_864

    let language: TemplateLanguage
    let parameters: [String: JSONValue]
    let files: [String: String]
    let conditions: TemplateConditions
    var stack = StackIdentity(name: "", id: "", projectId: "")
    /// Looks a resource up; before there is any, they are known by their names.
    var resource: (String) -> Resource? = { Resource(physicalId: $0, attributes: nil) }
    private let work = Work()

    init(
        language: TemplateLanguage, parameters: [String: JSONValue], conditions: [String: JSONValue],
        files: [String: String] = [:]
    ) {
        self.language = language
        self.parameters = parameters
        self.conditions = TemplateConditions(conditions)
        self.files = files
    }

    private final class Work {
        var done = 0
    }

    /// - Throws: ``TemplateProblem`` where too much has been made.
    func charge(_ amount: Int, _ function: String) throws {
        work.done += amount
        guard work.done <= Self.largestResult else {
            throw TemplateProblem(
                "The result of \"\(function)\" exceeds the maximum allowed size (\(Self.largestResult) bytes).")
        }
    }

    /// A value with all functions carried out.
    ///
    /// - Parameter isCondition: whether it stands in a condition, which has functions of its own.
    /// - Throws: ``TemplateProblem``, ``HeatFault``.
    func evaluate(_ value: JSONValue, isCondition: Bool = false) throws -> JSONValue {
        switch value {
        case .array(let items):
            var values: [JSONValue] = []
            values.reserveCapacity(items.count)
            for item in items { values.append(try evaluate(item, isCondition: isCondition)) }
            return .array(values)
        case .object(let members):
            if members.count == 1, let (name, argument) = members.first.map({ ($0.key, $0.value) }),
                let function = present(name, isCondition: isCondition)
            {
                if function == .if { return try chosen(argument).map { try evaluate($0) } ?? .null }
                return try call(function, try evaluate(argument, isCondition: isCondition))
            }
            return .object(try members.mapValues { try evaluate($0, isCondition: isCondition) })
        default: return value
        }
    }

    private func present(_ name: String, isCondition: Bool) -> TemplateFunction? {
        if isCondition {
            return TemplateFunction(rawValue: name).flatMap { language.allowsInConditions($0) ? $0 : nil }
        }
        guard let (function, standing) = language.standing(of: name), standing == .present else { return nil }
        return function
    }

    private func call(_ function: TemplateFunction, _ argument: JSONValue) throws -> JSONValue {
        try charge(1, function.rawValue)
        switch function {
        case .getParameter: return try parameter(argument)
        case .getResource: return .string(try resourceId(argument.pythonText))
        case .reference:
            let name = argument.pythonText
            if let value = parameters[name] ?? pseudoParameter(name) { return value }
            return .string(try resourceId(name))
        case .getAttribute: return attribute(argument)
        case .getFile: return try file(argument)
        case .if: return .null
        case .listJoin, .join: return try joined(argument, function)
        case .strReplace, .strReplaceStrict, .strReplaceVeryStrict: return try replaced(argument, function)
        case .replace:
            guard let items = argument.array, items.count == 2 else { return .null }
            return try replaced(["params": items[0], "template": items[1]], function)
        case .strSplit, .split: return try split(argument, function)
        case .digest: return try digest(argument)
        case .makeURL: return try url(argument)
        case .base64: return argument
        case .mapMerge: return try merged(argument)
        case .mapReplace: return try mapReplaced(argument)
        case .listConcat: return try concatenated(argument, isUnique: false)
        case .listConcatUnique: return try concatenated(argument, isUnique: true)
        case .repeat: return try repeated(argument)
        case .filter: return try filtered(argument)
        case .contains: return try contains(argument)
        case .select: return selected(argument)
        case .memberListToMap: return mapOfMembers(argument)
        case .getAZs: return ["nova"]
        case .resourceFacade, .amazonFacade: return try facade(argument)
        case .yaql: throw TemplateProblem(Self.noYAQL)
        case .equals:
            guard let items = argument.array, items.count == 2 else { return false }
            return .bool(items[0].isSame(as: items[1]))
        case .not: return .bool(try !conditions.hold(argument, self))
        case .and: return .bool(try (argument.array ?? []).allSatisfy { try conditions.hold($0, self) })
        case .or: return .bool(try (argument.array ?? []).contains { try conditions.hold($0, self) })
        }
    }

    static let noYAQL = "The fake cloud has no yaql: use other functions."

    // `if`.

    /// The branch that an `if` stands for; nil for the one that is not there.
    private func chosen(_ argument: JSONValue) throws -> JSONValue? {
        let items = argument.array ?? []
        guard items.count == 3 || (language.hasNullableIf && items.count == 2) else {
            throw TemplateProblem(
                "Arguments to \"if\" must be of the form: [condition_name, value_if_true, value_if_false]")
        }
        if try conditions.hold(items[0], self) { return items[1] }
        guard items.count == 3 else { return nil }
        return items[2]
    }

    /// A value with each `if` decided, which what it refers to depends on, and with the arguments of its functions
    /// checked; nil for an `if` without an else that does not hold: what it is the value of is left out.
    ///
    /// - Throws: ``HeatFault`` at the place of what is wrong.
    func prepared(_ value: JSONValue, at path: String) throws -> JSONValue? {
        switch value {
        case .array(let items):
            var kept: [JSONValue] = []
            for (index, item) in items.enumerated() {
                if let item = try prepared(item, at: "\(path)[\(index)]") { kept.append(item) }
            }
            return .array(kept)
        case .object(let members):
            if members.count == 1, let (name, argument) = members.first.map({ ($0.key, $0.value) }),
                let (function, standing) = language.standing(of: name)
            {
                return try prepared(function, standing, argument, at: "\(path).\(name)")
            }
            var kept: [String: JSONValue] = [:]
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                if let member = try prepared(member, at: "\(path).\(name)") { kept[name] = member }
            }
            return .object(kept)
        default: return value
        }
    }

    private func prepared(
        _ function: TemplateFunction, _ standing: TemplateLanguage.Standing, _ argument: JSONValue, at path: String
    ) throws -> JSONValue? {
        do {
            guard standing == .present else {
                throw TemplateProblem(
                    "The template version is invalid: The function \(function.rawValue) is not supported in this version of HOT."
                )
            }
            if function == .if {
                if let condition = argument.array?.first { try language.checkCondition(condition, at: "if") }
                return try chosen(argument).flatMap { try prepared($0, at: path) }
            }
            let argument = try prepared(argument, at: path) ?? .null
            try language.check(function, argument)
            return .object([function.rawValue: argument])
        } catch let problem as TemplateProblem {
            throw HeatFault.invalid(at: path, problem.message)
        }
    }

    // Resources, parameters, attributes and files.

    private func resourceId(_ name: String) throws -> String {
        guard let resource = resource(name) else {
            throw TemplateProblem("The specified reference \"\(name)\" (in unknown) is incorrect.")
        }
        return resource.physicalId
    }

    private func pseudoParameter(_ name: String) -> JSONValue? {
        switch name {
        case "OS::stack_name": .string(stack.name)
        case "OS::stack_id": .string(stack.id)
        case "OS::project_id": .string(stack.projectId)
        default: nil
        }
    }

    private func facade(_ argument: JSONValue) throws -> JSONValue {
        let isMetadata = argument == "metadata" || argument == "Metadata"
        guard let facade = stack.facade else {
            throw TemplateProblem("'NoneType' object has no attribute '\(isMetadata ? "metadata_get" : "t")'")
        }
        if isMetadata { return facade.metadata }
        return argument == "deletion_policy" || argument == "DeletionPolicy"
            ? .string(facade.deletionPolicy) : facade.updatePolicy
    }

    private func parameter(_ argument: JSONValue) throws -> JSONValue {
        guard argument.isTruthy else { throw TemplateProblem("Function \"get_param\" must have arguments") }
        guard argument.string != nil || argument.array != nil else {
            throw TemplateProblem("Argument to \"get_param\" must be string or list")
        }
        let path = argument.array ?? [argument]
        guard let name = path[0].string else { throw TemplateProblem("Parameter name in \"get_param\" must be string") }
        guard let value = parameters[name] ?? pseudoParameter(name) else {
            throw TemplateProblem("The Parameter (\(name)) was not provided.")
        }
        return Self.walk(value, path.dropFirst(), isTextIndex: true) ?? ""
    }

    private func attribute(_ argument: JSONValue) -> JSONValue {
        let path = argument.array ?? [argument]
        if path.count > 1, let select = path[0].string.flatMap({ resource($0)?.select }) {
            return select(Array(path.dropFirst()))
        }
        guard let name = path.first?.string, let attributes = resource(name)?.attributes else { return .null }
        guard path.count > 1 else { return .object(attributes) }
        guard let attribute = path[1].string, let value = attributes[attribute] else { return .null }
        return Self.walk(value, path.dropFirst(2), isTextIndex: false) ?? .null
    }

    /// - Parameter isTextIndex: whether a text such as `"0"` is the index of a list.
    static func walk(_ value: JSONValue, _ path: ArraySlice<JSONValue>, isTextIndex: Bool) -> JSONValue? {
        var value = value
        for step in path {
            switch value {
            case .object(let members):
                guard let name = step.string, let member = members[name] else { return nil }
                value = member
            case .array(let items):
                guard let index = step.integer ?? (isTextIndex ? step.string.flatMap { Int($0) } : nil),
                    items.indices.contains(index < 0 ? index + items.count : index)
                else { return nil }
                value = items[index < 0 ? index + items.count : index]
            case .string(let text):
                guard let index = step.integer ?? (isTextIndex ? step.string.flatMap { Int($0) } : nil),
                    (0..<text.count).contains(index)
                else { return nil }
                value = .string(String(Array(text)[index]))
            default: return nil
            }
        }
        return value
    }

    private func file(_ argument: JSONValue) throws -> JSONValue {
        guard let name = argument.string else { throw TemplateProblem("Argument to \"get_file\" must be a string") }
        guard let text = files[name] else {
            throw TemplateProblem("No content found in the \"files\" section for get_file path: \(name)")
        }
        try charge(text.utf8.count, "get_file")
        return .string(text)
    }
}

extension JSONValue {
    /// Whether Python takes both for equal: numbers and booleans by their value.
    func isSame(as other: JSONValue) -> Bool {
        func number(_ value: JSONValue) -> Double? {
            switch value {
            case .bool(let value): value ? 1 : 0
            case .integer(let value): Double(value)
            case .number(let value): value
            default: nil
            }
        }
        if let left = number(self), let right = number(other) { return left == right }
        return self == other
    }
}
