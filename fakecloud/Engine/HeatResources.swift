import OrderedCollections
import Runtime

/// The resources that Heat makes by itself, from groups of resources to wait conditions.
extension CloudEngine {
    /// - Returns: whether Heat makes it by itself and says itself when it is made.
    mutating func makeOfHeat(_ index: Int, _ stack: inout StackRecord) -> Bool {
        let resource = stack.resources[index]
        switch resource.kind {
        case .resourceGroup:
            let group = ResourceGroup(resource.properties)
            let removed = group.removed(after: [], members: nil)
            stack.change(index) { $0.data["removed"] = .array(removed.sorted().map { .string($0) }) }
            makeChild(of: index, &stack, groupTemplate(group, removed, of: resource.name, in: stack))
        case .stack:
            let properties = resource.properties
            makeChild(
                of: index, &stack, properties["template"] ?? .null, parameters: properties["parameters"]?.object ?? [:])
        case .template:
            makeChild(
                of: index, &stack, .string(resource.template.provider?.text ?? ""), parameters: resource.properties)
        case .waitConditionHandle: makeHandle(index, &stack)
        case .waitCondition: beginWaiting(index, &stack)
        case .softwareConfig, .cloudConfig, .multipartMime: makeConfig(index, &stack)
        case .none:
            let id = stack.random.uuid()
            stack.change(index) { $0.physicalId = id }
        default: return false
        }
        return true
    }

    /// - Returns: whether the change is made, so that nothing is left to do.
    mutating func modifyOfHeat(_ index: Int, _ stack: inout StackRecord) -> Bool {
        let resource = stack.resources[index]
        switch resource.kind {
        case .resourceGroup:
            let group = ResourceGroup(resource.properties)
            let members = child(of: resource, in: stack)?.resources.filter { !$0.isLeftover }
                .map { ($0.name, $0.physicalId ?? "") }
            let removed = group.removed(
                after: Self.removed(of: resource), members: members.map { Dictionary($0, uniquingKeysWith: { $1 }) })
            stack.change(index) { $0.data["removed"] = .array(removed.sorted().map { .string($0) }) }
            updateChild(of: index, &stack, groupTemplate(group, removed, of: resource.name, in: stack))
        case .stack:
            updateChild(
                of: index, &stack, resource.properties["template"] ?? .null,
                parameters: resource.properties["parameters"]?.object ?? [:])
        case .template:
            updateChild(
                of: index, &stack, .string(resource.template.provider?.text ?? ""), parameters: resource.properties)
        case .waitCondition: beginWaiting(index, &stack)
        default: return false
        }
        return true
    }

    /// - Returns: whether it says itself when it is gone.
    mutating func unmakeOfHeat(_ index: Int, _ stack: inout StackRecord) -> Bool {
        let resource = stack.resources[index]
        switch resource.kind {
        case .resourceGroup, .template, .stack: passDown(.delete, to: index, &stack)
        case .softwareConfig, .cloudConfig, .multipartMime:
            let project = stack.project
            withServices(in: stack.place.region) { services in
                try? services.configs.delete(resource.physicalId ?? "", of: project)
            }
        case .waitCondition:
            if let handle = handleIndex(of: resource, in: stack) { stack.change(handle) { $0.handle = WaitHandle() } }
        default: return false
        }
        return true
    }

    /// - Returns: whether a suspension and its like are passed down, so that the resource says itself when it is over.
    mutating func stepOfHeat(_ index: Int, _ stack: inout StackRecord) -> Bool {
        guard stack.resources[index].kind.isStack else { return false }
        passDown(stack.resources[index].action, to: index, &stack)
        return true
    }

    // What they tell of themselves.

    func heatAttributes(of resource: StackResource, _ stack: StackRecord) -> [String: JSONValue]? {
        switch resource.kind {
        case .waitConditionHandle: return handleAttributes(of: resource, stack)
        case .waitCondition:
            let handle = handleIndex(of: resource, in: stack).map { stack.resources[$0].handle }
            return ["data": handle.map { .string($0.data) } ?? ""]
        case .softwareConfig, .cloudConfig, .multipartMime:
            guard let config = config(of: resource, in: stack) else { return [:] }
            return ["config": JSONValue(config.config), "show": SoftwareConfigRoutes.shown(config)]
        case .stack:
            guard let child = child(of: resource, in: stack) else { return [:] }
            let show = HeatView(self, toShowIn: child.place).body(of: child)
            let outputs = (show["outputs"]?.array ?? []).map { output in
                (output["output_key"]?.string ?? "", output["output_value"] ?? .null)
            }
            return [
                "stack_name": .string(child.name), "show": .object(show),
                "outputs": .object(Dictionary(outputs, uniquingKeysWith: { $1 })),
            ]
        case .resourceGroup:
            return ["removed_rsrc_list": .array(Self.removed(of: resource).sorted().map { .string($0) })]
        case .template: return child(of: resource, in: stack).map(outputs(of:)) ?? [:]
        case .none: return [:]
        default: return nil
        }
    }

