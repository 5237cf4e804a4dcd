import Foundation
import OrderedCollections
import Runtime

/// A HOT template that was parsed and checked: its parameters, conditions, resources and outputs.
struct HeatTemplate: Sendable {
    struct Provider: Hashable, Sendable {
        let file: String
        let text: String
        /// Where the environment's registry has it.
        let path: [String]
    }

    struct Resource: Hashable, Sendable {
        let name: String
        let kind: ResourceKind
        /// With each `if` decided; other functions are still to be carried out.
        let properties: JSONValue
        /// As the template has it; what it stands for is the kind.
        var type = ""
        /// The template that provides the type, and the name of its file.
        var provider: Provider?
        var metadata: JSONValue = [:]
        var deletionPolicy = DeletionPolicy.delete
        var updatePolicy: JSONValue = [:]
        var dependsOn: [String] = []
        /// The id of a thing that there is already, which the stack only shows.
        var externalId: JSONValue?
        var description = ""
        /// Those that an `if` without an else left out.
        var omittedProperties: Set<String> = []
        /// What must be complete before it: its references and `depends_on`.
        var requires: [String]
    }

    enum DeletionPolicy: String, Sendable {
        case delete = "Delete"
        case retain = "Retain"
        case snapshot = "Snapshot"
    }

    struct Output: Sendable {
        let name: String
        let description: String
        let value: JSONValue
    }

    /// What was sent, parsed.
    let source: JSONValue
    let language: TemplateLanguage
    let description: String
    let resources: [Resource]
    /// Where each is among them.
    let places: [String: Int]
    let outputs: [Output]
    /// By name, with defaults taken; hidden ones are shown as asterisks.
    let parameters: [String: JSONValue]
    let hiddenParameters: Set<String>
    private let conditions: [String: JSONValue]
    private let files: [String: String]

    var parameterDefinitions: [String: JSONValue] { source["parameters"]?.object ?? [:] }

    /// In bytes, as Heat counts them.
    static let maximumSize = 524_288
    /// How many resources a stack may have, with all that lie in it.
    static let mostResources = 1000
    /// How deep maps and lists may lie in each other. Heat's own end is that of Python's recursion, about there.
    static let deepest = 200

    /// Parses, takes the parameters and checks everything that there is to check, as a create does before it answers.
    ///
    /// - Parameters:
    ///   - stack: what the pseudo parameters stand for; its id is not known before it is made.
    ///   - names: what a custom constraint asks for: whether a service has a thing of that name or id.
    ///   - isComplete: whether every parameter must have a value, and values of properties are looked at.
    /// - Throws: ``HeatFault``.
    init(
        _ source: JSONValue, environment: StackEnvironment = StackEnvironment(),
        stack: StackIdentity = StackIdentity(name: "", id: "None", projectId: ""), names: CatalogNames,
        isComplete: Bool = true
    ) throws {
        let root = try Self.root(of: source)
        self.source = root
        language = try TemplateLanguage(root["heat_template_version"] ?? root["HeatTemplateFormatVersion"])
        files = environment.files
        description = root["description"]?.string ?? "No description"

        let definitions = try Self.definitions(in: root, environment, language)
        try Self.checkSections(of: root, language)
        parameters = try Self.parameters(definitions, environment, names: names, isComplete: isComplete)
        hiddenParameters = Set(definitions.filter(\.isHidden).map(\.name))
        try TemplateParameterGroups.check(root["parameter_groups"], parameters: Set(definitions.map(\.name)))
        conditions = try TemplateConditions.check(root["conditions"], in: language)

        var evaluation = TemplateEvaluation(
            language: language, parameters: parameters, conditions: conditions, files: files)
        evaluation.stack = stack
        let all = root["resources"]?.object ?? [:]
        resources = try TemplateResources(all, environment, evaluation).resources
        places = Dictionary(uniqueKeysWithValues: resources.enumerated().map { ($0.element.name, $0.offset) })
        for name in parameters.keys.sorted() where places[name] != nil {
            throw HeatFault.invalid("Duplicate names {\(JSONValue.pythonForm(of: name))}")
        }
        outputs = try Self.outputs(root["outputs"], evaluation)
        for index in try Self.order(of: resources) {
            try resources[index].check(evaluation, among: resources, places, names: names, checksValues: isComplete)
        }
        try checkOutputs(evaluation)
    }

    private static func definitions(
        in root: JSONValue, _ environment: StackEnvironment, _ language: TemplateLanguage
    ) throws -> [TemplateParameter] {
        guard let section = root["parameters"], section != .null else { return [] }
        guard let members = section.object else {
            throw HeatFault(status: 400, type: "AttributeError", message: nil)
        }
        return try members.sorted { $0.key < $1.key }.map { name, definition in
            try TemplateParameter(name: name, definition: definition).checkDefinition(in: language)
            var definition = definition.object ?? [:]
            if let fallback = environment.parameterDefaults[name] { definition["default"] = fallback }
            return TemplateParameter(name: name, definition: .object(definition))
        }
    }

