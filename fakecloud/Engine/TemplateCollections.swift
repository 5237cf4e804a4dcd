import Runtime

/// The functions that make lists and maps.
extension TemplateEvaluation {
    func merged(_ argument: JSONValue) throws -> JSONValue {
        guard let maps = argument.array else {
            throw Self.usage(.mapMerge, "\"map_merge\" : [ { \"key1\": \"val1\" }, { \"key2\": \"val2\" } ]")
        }
        var merged: [String: JSONValue] = [:]
        for map in maps where map != .null {
            guard let members = map.object else {
                throw TemplateProblem(
                    "Incorrect arguments: Items to merge must be maps. \(map.pythonForm.prefix(200)) is type <class '\(map.pythonType)'> instead of a dict"
                )
            }
            try charge(members.count, "map_merge")
            merged.merge(members) { $1 }
        }
        return .object(merged)
    }

    func mapReplaced(_ argument: JSONValue) throws -> JSONValue {
        let example =
            "\"map_replace\" : [ { \"key1\": \"val1\" }, {\"keys\": {\"key1\": \"key2\"}, \"values\": {\"val1\": \"val2\"}}]"
        func map(_ value: JSONValue?) throws -> [String: JSONValue] {
            switch value {
            case nil, .null: return [:]
            case .object(let members): return members
            default:
                throw TemplateProblem(
                    "Incorrect arguments: to \"map_replace\", arguments must be a list of maps. Example:  \(example)")
            }
        }
        guard let arguments = argument.array, arguments.count == 2 else { throw Self.usage(.mapReplace, example) }
        let (given, changes) = (try map(arguments[0]), try map(arguments[1]))
        guard changes.keys.allSatisfy(["keys", "values"].contains) else { throw Self.usage(.mapReplace, example) }
        let (keys, values) = (try map(changes["keys"]), try map(changes["values"]))
        var result: [String: JSONValue] = [:]
        for (key, value) in given.sorted(by: { $0.key < $1.key }) {
            let name = keys[key].flatMap { $0 == .null ? nil : $0.pythonText } ?? key
            if name != key, given[name] != nil {
                throw TemplateProblem("key replacement \(name) collides with a key in the input map")
            }
            guard result[name] == nil else {
                throw TemplateProblem("key replacement \(name) collides with a key in the output map")
            }
            result[name] = value.array == nil && value.object == nil ? values[value.pythonText] ?? value : value
        }
        return .object(result)
    }

    func concatenated(_ argument: JSONValue, isUnique: Bool) throws -> JSONValue {
        let name = isUnique ? TemplateFunction.listConcatUnique : .listConcat
        guard let lists = argument.array else {
            throw Self.usage(name, "\"\(name.rawValue)\" : [ [ <value 1>, <value 2> ], [ <value 3>, <value 4> ] ]")
        }
        var items: [JSONValue] = []
        for list in lists where list != .null {
            guard let more = list.array else {
                throw TemplateProblem(
                    "Incorrect arguments: Items to concat must be lists. \(argument.pythonJSON) contains an item that is not a list: \(list.pythonJSON)"
                )
            }
            try charge(more.count, name.rawValue)
            items += more
        }
        guard isUnique else { return .array(items) }
        var seen: Set<JSONValue> = []
        return .array(items.filter { seen.insert($0).inserted })
    }

    func filtered(_ argument: JSONValue) throws -> JSONValue {
        guard let arguments = argument.array, arguments.count == 2 else { return .null }
        guard arguments[1].isTruthy else { return arguments[1] }
        guard let items = arguments[1].array else { throw TemplateProblem("\"filter\" only works with lists") }
        guard arguments[0].isTruthy else { return arguments[1] }
        guard let values = arguments[0].array else { throw TemplateProblem("\"filter\" filters a list of values") }
        let unwanted = Set(values)
        return .array(items.filter { !unwanted.contains($0) })
    }

    func contains(_ argument: JSONValue) throws -> JSONValue {
        guard let arguments = argument.array, arguments.count == 2 else { return false }
        switch arguments[1] {
        case .array(let items): return .bool(items.contains { $0.isSame(as: arguments[0]) })
        case .string(let text): return .bool(arguments[0].string.map { $0.isEmpty || text.contains($0) } ?? false)
        default: throw TemplateProblem("Second argument to \"contains\" should be a sequence.")
        }
    }

