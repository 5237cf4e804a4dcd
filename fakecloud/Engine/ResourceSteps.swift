import Runtime
import Scenarios

/// How the steps of a resource take effect in the services.
extension CloudEngine {
    /// Asks for what a resource stands for. What is refused fails when the resource's time is up.
    mutating func make(_ index: Int, _ stack: inout StackRecord) {
        if makeOfHeat(index, &stack) { return }
        let resource = stack.resources[index]
        switch resource.kind {
        case .test:
            if resource.properties["fail"] == true {
                stack.change(index) { $0.refusal = Self.testFailure(of: resource) }
            } else {
                stack.change(index) { $0.physicalId = $0.generatedName }
            }
        case .value: stack.change(index) { $0.physicalId = $0.generatedName }
        case .randomString:
            let text = RandomText(resource.properties).draw(from: stack.random)
            stack.change(index) { resource in
                resource.physicalId = resource.generatedName
                resource.data["value"] = .string(text)
            }
        default: makeInService(index, &stack)
        }
    }

    private static func testFailure(of resource: StackResource) -> String {
        "ValueError: \(StackResource.place(of: resource.name)): Test Resource failed \(resource.name)"
    }

    private mutating func makeInService(_ index: Int, _ stack: inout StackRecord) {
        stack.change(index) { $0.physicalId = nil }
        let resource = stack.resources[index]
        var order = order(for: resource, stack)
        if case .fails(reason: let reason, times: let times) = stack.rule?.create[resource.name]?.outcome,
            times.map({ resource.createAttempts <= $0 }) ?? true
        {
            guard resource.kind.canBeInError else {
                stack.change(index) { $0.refusal = "Error: \(StackResource.place(of: resource.name)): \(reason)" }
                return
            }
            order.doom = reason
        }
        do {
            let id = try withServices(in: stack.place.region) { try $0.make(order) }
            stack.change(index) { $0.physicalId = id }
        } catch {
            refuse(index, &stack, order, error)
        }
    }

    private func order(for resource: StackResource, _ stack: StackRecord) -> ResourceOrder {
        ResourceOrder(
            kind: resource.kind, physicalName: resource.generatedName, properties: resource.properties,
            change: Change(
                requester: stack.requester, now: now, random: stack.random, requestId: "req-" + stack.random.uuid()))
    }

    private func refuse(_ index: Int, _ stack: inout StackRecord, _ order: ResourceOrder, _ error: any Error) {
        guard let fault = error as? ServiceFault else { return }
        let failure = ResourceFailure(fault, of: order.kind, requestId: order.change.requestId)
        stack.change(index) { $0.refusal = failure.reason(for: $0.name) }
    }

    /// Another takes a resource's place: a server's ports go over to it.
    mutating func leave(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        stack.leaveBehind(index)
        guard resource.kind == .server, let id = resource.physicalId else { return }
        withServices(in: stack.place.region) { [now] in $0.prepareReplacement(ofServer: id, at: now) }
    }

    /// A resource has its place again, which another had meanwhile.
    mutating func bringBack(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        if let other = stack.index(of: resource.name) { leave(other, &stack) }
        stack.bringBack(index)
        guard resource.kind == .server, let id = resource.physicalId else { return }
        let order = order(for: resource, stack)
        withServices(in: stack.place.region) { $0.restore(server: id, order) }
    }

    /// The making's time is over.
    ///
    /// - Returns: why nothing has come of it.
    mutating func completeMaking(_ index: Int, _ stack: inout StackRecord) -> String? {
        let resource = stack.resources[index]
        guard let id = resource.physicalId else { return nil }
        let message = withServices(in: stack.place.region) { [now] in $0.completeMaking(resource.kind, id, at: now) }
        guard let message, let message else { return nil }
        return
            "ResourceInError: \(StackResource.place(of: resource.name)): Went to status ERROR due to \"Message: \(message), Code: 500\""
    }

