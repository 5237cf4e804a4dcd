import HeapModule
import OrderedCollections
import Runtime
import Scenarios

/// The state of the fake cloud, advanced by the clock: requests in, answers out, timers between. What happens, and
/// how long it takes, comes from the scenario and the seeds of the stacks, and from nothing else.
struct CloudEngine: Sendable {
    struct RegionState: Sendable {
        /// In the order of their making.
        var stacks: OrderedDictionary<String, StackRecord> = [:]
        var addresses: [AddressPool.Kind: AddressPool]
        /// How many stacks each rule has met, for its `nth`.
        var ruleMatches: [Int: Int] = [:]
    }

    private struct Timer: Comparable, Sendable {
        enum Kind: Sendable {
            case resource(String)
            case timeout
            case vanish
        }

        let at: Timestamp
        let order: Int
        let region: String
        let stackId: String
        let generation: Int
        let kind: Kind

        static func < (left: Timer, right: Timer) -> Bool { (left.at, left.order) < (right.at, right.order) }
        static func == (left: Timer, right: Timer) -> Bool { left.order == right.order }
    }

    let scenario: CloudScenario
    let catalog: FakeCatalog
    private(set) var now: Timestamp
    /// Whether this is a copy in which a request is only tried.
    var isRehearsal = false
    var regions: [String: RegionState]
    var identity: Identity
    var tokens = TokenStore()
    var tokenCache = TokenCache()
    private var timers = Heap<Timer>()
    private var timersMade = 0

    init(_ scenario: CloudScenario, at now: Timestamp) {
        self.scenario = scenario
        self.now = now
        catalog = FakeCatalog(scenario)
        identity = Identity(scenario.identity, catalog)
        regions = Dictionary(
            uniqueKeysWithValues: scenario.regions.enumerated().map { index, region in
                (region.id, RegionState(addresses: AddressPool.pools(ofRegion: index)))
            })
    }

    /// When the next thing happens by itself.
    var nextTimer: Timestamp? { timers.min?.at }

    /// Lets time pass: everything that is due until then happens, in its order.
    mutating func advance(to instant: Timestamp) {
        while let timer = timers.min, timer.at <= instant {
            timers.removeMin()
            now = max(now, timer.at)
            fire(timer)
        }
        now = max(now, instant)
    }

    private mutating func fire(_ timer: Timer) {
        guard let stack = regions[timer.region]?.stacks[timer.stackId] else { return }
        switch timer.kind {
        case .vanish:
            if !stack.isDeleted { vanish(timer.stackId, in: timer.region) }
        case .timeout where stack.generation == timer.generation && stack.state == .inProgress:
            timeOut(timer.stackId, in: timer.region)
        case .resource(let name) where stack.generation == timer.generation:
            finish(name, of: timer.stackId, in: timer.region)
        default: break
        }
    }

    private mutating func schedule(_ kind: Timer.Kind, _ stack: StackRecord, in region: String, after delay: Duration) {
        timersMade += 1
        timers.insert(
            Timer(
                at: now + delay, order: timersMade, region: region, stackId: stack.id, generation: stack.generation,
                kind: kind))
    }

    /// All stacks of a region, deleted ones included, in the order of their making.
    func stacks(in region: String) -> [StackRecord] {
        regions[region].map { Array($0.stacks.values) } ?? []
    }

    func stack(_ id: String, in region: String) -> StackRecord? {
        regions[region]?.stacks[id]
    }

    // Making a stack.

