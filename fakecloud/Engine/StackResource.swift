import Runtime

/// A resource of a stack: what its template says of it, and how far it has come.
struct StackResource: Sendable {
    /// As it is.
    var template: HeatTemplate.Resource
    /// As it is to be, until an update has come to it.
    var wanted: HeatTemplate.Resource?
    var action = StackRecord.Action.initial
    var state = StackRecord.State.complete
    var reason = ""
    /// The name that Heat makes up for the physical resource.
    var generatedName = ""
    /// Nil until a service, or Heat itself, has given one.
    var physicalId: String?
    /// As they were when it was last taken up, with all functions carried out.
    var properties: [String: JSONValue] = [:]
    /// What its template says beside it, with all functions carried out, when it was last taken up.
    var writtenMetadata: JSONValue = [:]
    /// What is kept of that and shown: an update changes only a server's (golden updates_more, `metadata-updated`).
    /// Nil before it is made.
    var metadata: JSONValue?
    /// What Heat itself keeps of it: the random string, and the like.
    var data: [String: JSONValue] = [:]
    /// What was signalled to it, if it is a wait condition's handle.
    var handle = WaitHandle()
    /// Why its service refused it: it fails when its time is up.
    var refusal: String?
    var createAttempts = 0
    var deleteAttempts = 0
    /// Grows with every step, so that timers of the one before are void.
    var turn = 0
    /// A deletion leaves it alone until then.
    var restsUntil: Timestamp?
    /// Whether it is to be deleted, since the stack does not want it any more.
    var isLeftover = false
    /// The generation of the stack for which it is as it should be.
    var settledIn: Int?
    /// The generation of the stack for which it set out on what it last did.
    var begunIn: Int?
    let createdAt: Timestamp
    /// When the stack last changed it. A create or a delete does not move it.
    var updatedAt: Timestamp

    init(template: HeatTemplate.Resource, at now: Timestamp) {
        self.template = template
        createdAt = now
        updatedAt = now
    }

    var name: String { template.name }
    var kind: ResourceKind { template.kind }
    var status: String { action.rawValue + "_" + state.rawValue }
    /// Whether a deletion has nothing to do for it.
    var isAbsent: Bool { action == .initial || (action == .delete && state == .complete) }
    /// What events call the physical resource.
    var eventId: String { physicalId ?? generatedName }
}
