import OrderedCollections
import Runtime
import Scenarios

/// How a stack comes to be what it is to be: its resources are made, changed and deleted, each as soon as what it
/// depends on allows (Heat's convergence).
extension CloudEngine {
    /// - Parameters:
    ///   - user: whose things are made; that of the project where nobody is named.
    ///   - seed: of everything that is drawn for this stack.
    /// - Returns: the id of the new stack.
    /// - Throws: ``HeatFault``.
    mutating func createStack(
        _ body: JSONValue, in place: StackPlace, user: String? = nil, seed: UInt64
    ) throws -> String {
        let adoption = try StackAdoption(body)
        let request = try StackCreation(adoption?.body ?? body)
        // The state itself is not held here: it would be copied when the stack is put into it.
        guard let live = regions[place.region]?.liveStacks[place.project, default: 0] else {
            throw HeatFault.noStack(request.name)
        }
        // A name that is taken is told of before the template is looked at (Heat, `_validate_new_stack`).
        if holder(of: request.name, in: place) != nil {
            throw HeatFault(
                status: 409, type: "StackExists", message: "The Stack (\(request.name)) already exists.")
        }
        try checkQuota(live)
        let template = try HeatTemplate(
            request.template, environment: request.environment,
            stack: StackIdentity(name: request.name, id: "None", projectId: place.project),
            names: names(for: place, user: user))
        let random = RandomSource(seed: seed)
        var stack = StackRecord(
            id: random.uuid(), name: request.name, place: place,
            userId: user ?? identity.member(of: place.project)?.id ?? "", userProjectId: random.hexId(),
            goal: StackRecord.Goal(template: template, environment: request.environment), tags: request.tags ?? [],
            timeoutMinutes: request.timeoutMinutes, disablesRollback: request.disablesRollback ?? true,
            createdAt: now, random: random, rule: rule(for: request.name, in: place.region))
        try checkParts(of: stack)
        if let adoption { stack.adopt(adoption.resources) }
        note(&stack, resource: nil, stack.status, stack.reason)
        scheduleTimeout(of: stack)
        let id = stack.id
        insert(stack)
        withStack(id, in: place.region) { $0.proceed(&$1) }
        return id
    }

    /// - Parameter live: how many stacks the project has.
    /// - Throws: ``HeatFault`` where it may have no more.
    func checkQuota(_ live: Int) throws(HeatFault) {
        guard live >= scenario.quota.stacks else { return }
        throw .limit(
            "You have reached the maximum stacks per tenant, \(scenario.quota.stacks). Please delete some stacks.")
    }

    /// What the custom constraints of a project's templates find.
    ///
    /// - Parameter user: who asks; the project's own where nobody is named.
    func names(for place: StackPlace, user: String? = nil) -> CatalogNames {
        var names = catalog.names
        if let services = regions[place.region]?.services {
            let user = user ?? identity.member(of: place.project)?.id ?? ""
            let requester = Requester(userId: user, projectId: place.project)
            names.region = (services, requester)
            names.finds = { services.has($0, $1, for: requester) }
            names.keyPairs = Set(services.compute.keyPairs[user].map { Array($0.keys) } ?? [])
        }
        names.identities = Set(
            identity.users.flatMap { [$0.name, $0.id] } + identity.projects.flatMap { [$0.name, $0.id] }
                + identity.domains.flatMap { [$0.name, $0.id] })
        return names
    }

    /// The rule that governs a new stack: the first whose conditions it meets.
    private mutating func rule(for name: String, in region: String) -> StackRule? {
        for (index, rule) in scenario.stackRules.enumerated() {
            guard rule.region == nil || rule.region == region, rule.name.map({ Glob($0).matches(name) }) ?? true else {
                continue
            }
            let count = (regions[region]?.ruleMatches[index] ?? 0) + 1
            regions[region]?.ruleMatches[index] = count
            if rule.nth == nil || rule.nth == count { return rule }
        }
        return nil
    }

    /// Begins what can begin and ends the stack's action where all is done.
    mutating func proceed(_ stack: inout StackRecord) {
        guard stack.state == .inProgress else { return }
        switch stack.action {
        case .suspend, .resume, .check: walk(&stack)
        default: converge(&stack)
        }
    }