    mutating func modify(
        _ index: Int, _ stack: inout StackRecord, to properties: [String: JSONValue], _ changed: Set<String>
    ) {
        if stack.resources[index].kind == .test, properties["fail"] == true {
            stack.change(index) { $0.refusal = Self.testFailure(of: $0) }
            return
        }
        stack.change(index) { $0.properties = properties }
        if modifyOfHeat(index, &stack) { return }
        let resource = stack.resources[index]
        guard let id = resource.physicalId else { return }
        let order = order(for: resource, stack)
        do {
            try withServices(in: stack.place.region) { try $0.modify(order, id, changed) }
        } catch {
            refuse(index, &stack, order, error)
        }
    }

    mutating func unmake(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        if unmakeOfHeat(index, &stack) { return }
        guard let id = resource.physicalId else { return }
        let order = order(for: resource, stack)
        do {
            try withServices(in: stack.place.region) { [now] services in
                // A service ends by itself what Heat has stopped waiting for.
                _ = services.completeMaking(order.kind, id, at: now)
                try services.unmake(order, id)
            }
        } catch {
            refuse(index, &stack, order, error)
        }
    }

    mutating func completeUnmaking(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        guard let id = resource.physicalId else { return }
        withServices(in: stack.place.region) { [now] in $0.completeUnmaking(resource.kind, id, at: now) }
    }

    /// Whether what is there cannot become what is wanted, so that another takes its place.
    func needsReplacement(_ resource: StackResource, of stack: StackRecord) -> Bool {
        guard resource.state == .failed else { return false }
        guard resource.action != .check, let id = resource.physicalId else { return true }
        return regions[stack.place.region]?.services.isFit(resource.kind, id) != true
    }

    // Suspending, resuming, checking.

    /// Lets each resource do what the stack does: suspend what depends on others before those, the rest after them.
    mutating func walk(_ stack: inout StackRecord) {
        var failure: String?
        var isMoving = true
        while isMoving, failure == nil {
            isMoving = false
            for index in stack.resources.indices where isNext(index, stack) {
                let reason = beginStep(index, &stack)
                failure = failure ?? reason
                isMoving = isMoving || stack.resources[index].settledIn == stack.generation
            }
        }
        if let failure {
            fail(&stack, failure)
        } else if stack.resources.allSatisfy({ $0.isLeftover || $0.settledIn == stack.generation }) {
            concludeWalk(&stack)
        }
    }

    private func isNext(_ index: Int, _ stack: StackRecord) -> Bool {
        let resource = stack.resources[index]
        func isThrough(_ other: StackResource) -> Bool { other.isLeftover || other.settledIn == stack.generation }
        guard !isThrough(resource), resource.begunIn != stack.generation else { return false }
        return stack.action == .suspend
            ? stack.resources.allSatisfy { isThrough($0) || !$0.template.requires.contains(resource.name) }
            : resource.template.requires.allSatisfy { stack.resource($0).map(isThrough) ?? true }
    }

    private mutating func concludeWalk(_ stack: inout StackRecord) {
        let verb = stack.action.rawValue
        var problems: [String] = []
        var isPartial = false
        if stack.action == .check {
            problems = stack.resources.filter { $0.state == .failed && $0.action == .check }.map {
                "\($0.name): Resource CHECK failed: \($0.reason)"
            }
            isPartial = stack.resources.contains { !$0.kind.canBeChecked }
        }
        let text =
            problems.isEmpty
            ? "Stack \(verb) completed successfully" : "Resource CHECK failed: " + problems.joined(separator: "; ")
        conclude(
            &stack, problems.isEmpty ? .complete : .failed,
            text + (isPartial ? ". 'CHECK' not fully supported (see resources)" : ""))
    }