    private static func parameters(
        _ definitions: [TemplateParameter], _ environment: StackEnvironment, names: CatalogNames, isComplete: Bool
    ) throws -> [String: JSONValue] {
        let known = Set(definitions.map(\.name))
        for name in environment.parameters.keys.sorted() where !known.contains(name) {
            throw HeatFault(
                status: 400, type: "UnknownUserParameter",
                message: "The Parameter (\(name)) was not defined in template.")
        }
        return try definitions.reduce(into: [:]) { parameters, definition in
            parameters[definition.name] = try definition.value(
                of: environment.parameters[definition.name], names: names, isRequired: isComplete)
        }
    }

    // Evaluation.

    private func evaluation(
        _ stack: StackIdentity, _ resource: @escaping (String) -> TemplateEvaluation.Resource?
    ) -> TemplateEvaluation {
        var evaluation = TemplateEvaluation(
            language: language, parameters: parameters, conditions: conditions, files: files)
        evaluation.stack = stack
        evaluation.resource = resource
        return evaluation
    }

    /// A value with its functions carried out against the resources as they are; null where that is not possible.
    ///
    /// - Parameter resource: looks one up by its name.
    func evaluate(
        _ value: JSONValue, stack: StackIdentity, resource: @escaping (String) -> TemplateEvaluation.Resource?
    ) -> JSONValue {
        (try? evaluation(stack, resource).evaluate(value)) ?? .null
    }

    /// The value of an output.
    ///
    /// - Throws: ``TemplateProblem`` or ``HeatFault``, whose message Heat shows as `output_error`.
    func evaluate(
        _ output: Output, stack: StackIdentity, resource: @escaping (String) -> TemplateEvaluation.Resource?
    ) throws -> JSONValue {
        try evaluation(stack, resource).evaluate(output.value)
    }

    /// The resources that a value refers to, in the order in which it does.
    func references(in value: JSONValue) -> [String] {
        TemplateEvaluation(language: language, parameters: parameters, conditions: conditions).references(in: value)
            .map(\.name)
    }

    /// What is asked of a resource with `get_attr`, each attribute with its path once.
    func attributes(of resource: String) -> [[JSONValue]] {
        let values = resources.map(\.properties) + outputs.map(\.value)
        let evaluation = TemplateEvaluation(language: language, parameters: parameters, conditions: conditions)
        return OrderedSet(values.flatMap { evaluation.attributes(of: resource, in: $0) }).elements
    }

    /// One without anything, to which a create that failed is rolled back.
    static let empty: HeatTemplate = {
        do {
            return try HeatTemplate(
                ["heat_template_version": "2013-05-23"], environment: .empty,
                names: CatalogNames(flavors: [], images: [], networks: []))
        } catch {
            preconditionFailure("an empty template: \(error)")
        }
    }()

    /// Refuses new values of parameters that may not change once a stack has them.
    ///
    /// - Parameter old: the template that the stack has.
    /// - Throws: ``HeatFault``.
    func checkImmutableParameters(since old: HeatTemplate) throws {
        let changed = parameters.keys.sorted().filter { name in
            guard let definition = parameterDefinitions[name], let before = old.parameters[name] else { return false }
            return TemplateParameter(name: name, definition: definition).isImmutable && before != parameters[name]
        }
        guard changed.isEmpty else {
            throw HeatFault(
                status: 400, type: "ImmutableParameterModified",
                message:
                    "The following parameters are immutable and may not be updated: \(changed.joined(separator: ", "))")
        }
    }

    /// The names of the parameters that a template's source has; none where it is no template.
    static func parameterNames(of source: JSONValue) -> Set<String> {
        let root = source.string.flatMap { try? JSONValue(yaml: $0, largest: maximumSize) } ?? source
        return Set((root["parameters"]?.object ?? [:]).keys)
    }

    /// What a stack shows of its parameters.
    var shownParameters: [String: JSONValue] {
        Dictionary(
            uniqueKeysWithValues: parameters.map { name, value in
                let definition = TemplateParameter(name: name, definition: parameterDefinitions[name] ?? [:])
                return (name, .string(definition.shown(value)))
            })
    }
}

/// What `OS::stack_name` and its like stand for.
struct StackIdentity: Sendable {
    let name: String
    let id: String
    let projectId: String
    /// Of a stack that lies in another.
    var facade: ResourceFacade?
}

/// What `resource_facade` tells in the template of a stack that is a resource: what stands in the other template beside
/// the resource's properties.
struct ResourceFacade: Hashable, Sendable {
    let metadata: JSONValue
    let deletionPolicy: String
    let updatePolicy: JSONValue
}