    /// What an attribute with a path is where it is more than a part of the attribute's value.
    func selection(of resource: StackResource, _ stack: StackRecord) -> (@Sendable ([JSONValue]) -> JSONValue)? {
        guard resource.kind.isPart, let child = child(of: resource, in: stack) else { return nil }
        let engine = self
        if resource.kind == .template {
            return { attribute in
                guard let key = attribute.first?.string else { return .null }
                // `resource.NAME.ATTRIBUTE` looks into the stack (Heat, `get_nested_attrs`).
                if let (name, inner) = ResourceGroup.memberAttribute(key) {
                    let path: [JSONValue] = (inner.map { [.string($0)] } ?? []) + attribute.dropFirst()
                    let function: JSONValue =
                        path.isEmpty
                        ? ["get_resource": .string(name)] : ["get_attr": .array([.string(name)] + path)]
                    return child.template.evaluate(
                        function, stack: child.identity, resource: engine.view(of: child))
                }
                let value = engine.outputs(of: child)[key] ?? .null
                return TemplateEvaluation.walk(value, attribute.dropFirst(), isTextIndex: false) ?? .null
            }
        }
        let removed = Self.removed(of: resource)
        return { attribute in
            let known = engine.outputs(of: child)
            return ResourceGroup.value(of: attribute, output: { known[$0] }, removed: removed)
        }
    }

    /// What `get_resource` gives for a resource; nil where that is its physical id.
    func heatReference(to resource: StackResource, in stack: StackRecord) -> String? {
        guard resource.kind == .template, let child = child(of: resource, in: stack) else { return nil }
        return outputs(of: child)["OS::stack_id"]?.string
            ?? "arn:openstack:heat::\(stack.project):stacks/\(child.name)/\(child.id)"
    }

    func outputs(of stack: StackRecord) -> [String: JSONValue] {
        let resources = view(of: stack)
        return Dictionary(
            stack.template.outputs.map {
                ($0.name, stack.template.evaluate($0.value, stack: stack.identity, resource: resources))
            }, uniquingKeysWith: { $1 })
    }

    // Groups.

    private func groupTemplate(
        _ group: ResourceGroup, _ removed: Set<String>, of name: String, in stack: StackRecord
    ) -> JSONValue {
        group.template(of: group.names(without: removed), attributes: stack.template.attributes(of: name))
    }

    private static func removed(of resource: StackResource) -> Set<String> {
        Set((resource.data["removed"]?.array ?? []).compactMap(\.string))
    }

    // Configs.

    private mutating func makeConfig(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        let change = Change(requester: stack.requester, now: now, random: stack.random)
        let boundary = "===============" + (0..<19).map { _ in String(stack.random.index(below: 10)) }.joined() + "=="
        let id = withServices(in: stack.place.region) { services -> String? in
            var given = resource.properties
            given["name"] = .string(resource.generatedName)
            switch resource.kind {
            case .cloudConfig:
                given = ["name": given["name"] ?? .null]
                given["config"] = .string(
                    SoftwareConfig.cloudConfig(resource.properties["cloud_config"] ?? .object([:])))
            case .multipartMime:
                let parts = given["parts"]?.array ?? []
                given["config"] = .string(
                    MultipartMime(parts) { id in
                        (try? services.configs.config(id, of: change.projectId))?.config
                    }.message(boundary: boundary))
            default:
                for key in ["inputs", "outputs"] {
                    given[key] = given[key]?.array.map { .array($0.map { SoftwareConfig.described($0, key) }) }
                }
            }
            given["group"] = given["group"] ?? "Heat::Ungrouped"
            return try? services.configs.create(.object(given), by: change).id
        }
        stack.change(index) { $0.physicalId = id ?? nil }
    }

    private func config(of resource: StackResource, in stack: StackRecord) -> SoftwareConfig? {
        resource.physicalId.flatMap {
            try? regions[stack.place.region]?.services.configs.config($0, of: stack.project)
        }
    }
}

extension SoftwareConfig {
    /// An input or output of a resource, with what its schema says where it says nothing.
    fileprivate static func described(_ given: JSONValue, _ key: String) -> JSONValue {
        var members: [String: JSONValue] = ["description": "", "type": "String"]
        if key == "outputs" { members["error_output"] = false }
        return .object(members.merging(given.object ?? [:]) { $1 })
    }
}

extension ResourceKind {
    /// Whether what it tells depends on what it is made of.
    var hasAnyAttribute: Bool { isPart }
    /// Whether the resource is a stack.
    var isStack: Bool { isPart || self == .stack }
    /// Whether the resource is a stack that lies in the resource's.
    var isPart: Bool { self == .resourceGroup || self == .template }
    /// Whether it ends what it does when something else happens, not when a time is over.
    var waitsForOthers: Bool { isStack || self == .waitCondition }
}
