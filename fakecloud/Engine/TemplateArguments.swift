import Runtime

/// What Heat says of a function's arguments before it carries the function out.
extension TemplateLanguage {
    /// - Throws: ``TemplateProblem``.
    func check(_ function: TemplateFunction, _ argument: JSONValue) throws {
        let name = function.rawValue
        switch function {
        case .getAttribute: try checkAttribute(argument)
        case .listJoin, .join:
            let takesMany = function == .listJoin && isJSONAware
            guard let items = argument.array, takesMany ? items.count >= 2 : items.count == 2 else {
                throw TemplateEvaluation.usage(
                    function, "\"\(name)\" : [ \" \", [ \"str1\", \"str2\"]" + (takesMany ? " ...]" : "]"))
            }
        case .strReplace, .strReplaceStrict, .strReplaceVeryStrict: try checkReplacement(argument, name)
        case .strSplit:
            if argument.string != nil || argument.object != nil {
                throw TemplateEvaluation.usage(function, "\"str_split\" : [ \",\", \"apples,pears\", <index>]")
            }
        case .repeat: try checkRepeat(argument)
        case .resourceFacade, .amazonFacade:
            let known =
                function == .resourceFacade
                ? ["metadata", "deletion_policy", "update_policy"] : ["Metadata", "DeletionPolicy", "UpdatePolicy"]
            guard argument.string.map(known.contains) ?? false else {
                throw TemplateProblem(
                    "Incorrect arguments to \"\(name)\" should be one of: \(known.joined(separator: ", "))")
            }
        case .filter:
            guard let items = argument.array else { throw TemplateProblem("Argument to \"filter\" must be a list") }
            guard items.count == 2 else {
                throw TemplateProblem(
                    "\"filter\" expected 2 arguments of the form [values, sequence] but got \(items.count) arguments instead"
                )
            }
        case .contains:
            guard let items = argument.array, !items.isEmpty else {
                throw TemplateEvaluation.usage(function, "\"contains\" : [ \"value1\", [ \"value1\", \"value2\"]]")
            }
            guard items.count == 2 else {
                throw TemplateProblem("Arguments to \"contains\" must be of the form: [value1, [value1, value2]]")
            }
        case .makeURL: try checkURL(argument)
        case .yaql: throw TemplateProblem(TemplateEvaluation.noYAQL)
        case .equals:
            guard argument.array?.count == 2 else {
                throw TemplateProblem("Arguments to \"equals\" must be of the form: [value_1, value_2]")
            }
        case .not:
            if argument == .null { throw TemplateProblem("Argument to \"not\" must be a condition") }
        case .and, .or:
            guard let items = argument.array else {
                throw TemplateProblem("Arguments to \"\(name)\" must be a list of conditions")
            }
            guard items.count >= 2 else {
                throw TemplateProblem("The minimum number of condition arguments to \"\(name)\" is 2.")
            }
        default: return
        }
    }

    private func checkAttribute(_ argument: JSONValue) throws {
        if isJSONAware {
            guard argument.isTruthy else {
                throw TemplateProblem(
                    "Arguments to \"get_attr\" can be of the next forms: [resource_name] or [resource_name, attribute, (path), ...]"
                )
            }
            guard argument.array != nil || argument.string != nil else {
                throw TemplateProblem("Argument to \"get_attr\" must be a list")
            }
            return
        }
        guard let items = argument.array else { throw TemplateProblem("Argument to \"get_attr\" must be a list") }
        guard items.count >= 2 else {
            throw TemplateProblem(
                "Arguments to \"get_attr\" must be of the form [resource_name, attribute, (path), ...]")
        }
    }

    /// Whether a value is still to come: the function that makes it is carried out later.
    private func isFunction(_ value: JSONValue) -> Bool {
        guard let members = value.object, members.count == 1, let name = members.keys.first else { return false }
        return standing(of: name) != nil
    }

    private func checkReplacement(_ argument: JSONValue, _ name: String) throws {
        guard argument.object != nil else { throw TemplateProblem("Arguments to \"\(name)\" must be a map") }
        guard let values = argument["params"], argument["template"] != nil else {
            let example =
                "\(name):\n              template: This is var1 template var2\n              params:\n                var1: a\n                var2: string"
            throw TemplateProblem(JSONValue.pythonForm(of: "\"\(name)\" syntax should be \(example)"))
        }
        if values.object == nil { throw TemplateProblem("\"\(name)\" parameters must be a mapping") }
    }

    private func checkRepeat(_ argument: JSONValue) throws {
        guard argument.object != nil else { throw TemplateProblem("Arguments to \"repeat\" must be a map") }
        guard let loops = argument["for_each"], argument["template"] != nil else {
            let example =
                "repeat:\n              template: This is %var%\n              for_each:\n                %var%: ['a', 'b', 'c']"
            throw TemplateProblem(JSONValue.pythonForm(of: "\"repeat\" syntax should be \(example)"))
        }
        if hasPermutations, let permutations = argument["permutations"], permutations.bool == nil {
            throw TemplateProblem("\"permutations\" should be boolean type for repeat function.")
        }
        if loops.object == nil {
            throw TemplateProblem("The \"for_each\" argument to \"repeat\" must contain a map")
        }
    }

    private func checkURL(_ argument: JSONValue) throws {
        guard let members = argument.object else {
            throw TemplateProblem("The arguments to \"make_url\" must be a map")
        }
        let known = ["scheme", "username", "password", "host", "port", "path", "query", "fragment"]
        let unknown = members.keys.filter { !known.contains($0) }.sorted()
        guard unknown.isEmpty else {
            throw TemplateProblem("Invalid arguments to \"make_url\": \(unknown.joined(separator: ", "))")
        }
        for key in known {
            guard let value = members[key], !isFunction(value) else { continue }
            switch key {
            case "query":
                if value.object == nil {
                    throw TemplateProblem("The \"query\" argument to \"make_url\" must be a map")
                }
            case "port":
                guard let port = value.integer ?? value.string.flatMap({ Int($0) }) else {
                    throw TemplateProblem(
                        "Invalid URL port \"\(value.pythonText)\" for make_url called with \(argument.pythonForm)")
                }
                guard (1...65535).contains(port) else {
                    throw TemplateProblem("Invalid URL port \(port), must be in range 1-65535")
                }
            default:
                if value.string == nil {
                    throw TemplateProblem("The \"\(key)\" argument to \"make_url\" must be a string")
                }
            }
        }
    }
}
