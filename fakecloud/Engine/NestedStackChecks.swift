import OrderedCollections
import Runtime

/// What Heat looks at before it makes a stack: the stacks that would lie in it.
extension CloudEngine {
    /// What lies in a stack as a stack that is not there, as far as that can be told before anything is.
    ///
    /// - Parameter isProbe: whether one member of a group stands for all.
    /// - Throws: ``HeatFault``.
    func prospect(of resource: StackResource, in stack: StackRecord, isProbe: Bool = false) throws -> StackRecord? {
        let environment: StackEnvironment
        let source: JSONValue
        let properties = evaluated(resource.template, stack)
        switch resource.kind {
        case .resourceGroup:
            let group = ResourceGroup(properties)
            let names = isProbe ? Array(group.names(without: []).prefix(1)) : group.names(without: [])
            let attributes = isProbe ? [] : stack.template.attributes(of: resource.name)
            source = group.template(of: names, attributes: attributes)
            environment = self.environment(of: resource, in: stack, [:])
        case .template:
            source = .string(resource.template.provider?.text ?? "")
            environment = self.environment(of: resource, in: stack, properties)
        default: return nil
        }
        let facade = facade(of: resource, in: stack)
        let name = "\(stack.name)-\(resource.name)"
        let template = try HeatTemplate(
            source, environment: environment,
            stack: StackIdentity(name: name, id: "None", projectId: stack.project, facade: facade),
            names: names(for: stack.place, user: stack.userId), isComplete: false)
        var child = StackRecord(
            id: "None", name: name, place: stack.place, userId: "", userProjectId: "",
            goal: StackRecord.Goal(template: template, environment: environment), createdAt: now,
            random: RandomSource(seed: 0), rule: nil)
        child.maker = StackRecord.Maker(
            stack: stack.id, region: stack.place.region, resource: resource.name, depth: stack.depth + 1,
            root: stack.rootId)
        child.facade = facade
        return child
    }

    /// Looks through what would lie in a stack that is to be made or changed.
    ///
    /// - Throws: ``HeatFault`` for what one of its parts would be refused for (golden nested, `group-bad-*`).
    func checkParts(of stack: StackRecord) throws {
        for resource in stack.resources where resource.kind == .stack { try checkRemote(resource, of: stack) }
        for resource in stack.resources where resource.kind.isPart {
            let file = resource.template.provider?.file ?? "nested_stack"
            let place = "\(StackResource.place(of: resource.name))<\(file)>"
            guard stack.depth < Self.deepestNesting else {
                throw HeatFault.invalid(
                    "RequestLimitExceeded: : \(place): : Request limit exceeded: Recursion depth exceeds \(Self.deepestNesting)."
                )
            }
            try checkParameters(of: resource)
            try checkStandsFor(resource)
            do {
                guard let child = try prospect(of: resource, in: stack, isProbe: true) else { continue }
                if resource.kind == .resourceGroup { try checkAttributes(of: resource, child, at: place, in: stack) }
                try checkParts(of: child)
            } catch let fault as HeatFault where fault.type == "StackValidationFailed" {
                throw HeatFault.invalid(Self.placed(fault.message ?? "", under: place))
            }
        }
    }

    /// A stack that is to stand beside another is checked by the Heat of its region (golden nested_stacks, `stack-bad-*`).
    private func checkRemote(_ resource: StackResource, of stack: StackRecord) throws(HeatFault) {
        let properties = evaluated(resource.template, stack)
        let region = properties["context"]?["region_name"]?.string
        if let region, regions[region] == nil {
            throw .invalid(
                "Cannot establish connection to Heat endpoint at region \"\(region)\" due to \"public endpoint for orchestration service in \(region) region not found\""
            )
        }
        func refuse(_ why: String) -> HeatFault {
            .invalid(
                "Failed validating stack template using Heat endpoint at region \"\(region ?? "None")\" due to \"\(why)\""
            )
        }
        let source = properties["template"] ?? .null
        let parsed = source.string.map { try? JSONValue(yaml: $0) } ?? source
        guard parsed?.object != nil else { throw refuse("The template is not a JSON object or YAML mapping.") }
        do {
            let environment = environment(of: resource, in: stack, properties["parameters"]?.object ?? [:])
            _ = try HeatTemplate(source, environment: environment, names: names(for: stack.place, user: stack.userId))
        } catch {
            throw refuse("ERROR: \((error as? HeatFault)?.message ?? "\(error)")")
        }
    }

