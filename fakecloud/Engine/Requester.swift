import Runtime

/// Who asks a service for something: the user and project of a token, or of a stack.
struct Requester: Hashable, Sendable {
    let userId: String
    let projectId: String
    var roles: [String] = []
    var isAdmin = false
}

/// What a change needs besides its request: who asks, the time, and the source of everything that is drawn for it.
struct Change: Sendable {
    let requester: Requester
    let now: Timestamp
    let random: RandomSource
    /// `req-…`, of the call that asked for it.
    let requestId: String

    /// - Parameter requestId: drawn where there was no call.
    init(requester: Requester, now: Timestamp, random: RandomSource, requestId: String? = nil) {
        self.requester = requester
        self.now = now
        self.random = random
        self.requestId = requestId ?? "req-" + random.stream("request").uuid()
    }

    var projectId: String { requester.projectId }
}

/// Who lets time pass over a thing that is being made or deleted.
enum Driver: Sendable {
    /// The region's timers, with the durations of the scenario's lifecycles.
    case timers
    /// The one who asked for it, which calls `finishCreate` or `finishDelete` itself: a stack's resource.
    case caller
}

/// A service's refusal. The service's dialect puts it into a body.
struct ServiceFault: Error, Equatable {
    let status: Int
    /// The name of the error in the body: `itemNotFound` (Nova, Cinder), `NetworkInUse` (Neutron), `Not Found` (Glance).
    let type: String
    let message: String

    init(status: Int, type: String, message: String) {
        self.status = status
        self.type = type
        self.message = message
    }

    /// In the way of Nova and Cinder, which name an error after its status.
    init(_ status: Int, _ message: String) {
        let types = [
            400: "badRequest", 403: "forbidden", 404: "itemNotFound", 409: "conflictingRequest", 413: "overLimit",
        ]
        self.init(status: status, type: types[status] ?? "computeFault", message: message)
    }

    /// A policy that only lets administrators do something (golden nova, `hypervisors-403`).
    static func policy(_ rule: String) -> ServiceFault {
        ServiceFault(403, "Policy doesn't allow \(rule) to be performed.")
    }
}
