import OrderedCollections
import Runtime
import Scenarios

/// How a stack fails, runs out of time, is rolled back, and what is written down of it.
extension CloudEngine {
    mutating func conclude(_ stack: inout StackRecord, _ state: StackRecord.State, _ reason: String) {
        stack.state = state
        stack.reason = reason
        note(&stack, resource: nil, stack.status, reason)
        if stack.action == .delete, state == .complete { noteGone(&stack) }
        tellMaker(of: stack)
    }

    /// The stack has failed with a resource. Those that are under way go on to their own ends (golden
    /// timelines_vm, `RAM quota exceeded`).
    mutating func fail(_ stack: inout StackRecord, _ reason: String) {
        guard stack.state == .inProgress else { return }
        let action = stack.action
        conclude(&stack, .failed, reason)
        if action.isRolledBack, !stack.disablesRollback { rollBack(&stack) }
    }

    /// Leads the stack back to what it was before the update, or to nothing at all.
    mutating func rollBack(_ stack: inout StackRecord) {
        let goal = stack.formerGoal ?? StackRecord.Goal(template: .empty, environment: .empty)
        stack.formerGoal = nil
        begin(.rollback, &stack)
        pursue(goal, &stack)
    }

    /// Gives the stack another goal: what it does not name is to go, what it names anew is to come.
    mutating func pursue(_ goal: StackRecord.Goal, _ stack: inout StackRecord) {
        stack.goal = goal
        var wanted = OrderedDictionary(
            goal.template.resources.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        // What was replaced and is still there comes back into its place, where the other has failed or is to go.
        for index in stack.resources.indices {
            let old = stack.resources[index]
            guard old.isLeftover, !old.isAbsent, old.action != .delete, old.state == .complete, wanted[old.name] != nil
            else { continue }
            let hasFailed = stack.resource(old.name).map { $0.action == .create && $0.state == .failed } ?? true
            if stack.action == .rollback || hasFailed { bringBack(index, &stack) }
        }
        for index in stack.resources.indices where !stack.resources[index].isLeftover {
            if let template = wanted.removeValue(forKey: stack.resources[index].name) {
                stack.change(index) { $0.wanted = template }
            } else {
                stack.leaveBehind(index)
            }
        }
        for template in wanted.values { stack.append(StackResource(template: template, at: now)) }
    }

    mutating func timeOut(_ stack: inout StackRecord) {
        for index in stack.resources.indices where stack.resources[index].state == .inProgress {
            let resource = stack.resources[index]
            let verb = resource.action.rawValue
            // Heat names the physical resource only where it was known when the step began.
            let physical = resource.action == .create ? "" : resource.physicalId.map { " [\($0)]" } ?? ""
            let task = "Task \(verb.lowercased()) from \(resource.kind.className) \"\(resource.name)\"\(physical)"
            stop(index, &stack, "\(task) Stack \"\(stack.name)\" [\(stack.id)] Timed out")
        }
        fail(&stack, "Timed out")
        proceed(&stack)
    }

    /// A resource stops what it is at.
    func stop(_ index: Int, _ stack: inout StackRecord, _ cause: String) {
        let verb = stack.resources[index].action.rawValue
        stack.voidTimers(of: index)
        stack.change(index) { $0.state = .failed }
        note(&stack, resource: index, "\(verb)_FAILED", "\(verb) aborted (\(cause))")
    }

    mutating func begin(_ action: StackRecord.Action, _ stack: inout StackRecord) {
        stack.generation += 1
        stack.action = action
        stack.state = .inProgress
        stack.reason = "Stack \(action.rawValue) started"
        stack.updatedAt = now
        note(&stack, resource: nil, stack.status, stack.reason)
        scheduleTimeout(of: stack)
    }

    mutating func scheduleTimeout(of stack: StackRecord) {
        let minutes = min(stack.timeoutMinutes ?? 60, Self.longestDelay)
        schedule(.timeout, stack, after: .seconds(60 * minutes))
    }

    /// Someone says that a resource is not well, or well again (`PATCH …/resources/NAME`).
    ///
    /// - Throws: ``HeatFault``.
    mutating func markResource(
        _ name: String, of id: String, isUnhealthy: Bool, reason: String, in place: StackPlace
    ) throws {
        guard let stack = stack(id, in: place), let index = stack.index(of: name) else {
            throw HeatFault.noResource(name, in: stack(id, in: place)?.name ?? id)
        }
        withStack(id, in: place.region) { engine, stack in
            stack.change(index) { resource in
                resource.action = .check
                resource.state = isUnhealthy ? .failed : .complete
            }
            engine.note(&stack, resource: index, stack.resources[index].status, reason)
        }
    }

    /// Writes an event down. Heat's table of events cuts reasons to 255 characters (golden timelines_vm).
    func note(_ stack: inout StackRecord, resource index: Int?, _ status: String, _ reason: String) {
        if let index { stack.change(index) { $0.reason = reason } }
        let resource = index.map { stack.resources[$0] }
        stack.events.append(
            StackRecord.Event(
                id: stack.random.uuid(), time: now, order: timersMade, resource: resource?.name ?? stack.name,
                kind: resource?.kind, type: resource?.template.type, physicalId: resource?.eventId ?? stack.id,
                status: status,
                reason: String(reason.prefix(255)), properties: .object(resource?.properties ?? [:])))
    }
}