    /// The properties of a provided type are the parameters of its template.
    private func checkParameters(of resource: StackResource) throws(HeatFault) {
        guard let text = resource.template.provider?.text, let root = try? JSONValue(yaml: text) else { return }
        let parameters = root["parameters"]?.object ?? [:]
        let given = resource.template.properties.object ?? [:]
        let place = "Property error: : \(StackResource.place(of: resource.name)).properties: : "
        if let unknown = given.keys.sorted().first(where: { parameters[$0] == nil }) {
            throw .invalid(place + "Unknown Property \(unknown)")
        }
        if let missing = parameters.keys.sorted().first(where: {
            given[$0] == nil && parameters[$0]?["default"] == nil
        }) {
            throw .invalid(place + "Property \(missing) not assigned")
        }
    }

    /// A template that provides a type of Heat's own must take and tell what that does (Heat,
    /// `_validate_against_facade`).
    private func checkStandsFor(_ resource: StackResource) throws(HeatFault) {
        let type = resource.template.type
        guard let schema = ResourceKind(rawValue: type)?.schema,
            let root = resource.template.provider.flatMap({ try? JSONValue(yaml: $0.text) })
        else { return }
        let parameters = (root["parameters"]?.object ?? [:]).mapValues { parameter in
            (
                type: TemplateParameter.propertyType(parameter["type"]?.string ?? "string"),
                fallback: parameter["default"]
            )
        }
        for (name, property) in schema.properties {
            let given = parameters[name]
            if property.isRequired, given == nil {
                throw .invalid("Required property \(name) for facade \(type) missing in provider")
            }
            let taken = property.kind == .integer ? .number : property.kind
            if let given, given.type != taken, property.kind != .any {
                throw .invalid(
                    "Property \(name) type mismatch between facade \(type) (\(property.kind.heatName)) and provider (\(given.type.heatName))"
                )
            }
        }
        for (name, parameter) in parameters.sorted(by: { $0.key < $1.key })
        where parameter.fallback == nil && schema.properties[name] == nil {
            throw .invalid("Provider requires property \(name) unknown in facade \(type)")
        }
        for attribute in schema.attributes.keys where root["outputs"]?[attribute] == nil {
            throw .invalid("Attribute \(attribute) for facade \(type) missing in provider")
        }
    }

    private func checkAttributes(
        of resource: StackResource, _ child: StackRecord, at place: String, in stack: StackRecord
    ) throws(HeatFault) {
        guard let member = child.template.resources.first, !member.kind.hasAnyAttribute else { return }
        for attribute in stack.template.attributes(of: resource.name).compactMap({ $0.first?.string })
        where !resource.kind.attributes.contains(attribute) && ResourceGroup.memberAttribute(attribute) == nil {
            guard !member.kind.attributes.contains(attribute) else { continue }
            throw .invalid(
                "outputs.\(attribute).Value[0].get_attr: : The Referenced Attribute (\(member.name) \(attribute)) is incorrect."
            )
        }
    }

    /// What is wrong within a stack, told of where the stack would be.
    private static func placed(_ message: String, under place: String) -> String {
        let numbered = message.replacing(/resources\.(\d+)\b/) { "resources[\($0.1)]" }
        for error in ["Property error: : ", "RequestLimitExceeded: : "] where numbered.hasPrefix(error) {
            return error + place + "." + numbered.dropFirst(error.count)
        }
        return numbered.hasPrefix("outputs.") || numbered.hasPrefix("resources") ? "\(place).\(numbered)" : numbered
    }
}