    /// - Returns: why the stack fails with it at once; nil where it does not.
    private mutating func beginStep(_ index: Int, _ stack: inout StackRecord) -> String? {
        let action = stack.action
        let resource = stack.resources[index]
        guard resource.action != .initial else {
            // What was never begun is left out.
            stack.settle(index)
            return nil
        }
        if action == .check, !resource.kind.canBeChecked {
            passCheck(of: index, &stack)
            stack.settle(index)
            return nil
        }
        let isValid = resource.state == .complete && !resource.isAbsent
        let isResumable = action != .resume || resource.action == .suspend
        guard action == .check || (isValid && isResumable) else {
            // Heat prints the state as Python's tuple.
            let state = "('\(resource.action.rawValue)', '\(resource.state.rawValue)')"
            let place = StackResource.place(of: resource.name)
            return
                "Resource \(action.rawValue) failed: Error: \(place): State \(state) invalid for \(action.rawValue.lowercased())"
        }
        stack.begin(action, index)
        stack.change(index) { $0.refusal = nil }
        note(&stack, resource: index, "\(action.rawValue)_IN_PROGRESS", "state changed")
        if stepOfHeat(index, &stack) { return nil }
        step(action, index, &stack)
        let takes = (scenario.lifecycles[resource.kind.rawValue]?.change ?? .fixed(.zero)).draw(from: stack.random)
        scheduleEnd(of: index, stack, after: action == .check ? .zero : takes)
        return nil
    }

    /// A kind that Heat cannot look at is taken for well.
    private func passCheck(of index: Int, _ stack: inout StackRecord) {
        stack.change(index) { resource in
            resource.action = .check
            resource.state = .complete
        }
        let type = stack.resources[index].kind.rawValue
        note(&stack, resource: index, "CHECK_COMPLETE", "CHECK not supported for \(type)")
    }

    /// Looks at once whether a resource is well.
    mutating func check(_ index: Int, _ stack: inout StackRecord) {
        guard stack.resources[index].kind.canBeChecked else {
            passCheck(of: index, &stack)
            return
        }
        stack.change(index) { $0.action = .check }
        note(&stack, resource: index, "CHECK_IN_PROGRESS", "state changed")
        step(.check, index, &stack)
        guard let reason = stack.resources[index].refusal else {
            note(&stack, resource: index, "CHECK_COMPLETE", "state changed")
            return
        }
        stack.change(index) { $0.state = .failed }
        note(&stack, resource: index, "CHECK_FAILED", reason)
        fail(&stack, "Resource CHECK failed: \(reason)")
    }

    private mutating func step(_ action: StackRecord.Action, _ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        let place = StackResource.place(of: resource.name)
        guard let id = resource.physicalId else {
            if action == .check {
                stack.change(index) { $0.refusal = "Exception: \(place): Resource not created" }
            }
            return
        }
        let order = order(for: resource, stack)
        do {
            let problem = try withServices(in: stack.place.region) { services -> String? in
                if action == .check { return try services.problem(order, id) }
                try services.step(action, order, id)
                return nil
            }
            if let problem, let problem { stack.change(index) { $0.refusal = "Error: \(place): \(problem)" } }
        } catch {
            refuse(index, &stack, order, error)
        }
    }

    mutating func finishStep(_ index: Int, _ stack: inout StackRecord) {
        let resource = stack.resources[index]
        let verb = resource.action.rawValue
        guard let reason = resource.refusal else {
            stack.complete(index)
            note(&stack, resource: index, "\(verb)_COMPLETE", "state changed")
            return
        }
        stack.change(index) { $0.state = .failed }
        note(&stack, resource: index, "\(verb)_FAILED", reason)
        if resource.action == .check {
            stack.settle(index)
        } else {
            fail(&stack, "Resource \(verb) failed: \(reason)")
        }
    }
}

extension ResourceKind {
    /// Whether Heat can look whether it is well.
    var canBeChecked: Bool {
        switch self {
        case .server, .volume, .keyPair, .test: true
        default: isStack
        }
    }

}
