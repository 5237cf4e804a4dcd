import Runtime
import Scenarios

/// A stack of the fake: what was asked for, how far it has come, and its history.
struct StackRecord: Sendable {
    enum Action: String, Sendable {
        case create = "CREATE"
        case delete = "DELETE"
        case rollback = "ROLLBACK"
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
        var physicalId = ""
        var attributes: [String: JSONValue]?
        var createAttempts = 0
        var deleteAttempts = 0
        var updatedAt: Timestamp

        var name: String { template.name }
        var isCreated: Bool { action == .create && state == .complete }
        /// Whether a deletion has nothing to do for it.
        var isAbsent: Bool { action == .initial || (action == .delete && state == .complete) }
        var status: String { action.rawValue + "_" + state.rawValue }
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
    let name: String
    let userProjectId: String
    let template: HeatTemplate
    let tags: [String]
    let timeoutMinutes: Int?
    let disablesRollback: Bool
    let createdAt: Timestamp
    var updatedAt: Timestamp?
    var deletedAt: Timestamp?
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

    var status: String { action.rawValue + "_" + state.rawValue }
    var isDeleted: Bool { deletedAt != nil }

    func index(of resource: String) -> Int? {
        resources.firstIndex { $0.name == resource }
    }

    func identity(projectId: String) -> StackIdentity {
        StackIdentity(name: name, id: id, projectId: projectId)
    }

    /// The resources as the functions of the template see them.
    var view: [String: TemplateEvaluation.Resource] {
        Dictionary(
            uniqueKeysWithValues: resources.map {
                (
                    $0.name,
                    TemplateEvaluation.Resource(
                        physicalId: $0.physicalId.isEmpty ? $0.name : $0.physicalId,
                        attributes: $0.isCreated ? $0.attributes : nil)
                )
            })
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
