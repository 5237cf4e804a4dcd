import OrderedCollections
import Runtime
import Scenarios

/// How a stack goes: deleted by its owner, rolled back, or taken away behind the owner's back.
extension CloudEngine {
    /// How long after a deletion has cancelled what was under way the resources concerned are taken up again.
    private static let restAfterCancel = Duration.seconds(5)

    /// Starts a deletion. A second one restarts it, one during the create cancels that first (golden/README.md).
    ///
    /// - Throws: ``HeatFault``.
    mutating func deleteStack(_ name: String, _ id: String, in place: StackPlace) throws {
        guard let stack = stack(id, in: place), stack.name == name, !stack.isGone else {
            throw HeatFault.noStack(name)
        }
        withStack(id, in: place.region) { engine, stack in
            engine.beginDeletion(of: &stack)
            engine.proceed(&stack)
        }
    }

    mutating func beginDeletion(of stack: inout StackRecord) {
        if stack.state == .inProgress { cancelAction(of: &stack) }
        begin(.delete, &stack)
        for index in stack.resources.indices { stack.leaveBehind(index) }
        interruptResources(of: &stack)
    }

    func cancelAction(of stack: inout StackRecord) {
        let action = stack.action.rawValue
        stack.state = .failed
        stack.reason = "Stack \(action) cancelled"
        note(&stack, resource: nil, stack.status, stack.reason)
    }

    /// Lets what is under way stop soon, and rest after that.
    mutating func interruptResources(of stack: inout StackRecord) {
        for index in stack.resources.indices where stack.resources[index].state == .inProgress {
            let resource = stack.resources[index]
            stack.change(index) { $0.restsUntil = now + Self.restAfterCancel }
            // What makes the resource looks only now and then whether it is to stop.
            let delay = stack.random.duration(from: .milliseconds(1), to: .seconds(2))
            schedule(.cancel(resource.name, turn: resource.turn), stack, after: delay)
            schedule(.proceed, stack, after: Self.restAfterCancel)
        }
    }

    mutating func cancel(_ name: String, turn: Int, of stack: inout StackRecord) {
        guard let index = stack.index(of: name, turn: turn), stack.resources[index].state == .inProgress else { return }
        stop(index, &stack, "user triggered cancel")
    }

    /// Deletes what nothing needs any more. A resource that is being made is left to finish first.
    mutating func takeDown(_ stack: inout StackRecord) {
        guard stack.resources.contains(where: \.isLeftover) else { return }
        var needed: Set<String> = []
        for resource in stack.resources
        where resource.isLeftover ? !resource.isAbsent : resource.settledIn != stack.generation {
            needed.formUnion(resource.template.requires)
        }
        for index in stack.resources.indices {
            let resource = stack.resources[index]
            // Nothing uses what never came to be.
            let isUsed = needed.contains(resource.name) && !(resource.action == .create && resource.state == .failed)
            // What takes its place comes first.
            let waits = stack.index(of: resource.name).map {
                $0 > index && stack.resources[$0].settledIn != stack.generation
            }
            guard resource.isLeftover, !resource.isAbsent, resource.state != .inProgress,
                resource.restsUntil.map({ $0 <= now }) ?? true, !isUsed, waits != true
            else { continue }
            beginDelete(index, &stack)
        }
    }

    private mutating func beginDelete(_ index: Int, _ stack: inout StackRecord) {
        stack.begin(.delete, index)
        stack.change(index) { resource in
            resource.deleteAttempts += 1
            resource.refusal = nil
        }
        note(&stack, resource: index, "DELETE_IN_PROGRESS", "state changed")
        if isKept(stack.resources[index], stack) {
            scheduleEnd(of: index, stack, after: .zero)
            return
        }
        unmake(index, &stack)
        let resource = stack.resources[index]
        let fate = stack.rule?.delete[resource.name]
        guard fate?.outcome != .isStuck, !resource.kind.isStack else { return }
        let takes =
            resource.testDuration("delete")
            ?? (fate?.takes ?? scenario.lifecycles[resource.kind.rawValue]?.delete ?? .fixed(.zero)).draw(
                from: stack.random)
        scheduleEnd(of: index, stack, after: takes)
    }

    mutating func finishDelete(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        if !resource.isLeftover, stack.state == .inProgress {
            // What an attempt to make it has left: the next one follows.
            deleted(index, &stack)
            let rest = retryDelay(after: resource.createAttempts, stack.random)
            stack.change(index) { $0.restsUntil = now + rest }
            scheduleEnd(of: index, stack, after: rest)
            return
        }
        var refusal = resource.refusal
        if case .fails(let text, let times) = stack.rule?.delete[resource.name]?.outcome,
            times.map({ resource.deleteAttempts <= $0 }) ?? true
        {
            refusal = "Conflict: \(StackResource.place(of: resource.name)): \(text)"
        }
        guard let reason = refusal else {
            deleted(index, &stack)
            return
        }
        stack.change(index) { $0.state = .failed }
        note(&stack, resource: index, "DELETE_FAILED", reason)
        fail(&stack, "Resource DELETE failed: \(reason)")
    }

    /// Whether a resource that goes leaves behind what it stands for: so its template says, or it is another's, or the
    /// stack is abandoned.
    private func isKept(_ resource: StackResource, _ stack: StackRecord) -> Bool {
        resource.template.deletionPolicy == .retain || resource.template.externalId != nil || stack.isAbandoned
    }

    private mutating func deleted(_ index: Int, _ stack: inout StackRecord) {
        if !isKept(stack.resources[index], stack) { completeUnmaking(index, &stack) }
        stack.change(index) { resource in
            resource.action = .delete
            resource.state = .complete
        }
        note(&stack, resource: index, "DELETE_COMPLETE", "state changed")
    }

    /// An operator removes the stack behind the portal's back.
    mutating func vanish(_ stack: inout StackRecord) {
        stack.generation += 1
        // The last that was made goes first, since it may use the others.
        for index in stack.resources.indices.reversed() where !stack.resources[index].isAbsent {
            stack.leaveBehind(index)
            stack.voidTimers(of: index)
            if !isKept(stack.resources[index], stack) { unmake(index, &stack) }
            deleted(index, &stack)
        }
        stack.action = .delete
        conclude(&stack, .complete, "Stack DELETE completed successfully")
    }
}
