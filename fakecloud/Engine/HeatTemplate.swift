import Foundation
import Runtime

/// A HOT template that was parsed and checked: its parameters, conditions, resources and outputs.
struct HeatTemplate: Sendable {
    struct Resource: Sendable {
        let name: String
        let kind: ResourceKind
        let properties: JSONValue
        /// What must be complete before it: its references and `depends_on`.
        let requires: [String]
    }

    struct Output: Sendable {
        let name: String
        let description: String
        let value: JSONValue
    }

    /// What was sent, parsed.
    let source: JSONValue
    let description: String
    let resources: [Resource]
    let outputs: [Output]
    /// By name, with defaults taken; hidden ones are shown as asterisks.
    let parameters: [String: JSONValue]
    let hiddenParameters: Set<String>
    private let conditions: [String: JSONValue]

    var parameterDefinitions: [String: JSONValue] { source["parameters"]?.object ?? [:] }

    static let maximumSize = 524_288

    /// Parses, takes the parameters and checks all references, as a create does before it answers.
    ///
    /// - Parameters:
    ///   - names: what a custom constraint asks for: whether a service has a thing of that name or id.
    ///   - isComplete: whether every parameter must have a value.
    /// - Throws: ``HeatFault``.
    init(_ source: JSONValue, given: [String: JSONValue], names: CatalogNames, isComplete: Bool = true) throws {
        let root = try Self.root(of: source)
        self.source = root
        try Self.checkVersion(root["heat_template_version"] ?? root["HeatTemplateFormatVersion"])
        for section in root.object?.keys.sorted() ?? [] where !Self.sections.contains(section) {
            throw HeatFault.invalid("The template section is invalid: \(section)")
        }
        description = root["description"]?.string ?? "No description"
        conditions = root["conditions"]?.object ?? [:]

        let definitions = root["parameters"]?.object ?? [:]
        for name in given.keys.sorted() where definitions[name] == nil {
            throw HeatFault(
                status: 400, type: "UnknownUserParameter",
                message: "The Parameter (\(name)) was not defined in template.")
        }
        var parameters: [String: JSONValue] = [:]
        for (name, definition) in definitions.sorted(by: { $0.key < $1.key }) {
            if !isComplete, given[name] == nil, definition["default"] == nil {
                parameters[name] = .null
                continue
            }
            parameters[name] = try TemplateParameter(name: name, definition: definition).value(
                of: given[name], names: names)
        }
        self.parameters = parameters
        hiddenParameters = Set(definitions.filter { $0.value["hidden"] == true }.map(\.key))

        var evaluation = TemplateEvaluation(parameters: parameters, conditions: conditions)
        let all = root["resources"]?.object ?? [:]
        var kept: [(String, JSONValue)] = []
        for (name, resource) in all.sorted(by: { $0.key < $1.key }) {
            if let condition = resource["condition"], try !evaluation.holds(condition) { continue }
            kept.append((name, resource))
        }
        evaluation.resourceNames = Set(kept.map(\.0))
        let written = try kept.map { name, resource in
            guard let kind = resource["type"]?.string.flatMap(ResourceKind.init(rawValue:)) else {
                throw HeatFault.invalid(
                    "The Resource Type (\(resource["type"]?.string ?? "None")) could not be found.")
            }
            let properties = try evaluation.pruned(resource["properties"] ?? .object([:]))
            try Self.check(properties, of: name, kind, evaluation, names: names)
            var requires = evaluation.references(in: properties, at: "\(name).Properties").map { ($0.name, $0.path) }
            requires += (resource["depends_on"]?.array ?? resource["depends_on"].map { [$0] } ?? []).compactMap {
                $0.string.map { ($0, "\(name)") }
            }
            for (required, path) in requires where all[required] == nil {
                throw HeatFault(
                    status: 400, type: "InvalidTemplateReference",
                    message: "The specified reference \"\(required)\" (in \(path)) is incorrect.")
            }
            return Resource(
                name: name, kind: kind, properties: properties,
                requires: Set(requires.map(\.0)).filter(evaluation.resourceNames.contains).sorted())
        }
        resources = Self.withImpliedRequirements(written)
        outputs = try (root["outputs"]?.object ?? [:]).sorted { $0.key < $1.key }.compactMap { name, output in
            if let condition = output["condition"], try !evaluation.holds(condition) { return nil }
            return Output(
                name: name, description: output["description"]?.string ?? "No description given",
                value: output["value"] ?? .null)
        }
        try checkOutputs(all: all)
        try checkCycles()
    }

