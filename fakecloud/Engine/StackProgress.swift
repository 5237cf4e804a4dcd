import OrderedCollections
import Runtime
import Scenarios

/// How a stack comes to be: its resources, one after the other as they depend on each other.
extension CloudEngine {
    /// - Parameter seed: of everything that is drawn for this stack.
    /// - Returns: the id of the new stack.
    /// - Throws: ``HeatFault``.
    mutating func createStack(_ body: JSONValue, in place: StackPlace, seed: UInt64) throws -> String {
        let request = try StackCreation(body)
        guard let state = regions[place.region] else { throw HeatFault.noStack(request.name) }
        // A name that is taken is told of before the template is looked at (Heat, `_validate_new_stack`).
        if holder(of: request.name, in: place) != nil {
            throw HeatFault(
                status: 409, type: "StackExists", message: "The Stack (\(request.name)) already exists.")
        }
        guard state.stacks.values.filter({ !$0.isGone }).count < scenario.quota.stacks else {
            throw HeatFault(
                status: 400, type: "RequestLimitExceeded",
                message:
                    "Request limit exceeded: You have reached the maximum stacks per tenant, \(scenario.quota.stacks). Please delete some stacks."
            )
        }
        let template = try HeatTemplate(
            request.template, environment: request.environment,
            stack: StackIdentity(name: request.name, id: "None", projectId: place.project), names: names(for: place))
        let random = RandomSource(seed: seed)
        var stack = StackRecord(
            id: random.uuid(), project: place.project, userProjectId: random.hexId(), request: request,
            template: template, createdAt: now,
            resources: template.resources.map { StackRecord.Resource(template: $0, updatedAt: now) },
            random: random, rule: rule(for: request.name, in: place.region))
        note(&stack, resource: nil, stack.status, stack.reason)
        scheduleTimeout(of: stack, in: place.region)
        regions[place.region]?.stacks[stack.id] = stack
        proceed(stack.id, in: place.region)
        return stack.id
    }

    /// What the custom constraints of a project's templates find.
    func names(for place: StackPlace) -> CatalogNames {
        var names = catalog.names
        let user = identity.member(of: place.project)
        if let services = regions[place.region]?.services {
            let requester = Requester(userId: user?.id ?? "", projectId: place.project)
            names.region = (services, requester)
            names.finds = { services.has($0, $1, for: requester) }
            names.keyPairs = Set(user.flatMap { services.compute.keyPairs[$0.id] }.map { Array($0.keys) } ?? [])
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
    mutating func proceed(_ id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id], stack.state == .inProgress else { return }
        if stack.action == .create { build(&stack, in: region) } else { takeDown(&stack, in: region) }
        regions[region]?.stacks[id] = stack
    }

    private mutating func build(_ stack: inout StackRecord, in region: String) {
        for index in stack.resources.indices where stack.resources[index].action == .initial {
            let isReady = stack.resources[index].template.requires.allSatisfy { name in
                stack.index(of: name).map { stack.resources[$0].isCreated } ?? true
            }
            if isReady { beginCreate(index, &stack, in: region) }
        }
        if stack.resources.allSatisfy(\.isCreated) {
            conclude(&stack, .complete, "Stack CREATE completed successfully")
            if let delay = stack.rule?.vanishesAfter { schedule(.vanish, stack, in: region, after: delay) }
        }
    }

    private mutating func beginCreate(_ index: Int, _ stack: inout StackRecord, in region: String) {
        let name = stack.resources[index].name
        stack.resources[index].begin(.create)
        stack.resources[index].createAttempts += 1
        if stack.resources[index].generatedName.isEmpty {
            stack.resources[index].generatedName = "\(stack.name)-\(name)-\(stack.random.suffix())"
        }
        note(&stack, resource: index, "CREATE_IN_PROGRESS", "state changed")
        if createFailure(of: stack.resources[index], in: stack) == nil || stack.resources[index].kind.canBeInError {
            stack.resources[index].physicalId = physicalId(of: index, stack)
        }
        let fate = stack.rule?.create[name]
        guard fate?.outcome != .isStuck else { return }
        let kind = stack.resources[index].kind
        let takes =
            stack.resources[index].template.testDuration("create")
            ?? (fate?.takes ?? scenario.lifecycles[kind.rawValue]?.create ?? .fixed(.zero)).draw(from: stack.random)
        scheduleEnd(of: index, stack, in: region, after: takes)
    }

    /// The id that the service gives, or that Heat makes up.
    private func physicalId(of index: Int, _ stack: StackRecord) -> String {
        let resource = stack.resources[index]
        switch resource.kind {
        case .test, .randomString, .value, .none, .waitCondition, .resourceGroup:
            return resource.generatedName
        case .keyPair: return evaluated(index, stack)["name"]?.string ?? resource.generatedName
        case .routerInterface:
            let properties = evaluated(index, stack)
            return "\(properties["router"]?.string ?? ""):subnet_id=\(properties["subnet"]?.string ?? "")"
        default: return stack.random.uuid()
        }
    }

    mutating func scheduleEnd(of index: Int, _ stack: StackRecord, in region: String, after delay: Duration) {
        let resource = stack.resources[index]
        schedule(.resource(resource.name, turn: resource.turn), stack, in: region, after: delay)
    }

    /// A resource's time is up: it is made or deleted, or that fails.
    mutating func finish(_ name: String, turn: Int, of id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id], let index = stack.index(of: name),
            stack.resources[index].turn == turn
        else { return }
        switch (stack.resources[index].action, stack.resources[index].state) {
        case (.create, .inProgress): finishCreate(index, &stack, in: region)
        case (.delete, .inProgress): finishDelete(index, &stack, in: region)
        // The second half of an attempt that failed: what it left has been deleted, the next one may begin.
        case (.delete, .complete) where stack.action == .create && stack.state == .inProgress:
            beginCreate(index, &stack, in: region)
        default: return
        }
        regions[region]?.stacks[id] = stack
        proceed(id, in: region)
    }

