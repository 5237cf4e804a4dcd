import OrderedCollections
import Runtime

/// Stacks that are resources of other stacks: what a resource does goes down to its stack, and what becomes of that
/// comes back to the resource (golden nested).
extension CloudEngine {
    /// How deep stacks may lie in each other.
    static let deepestNesting = 5

    /// The stack that a resource is; nil where there is none any more.
    func child(of resource: StackResource, in stack: StackRecord) -> StackRecord? {
        resource.physicalId.flatMap { regions[stack.place.region]?.stacks[$0] }
    }

    /// A stack with those that lie in it, each before those that lie in it.
    func family(of stack: StackRecord, depth: Int) -> [StackRecord] {
        var family = [stack]
        var level = [stack]
        for _ in 0..<depth {
            level = level.flatMap { stack in
                stack.resources.compactMap { child(of: $0, in: stack) }.filter { $0.parentId == stack.id }
            }
            guard !level.isEmpty else { break }
            family += level
        }
        return family
    }

    /// Makes the stack that a resource is. The resource is complete when that is.
    ///
    /// - Parameters:
    ///   - template: of the new stack.
    ///   - parameters: of the new stack.
    ///   - isPart: whether it lies in the stack, and does not stand beside it.
    ///   - adopted: what it takes over.
    mutating func makeChild(
        of index: Int, _ stack: inout StackRecord, _ template: JSONValue, parameters: [String: JSONValue] = [:],
        isPart: Bool = true, adopted: [String: JSONValue]? = nil
    ) {
        do {
            let environment = stack.goal.environment.child(parameters)
            let template = try HeatTemplate(
                template, environment: environment, names: names(for: stack.place, user: stack.userId))
            try checkSize(of: template, in: stack, isPart: isPart)
            let resource = stack.resources[index]
            let random = RandomSource(seed: stack.random.stream(resource.generatedName).next())
            var child = StackRecord(
                id: random.uuid(), name: resource.generatedName, place: stack.place, userId: stack.userId,
                userProjectId: isPart ? stack.userProjectId : random.hexId(),
                goal: StackRecord.Goal(template: template, environment: environment),
                timeoutMinutes: stack.timeoutMinutes, createdAt: now, random: random, rule: nil)
            child.maker = StackRecord.Maker(
                stack: stack.id, resource: resource.name, depth: isPart ? stack.depth + 1 : 0,
                root: isPart ? stack.rootId : child.id)
            if let adopted { child.adopt(adopted) }
            note(&child, resource: nil, child.status, child.reason)
            scheduleTimeout(of: child)
            let id = child.id
            stack.change(index) { $0.physicalId = id }
            insert(child)
            withStack(id, in: stack.place.region) { $0.proceed(&$1) }
        } catch {
            let place = StackResource.place(of: stack.resources[index].name)
            let message = (error as? HeatFault)?.message ?? "\(error)"
            stack.change(index) { $0.refusal = "\(place): \(message)" }
            scheduleEnd(of: index, stack, after: .zero)
        }
    }

    private func checkSize(of template: HeatTemplate, in stack: StackRecord, isPart: Bool) throws(HeatFault) {
        guard isPart else { return }
        func refuse(_ text: String) -> HeatFault {
            HeatFault(status: 400, type: "RequestLimitExceeded", message: "Request limit exceeded: \(text)")
        }
        guard stack.depth < Self.deepestNesting else {
            throw refuse("Recursion depth exceeds \(Self.deepestNesting).")
        }
        let others = (regions[stack.place.region]?.stacks.values).map { stacks in
            stacks.filter { $0.rootId == stack.rootId && $0.id != stack.id && !$0.isGone }.map(\.resources.count)
                .reduce(0, +)
        }
        guard template.resources.count + stack.resources.count + (others ?? 0) <= HeatTemplate.mostResources else {
            throw refuse("Maximum resources per stack exceeded.")
        }
    }

