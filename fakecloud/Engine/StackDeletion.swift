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
        guard var stack = stack(id, in: place), stack.name == name, !stack.isGone else {
            throw HeatFault.noStack(name)
        }
        if stack.state == .inProgress {
            note(&stack, resource: nil, "\(stack.action.rawValue)_FAILED", "Stack \(stack.action.rawValue) cancelled")
        }
        begin(.delete, &stack, in: place.region)
        for index in stack.resources.indices where stack.resources[index].state == .inProgress {
            let resource = stack.resources[index]
            stack.resources[index].restsUntil = now + Self.restAfterCancel
            // What makes the resource looks only now and then whether it is to stop.
            let delay = stack.random.duration(from: .milliseconds(1), to: .seconds(2))
            schedule(.cancel(resource.name, turn: resource.turn), stack, in: place.region, after: delay)
            schedule(.proceed, stack, in: place.region, after: Self.restAfterCancel)
        }
        regions[place.region]?.stacks[id] = stack
        proceed(id, in: place.region)
    }

    mutating func cancel(_ name: String, turn: Int, of id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id], let index = stack.index(of: name),
            stack.resources[index].turn == turn, stack.resources[index].state == .inProgress
        else { return }
        stop(index, &stack, "user triggered cancel")
        regions[region]?.stacks[id] = stack
    }

    /// Deletes what nothing needs any more. A resource that is being made is left to finish first.
    mutating func takeDown(_ stack: inout StackRecord, in region: String) {
        for index in stack.resources.indices {
            let resource = stack.resources[index]
            guard !resource.isAbsent, resource.state != .inProgress, resource.restsUntil.map({ $0 <= now }) ?? true
            else { continue }
            let isNeeded = stack.resources.contains { !$0.isAbsent && $0.template.requires.contains(resource.name) }
            if !isNeeded { beginDelete(index, &stack, in: region) }
        }
        if stack.resources.allSatisfy(\.isAbsent) {
            conclude(&stack, .complete, "Stack \(stack.action.rawValue) completed successfully")
        }
    }

    private mutating func beginDelete(_ index: Int, _ stack: inout StackRecord, in region: String) {
        stack.resources[index].begin(.delete)
        stack.resources[index].deleteAttempts += 1
        note(&stack, resource: index, "DELETE_IN_PROGRESS", "state changed")
        let resource = stack.resources[index]
        let fate = stack.rule?.delete[resource.name]
        guard fate?.outcome != .isStuck else { return }
        let takes =
            resource.template.testDuration("delete")
            ?? (fate?.takes ?? scenario.lifecycles[resource.kind.rawValue]?.delete ?? .fixed(.zero)).draw(
                from: stack.random)
        scheduleEnd(of: index, stack, in: region, after: takes)
    }

    mutating func finishDelete(_ index: Int, _ stack: inout StackRecord, in region: String) {
        let resource = stack.resources[index]
        if stack.action == .create {
            deleted(index, &stack, in: region)
            scheduleEnd(of: index, stack, in: region, after: retryDelay(after: resource.createAttempts, stack.random))
            return
        }
        if case .fails(let text, let times) = stack.rule?.delete[resource.name]?.outcome,
            times.map({ resource.deleteAttempts <= $0 }) ?? true
        {
            let reason = "Conflict: resources.\(resource.name): \(text)"
            stack.resources[index].state = .failed
            note(&stack, resource: index, "DELETE_FAILED", reason)
            fail(&stack, "Resource DELETE failed: \(reason)", in: region)
            return
        }
        deleted(index, &stack, in: region)
    }

    private mutating func deleted(_ index: Int, _ stack: inout StackRecord, in region: String) {
        giveAddressesBack(stack.resources[index], in: region)
        stack.resources[index].attributes = nil
        stack.resources[index].action = .delete
        stack.resources[index].state = .complete
        note(&stack, resource: index, "DELETE_COMPLETE", "state changed")
    }

    /// An operator removes the stack behind the portal's back.
    mutating func vanish(_ id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id], !stack.isGone else { return }
        stack.generation += 1
        for index in stack.resources.indices where !stack.resources[index].isAbsent {
            stack.resources[index].turn += 1
            deleted(index, &stack, in: region)
        }
        stack.action = .delete
        conclude(&stack, .complete, "Stack DELETE completed successfully")
        regions[region]?.stacks[id] = stack
    }
}
