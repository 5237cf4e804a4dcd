import Runtime
import Scenarios

/// A stack of the fake: what was asked for, how far it has come, and its history.
struct StackRecord: Sendable {
    enum Action: String, Sendable {
        case create = "CREATE"
        case delete = "DELETE"
        case rollback = "ROLLBACK"
        /// Of a resource that someone marked.
        case check = "CHECK"
        /// Of a resource that was not begun.
        case initial = "INIT"
    }

    enum State: String, Sendable {
        case inProgress = "IN_PROGRESS"
        case complete = "COMPLETE"
        case failed = "FAILED"
    }

    struct Resource: Sendable {
        let template: HeatTemplate.Resource
        var action = Action.initial
        var state = State.complete
        var reason = ""
        /// The name that Heat makes up for the physical resource.
        var generatedName = ""
        /// Nil until a service, or Heat itself, has given one.
        var physicalId: String?
        var attributes: [String: JSONValue]?
        var createAttempts = 0
        var deleteAttempts = 0
        /// Grows with every step, so that timers of the one before are void.
        var turn = 0
        /// A deletion leaves it alone until then.
        var restsUntil: Timestamp?
        /// When the stack took it up. A create or a delete does not move it.
        let updatedAt: Timestamp

        init(template: HeatTemplate.Resource, updatedAt: Timestamp) {
            self.template = template
            self.updatedAt = updatedAt
        }

        var name: String { template.name }
        var kind: ResourceKind { template.kind }
        var isCreated: Bool { action == .create && state == .complete }
        /// Whether a deletion has nothing to do for it.
        var isAbsent: Bool { action == .initial || (action == .delete && state == .complete) }
        var status: String { action.rawValue + "_" + state.rawValue }
        /// What events call the physical resource.
        var eventId: String { physicalId ?? generatedName }

        mutating func begin(_ action: Action) {
            self.action = action
            state = .inProgress
            turn += 1
        }
    }

    struct Event: Sendable {
        let id: String
        let time: Timestamp
        let resource: String
        let kind: ResourceKind?
        let physicalId: String
        let status: String
        let reason: String
        let properties: JSONValue
    }

    let id: String
    /// The id of the project that it belongs to.
    let project: String
    let userProjectId: String
    let request: StackCreation
    let template: HeatTemplate
    let createdAt: Timestamp
    var updatedAt: Timestamp?
    /// When it was DELETE_COMPLETE.
    var goneAt: Timestamp?
    var action = Action.create
    var state = State.inProgress
    var reason = "Stack CREATE started"
    var resources: [Resource]
    var events: [Event] = []
    /// Grows with every action, so that timers of the one before are void.
    var generation = 0
    /// Draws for this stack alone, the same when its story is played again.
    let random: RandomSource
    let rule: StackRule?

    init(
        id: String, project: String, userProjectId: String, request: StackCreation, template: HeatTemplate,
        createdAt: Timestamp, resources: [Resource], random: RandomSource, rule: StackRule?
    ) {
        self.id = id
        self.project = project
        self.userProjectId = userProjectId
        self.request = request
        self.template = template
        self.createdAt = createdAt
        self.resources = resources
        self.random = random
        self.rule = rule
    }

    var name: String { request.name }
    var tags: [String] { request.tags }
    var timeoutMinutes: Int? { request.timeoutMinutes }
    var disablesRollback: Bool { request.disablesRollback }
    var status: String { action.rawValue + "_" + state.rawValue }
    var isGone: Bool { goneAt != nil }

    /// When Heat strikes it off: until then the name is taken, and lists show it.
    var purgedAt: Timestamp? { goneAt.map { $0 + .seconds(2) } }
    func isPurged(at now: Timestamp) -> Bool { purgedAt.map { $0 <= now } ?? false }

    func index(of resource: String) -> Int? {
        if let place = template.places[resource], resources.indices.contains(place), resources[place].name == resource {
            return place
        }
        return resources.firstIndex { $0.name == resource }
    }

    var identity: StackIdentity { StackIdentity(name: name, id: id, projectId: project) }

    /// A resource as the functions of the template see it.
    func view(of name: String) -> TemplateEvaluation.Resource? {
        index(of: name).map { index in
            let resource = resources[index]
            return TemplateEvaluation.Resource(
                physicalId: resource.physicalId ?? resource.name,
                attributes: resource.state == .inProgress ? nil : resource.attributes)
        }
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
