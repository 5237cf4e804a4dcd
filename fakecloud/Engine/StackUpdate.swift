import OrderedCollections
import Runtime

/// How a stack is given another template, or other parameters.
extension CloudEngine {
    /// - Parameter isPatch: whether what the body leaves out stays as it is.
    /// - Throws: ``HeatFault``; nothing has changed then.
    mutating func updateStack(_ body: JSONValue, _ id: String, isPatch: Bool, in place: StackPlace) throws {
        let (request, goal) = try goal(ofUpdate: body, id, isPatch: isPatch, in: place)
        let keepsTags = isPatch || body["existing"] == true
        withStack(id, in: place.region) { engine, stack in
            stack.formerGoal = stack.goal
            stack.tags = request.tags ?? (keepsTags ? stack.tags : [])
            stack.timeoutMinutes = request.timeoutMinutes ?? stack.timeoutMinutes
            stack.disablesRollback = request.disablesRollback ?? stack.disablesRollback
            engine.begin(.update, &stack)
            engine.pursue(goal, &stack)
            engine.proceed(&stack)
        }
    }

    /// What an update asks for, checked.
    ///
    /// - Throws: ``HeatFault``.
    func goal(
        ofUpdate body: JSONValue, _ id: String, isPatch: Bool, in place: StackPlace
    ) throws -> (request: StackCreation, goal: StackRecord.Goal) {
        guard let stack = stack(id, in: place) else { throw HeatFault.noStack(id) }
        let isPatch = isPatch || body["existing"] == true
        let request = try StackCreation(update: body, of: stack.name, isPatch: isPatch)
        // Golden heat and heat_vm, `update-while-deleting`, `update-of-delete-failed`.
        guard stack.action != .delete else {
            throw HeatFault.notSupported("Updating a stack when it is deleting")
        }
        guard stack.action != .suspend else {
            throw HeatFault.notSupported("Updating a stack when it is suspended")
        }
        let source = request.template == .null ? stack.template.source : request.template
        var environment = request.environment
        if isPatch {
            let cleared = Set((body["clear_parameters"]?.array ?? []).compactMap(\.string))
            environment = stack.goal.environment.changed(
                by: environment, without: cleared, known: HeatTemplate.parameterNames(of: source))
        }
        let template = try HeatTemplate(
            source, environment: environment, stack: stack.identity, names: names(for: place, user: stack.userId))
        try template.checkImmutableParameters(since: stack.template)
        return (request, StackRecord.Goal(template: template, environment: environment))
    }

    /// What becomes of a resource in an update.
    enum UpdateFate: String, CaseIterable {
        case unchanged, updated, replaced, added, deleted
    }

    /// What an update would do with each resource, if all that they refer to stayed as it is.
    func plan(_ goal: StackRecord.Goal, for stack: StackRecord) -> [(fate: UpdateFate, resource: StackResource)] {
        var after = stack
        after.goal = goal
        var plan: [(fate: UpdateFate, resource: StackResource)] = goal.template.resources.map { wanted in
            let fresh = StackResource(template: wanted, at: now)
            guard let resource = stack.resource(wanted.name), resource.action != .initial else {
                return (.added, fresh)
            }
            let fate = fate(of: resource, in: stack, wanted, evaluated(wanted, after))
            return (fate, fate == .updated ? resource : fresh)
        }
        let names = Set(goal.template.resources.map(\.name))
        for resource in stack.resources where !resource.isLeftover && !names.contains(resource.name) {
            plan.append((.deleted, resource))
        }
        return plan
    }

    /// What becomes of a resource that is to be otherwise.
    func fate(
        of resource: StackResource, in stack: StackRecord, _ wanted: HeatTemplate.Resource,
        _ properties: [String: JSONValue]
    ) -> UpdateFate {
        // What belongs to another is not changed, and does not become another's (Heat, `external_id`).
        if resource.template.externalId != wanted.externalId { return .updated }
        if wanted.externalId != nil { return .unchanged }
        let hasChild = child(of: resource, in: stack) != nil
        let changed = resource.changes(to: properties)
        if wanted.kind != resource.kind || (!hasChild && needsReplacement(resource, of: stack))
            || (changed.contains { !wanted.kind.isUpdatable($0) } && !wanted.kind.isPart)
            || resource.asksForAnother(properties, changed)
        {
            return .replaced
        }
        return changed.isEmpty && !(wanted.kind.isPart && hasChild) ? .unchanged : .updated
    }

    // Actions.

    /// - Parameter verb: `suspend`, `resume`, `check`, `cancel_update`, `cancel_without_rollback`.
    /// - Throws: ``HeatFault``; nothing has changed then.
    mutating func act(_ verb: String, _ id: String, in place: StackPlace) throws {
        guard let stack = stack(id, in: place) else { throw HeatFault.noStack(id) }
        switch verb {
        case "suspend": begin(.suspend, stack)
        case "resume": begin(.resume, stack)
        case "check": begin(.check, stack)
        case "cancel_update", "cancel_without_rollback":
            let mayBe: [StackRecord.Action] = verb == "cancel_update" ? [.update] : [.update, .create]
            guard stack.state == .inProgress, mayBe.contains(stack.action) else {
                throw HeatFault.notSupported("Cancelling update when stack is \(stack.status)")
            }
            withStack(id, in: place.region) { engine, stack in
                guard verb == "cancel_update" else {
                    engine.cancelAction(of: &stack)
                    return
                }
                engine.rollBack(&stack)
                engine.proceed(&stack)
            }
        default: throw HeatFault.badRequest("Invalid action \(verb) specified")
        }
    }

    private mutating func begin(_ action: StackRecord.Action, _ stack: StackRecord) {
        // What rests already is left alone, and so is what is gone.
        guard !stack.isGone, !(stack.action == action && stack.state == .complete && action != .check) else { return }
        withStack(stack.id, in: stack.place.region) { engine, stack in
            engine.begin(action, &stack)
            engine.proceed(&stack)
        }
    }
}

extension StackResource {
    /// The names of the properties that would be others.
    func changes(to properties: [String: JSONValue]) -> Set<String> {
        Set(properties.keys).union(self.properties.keys).filter { properties[$0] != self.properties[$0] }
    }

    /// Whether a server's policies, or an `OS::Heat::TestResource`, ask to be replaced instead of changed.
    fileprivate func asksForAnother(_ properties: [String: JSONValue], _ changed: Set<String>) -> Bool {
        if kind == .server {
            func replaces(_ property: String, isDefault: Bool = false) -> Bool {
                let policy = properties[property + "_update_policy"]?.string
                return changed.contains(property) && (policy.map { $0.hasPrefix("REPLACE") } ?? isDefault)
            }
            return replaces("user_data", isDefault: true) || replaces("flavor") || replaces("image")
        }
        guard kind == .test, !changed.isEmpty else { return false }
        let value = properties["update_replace_value"]
        return properties["update_replace"] == true
            || (changed.contains("value") && value != nil && value == properties["value"])
    }
}

extension StackEnvironment {
    /// What a PATCH makes of it: what is given is added, what the template does not know is dropped.
    fileprivate func changed(by other: StackEnvironment, without cleared: Set<String>, known: Set<String>) -> Self {
        var changed = self
        changed.merge(other)
        changed.keepParameters { !cleared.contains($0) && known.contains($0) }
        return changed
    }
}

extension HeatFault {
    static func notSupported(_ feature: String) -> HeatFault {
        HeatFault(status: 400, type: "NotSupported", message: "\(feature) is not supported.")
    }
}
