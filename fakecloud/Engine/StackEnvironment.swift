import Runtime

/// The environment of a stack: parameters, their defaults, what resource types stand for, and files.
struct StackEnvironment: Sendable {
    /// As they were given, those of the request's own `parameters` first.
    private(set) var parameters: [String: JSONValue] = [:]
    private(set) var parameterDefaults: [String: JSONValue] = [:]
    private(set) var resourceRegistry: [String: JSONValue] = [:]
    private(set) var eventSinks: JSONValue = []
    /// The texts that `get_file` gives, by the name under which the template knows them.
    private(set) var files: [String: String] = [:]
    private(set) var environmentFiles: [String] = []

    private static let sections: Set<String> = [
        "parameters", "resource_registry", "parameter_defaults", "encrypted_param_names", "event_sinks",
        "parameter_merge_strategies",
    ]

    init() {}

    static let empty = StackEnvironment()

    /// That of a stack that a resource of the stack is, which knows the same types and files (Heat,
    /// `get_child_environment`).
    ///
    /// - Parameters:
    ///   - resource: the resource, whose own mappings become those of all that lies in it; nil where the new stack
    ///     stands beside the stack.
    ///   - provider: what provides the resource's type. It is not known within, where the type is what it was before.
    func child(
        _ parameters: [String: JSONValue], of resource: String? = nil, without provider: HeatTemplate.Provider? = nil
    ) -> StackEnvironment {
        var environment = self
        environment.parameters = parameters
        if let provider { environment.resourceRegistry = Self.removing(provider.path[...], from: resourceRegistry) }
        guard let resource, let own = environment.resourceRegistry["resources"]?.object else { return environment }
        var kept: [String: JSONValue] = [:]
        for (name, mappings) in own.sorted(by: { $0.key < $1.key }) where Glob(name).matches(resource) {
            kept.merge(mappings.object ?? [:]) { $1 }
        }
        environment.resourceRegistry["resources"] = .object(
            kept.merging(own[resource]?.object ?? [:]) { $1 })
        return environment
    }

    private static func removing(
        _ path: ArraySlice<String>, from registry: [String: JSONValue]
    ) -> [String: JSONValue] {
        guard let key = path.first, let entry = registry[key] else { return registry }
        var registry = registry
        registry[key] = path.count > 1 ? .object(removing(path.dropFirst(), from: entry.object ?? [:])) : nil
        return registry
    }

    /// A template that a resource's type names is a type from then on (golden nested_stacks, `provider-environment`).
    mutating func register(_ provider: HeatTemplate.Provider) {
        if provider.path == [provider.file] { resourceRegistry[provider.file] = .string(provider.file) }
    }

    /// - Parameter body: of a create, an update, a preview or a validation.
    /// - Throws: ``HeatFault``.
    init(_ body: JSONValue) throws(HeatFault) {
        for (name, text) in body["files"]?.object ?? [:] { files[name] = text.string ?? "\(text)" }
        environmentFiles = (body["environment_files"]?.array ?? []).compactMap(\.string)
        if environmentFiles.isEmpty {
            if let given = body["environment"], given != .null { merge(try Self.section(given)) }
        } else {
            for name in environmentFiles {
                guard let text = files[name] else {
                    throw .badRequest("No content found in the \"files\" section for environment file: \(name)")
                }
                merge(try Self.section(.string(text)))
            }
        }
        parameters.merge(body["parameters"]?.object ?? [:]) { $1 }
    }

    /// Adds what another says, which comes first.
    mutating func merge(_ other: StackEnvironment) {
        parameters.merge(other.parameters) { $1 }
        parameterDefaults.merge(other.parameterDefaults) { $1 }
        resourceRegistry.merge(other.resourceRegistry) { $1 }
        files.merge(other.files) { $1 }
        if other.eventSinks != [] { eventSinks = other.eventSinks }
    }

    mutating func keepParameters(_ isKept: (String) -> Bool) {
        parameters = parameters.filter { isKept($0.key) }
    }

    private mutating func merge(_ environment: [String: JSONValue]) {
        parameters.merge(environment["parameters"]?.object ?? [:]) { $1 }
        parameterDefaults.merge(environment["parameter_defaults"]?.object ?? [:]) { $1 }
        resourceRegistry.merge(environment["resource_registry"]?.object ?? [:]) { $1 }
        eventSinks = environment["event_sinks"] ?? eventSinks
    }

    private static func section(_ given: JSONValue) throws(HeatFault) -> [String: JSONValue] {
        func wrong(_ problem: String) -> HeatFault { .badRequest("Environment not in valid format: \(problem)") }
        let parsed: JSONValue
        do {
            parsed = try given.string.map { try JSONValue(yaml: $0, largest: HeatTemplate.maximumSize) } ?? given
        } catch {
            throw wrong("\(error)")
        }
        let environment = parsed == .null ? [:] : parsed
        guard let members = environment.object else {
            throw wrong("The environment is not a valid YAML mapping data type.")
        }
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard sections.contains(name) else { throw wrong("environment has wrong section \"\(name)\"") }
            guard value != .null else { throw wrong("environment has empty section \"\(name)\"") }
        }
        return members
    }

    /// The type that a template's type stands for: of the registry's entries the one for the resource itself, then
    /// that for the type, then the longest that ends with a star. A template stands for itself.
    ///
    /// - Returns: the type, and the keys of the registry under which it is found.
    func resolved(_ type: String, resource: String) -> (type: String, path: [String]) {
        var found = (type: type, path: [type])
        // A chain that comes back to itself ends.
        for _ in 0..<10 {
            let type = found.type
            let own = resourceRegistry["resources"]?[resource]?[type]?.string
            guard !Self.isTemplate(type) else {
                return found.path == [type] && own != nil ? (type, ["resources", resource, type]) : found
            }
            if let own {
                found = (own, ["resources", resource, type])
            } else if let next = resourceRegistry[type]?.string, next != type {
                found = (next, [type])
            } else if let next = wildcard(for: type), next != type {
                found = (next, [type])
            } else {
                break
            }
        }
        return found
    }

    /// Whether a type is the name of a template.
    static func isTemplate(_ type: String) -> Bool { type.hasSuffix(".yaml") || type.hasSuffix(".template") }

    /// A star stands for no template.
    private func wildcard(for type: String) -> String? {
        let entries = resourceRegistry.filter { entry in
            entry.key.hasSuffix("*") && type.hasPrefix(entry.key.dropLast())
                && entry.value.string.map { !Self.isTemplate($0) } ?? false
        }
        guard let entry = entries.max(by: { ($0.key.count, $0.key) < ($1.key.count, $1.key) }),
            let target = entry.value.string
        else { return nil }
        return target.hasSuffix("*") ? String(target.dropLast() + type.dropFirst(entry.key.count - 1)) : target
    }

    var filesJSON: JSONValue { .object(files.mapValues { .string($0) }) }

    /// As Heat shows it.
    func json(hiding hidden: Set<String> = []) -> [String: JSONValue] {
        var parameters = parameters
        for name in hidden where parameters[name] != nil { parameters[name] = "******" }
        let registry = ["resources": [:]].merging(resourceRegistry) { $1 }
        return [
            "resource_registry": .object(registry), "parameters": .object(parameters),
            "parameter_defaults": .object(parameterDefaults), "event_sinks": eventSinks,
        ]
    }
}
