import Runtime

/// The resources of a template: those that its conditions leave, each with what it waits for.
struct TemplateResources {
    let resources: [HeatTemplate.Resource]

    /// - Throws: ``HeatFault``.
    init(_ section: [String: JSONValue], _ environment: StackEnvironment, _ evaluation: TemplateEvaluation) throws {
        let language = evaluation.language
        var kept: [(name: String, definition: [String: JSONValue])] = []
        for (name, resource) in section.sorted(by: { $0.key < $1.key }) {
            let definition = resource.object ?? [:]
            let unknown = definition.keys.filter { !language.resourceKeys.contains($0) }.sorted()
            guard unknown.isEmpty else {
                throw HeatFault.invalid(
                    "Invalid keyword(s) inside a resource definition: \(unknown.joined(separator: ", "))")
            }
            if try Self.isKept(name, definition["condition"], evaluation) { kept.append((name, definition)) }
        }
        let parsed = try kept.map { try Self.parsed($0.name, $0.definition, evaluation) }
        let names = Set(kept.map(\.name))
        let written = try parsed.map { resource in
            let (type, path) = environment.resolved(resource.type, resource: resource.name)
            let provider = try Self.provider(of: type, at: path, environment)
            guard let kind = provider == nil ? ResourceKind(rawValue: type) : .template else {
                throw HeatFault.invalid("The Resource Type (\(type)) could not be found.")
            }
            let requires = try Self.requirements(of: resource, evaluation, names: names, all: section)
            return HeatTemplate.Resource(
                name: resource.name, kind: kind, properties: resource.properties,
                type: resource.type, provider: provider, metadata: resource.metadata,
                deletionPolicy: resource.deletionPolicy, updatePolicy: resource.updatePolicy,
                dependsOn: resource.dependsOn, externalId: resource.externalId, description: resource.description,
                omittedProperties: resource.omitted, requires: requires)
        }
        resources = HeatTemplate.withImpliedRequirements(written)
    }

    /// The template of the user's that a type names; nil for another type (golden nested_stacks, `provider-*`).
    private static func provider(
        of type: String, at path: [String], _ environment: StackEnvironment
    ) throws(HeatFault) -> HeatTemplate.Provider? {
        guard StackEnvironment.isTemplate(type) else { return nil }
        if let text = environment.files[type] { return HeatTemplate.Provider(file: type, text: text, path: path) }
        throw .invalid("Could not fetch remote template \"\(type)\": Invalid URL scheme ")
    }

    private struct Parsed {
        let name: String
        let type: String
        let properties: JSONValue
        let metadata: JSONValue
        let deletionPolicy: HeatTemplate.DeletionPolicy
        let updatePolicy: JSONValue
        let externalId: JSONValue?
        let description: String
        let omitted: Set<String>
        let dependsOn: [String]
    }

    private static func isKept(
        _ name: String, _ condition: JSONValue?, _ evaluation: TemplateEvaluation
    ) throws -> Bool {
        guard let condition, condition != .null else { return true }
        let place = "resources.\(name).condition"
        try evaluation.language.checkCondition(condition, at: place)
        if condition.array != nil || condition.integer != nil {
            throw HeatFault.invalid("Resource \(name) condition type must be string_or_boolean")
        }
        do {
            return try evaluation.conditions.hold(condition, evaluation)
        } catch let problem as TemplateProblem {
            throw HeatFault.invalid(at: place, problem.message)
        }
    }

    private static func parsed(
        _ name: String, _ definition: [String: JSONValue], _ evaluation: TemplateEvaluation
    ) throws -> Parsed {
        func wrong(_ key: String, _ type: String) -> HeatFault {
            .invalid("Resource \(name) \(key) type must be \(type)")
        }
        func map(_ key: String) throws -> JSONValue {
            guard let value = definition[key] else { return [:] }
            let prepared = try evaluation.prepared(value, at: "resources.\(name).\(key)") ?? [:]
            guard prepared.object != nil else { throw wrong(key, "object") }
            return prepared
        }
        guard let type = definition["type"]?.string else { throw wrong("type", "string") }
        let (properties, metadata) = (try map("properties"), try map("metadata"))
        let dependsOn: [String]
        switch definition["depends_on"] {
        case nil: dependsOn = []
        case .string(let name): dependsOn = [name]
        case .array(let names):
            dependsOn = names.compactMap(\.string)
            guard dependsOn.count == names.count else {
                throw HeatFault.invalid("Resource \(name) depends_on must be a list of strings")
            }
        default: throw wrong("depends_on", "list or string")
        }
        var policy = HeatTemplate.DeletionPolicy.delete
        if let given = definition["deletion_policy"] {
            let value = (try? evaluation.evaluate(given)) ?? given
            guard let text = value.string else { throw wrong("deletion_policy", "string") }
            guard evaluation.language.deletionPolicies.contains(text),
                let known = HeatTemplate.DeletionPolicy(rawValue: text.prefix(1).uppercased() + text.dropFirst())
            else { throw HeatFault.invalid("Invalid deletion policy \"\(text)\"") }
            policy = known
        }
        let updatePolicy = try map("update_policy")
        let description = definition["description"] ?? ""
        guard let text = description.string else { throw wrong("description", "string") }
        let externalId = try definition["external_id"].flatMap {
            try evaluation.prepared($0, at: "resources.\(name).external_id")
        }
        if let externalId, externalId.string == nil, externalId.object == nil { throw wrong("external_id", "string") }
        return Parsed(
            name: name, type: type, properties: properties, metadata: metadata, deletionPolicy: policy,
            updatePolicy: updatePolicy, externalId: externalId, description: text,
            omitted: Set(definition["properties"]?.object?.keys.filter { properties[$0] == nil } ?? []),
            dependsOn: dependsOn)
    }