    /// `Fn::Select`.
    func selected(_ argument: JSONValue) -> JSONValue {
        guard let arguments = argument.array, arguments.count == 2 else { return "" }
        switch arguments[1] {
        case .object(let members): return arguments[0].string.flatMap { members[$0] } ?? ""
        case .array(let items):
            guard let index = arguments[0].integer ?? arguments[0].string.flatMap({ Int($0) }),
                items.indices.contains(index)
            else { return "" }
            return items[index]
        default: return ""
        }
    }

    /// `Fn::MemberListToMap`: of `.member.0.Name=k` and `.member.0.Value=v` it makes `{k: v}`.
    func mapOfMembers(_ argument: JSONValue) -> JSONValue {
        guard let arguments = argument.array, arguments.count == 3, let key = arguments[0].string,
            let value = arguments[1].string
        else { return .null }
        var members: [String: [String: String]] = [:]
        for item in (arguments[2].array ?? []).compactMap(\.string) {
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let path = sides[0].split(separator: ".")
            guard sides.count == 2, path.count == 3, path[0] == "member" else { continue }
            members[String(path[1]), default: [:]][String(path[2])] = String(sides[1])
        }
        let pairs = members.sorted { $0.key < $1.key }.compactMap { _, member in
            member[key].map { ($0, JSONValue(member[value])) }
        }
        return .object(Dictionary(pairs, uniquingKeysWith: { $1 }))
    }

    // `repeat`.

    /// Every combination of the items, or with `permutations: false` the first of all, the second of all and so on.
    func repeated(_ argument: JSONValue) throws -> JSONValue {
        guard let loops = argument["for_each"]?.object else {
            throw TemplateProblem("The \"for_each\" argument to \"repeat\" must contain a map")
        }
        let isNested = argument["permutations"]?.bool ?? true
        let names = loops.keys.sorted()
        var lists: [[JSONValue]] = []
        var lengths: Set<Int> = []
        for name in names {
            switch loops[name] {
            case .array(let items): lists.append(items)
            case .object(let members) where language.repeatsMaps && isNested:
                lists.append(members.keys.sorted().map { .string($0) })
            case nil, .null:
                lists.append([])
                continue
            default:
                let kinds = language.repeatsMaps && isNested ? "lists or maps" : "lists"
                throw TemplateProblem("The values of the \"for_each\" argument to \"repeat\" must be \(kinds)")
            }
            lengths.insert(lists.last?.count ?? 0)
        }
        guard isNested || lengths.count <= 1 else {
            throw TemplateProblem(
                "For repeat, the length of for_each values should be equal if no nested loop.")
        }
        let template = argument["template"] ?? .null
        let rounds =
            isNested
            ? lists.reduce(1) { min($0, Self.largestResult) * $1.count } : lists.map(\.count).min() ?? 0
        try charge(rounds, "repeat")
        var results: [JSONValue] = []
        for round in 0..<rounds {
            var left = round
            var choice: [(name: String, value: JSONValue)] = []
            for (name, list) in zip(names, lists).reversed() {
                choice.append((name, list[isNested ? left % list.count : round]))
                if isNested { left /= list.count }
            }
            results.append(try substituted(template, choice.reversed()))
        }
        return .array(results)
    }

    private func substituted(_ template: JSONValue, _ choice: [(name: String, value: JSONValue)]) throws -> JSONValue {
        switch template {
        case .string(let text): return .string(try substituted(text, choice))
        case .array(let items): return .array(try items.map { try substituted($0, choice) })
        case .object(let members):
            let pairs = try members.map { (try substituted($0.key, choice), try substituted($0.value, choice)) }
            return .object(Dictionary(pairs, uniquingKeysWith: { $1 }))
        default:
            try charge(1, "repeat")
            return template
        }
    }

    private func substituted(_ text: String, _ choice: [(name: String, value: JSONValue)]) throws -> String {
        var text = text
        for (name, value) in choice {
            guard let value = value.string else {
                throw TemplateProblem("replace() argument 2 must be str, not \(value.pythonType)")
            }
            guard !name.isEmpty, text.contains(name) else { continue }
            try charge(text.utf8.count / max(1, name.utf8.count) * value.utf8.count / 16, "repeat")
            text = text.replacing(name, with: value)
        }
        try charge(text.utf8.count + 1, "repeat")
        return text
    }
}
