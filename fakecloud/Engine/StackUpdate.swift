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
        let goal = StackRecord.Goal(template: template, environment: environment)
        try checkParts(of: prospect(of: stack, goal))
        return (request, goal)
    }

    /// What becomes of a resource in an update.
    enum UpdateFate: String, CaseIterable {
        case unchanged, updated, replaced, added, deleted
    }

    /// A stack as it would be with another goal, if it were made anew: Heat looks at that before an update.
    func prospect(of stack: StackRecord, _ goal: StackRecord.Goal) -> StackRecord {
        var prospect = StackRecord(
            id: stack.id, name: stack.name, place: stack.place, userId: stack.userId,
            userProjectId: stack.userProjectId, goal: goal, createdAt: now, random: RandomSource(seed: 0), rule: nil)
        prospect.maker = stack.maker
        prospect.facade = stack.facade
        return prospect
    }

    /// What an update would do with each resource of a stack, as far as that can be told while nothing that they refer
    /// to is known of what it would be (golden updates, `preview`).
    ///
    /// - Parameter after: the stack as it would be if it were made anew.
    func plan(for stack: StackRecord, after: StackRecord) -> [(fate: UpdateFate, name: String)] {
        let kept = after.resources.map { wanted -> (fate: UpdateFate, name: String) in
            guard let resource = stack.resource(wanted.name), resource.action != .initial else {
                return (.added, wanted.name)
            }
            return (fate(of: resource, in: stack, wanted.template, as: after), wanted.name)
        }
        let gone = stack.resources.filter { !$0.isLeftover && after.resource($0.name) == nil }
        return kept + gone.map { (.deleted, $0.name) }
    }

    /// What becomes of a resource that is to be otherwise.
    ///
    /// - Parameter after: the stack whose other resources tell what it refers to.
    func fate(
        of resource: StackResource, in stack: StackRecord, _ wanted: HeatTemplate.Resource, as after: StackRecord
    ) -> UpdateFate {
        // What belongs to another is not changed, and does not become another's (Heat, `external_id`).
        if resource.template.externalId != wanted.externalId { return .updated }
        if wanted.externalId != nil { return .unchanged }
        let child = child(of: resource, in: stack)
        let properties = evaluated(wanted, after)
        let changed = resource.changes(to: properties)
        if wanted.kind != resource.kind || (child == nil && needsReplacement(resource, of: stack))
            || (changed.contains { !wanted.kind.isUpdatable($0) } && !wanted.kind.isPart)
            || resource.asksForAnother(properties, changed) || isGivenUp(resource, child)
        {
            return .replaced
        }
        // What a stack that a resource is has to do shows only there.
        guard changed.isEmpty, child == nil || !wanted.kind.isStack else { return .updated }
        let isSame =
            resource.template.says(thatOf: wanted) && resource.writtenMetadata == writtenMetadata(of: wanted, after)
        return isSame ? .unchanged : .updated
    }

    /// Whether a stack that a resource is was found bad as a whole: by a check of one that stands beside, or by
    /// somebody who says so (Heat, `StackResource._needs_update`).
    private func isGivenUp(_ resource: StackResource, _ child: StackRecord?) -> Bool {
        guard let child, resource.action == .check, resource.state == .failed else { return false }
        return !child.isPart || child.action != .check || child.state != .failed
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

extension HeatTemplate.Resource {
    /// Whether what stands beside the properties is the same but for the metadata.
    fileprivate func says(thatOf other: HeatTemplate.Resource) -> Bool {
        type == other.type && deletionPolicy == other.deletionPolicy && updatePolicy == other.updatePolicy
            && dependsOn == other.dependsOn
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
