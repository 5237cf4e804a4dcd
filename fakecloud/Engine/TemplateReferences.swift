import Runtime

/// What values refer to.
extension TemplateEvaluation {
    struct Reference {
        let function: String
        let name: String
        /// Nil for `get_resource`, and for `get_attr` with all attributes.
        let attribute: String?
        /// As Heat's words about dependencies have it: `a.Properties.value`.
        let path: String
        /// As its words about attributes have it: the way to the outermost function, and from there to each inner one.
        let places: [String]
    }

    /// All `get_resource` and `get_attr` in a value, in the order in which Heat meets them.
    func references(in value: JSONValue, at path: String = "") -> [Reference] {
        var found: [Reference] = []
        collect(value, path, [], "", &found)
        return found
    }

    private func collect(
        _ value: JSONValue, _ path: String, _ outer: [String], _ place: String, _ found: inout [Reference]
    ) {
        switch value {
        case .array(let items):
            for (index, item) in items.enumerated() {
                collect(item, "\(path)[\(index)]", outer, "\(place)[\(index)]", &found)
            }
        case .object(let members):
            if members.count == 1, let (name, argument) = members.first.map({ ($0.key, $0.value) }),
                let (function, _) = language.standing(of: name)
            {
                let places = outer + [place + ".\(name)"]
                guard let named = referred(function, argument) else {
                    collect(argument, path, places, "", &found)
                    return
                }
                found.append(
                    Reference(
                        function: name, name: named.name, attribute: named.attribute, path: path, places: places))
                return
            }
            for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                collect(member, "\(path).\(name)", outer, "\(place).\(name)", &found)
            }
        default: return
        }
    }

    /// The arguments of each `get_attr` of a resource in a value, but its name.
    func attributes(of resource: String, in value: JSONValue) -> [[JSONValue]] {
        switch value {
        case .array(let items): return items.flatMap { attributes(of: resource, in: $0) }
        case .object(let members):
            if members.count == 1, let (name, argument) = members.first.map({ ($0.key, $0.value) }),
                language.standing(of: name)?.0 == .getAttribute, let arguments = argument.array
            {
                let path = arguments.map { (try? evaluate($0)) ?? .null }
                return path.first?.string == resource && path.count > 1 ? [Array(path.dropFirst())] : []
            }
            return members.sorted { $0.key < $1.key }.flatMap { attributes(of: resource, in: $0.value) }
        default: return []
        }
    }

    private func referred(
        _ function: TemplateFunction, _ argument: JSONValue
    ) -> (name: String, attribute: String?)? {
        switch function {
        case .getResource: return resolved(argument).map { ($0, nil) }
        case .reference:
            return resolved(argument).flatMap {
                parameters[$0] == nil && !$0.hasPrefix("OS::") ? ($0, nil) : nil
            }
        case .getAttribute:
            return resolved(argument.array?.first ?? argument).map {
                ($0, argument.array?.dropFirst().first.flatMap(resolved))
            }
        default: return nil
        }
    }

    /// A name, which may be that of a parameter's value.
    private func resolved(_ value: JSONValue) -> String? { value.string ?? (try? evaluate(value))?.string }
}

extension TemplateEvaluation.Reference {
    /// What is wrong with it, in a value at a place.
    func fault(at place: String, _ message: String) -> HeatFault {
        let inner = places.dropFirst().map { ($0.hasPrefix(".") ? String($0.dropFirst()) : $0) + ": " }.joined()
        return .invalid(at: place + (places.first ?? ""), inner + message)
    }
}
