import OrderedCollections
import Runtime
import Scenarios

/// How a stack fails, runs out of time, is rolled back, and what is written down of it.
extension CloudEngine {
    func conclude(_ stack: inout StackRecord, _ state: StackRecord.State, _ reason: String) {
        stack.state = state
        stack.reason = reason
        note(&stack, resource: nil, stack.status, reason)
        if stack.action == .delete, state == .complete { stack.goneAt = now }
    }

    /// The stack has failed with a resource. Those that are under way go on to their own ends (golden
    /// timelines_vm, `RAM quota exceeded`).
    mutating func fail(_ stack: inout StackRecord, _ reason: String, in region: String) {
        guard stack.state == .inProgress else { return }
        let wasCreate = stack.action == .create
        conclude(&stack, .failed, reason)
        if wasCreate { rollBack(&stack, in: region) }
    }

    private mutating func rollBack(_ stack: inout StackRecord, in region: String) {
        guard !stack.disablesRollback else { return }
        begin(.rollback, &stack, in: region)
    }

    mutating func timeOut(_ id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id] else { return }
        for index in stack.resources.indices where stack.resources[index].state == .inProgress {
            let resource = stack.resources[index]
            let verb = resource.action.rawValue
            // Heat names the physical resource only where it was known when the step began.
            let physical = resource.action == .create ? "" : resource.physicalId.map { " [\($0)]" } ?? ""
            let task = "Task \(verb.lowercased()) from \(resource.kind.className) \"\(resource.name)\"\(physical)"
            stop(index, &stack, "\(task) Stack \"\(stack.name)\" [\(stack.id)] Timed out")
        }
        let wasCreate = stack.action == .create
        conclude(&stack, .failed, "Timed out")
        if wasCreate { rollBack(&stack, in: region) }
        regions[region]?.stacks[id] = stack
        proceed(id, in: region)
    }

    /// A resource stops what it is at.
    func stop(_ index: Int, _ stack: inout StackRecord, _ cause: String) {
        let verb = stack.resources[index].action.rawValue
        stack.resources[index].turn += 1
        stack.resources[index].state = .failed
        note(&stack, resource: index, "\(verb)_FAILED", "\(verb) aborted (\(cause))")
    }

    mutating func begin(_ action: StackRecord.Action, _ stack: inout StackRecord, in region: String) {
        stack.generation += 1
        stack.action = action
        stack.state = .inProgress
        stack.reason = "Stack \(action.rawValue) started"
        stack.updatedAt = now
        note(&stack, resource: nil, stack.status, stack.reason)
        scheduleTimeout(of: stack, in: region)
    }

    mutating func scheduleTimeout(of stack: StackRecord, in region: String) {
        schedule(.timeout, stack, in: region, after: .seconds(60 * (stack.timeoutMinutes ?? 60)))
    }

    /// Someone says that a resource is not well, or well again (`PATCH …/resources/NAME`).
    ///
    /// - Throws: ``HeatFault``.
    mutating func markResource(
        _ name: String, of id: String, isUnhealthy: Bool, reason: String, in place: StackPlace
    ) throws {
        guard var stack = stack(id, in: place), let index = stack.index(of: name) else {
            throw HeatFault.noResource(name, in: stack(id, in: place)?.name ?? id)
        }
        stack.resources[index].action = .check
        stack.resources[index].state = isUnhealthy ? .failed : .complete
        note(&stack, resource: index, stack.resources[index].status, reason)
        regions[place.region]?.stacks[id] = stack
    }

    func note(_ stack: inout StackRecord, resource index: Int?, _ status: String, _ reason: String) {
        if let index { stack.resources[index].reason = reason }
        let resource = index.map { stack.resources[$0] }
        stack.events.append(
            StackRecord.Event(
                id: stack.random.uuid(), time: now, resource: resource?.name ?? stack.name,
                kind: resource?.kind, physicalId: resource?.eventId ?? stack.id, status: status, reason: reason,
                properties: index.map { .object(evaluated($0, stack)) } ?? .object([:])))
    }
}