    private mutating func finishCreate(_ index: Int, _ stack: inout StackRecord, in region: String) {
        if let reason = createFailure(of: stack.resources[index], in: stack) {
            failCreate(index, &stack, reason, in: region)
            return
        }
        do {
            stack.resources[index].attributes = try attributes(of: index, stack, in: region)
            stack.resources[index].state = .complete
            note(&stack, resource: index, "CREATE_COMPLETE", "state changed")
        } catch {
            stack.resources[index].physicalId = nil
            failCreate(index, &stack, error.reason, in: region)
        }
    }

    private mutating func failCreate(_ index: Int, _ stack: inout StackRecord, _ reason: String, in region: String) {
        stack.resources[index].state = .failed
        stack.resources[index].attributes = failedAttributes(of: index, stack)
        note(&stack, resource: index, "CREATE_FAILED", reason)
        // Heat tries a server six times in all (golden heat_more, `no-valid-host-events`).
        if stack.resources[index].kind.canBeInError, stack.resources[index].createAttempts < Self.createAttempts,
            stack.state == .inProgress
        {
            stack.resources[index].begin(.delete)
            note(&stack, resource: index, "DELETE_IN_PROGRESS", "state changed")
            let kind = stack.resources[index].kind
            let takes = (scenario.lifecycles[kind.rawValue]?.delete ?? .fixed(.zero)).draw(from: stack.random)
            scheduleEnd(of: index, stack, in: region, after: takes)
        } else {
            fail(&stack, "Resource CREATE failed: \(reason)", in: region)
        }
    }

    static let createAttempts = 6

    /// How long Heat waits after an attempt that failed: twice as long each time, and up to two seconds more.
    func retryDelay(after attempt: Int, _ random: RandomSource) -> Duration {
        .seconds(1 << attempt) + random.duration(from: .zero, to: .seconds(2))
    }

    private func createFailure(of resource: StackRecord.Resource, in stack: StackRecord) -> String? {
        let place = "resources.\(resource.name)"
        if resource.kind == .test, resource.template.properties["fail"] == true {
            return "ValueError: \(place): Test Resource failed \(resource.name)"
        }
        guard case .fails(let reason, let times) = stack.rule?.create[resource.name]?.outcome,
            times.map({ resource.createAttempts <= $0 }) ?? true
        else { return nil }
        return resource.kind.canBeInError
            ? "ResourceInError: \(place): Went to status ERROR due to \"Message: \(reason), Code: 500\""
            : "Error: \(place): \(reason)"
    }
}

extension HeatTemplate.Resource {
    /// How long a step of an `OS::Heat::TestResource` takes; nil for other resources.
    func testDuration(_ step: String) -> Duration? {
        guard kind == .test else { return nil }
        let seconds = properties["action_wait_secs"]?[step] ?? properties["wait_secs"]
        return .seconds(seconds?.integer ?? 0)
    }
}