    private mutating func converge(_ stack: inout StackRecord) {
        takeDown(&stack)
        // What is as it should be lets others begin.
        while takeUp(&stack) {}
        takeDown(&stack)
        let isDone = stack.resources.allSatisfy { $0.isLeftover ? $0.isAbsent : $0.settledIn == stack.generation }
        guard isDone else { return }
        stack.dropAbsentLeftovers()
        let action = stack.action
        conclude(&stack, .complete, "Stack \(action.rawValue) completed successfully")
        if action == .create, let delay = stack.rule?.vanishesAfter { schedule(.vanish, stack, after: delay) }
    }

    /// - Returns: whether a resource was found to be as it should be.
    private mutating func takeUp(_ stack: inout StackRecord) -> Bool {
        var hasSettled = false
        for index in stack.resources.indices {
            let resource = stack.resources[index]
            guard !resource.isLeftover, resource.settledIn != stack.generation, resource.state != .inProgress,
                resource.restsUntil.map({ $0 <= now }) ?? true
            else { continue }
            let isReady = (resource.wanted ?? resource.template).requires.allSatisfy { name in
                stack.resource(name).map { $0.settledIn == stack.generation } ?? true
            }
            guard isReady else { continue }
            if takeUp(index, &stack) { hasSettled = true }
        }
        return hasSettled
    }

    /// Makes a resource, changes it, or puts another into its place, as far as that is needed.
    ///
    /// - Returns: whether nothing was.
    private mutating func takeUp(_ index: Int, _ stack: inout StackRecord) -> Bool {
        let resource = stack.resources[index]
        let wanted = resource.wanted ?? resource.template
        if resource.isAbsent {
            stack.change(index) { $0.template = wanted }
            if stack.action == .adopt || wanted.externalId != nil {
                beginAdopt(index, &stack)
            } else {
                beginCreate(index, &stack)
            }
            return false
        }
        switch fate(of: resource, in: stack, wanted, as: stack) {
        case .replaced:
            // What has failed is replaced without ado; what is well is tried first.
            if resource.state == .complete, resource.action != .check {
                note(&stack, resource: index, "UPDATE_IN_PROGRESS", "state changed")
                note(
                    &stack, resource: index, "UPDATE_COMPLETE",
                    "The Resource \(resource.name) requires replacement.")
                stack.change(index) { $0.action = .update }
            }
            leave(index, &stack)
            stack.append(StackResource(template: wanted, at: now))
            beginCreate(stack.resources.count - 1, &stack)
            return false
        case .updated:
            let properties = evaluated(wanted, stack)
            beginUpdate(index, &stack, wanted, properties, resource.changes(to: properties))
            return false
        default:
            let metadata = writtenMetadata(of: wanted, stack)
            stack.change(index) { $0.takeOn(wanted, metadata) }
            stack.settle(index)
            return true
        }
    }

    // Steps of one resource.

    mutating func beginCreate(_ index: Int, _ stack: inout StackRecord) {
        stack.begin(.create, index)
        let properties = evaluated(stack.resources[index].template, stack)
        let name = stack.resources[index].name
        let newName = "\(stack.name)-\(name)-\(stack.random.suffix())"
        let metadata = writtenMetadata(of: stack.resources[index].template, stack)
        stack.change(index) { resource in
            resource.createAttempts += 1
            resource.writtenMetadata = metadata
            resource.metadata = metadata
            resource.properties = properties
            resource.refusal = nil
            resource.updatedAt = resource.createAttempts == 1 ? resource.createdAt : resource.updatedAt
            if resource.generatedName.isEmpty { resource.generatedName = newName }
        }
        note(&stack, resource: index, "CREATE_IN_PROGRESS", "state changed")
        make(index, &stack)
        let fate = stack.rule?.create[name]
        guard fate?.outcome != .isStuck, !stack.resources[index].kind.waitsForOthers else { return }
        let kind = stack.resources[index].kind
        let takes =
            stack.resources[index].testDuration("create")
            ?? (fate?.takes ?? scenario.lifecycles[kind.rawValue]?.create ?? .fixed(.zero)).draw(from: stack.random)
        scheduleEnd(of: index, stack, after: takes)
    }

