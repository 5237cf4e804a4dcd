import Runtime

/// What an update would do, without its being done (golden heat, `update-preview`; nested, `preview-*`).
extension HeatView {
    func updatePreview(isPatch: Bool) throws -> ServiceAnswer {
        let stack = try stack()
        guard let body = call.json else { throw HeatFault.badRequest("JSON is not valid") }
        let (_, goal) = try engine.goal(ofUpdate: body, stack.id, isPatch: isPatch, in: place)
        let after = engine.prospect(of: stack, goal)
        var changes = Changes()
        try add(
            from: stack, to: after, showsNested: call.query("show_nested")?.lowercased() == "true", to: &changes)
        return .json(200, ["resource_changes": changes.json])
    }

    private struct Changes {
        private var byFate: [CloudEngine.UpdateFate: [JSONValue]] = [:]

        mutating func append(_ resource: [String: JSONValue], _ fate: CloudEngine.UpdateFate) {
            byFate[fate, default: []].append(.object(resource))
        }

        var json: JSONValue {
            .object(
                CloudEngine.UpdateFate.allCases.reduce(into: [:]) { $0[$1.rawValue] = .array(byFate[$1] ?? []) })
        }
    }

    /// Adds what becomes of the resources of a stack, and of the stacks that lie in it where they are asked for.
    private func add(
        from stack: StackRecord, to after: StackRecord, showsNested: Bool, to changes: inout Changes
    ) throws {
        let plan = engine.plan(for: stack, after: after)
        for (fate, name) in plan {
            // What is changed or deleted is shown as it is, the rest as it would be.
            let isShownAsItIs = fate == .updated || fate == .deleted
            show(name, of: isShownAsItIs ? stack : after, as: fate, in: &changes)
        }
        guard showsNested else { return }
        for (fate, name) in plan {
            let (old, new) = (stack.resource(name), after.resource(name))
            if let old, fate == .deleted || fate == .replaced { addDeleted(old, of: stack, to: &changes) }
            if let new, fate == .added || fate == .replaced { try addNew(new, of: after, to: &changes) }
            if fate == .updated, let old, let new, let child = part(old, of: stack),
                let prospect = try engine.prospect(of: new, in: after)
            {
                try add(from: child, to: prospect, showsNested: true, to: &changes)
            }
        }
    }

    private func part(_ resource: StackResource, of stack: StackRecord) -> StackRecord? {
        engine.child(of: resource, in: stack).flatMap { $0.isPart ? $0 : nil }
    }

    private func addDeleted(_ resource: StackResource, of stack: StackRecord, to changes: inout Changes) {
        guard let child = part(resource, of: stack) else { return }
        for resource in child.resources where !resource.isLeftover {
            show(resource.name, of: child, as: .deleted, in: &changes)
            addDeleted(resource, of: child, to: &changes)
        }
    }

    private func addNew(_ resource: StackResource, of stack: StackRecord, to changes: inout Changes) throws {
        guard let child = try engine.prospect(of: resource, in: stack) else { return }
        for resource in child.resources {
            show(resource.name, of: child, as: .added, in: &changes)
            try addNew(resource, of: child, to: &changes)
        }
    }

    private func show(
        _ name: String, of stack: StackRecord, as fate: CloudEngine.UpdateFate, in changes: inout Changes
    ) {
        guard let resource = stack.resource(name) else { return }
        let properties = engine.evaluated(resource.template, stack)
        changes.append(prospect(of: resource, in: stack, properties), fate)
    }
}
