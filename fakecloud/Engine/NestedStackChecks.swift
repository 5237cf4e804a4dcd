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
            environment = stack.goal.environment.child([:])
        case .template:
            source = .string(resource.template.provider?.text ?? "")
            environment = stack.goal.environment.child(properties)
        default: return nil
        }
        let template = try HeatTemplate(
            source, environment: environment, names: names(for: stack.place, user: stack.userId), isComplete: false)
        var child = StackRecord(
            id: "None", name: "\(stack.name)-\(resource.name)", place: stack.place, userId: "", userProjectId: "",
            goal: StackRecord.Goal(template: template, environment: environment), createdAt: now,
            random: RandomSource(seed: 0), rule: nil)
        child.maker = StackRecord.Maker(
            stack: stack.id, resource: resource.name, depth: stack.depth + 1, root: stack.rootId)
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
            let environment = StackEnvironment.empty.child(properties["parameters"]?.object ?? [:])
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