    /// - Parameter seed: of everything that is drawn for this stack.
    /// - Returns: the id of the new stack.
    /// - Throws: ``HeatFault``.
    mutating func createStack(_ body: JSONValue, in region: String, seed: UInt64) throws -> String {
        let request = try StackCreation(body)
        let template = try HeatTemplate(
            body["template"], given: request.parameters, names: catalog.names)
        guard let state = regions[region] else { throw HeatFault.noStack(request.name) }
        if holder(of: request.name, in: region) != nil {
            throw HeatFault(
                status: 409, type: "StackExists", message: "The Stack (\(request.name)) already exists.")
        }
        guard state.stacks.values.filter({ !$0.isDeleted }).count < scenario.quota.stacks else {
            throw HeatFault(
                status: 400, type: "RequestLimitExceeded",
                message:
                    "Request limit exceeded: You have reached the maximum stacks per tenant, \(scenario.quota.stacks). Please delete some stacks."
            )
        }
        let random = RandomSource(seed: seed)
        var stack = StackRecord(
            id: random.uuid(), name: request.name, userProjectId: random.hexId(), template: template,
            tags: request.tags, timeoutMinutes: request.timeoutMinutes, disablesRollback: request.disablesRollback,
            createdAt: now, resources: template.resources.map { StackRecord.Resource(template: $0, updatedAt: now) },
            random: random, rule: rule(for: request.name, in: region))
        note(&stack, resource: nil, "CREATE_IN_PROGRESS", stack.reason)
        schedule(.timeout, stack, in: region, after: .seconds(60 * (request.timeoutMinutes ?? 60)))
        regions[region]?.stacks[stack.id] = stack
        proceed(stack.id, in: region)
        return stack.id
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

    /// The stack that a name belongs to; that of a deleted one for two seconds more (golden heat,
    /// `show-by-name-within-soft-delete-window-302`).
    func holder(of name: String, in region: String) -> StackRecord? {
        stacks(in: region).last { stack in
            stack.name == name && (stack.deletedAt.map { now - $0 < .seconds(2) } ?? true)
        }
    }

    // Progress.

    /// Begins what can begin and ends the stack's action where all is done.
    private mutating func proceed(_ id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id], stack.state == .inProgress else { return }
        if stack.action == .create {
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
        } else {
            for index in stack.resources.indices where !stack.resources[index].isAbsent {
                let resource = stack.resources[index]
                let isUnderWay = resource.action == .delete && resource.state == .inProgress
                let isNeeded = stack.resources.contains { !$0.isAbsent && $0.template.requires.contains(resource.name) }
                if !isUnderWay && !isNeeded { beginDelete(index, &stack, in: region) }
            }
            if stack.resources.allSatisfy(\.isAbsent) {
                conclude(&stack, .complete, "Stack \(stack.action.rawValue) completed successfully")
                if stack.action == .delete { stack.deletedAt = now }
            }
        }
        regions[region]?.stacks[id] = stack
    }

    private mutating func beginCreate(_ index: Int, _ stack: inout StackRecord, in region: String) {
        let name = stack.resources[index].name
        stack.resources[index].action = .create
        stack.resources[index].state = .inProgress
        stack.resources[index].createAttempts += 1
        if stack.resources[index].physicalId.isEmpty {
            stack.resources[index].physicalId = "\(stack.name)-\(name)-\(stack.random.suffix())"
        }
        note(&stack, resource: index, "CREATE_IN_PROGRESS", "state changed")
        let fate = stack.rule?.create[name]
        guard fate?.outcome != .isStuck else { return }
        let kind = stack.resources[index].template.kind
        let takes =
            kind == .test
            ? .seconds(stack.resources[index].template.properties["wait_secs"]?.integer ?? 0)
            : (fate?.takes ?? scenario.lifecycles[kind.rawValue]?.create ?? .fixed(.zero)).draw(from: stack.random)
        schedule(.resource(name), stack, in: region, after: takes)
    }

    private mutating func beginDelete(_ index: Int, _ stack: inout StackRecord, in region: String) {
        let name = stack.resources[index].name
        stack.resources[index].action = .delete
        stack.resources[index].state = .inProgress
        stack.resources[index].deleteAttempts += 1
        note(&stack, resource: index, "DELETE_IN_PROGRESS", "state changed")
        let fate = stack.rule?.delete[name]
        guard fate?.outcome != .isStuck else { return }
        let kind = stack.resources[index].template.kind
        let takes = (fate?.takes ?? scenario.lifecycles[kind.rawValue]?.delete ?? .fixed(.zero)).draw(
            from: stack.random)
        schedule(.resource(name), stack, in: region, after: takes)
    }

