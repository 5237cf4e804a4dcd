import Runtime
import Scenarios

/// A stack of the fake: what was asked for, how far it has come, and its history.
struct StackRecord: Sendable {
    enum Action: String, Sendable {
        case create = "CREATE"
        case update = "UPDATE"
        case delete = "DELETE"
        case rollback = "ROLLBACK"
        case suspend = "SUSPEND"
        case resume = "RESUME"
        case check = "CHECK"
        /// Of a stack that takes over what is there already.
        case adopt = "ADOPT"
        /// Of a resource that was not begun.
        case initial = "INIT"

        /// Whether the stack is led to what its template says, so that a failure may be rolled back.
        var isRolledBack: Bool { self == .create || self == .update || self == .adopt }
    }

    enum State: String, Sendable {
        case inProgress = "IN_PROGRESS"
        case complete = "COMPLETE"
        case failed = "FAILED"
    }

    /// What a stack is to be: what its owner asked for in a create or an update.
    struct Goal: Sendable {
        let template: HeatTemplate
        let environment: StackEnvironment

        init(template: HeatTemplate, environment: StackEnvironment) {
            self.template = template
            var environment = environment
            for provider in template.resources.compactMap(\.provider) { environment.register(provider) }
            self.environment = environment
        }
    }

    struct Event: Sendable {
        let id: String
        let time: Timestamp
        /// Among those of all stacks.
        let order: Int
        let resource: String
        let kind: ResourceKind?
        let type: String?
        let physicalId: String
        let status: String
        let reason: String
        let properties: JSONValue
    }

    let id: String
    let name: String
    let place: StackPlace
    /// The id of the user for whom it makes things.
    let userId: String
    let userProjectId: String
    /// The resource that it is; nil for one that somebody asked for.
    var maker: Maker?
    /// What its template can learn of that resource.
    var facade: ResourceFacade?
    /// What it takes over, by the names of its resources.
    var adopted: [String: JSONValue]?
    /// Whether it goes and leaves what it has made.
    var isAbandoned = false
    var goal: Goal
    /// What it was to be before its last update.
    var formerGoal: Goal?
    var tags: [String]
    var timeoutMinutes: Int?
    var disablesRollback: Bool
    let createdAt: Timestamp
    var updatedAt: Timestamp?
    /// When it was DELETE_COMPLETE.
    var goneAt: Timestamp?
    var action = Action.create
    var state = State.inProgress
    var reason = "Stack CREATE started"
    /// Those of the goal, and those that are still to be deleted.
    private(set) var resources: [StackResource] = []
    var events: [Event] = []
    /// Grows with every action, so that timers of the one before are void.
    var generation = 0
    /// How many of its resources the size of its tree counts.
    var countedResources = 0
    /// Draws for this stack alone, the same when its story is played again.
    let random: RandomSource
    let rule: StackRule?
    /// Where the resources are, those that are to be deleted left out.
    private var places: [String: Int] = [:]
    private var turnsMade = 0

    /// What is in a stack's place while it changes.
    static let nowhere = StackRecord(
        id: "", name: "", place: StackPlace(region: "", project: ""), userId: "", userProjectId: "",
        goal: Goal(template: .empty, environment: .empty), createdAt: Timestamp(milliseconds: 0),
        random: RandomSource(seed: 0), rule: nil)

    init(
        id: String, name: String, place: StackPlace, userId: String, userProjectId: String, goal: Goal,
        tags: [String] = [], timeoutMinutes: Int? = nil, disablesRollback: Bool = true, createdAt: Timestamp,
        random: RandomSource, rule: StackRule?
    ) {
        self.id = id
        self.name = name
        self.place = place
        self.userId = userId
        self.userProjectId = userProjectId
        self.goal = goal
        self.tags = tags
        self.timeoutMinutes = timeoutMinutes
        self.disablesRollback = disablesRollback
        self.createdAt = createdAt
        self.random = random
        self.rule = rule
        for resource in goal.template.resources {
            append(StackResource(template: resource, at: createdAt))
        }
    }

    /// The id of the project that it belongs to.
    var project: String { place.project }
    var template: HeatTemplate { goal.template }
    /// For whom, and as whom, it makes things.
    var requester: Requester { Requester(userId: userId, projectId: project) }
    var status: String { action.rawValue + "_" + state.rawValue }
    var isGone: Bool { goneAt != nil }

    /// When Heat strikes it off: until then the name is taken, and lists show it. What lies in another is struck off at
    /// once.
    var purgedAt: Timestamp? { goneAt.map { isPart ? $0 : $0 + .seconds(2) } }
    func isPurged(at now: Timestamp) -> Bool { purgedAt.map { $0 <= now } ?? false }

    var identity: StackIdentity { StackIdentity(name: name, id: id, projectId: project, facade: facade) }

    // Its resources.

    func index(of resource: String) -> Int? { places[resource] }

    func resource(_ name: String) -> StackResource? { places[name].map { resources[$0] } }

    /// The resource that is at a turn, be it one that is to be deleted.
    func index(of name: String, turn: Int) -> Int? {
        resources.firstIndex { $0.turn == turn && $0.name == name }
    }

    mutating func append(_ resource: StackResource) {
        resources.append(resource)
        if !resource.isLeftover { places[resource.name] = resources.count - 1 }
    }

    mutating func change<Result>(_ index: Int, _ body: (inout StackResource) -> Result) -> Result {
        body(&resources[index])
    }

    /// The resource is not wanted any more: another takes its place, or none does.
    mutating func leaveBehind(_ index: Int) {
        resources[index].isLeftover = true
        if places[resources[index].name] == index { places[resources[index].name] = nil }
    }

    /// What was left behind takes its place again, which is free.
    mutating func bringBack(_ index: Int) {
        resources[index].isLeftover = false
        places[resources[index].name] = index
    }

    /// Forgets what was left behind and is gone.
    mutating func dropAbsentLeftovers() {
        resources.removeAll { $0.isLeftover && $0.isAbsent }
        places = Dictionary(
            resources.enumerated().filter { !$0.element.isLeftover }.map { ($0.element.name, $0.offset) },
            uniquingKeysWith: { $1 })
    }

    /// A resource sets out on something; timers of what it did before are void.
    mutating func begin(_ action: Action, _ index: Int) {
        resources[index].action = action
        resources[index].state = .inProgress
        resources[index].begunIn = generation
        voidTimers(of: index)
    }

    /// A resource is as the stack's present action wants it.
    mutating func settle(_ index: Int) {
        resources[index].settledIn = generation
    }

    /// A resource has done what it set out on. Whether that is what the stack still wants is looked at again where the
    /// stack has begun something else meanwhile.
    mutating func complete(_ index: Int) {
        resources[index].state = .complete
        if resources[index].begunIn == generation { settle(index) }
    }

    mutating func voidTimers(of index: Int) {
        turnsMade += 1
        resources[index].turn = turnsMade
    }
}

extension RandomSource {
    /// A version 4 UUID.
    func uuid() -> String {
        var bytes = self.bytes(16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { hex[$0].joined() }.joined(separator: "-")
    }

    /// The id of a thing of Keystone: a UUID without hyphens.
    func hexId() -> String { uuid().replacing("-", with: "") }

    /// The random end of the names that Heat gives to physical resources.
    func suffix() -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        return String((0..<12).map { _ in alphabet[index(below: alphabet.count)] })
    }
}