    /// Gives the stack that a resource is another template.
    mutating func updateChild(
        of index: Int, _ stack: inout StackRecord, _ template: JSONValue, parameters: [String: JSONValue] = [:]
    ) {
        guard let child = child(of: stack.resources[index], in: stack), !child.isGone else {
            makeChild(of: index, &stack, template, parameters: parameters)
            return
        }
        do {
            let environment = stack.goal.environment.child(parameters)
            let template = try HeatTemplate(
                template, environment: environment, names: names(for: stack.place, user: stack.userId))
            withStack(child.id, in: stack.place.region) { engine, child in
                child.formerGoal = child.goal
                engine.begin(.update, &child)
                engine.pursue(StackRecord.Goal(template: template, environment: environment), &child)
                engine.proceed(&child)
            }
        } catch {
            let place = StackResource.place(of: stack.resources[index].name)
            let message = (error as? HeatFault)?.message ?? "\(error)"
            stack.change(index) { $0.refusal = "\(place): \(message)" }
            scheduleEnd(of: index, stack, after: .zero)
        }
    }

    /// Lets the stack that a resource is do what the resource does: be deleted, suspended, resumed, checked.
    mutating func passDown(_ action: StackRecord.Action, to index: Int, _ stack: inout StackRecord) {
        guard let child = child(of: stack.resources[index], in: stack), !child.isGone else {
            scheduleEnd(of: index, stack, after: .zero)
            return
        }
        withStack(child.id, in: stack.place.region) { engine, child in
            if action == .delete {
                engine.beginDeletion(of: &child)
            } else {
                engine.begin(action, &child)
            }
            engine.proceed(&child)
        }
    }

    /// What a stack has come to is told to the resource that it is, once the one that the resource is in has time.
    mutating func tellMaker(of stack: StackRecord) {
        guard let maker = stack.maker, regions[stack.place.region]?.stacks[maker.stack] != nil else { return }
        schedule(.child(stack.id), ofStack: maker.stack, in: stack.place.region)
    }

    /// The stack that a resource is has come to an end with what it was doing.
    mutating func childEnded(_ id: String, of stack: inout StackRecord) {
        guard let child = regions[stack.place.region]?.stacks[id], child.state != .inProgress,
            let index = stack.resources.firstIndex(where: { $0.physicalId == id && $0.state == .inProgress }),
            child.action == stack.resources[index].action || child.action == .rollback
        else { return }
        let resource = stack.resources[index]
        if child.state == .failed {
            let reason =
                child.isPart
                ? Self.reason(child.reason, under: resource.name)
                : "ResourceInError: \(StackResource.place(of: resource.name)): Went to status \(child.status) due to \"\(child.reason)\""
            stack.change(index) { $0.refusal = reason }
        }
        finish(resource.name, turn: resource.turn, of: &stack)
    }

    /// A stack's reason as that of the resource that the stack is: `ValueError: resources.grp.resources[0]: …` for
    /// `Resource CREATE failed: ValueError: resources[0]: …`.
    static func reason(_ reason: String, under name: String) -> String {
        let place = StackResource.place(of: name)
        let parts = reason.split(separator: ": ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts[0].wholeMatch(of: /Resource [A-Z]+ failed/) != nil, parts.count > 2 else {
            return "\(place): \(reason)"
        }
        if parts[1].hasPrefix("resources") {
            return "\(place).\(parts[1]): " + parts.dropFirst(2).joined(separator: ": ")
        }
        return "\(parts[1]): \(place).\(parts[2])" + (parts.count > 3 ? ": \(parts[3])" : "")
    }
}

extension StackRecord {
    /// The resource that a stack is.
    struct Maker: Sendable {
        /// The id of the stack that the resource is in.
        let stack: String
        let resource: String
        /// How many stacks it lies in; none for one that only stands beside its maker's.
        let depth: Int
        /// The id of the stack that lies in no other.
        let root: String
    }

    var isPart: Bool { depth > 0 }
    var depth: Int { maker?.depth ?? 0 }
    var rootId: String { maker?.root ?? id }
    /// The id of the stack that it lies in.
    var parentId: String? { isPart ? maker?.stack : nil }
}

extension StackResource {
    /// Where a resource is, in Heat's words: a number stands in brackets.
    static func place(of name: String) -> String {
        !name.isEmpty && name.allSatisfy(\.isNumber) ? "resources[\(name)]" : "resources.\(name)"
    }
}