    private mutating func beginUpdate(
        _ index: Int, _ stack: inout StackRecord, _ wanted: HeatTemplate.Resource, _ properties: [String: JSONValue],
        _ changed: Set<String>
    ) {
        stack.begin(.update, index)
        let isOther = stack.resources[index].template.externalId != wanted.externalId
        let metadata = writtenMetadata(of: wanted, stack)
        stack.change(index) { resource in
            resource.takeOn(wanted, metadata)
            resource.updatedAt = now
            resource.refusal = nil
        }
        note(&stack, resource: index, "UPDATE_IN_PROGRESS", "state changed")
        if isOther {
            let place = StackResource.place(of: wanted.name)
            let feature = "Update to property external_id of \(wanted.name) (\(wanted.type))"
            stack.change(index) { $0.refusal = "NotSupported: \(place): \(feature) is not supported." }
            scheduleEnd(of: index, stack, after: .zero)
            return
        }
        modify(index, &stack, to: properties, changed)
        guard !wanted.kind.waitsForOthers else { return }
        let kind = stack.resources[index].kind
        let takes =
            stack.resources[index].testDuration("update")
            ?? (scenario.lifecycles[kind.rawValue]?.change ?? .fixed(.zero)).draw(from: stack.random)
        scheduleEnd(of: index, stack, after: takes)
    }

    mutating func scheduleEnd(of index: Int, _ stack: StackRecord, after delay: Duration) {
        let resource = stack.resources[index]
        schedule(.resource(resource.name, turn: resource.turn), stack, after: delay)
    }

    /// A resource's time is up: it is made, changed or deleted, or that fails.
    mutating func finish(_ name: String, turn: Int, of stack: inout StackRecord) {
        guard let index = stack.index(of: name, turn: turn) else { return }
        switch (stack.resources[index].action, stack.resources[index].state) {
        case (.create, .inProgress): finishCreate(index, &stack)
        case (.update, .inProgress): finishUpdate(index, &stack)
        case (.adopt, .inProgress): finishAdopt(index, &stack)
        case (.delete, .inProgress): finishDelete(index, &stack)
        case (.suspend, .inProgress), (.resume, .inProgress), (.check, .inProgress): finishStep(index, &stack)
        // What an attempt that failed had left is deleted, and the rest after it is over.
        case (.delete, .complete): break
        default: return
        }
        proceed(&stack)
    }

    private mutating func finishCreate(_ index: Int, _ stack: inout StackRecord) {
        if let reason = stack.resources[index].refusal ?? completeMaking(index, &stack) {
            failCreate(index, &stack, reason)
            return
        }
        stack.complete(index)
        note(&stack, resource: index, "CREATE_COMPLETE", "state changed")
    }

    private mutating func failCreate(_ index: Int, _ stack: inout StackRecord, _ reason: String) {
        stack.change(index) { $0.state = .failed }
        note(&stack, resource: index, "CREATE_FAILED", reason)
        let resource = stack.resources[index]
        // Heat tries a server six times in all (golden heat_more, `no-valid-host-events`).
        if resource.kind.canBeInError, resource.physicalId != nil, resource.createAttempts < Self.createAttempts,
            stack.state == .inProgress, !resource.isLeftover
        {
            stack.begin(.delete, index)
            note(&stack, resource: index, "DELETE_IN_PROGRESS", "state changed")
            let takes = (scenario.lifecycles[resource.kind.rawValue]?.delete ?? .fixed(.zero)).draw(from: stack.random)
            if resource.kind.isStack {
                passDown(.delete, to: index, &stack)
            } else {
                scheduleEnd(of: index, stack, after: takes)
            }
        } else if !resource.isLeftover {
            fail(&stack, "Resource CREATE failed: \(reason)")
        }
    }

    private mutating func finishUpdate(_ index: Int, _ stack: inout StackRecord) {
        if let reason = stack.resources[index].refusal {
            stack.change(index) { $0.state = .failed }
            note(&stack, resource: index, "UPDATE_FAILED", reason)
            if !stack.resources[index].isLeftover { fail(&stack, "Resource UPDATE failed: \(reason)") }
            return
        }
        stack.complete(index)
        note(&stack, resource: index, "UPDATE_COMPLETE", "state changed")
    }

    static let createAttempts = 6

    /// How long Heat waits after an attempt that failed: twice as long each time, and up to two seconds more.
    func retryDelay(after attempt: Int, _ random: RandomSource) -> Duration {
        .seconds(1 << attempt) + random.duration(from: .zero, to: .seconds(2))
    }
}

extension StackResource {
    /// It is as a template says.
    mutating func takeOn(_ wanted: HeatTemplate.Resource, _ metadata: JSONValue) {
        template = wanted
        self.wanted = nil
        writtenMetadata = metadata
        if kind == .server { self.metadata = metadata }
    }

    /// How long a step of an `OS::Heat::TestResource` takes; nil for other resources.
    func testDuration(_ step: String) -> Duration? {
        guard kind == .test else { return nil }
        let seconds = properties["action_wait_secs"]?[step] ?? properties["wait_secs"]
        return .seconds(seconds?.integer ?? 0)
    }
}
