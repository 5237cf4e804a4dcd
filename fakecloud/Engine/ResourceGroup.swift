import Runtime

/// An `OS::Heat::ResourceGroup`: so many resources of one definition, as a stack of their own (golden nested,
/// `group-*`).
struct ResourceGroup {
    /// What a template asks of a group with `get_attr`: the attribute and the path after it.
    typealias Attribute = [JSONValue]

    let count: Int
    private let indexVariable: String
    private let definition: JSONValue
    private let removals: [String]
    private let forgetsRemovals: Bool

    /// - Parameter properties: with all functions carried out and all defaults taken.
    init(_ properties: [String: JSONValue]) {
        count = properties["count"]?.integer ?? 1
        indexVariable = properties["index_var"]?.string ?? "%index%"
        definition = properties["resource_def"] ?? .null
        removals = (properties["removal_policies"]?.array ?? []).flatMap { policy in
            (policy["resource_list"]?.array ?? []).map { $0.string ?? $0.description }
        }
        forgetsRemovals = properties["removal_policies_mode"] == "update"
    }

    /// The names that are never given again.
    ///
    /// - Parameters:
    ///   - removed: those so far.
    ///   - members: the physical ids of the members that there are, by name; nil before the first are made.
    func removed(after removed: Set<String>, members: [String: String]?) -> Set<String> {
        let named = removals.compactMap { removal -> String? in
            guard let members, !removed.contains(removal), members[removal] == nil else { return removal }
            return members.first { $0.value == removal }?.key
        }
        return (forgetsRemovals ? [] : removed).union(named)
    }

    /// The names of its members: the first numbers that were not removed. Of more than a stack may have, only so many
    /// that the stack is refused.
    func names(without removed: Set<String>) -> [String] {
        let count = min(count, HeatTemplate.mostResources + 1)
        var names: [String] = []
        names.reserveCapacity(count)
        var number = 0
        while names.count < count {
            if !removed.contains(String(number)) { names.append(String(number)) }
            number += 1
        }
        return names
    }

    /// The template of the stack that the members are.
    ///
    /// - Parameter attributes: those that the parent's template asks for; each becomes an output.
    func template(of names: [String], attributes: [Attribute]) -> JSONValue {
        var template: [String: JSONValue] = ["heat_template_version": "2015-04-30"]
        template["resources"] = names.isEmpty ? nil : .object(Dictionary(uniqueKeysWithValues: names.map(member)))
        template["outputs"] = .object(outputs(of: names, attributes).mapValues { ["value": $0] })
        return .object(template)
    }

    private func member(_ name: String) -> (String, JSONValue) {
        var resource: [String: JSONValue] = ["type": definition["type"] ?? .null]
        if let properties = definition["properties"]?.object {
            let given = properties.filter { $0.value != .null }
            if !given.isEmpty { resource["properties"] = numbered(.object(given), name) }
        }
        if let metadata = definition["metadata"], metadata != .null { resource["metadata"] = metadata }
        return (name, .object(resource))
    }

    private func numbered(_ value: JSONValue, _ name: String) -> JSONValue {
        switch value {
        case .string(let text): .string(text.replacing(indexVariable, with: name))
        case .array(let items): .array(items.map { numbered($0, name) })
        case .object(let members): .object(members.mapValues { numbered($0, name) })
        default: value
        }
    }

    private func outputs(of names: [String], _ attributes: [Attribute]) -> [String: JSONValue] {
        var outputs: [String: JSONValue] = [
            "refs_map": .object(Dictionary(uniqueKeysWithValues: names.map { ($0, ["get_resource": .string($0)]) }))
        ]
        for attribute in attributes {
            guard let key = attribute.first?.string else { continue }
            let path = Array(attribute.dropFirst())
            func value(of name: String, _ path: [JSONValue]) -> JSONValue {
                ["get_attr": .array([.string(name)] + path)]
            }
            switch key {
            case "refs": outputs["refs"] = .array(names.map { ["get_resource": .string($0)] })
            case "refs_map", "removed_rsrc_list": break
            case "attributes":
                guard !path.isEmpty else { break }
                outputs[Self.outputName(attribute)] = .object(
                    Dictionary(uniqueKeysWithValues: names.map { ($0, value(of: $0, path)) }))
            default:
                guard let (name, rest) = Self.memberAttribute(key) else {
                    outputs[Self.outputName(attribute)] = .array(names.map { value(of: $0, attribute) })
                    break
                }
                if let rest, names.contains(name) {
                    outputs[Self.outputName(attribute)] = value(of: name, [.string(rest)] + path)
                }
            }
        }
        return outputs
    }

    /// The name of the output for an attribute.
    static func outputName(_ attribute: Attribute) -> String {
        if attribute.first == "refs" { return "refs" }
        return attribute.map { $0.string ?? $0.description }.joined(separator: ", ")
    }

    /// `resource.NAME` and `resource.NAME.ATTRIBUTE`, taken apart; nil for another attribute.
    static func memberAttribute(_ key: String) -> (name: String, attribute: String?)? {
        let parts = key.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.first == "resource", parts.count > 1 else { return nil }
        return (String(parts[1]), parts.count > 2 ? String(parts[2]) : nil)
    }

    /// The value of an attribute.
    ///
    /// - Parameters:
    ///   - output: the value of an output of the members' stack; nil where it has none of that name.
    ///   - removed: the names of those that were removed.
    static func value(
        of attribute: Attribute, output: (String) -> JSONValue?, removed: Set<String>
    ) -> JSONValue {
        guard let key = attribute.first?.string else { return .null }
        let path = attribute.dropFirst()
        if key == "removed_rsrc_list" { return .array(removed.sorted().map { .string($0) }) }
        if let (name, rest) = memberAttribute(key), rest == nil, path.isEmpty {
            return output("refs_map")?[name] ?? .null
        }
        let value = output(outputName(attribute)) ?? .null
        guard key == "refs" else { return value }
        return path.reduce(value) { value, step in step.integer.flatMap { value[$0] } ?? .null }
    }
}
