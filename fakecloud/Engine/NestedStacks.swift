import OrderedCollections
import Runtime

/// Stacks that are resources of other stacks: what a resource does goes down to its stack, and what becomes of that
/// comes back to the resource (golden nested).
extension CloudEngine {
    /// How deep stacks may lie in each other.
    static let deepestNesting = 5

    /// The stack that a resource is; nil where there is none any more.
    func child(of resource: StackResource, in stack: StackRecord) -> StackRecord? {
        resource.physicalId.flatMap { regions[place(of: resource, in: stack).region]?.stacks[$0] }
    }

    /// Where the stack that a resource is has its place: an `OS::Heat::Stack` may name another region.
    private func place(of resource: StackResource, in stack: StackRecord) -> StackPlace {
        guard resource.kind == .stack, let region = resource.properties["context"]?["region_name"]?.string else {
            return stack.place
        }
        return StackPlace(region: region, project: stack.project)
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
    ///   - adopted: what it takes over.
    mutating func makeChild(
        of index: Int, _ stack: inout StackRecord, _ template: JSONValue, parameters: [String: JSONValue] = [:],
        adopted: [String: JSONValue]? = nil
    ) {
        let resource = stack.resources[index]
        let isPart = resource.kind.isPart
        let place = place(of: resource, in: stack)
        do {
            let goal = try goal(ofChild: resource, in: stack, template, parameters)
            if isPart {
                countResources(of: &stack)
                try checkSize(of: goal.template, in: stack)
            } else {
                try checkQuota(regions[place.region]?.liveStacks[place.project] ?? 0)
            }
            let random = RandomSource(seed: seed(ofChild: resource, in: stack, place))
            var child = StackRecord(
                id: random.uuid(), name: resource.generatedName, place: place, userId: stack.userId,
                userProjectId: isPart ? stack.userProjectId : random.hexId(), goal: goal,
                timeoutMinutes: isPart ? stack.timeoutMinutes : resource.properties["timeout"]?.integer,
                createdAt: now, random: random, rule: nil)
            child.maker = StackRecord.Maker(
                stack: stack.id, region: stack.place.region, resource: resource.name,
                depth: isPart ? stack.depth + 1 : 0, root: isPart ? stack.rootId : child.id)
            child.facade = isPart ? facade(of: resource, in: stack) : nil
            if let adopted { child.adopt(adopted) }
            note(&child, resource: nil, child.status, child.reason)
            scheduleTimeout(of: child)
            let id = child.id
            stack.change(index) { $0.physicalId = id }
            insert(child)
            if isPart {
                withStack(id, in: place.region) { $0.proceed(&$1) }
            } else {
                // Nothing bounds how many such stacks come one from another but their number.
                schedule(.proceed, child, after: .zero)
            }
        } catch {
            refuseChild(of: index, &stack, error)
        }
    }

    /// Another one for each attempt to make the stack.
    private func seed(ofChild resource: StackResource, in stack: StackRecord, _ place: StackPlace) -> UInt64 {
        let name = CloudEngine.StackName(project: place.project, name: resource.generatedName)
        let attempts = regions[place.region]?.stacksByName[name]?.count ?? 0
        let random = stack.random.stream(resource.generatedName + (attempts > 0 ? " \(attempts)" : ""))
        return random.next()
    }

    /// What the stack that a resource is is to be.
    ///
    /// - Throws: ``HeatFault``.
    private func goal(
        ofChild resource: StackResource, in stack: StackRecord, _ template: JSONValue,
        _ parameters: [String: JSONValue]
    ) throws -> StackRecord.Goal {
        let environment = environment(of: resource, in: stack, parameters)
        let template = try HeatTemplate(
            template, environment: environment,
            stack: StackIdentity(
                name: resource.generatedName, id: "None", projectId: stack.project,
                facade: resource.kind.isPart ? facade(of: resource, in: stack) : nil),
            names: names(for: place(of: resource, in: stack), user: stack.userId))
        return StackRecord.Goal(template: template, environment: environment)
    }

    /// That of the stack that a resource is.
    func environment(
        of resource: StackResource, in stack: StackRecord, _ parameters: [String: JSONValue]
    ) -> StackEnvironment {
        resource.kind.isPart
            ? stack.goal.environment.child(parameters, of: resource.name, without: resource.template.provider)
            : stack.goal.environment.child(parameters)
    }

    /// Why there is no such stack, in the words of Heat, or of the client of Heat where it stands beside.
    private mutating func refuseChild(of index: Int, _ stack: inout StackRecord, _ error: any Error) {
        let resource = stack.resources[index]
        let place = StackResource.place(of: resource.name)
        let message = (error as? HeatFault)?.message ?? "\(error)"
        stack.change(index) {
            $0.refusal = resource.kind.isPart ? "\(place): \(message)" : "HTTPBadRequest: \(place): ERROR: \(message)"
        }
        scheduleEnd(of: index, stack, after: .zero)
    }

    private func checkSize(of template: HeatTemplate, in stack: StackRecord) throws(HeatFault) {
        guard stack.depth < Self.deepestNesting else {
            throw .limit("Recursion depth exceeds \(Self.deepestNesting).")
        }
        let others = regions[stack.place.region]?.treeSizes[stack.rootId] ?? 0
        guard template.resources.count + others <= HeatTemplate.mostResources else {
            throw .limit("Maximum resources per stack exceeded.")
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
            let resource = stack.resources[index]
            let goal = try goal(ofChild: resource, in: stack, template, parameters)
            let facade = facade(of: resource, in: stack)
            let disablesRollback = stack.disablesRollback
            withStack(child.id, in: child.place.region) { engine, child in
                child.formerGoal = child.goal
                if child.isPart {
                    child.facade = facade
                } else {
                    child.timeoutMinutes = resource.properties["timeout"]?.integer ?? child.timeoutMinutes
                    child.disablesRollback = disablesRollback
                }
                engine.begin(.update, &child)
                engine.pursue(goal, &child)
                engine.proceed(&child)
            }
        } catch {
            refuseChild(of: index, &stack, error)
        }
    }

    /// Lets the stack that a resource is do what the resource does: be deleted, suspended, resumed, checked.
    mutating func passDown(_ action: StackRecord.Action, to index: Int, _ stack: inout StackRecord) {
        guard let child = child(of: stack.resources[index], in: stack), !child.isGone else {
            scheduleEnd(of: index, stack, after: .zero)
            return
        }
        withStack(child.id, in: child.place.region) { engine, child in
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
        guard let maker = stack.maker, regions[maker.region]?.stacks[maker.stack] != nil else { return }
        schedule(.child(stack.id), ofStack: maker.stack, in: maker.region)
    }

    /// The stack that a resource is has come to an end with what it was doing.
    mutating func childEnded(_ id: String, of stack: inout StackRecord) {
        guard let index = stack.resources.firstIndex(where: { $0.physicalId == id && $0.state == .inProgress }),
            let child = child(of: stack.resources[index], in: stack), child.state != .inProgress,
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
        let region: String
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