    private static func check(
        _ properties: JSONValue, of name: String, _ kind: ResourceKind, _ evaluation: TemplateEvaluation,
        names: CatalogNames
    ) throws {
        for (property, value) in (properties.object ?? [:]).sorted(by: { $0.key < $1.key }) {
            guard let schema = kind.schema.properties[property] else {
                throw HeatFault.invalid(
                    "Property error: : resources.\(name).properties: : Unknown Property \(property)")
            }
            guard let constraint = schema.customConstraints.first, evaluation.references(in: value, at: "").isEmpty,
                let text = try evaluation.evaluate(value).string, !text.isEmpty,
                let problem = names.violation(of: constraint, by: text)
            else { continue }
            throw HeatFault.invalid("Property error: : resources.\(name).properties.\(property): : \(problem)")
        }
        if kind == .keyPair, properties["public_key"] == nil {
            throw HeatFault.invalid("The public_key property is required by the nova API version currently used.")
        }
    }

    /// A value with its functions carried out against the resources as they are.
    func evaluate(_ value: JSONValue, stack: StackIdentity, resources: [String: TemplateEvaluation.Resource])
        -> JSONValue
    {
        var evaluation = TemplateEvaluation(parameters: parameters, conditions: conditions)
        evaluation.stack = stack
        evaluation.resources = resources
        return (try? evaluation.evaluate(value)) ?? .null
    }

    /// The first resource that a value refers to.
    func firstReference(in value: JSONValue) -> String? {
        TemplateEvaluation(parameters: parameters, conditions: conditions).references(in: value, at: "").first?.name
    }

    private func checkOutputs(all: [String: JSONValue]) throws {
        let evaluation = TemplateEvaluation(parameters: parameters, conditions: conditions)
        for output in outputs {
            for reference in evaluation.references(in: output.value, at: "") {
                let place = "outputs.\(output.name).value.\(reference.function): "
                guard all[reference.name] != nil else {
                    throw HeatFault.invalid(
                        "\(place): The specified reference \"\(reference.name)\" (in unknown) is incorrect.")
                }
                guard let kind = resources.first(where: { $0.name == reference.name })?.kind,
                    let attribute = reference.attribute, !kind.attributes.contains(attribute)
                else { continue }
                throw HeatFault.invalid(
                    "\(place): The Referenced Attribute (\(reference.name) \(attribute)) is incorrect.")
            }
        }
    }

    private func checkCycles() throws {
        var remaining = resources
        while true {
            let names = Set(remaining.map(\.name))
            let next = remaining.filter { $0.requires.contains(where: names.contains) }
            if next.count == remaining.count { break }
            remaining = next
        }
        guard !remaining.isEmpty else { return }
        func label(_ resource: Resource) -> String { "\(resource.kind.className) \"\(resource.name)\"" }
        let edges = remaining.sorted { $0.name > $1.name }.map { resource in
            let required = remaining.filter { resource.requires.contains($0.name) }.map(label)
            return "\(label(resource)): {\(required.joined(separator: ", "))}"
        }
        throw HeatFault(
            status: 400, type: "CircularDependencyException",
            message: "Circular Dependency Found: {\(edges.joined(separator: ", "))}")
    }

    private static let sections: Set<String> = [
        "heat_template_version", "description", "parameter_groups", "parameters", "resources", "outputs", "conditions",
    ]

    private static func root(of source: JSONValue) throws -> JSONValue {
        let size = source.string?.utf8.count ?? source.pythonSize
        guard size <= maximumSize else {
            throw HeatFault(
                status: 400, type: "RequestLimitExceeded",
                message:
                    "Request limit exceeded: Template size (\(size) bytes) exceeds maximum allowed size (\(maximumSize) bytes)."
            )
        }
        let root: JSONValue
        do {
            root = try source.string.map { try JSONValue(yaml: $0) } ?? source
        } catch {
            throw HeatFault.badRequest("Template not in valid format: Error parsing template [root stack] \(error)")
        }
        guard root.object != nil else {
            throw HeatFault.badRequest(
                "Template not in valid format: The template is not a JSON object or YAML mapping.")
        }
        return root
    }
}

/// What `OS::stack_name` and its like stand for.
struct StackIdentity: Sendable {
    let name: String
    let id: String
    let projectId: String
}