    private static func requirements(
        of resource: Parsed, _ evaluation: TemplateEvaluation, names: Set<String>, all: [String: JSONValue]
    ) throws -> [String] {
        var requires = evaluation.references(in: resource.properties, at: "\(resource.name).Properties").map {
            (name: $0.name, path: $0.path)
        }
        requires += evaluation.references(in: resource.metadata, at: "\(resource.name).Metadata").map {
            (name: $0.name, path: $0.path)
        }
        // What a condition leaves out is none at all where something refers to it, and is not waited for.
        for required in requires where !names.contains(required.name) {
            throw reference(to: required.name, in: required.path)
        }
        for name in resource.dependsOn where all[name] == nil { throw reference(to: name, in: resource.name) }
        return Set(requires.map(\.name) + resource.dependsOn.filter(names.contains)).sorted()
    }

    private static func reference(to name: String, in place: String) -> HeatFault {
        HeatFault(
            status: 400, type: "InvalidTemplateReference",
            message: "The specified reference \"\(name)\" (in \(place)) is incorrect.")
    }
}

extension HeatTemplate {
    /// The places of the resources, those first that others wait for.
    ///
    /// - Throws: ``HeatFault`` for resources that wait for each other, with the circle.
    static func order(of resources: [Resource]) throws -> [Int] {
        let places = Dictionary(uniqueKeysWithValues: resources.enumerated().map { ($0.element.name, $0.offset) })
        var waiting = resources.map { $0.requires.filter { places[$0] != nil }.count }
        var dependents: [[Int]] = Array(repeating: [], count: resources.count)
        for (index, resource) in resources.enumerated() {
            for name in resource.requires { if let place = places[name] { dependents[place].append(index) } }
        }
        var order = waiting.indices.filter { waiting[$0] == 0 }
        var next = 0
        while next < order.count {
            for dependent in dependents[order[next]] {
                waiting[dependent] -= 1
                if waiting[dependent] == 0 { order.append(dependent) }
            }
            next += 1
        }
        guard order.count < resources.count else { return order }
        let circle = resources.indices.filter { waiting[$0] > 0 }.map { resources[$0] }
        throw Self.circle(circle)
    }

    private static func circle(_ resources: [Resource]) -> HeatFault {
        let names = Set(resources.map(\.name))
        let labels = Dictionary(
            uniqueKeysWithValues: resources.map { ($0.name, "\($0.kind.className) \"\($0.name)\"") })
        let edges = resources.sorted { $0.name > $1.name }.map { resource in
            let required = resource.requires.filter(names.contains).compactMap { labels[$0] }
            return "\(labels[resource.name] ?? ""): {\(required.joined(separator: ", "))}"
        }
        return HeatFault(
            status: 400, type: "CircularDependencyException",
            message: "Circular Dependency Found: {\(edges.joined(separator: ", "))}")
    }
}

extension HeatTemplate.Resource {
    /// Checks what it refers to and its properties.
    ///
    /// - Throws: ``HeatFault``.
    func check(
        _ evaluation: TemplateEvaluation, among resources: [HeatTemplate.Resource], _ places: [String: Int],
        names: CatalogNames, checksValues: Bool
    ) throws {
        guard externalId == nil, kind != .none else { return }
        for reference in evaluation.references(in: properties) {
            guard let index = places[reference.name] else { continue }
            try resources[index].check(reference, at: "resources.\(name).properties")
        }
        if deletionPolicy == .snapshot, kind != .volume, kind != .server {
            throw HeatFault.invalid(
                at: "resources.\(name).deletion_policy", "\"Snapshot\" deletion policy not supported")
        }
        for policy in updatePolicy.object?.keys.sorted() ?? []
        where kind != .resourceGroup || !["rolling_update", "batch_create"].contains(policy) {
            throw HeatFault.invalid(
                error: "Property error", at: "resources.\(name).update_policy", "Unknown Property \(policy)")
        }
        // Those of a provided type are checked with its template.
        guard kind != .template else { return }
        let validation = PropertyValidation(
            schema: kind.schema.properties, evaluation: evaluation, names: names, checksValues: checksValues)
        let values = try validation.validated(properties.object ?? [:], omitted: omittedProperties, of: name)
        if checksValues { try kind.checkTogether(values, name: name, names: names) }
    }

    /// Checks that it has the attribute that something asks for.
    func check(_ reference: TemplateEvaluation.Reference, at place: String) throws {
        guard let attribute = reference.attribute, !kind.hasAnyAttribute, !kind.attributes.contains(attribute) else {
            return
        }
        throw reference.fault(at: place, "The Referenced Attribute (\(name) \(attribute)) is incorrect.")
    }
}