    /// A resource's time is up: it is made or deleted, or that fails.
    private mutating func finish(_ name: String, of id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id], let index = stack.index(of: name),
            stack.resources[index].state == .inProgress
        else { return }
        if stack.resources[index].action == .create {
            finishCreate(index, &stack, in: region)
        } else {
            finishDelete(index, &stack, in: region)
        }
        regions[region]?.stacks[id] = stack
        proceed(id, in: region)
    }

    private mutating func finishCreate(_ index: Int, _ stack: inout StackRecord, in region: String) {
        let resource = stack.resources[index]
        if resource.template.kind.isMadeByService { stack.resources[index].physicalId = stack.random.uuid() }
        if let reason = createFailure(of: resource, in: stack) {
            stack.resources[index].state = .failed
            stack.resources[index].reason = reason
            note(&stack, resource: index, "CREATE_FAILED", reason)
            // Heat tries a server six times in all (golden heat_more, `no-valid-host-events`).
            if resource.template.kind == .server, resource.createAttempts < 6 {
                note(&stack, resource: index, "DELETE_IN_PROGRESS", "state changed")
                note(&stack, resource: index, "DELETE_COMPLETE", "state changed")
                beginCreate(index, &stack, in: region)
            } else {
                fail(&stack, "Resource CREATE failed: \(reason)", in: region)
            }
            return
        }
        do {
            stack.resources[index].attributes = try attributes(of: index, stack, in: region)
            stack.resources[index].state = .complete
            note(&stack, resource: index, "CREATE_COMPLETE", "state changed")
        } catch {
            stack.resources[index].state = .failed
            note(&stack, resource: index, "CREATE_FAILED", error.reason)
            fail(&stack, "Resource CREATE failed: \(error.reason)", in: region)
        }
    }

    private func createFailure(of resource: StackRecord.Resource, in stack: StackRecord) -> String? {
        let place = "resources.\(resource.name)"
        if resource.template.properties["fail"] == true, resource.template.kind == .test {
            return "ValueError: \(place): Test Resource failed \(resource.name)"
        }
        guard case .fails(let reason, let times) = stack.rule?.create[resource.name]?.outcome,
            times.map({ resource.createAttempts <= $0 }) ?? true
        else { return nil }
        return resource.template.kind == .server
            ? "ResourceInError: \(place): Went to status ERROR due to \"Message: \(reason), Code: 500\""
            : "Error: \(place): \(reason)"
    }

    private mutating func finishDelete(_ index: Int, _ stack: inout StackRecord, in region: String) {
        let resource = stack.resources[index]
        if case .fails(let text, let times) = stack.rule?.delete[resource.name]?.outcome,
            times.map({ resource.deleteAttempts <= $0 }) ?? true
        {
            let reason = "Conflict: resources.\(resource.name): \(text)"
            stack.resources[index].state = .failed
            note(&stack, resource: index, "DELETE_FAILED", reason)
            stack.generation += 1
            conclude(&stack, .failed, "Resource DELETE failed: \(reason)")
            return
        }
        giveAddressesBack(resource, in: region)
        stack.resources[index].state = .complete
        note(&stack, resource: index, "DELETE_COMPLETE", "state changed")
    }

    // Ends.

    private mutating func conclude(_ stack: inout StackRecord, _ state: StackRecord.State, _ reason: String) {
        stack.state = state
        stack.reason = reason
        note(&stack, resource: nil, stack.status, reason)
    }

    private mutating func fail(_ stack: inout StackRecord, _ reason: String, in region: String) {
        abortResources(of: &stack, "user triggered cancel")
        conclude(&stack, .failed, reason)
        rollBack(&stack, in: region)
    }

    private mutating func rollBack(_ stack: inout StackRecord, in region: String) {
        guard !stack.disablesRollback else { return }
        begin(.rollback, &stack)
    }

    private mutating func timeOut(_ id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id] else { return }
        for index in stack.resources.indices where stack.resources[index].state == .inProgress {
            let resource = stack.resources[index]
            let verb = resource.action.rawValue
            let task = "Task \(verb.lowercased()) from \(resource.template.kind.className) \"\(resource.name)\""
            stack.resources[index].state = .failed
            note(
                &stack, resource: index, "\(verb)_FAILED",
                "\(verb) aborted (\(task) Stack \"\(stack.name)\" [\(stack.id)] Timed out)")
        }
        stack.generation += 1
        let wasCreate = stack.action == .create
        conclude(&stack, .failed, "Timed out")
        if wasCreate { rollBack(&stack, in: region) }
        regions[region]?.stacks[id] = stack
        proceed(id, in: region)
    }

    private mutating func abortResources(of stack: inout StackRecord, _ cause: String) {
        stack.generation += 1
        for index in stack.resources.indices where stack.resources[index].state == .inProgress {
            let verb = stack.resources[index].action.rawValue
            stack.resources[index].state = .failed
            note(&stack, resource: index, "\(verb)_FAILED", "\(verb) aborted (\(cause))")
        }
    }

    private mutating func begin(_ action: StackRecord.Action, _ stack: inout StackRecord) {
        stack.generation += 1
        stack.action = action
        stack.state = .inProgress
        stack.reason = "Stack \(action.rawValue) started"
        stack.updatedAt = now
        note(&stack, resource: nil, stack.status, stack.reason)
    }

    // Deleting a stack.

    /// Starts a deletion. A second one restarts it, one during the create cancels that first (golden/README.md).
    ///
    /// - Throws: ``HeatFault``.
    mutating func deleteStack(_ name: String, _ id: String, in region: String) throws {
        guard var stack = regions[region]?.stacks[id], stack.name == name, !stack.isDeleted else {
            throw HeatFault.noStack(name)
        }
        if stack.state == .inProgress {
            note(&stack, resource: nil, "\(stack.action.rawValue)_FAILED", "Stack \(stack.action.rawValue) cancelled")
            abortResources(of: &stack, "user triggered cancel")
        }
        begin(.delete, &stack)
        schedule(.timeout, stack, in: region, after: .seconds(60 * (stack.timeoutMinutes ?? 60)))
        regions[region]?.stacks[id] = stack
        proceed(id, in: region)
    }

    /// An operator removes the stack behind the portal's back.
    mutating func vanish(_ id: String, in region: String) {
        guard var stack = regions[region]?.stacks[id], !stack.isDeleted else { return }
        stack.generation += 1
        for resource in stack.resources where !resource.isAbsent { giveAddressesBack(resource, in: region) }
        for index in stack.resources.indices where !stack.resources[index].isAbsent {
            stack.resources[index].action = .delete
            stack.resources[index].state = .complete
            note(&stack, resource: index, "DELETE_COMPLETE", "state changed")
        }
        stack.action = .delete
        conclude(&stack, .complete, "Stack DELETE completed successfully")
        stack.deletedAt = now
        regions[region]?.stacks[id] = stack
    }

    // History.

    private func note(_ stack: inout StackRecord, resource index: Int?, _ status: String, _ reason: String) {
        if let index {
            stack.resources[index].reason = reason
            stack.resources[index].updatedAt = now
        }
        let resource = index.map { stack.resources[$0] }
        stack.events.append(
            StackRecord.Event(
                id: stack.random.uuid(), time: now, resource: resource?.name ?? stack.name,
                kind: resource?.template.kind, physicalId: resource?.physicalId ?? stack.id, status: status,
                reason: reason, properties: resource.map { $0.template.properties } ?? .object([:])))
    }

    // Attributes.

    private struct NoAddress: Error {
        let reason: String
    }

    private mutating func attributes(
        of index: Int, _ stack: StackRecord, in region: String
    ) throws(NoAddress) -> [String: JSONValue] {
        let resource = stack.resources[index]
        let properties = stack.template.evaluate(
            resource.template.properties, stack: stack.identity(projectId: catalog.projectId), resources: stack.view)
        switch resource.template.kind {
        case .port:
            let address = try address(.fixed, for: resource, "IpAddressGenerationFailureClient", in: region)
            let subnet = catalog.id(of: "subnet", "private")
            return [
                "fixed_ips": [["ip_address": .string(address), "subnet_id": .string(subnet)]],
                "mac_address": .string(AddressPool.mac(of: address)), "status": "DOWN",
                "network_id": .string(catalog.id(of: "network", "private")), "name": properties["name"] ?? "",
            ]
        case .floatingIP:
            let address = try address(.floating, for: resource, "IpAddressGenerationFailureClient", in: region)
            return [
                "floating_ip_address": .string(address), "port_id": properties["port_id"] ?? .null,
                "floating_network_id": .string(catalog.id(of: "network", "public")),
            ]
        case .server:
            return ["name": properties["name"] ?? "", "networks": .object([:]), "addresses": .object([:])]
        case .keyPair: return ["public_key": properties["public_key"] ?? ""]
        case .volume: return ["size": properties["size"] ?? .null, "status": "available"]
        case .test: return ["output": properties["value"] ?? .null]
        case .value: return ["value": properties["value"] ?? .null]
        case .randomString:
            let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
            let length = properties["length"]?.integer ?? 32
            return [
                "value": .string(String((0..<length).map { _ in alphabet[stack.random.index(below: alphabet.count)] }))
            ]
        case .securityGroup: return [:]
        }
    }

    private mutating func address(
        _ kind: AddressPool.Kind, for resource: StackRecord.Resource, _ fault: String, in region: String
    ) throws(NoAddress) -> String {
        guard let address = regions[region]?.addresses[kind]?.take() else {
            let network = catalog.id(of: "network", kind == .fixed ? "private" : "public")
            throw NoAddress(
                reason: "\(fault): resources.\(resource.name): No more IP addresses available on network \(network).")
        }
        return address
    }

    private mutating func giveAddressesBack(_ resource: StackRecord.Resource, in region: String) {
        if let fixed = resource.attributes?["fixed_ips"]?[0]?["ip_address"]?.string {
            regions[region]?.addresses[.fixed]?.giveBack(fixed)
        }
        if let floating = resource.attributes?["floating_ip_address"]?.string {
            regions[region]?.addresses[.floating]?.giveBack(floating)
        }
    }
}
