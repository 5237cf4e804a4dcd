import Auth
import HTTPTypes
import Hummingbird
import Runtime
import WebSockets

/// The portal's part of the control API `/_hothouse/`, for developers and their tests: there only while a fake cloud
/// is in use (design.md section 8).
public struct PortalControl: Sendable {
    let outbox: Outbox
    let timeline: any Timeline

    public init(outbox: Outbox, timeline: any Timeline) {
        self.outbox = outbox
        self.timeline = timeline
    }

    /// Whether a request is for this part of the control API; the rest is the cloud's.
    public static func owns(_ request: Request) -> Bool {
        ControlRoutes.paths.contains(request.uri.path)
    }
}

/// What has happened so far, line by line, as in the trace of a run.
public protocol Timeline: Sendable {
    /// The lines after one of them, at most the newest that are kept.
    func lines(after number: Int) -> [JSONValue]
    /// The same, and those that are still to come, a few at a time.
    func follow(after number: Int) -> AsyncStream<[JSONValue]>
}

/// Its routes.
struct ControlRoutes {
    let control: PortalControl
    let auth: AuthService
    let hub: Hub

    static let paths = ["/_hothouse/mail", "/_hothouse/sockets/drop", "/_hothouse/timeline"]

    func add(to routes: inout RouteTable) {
        routes.on(.get, "/_hothouse/mail", access: .open) { request, context in
            try ControlGate.check(request.head, from: context.remoteAddress)
            let mails = control.outbox.mails(to: try request.query("to"))
            return Response(status: .ok, json: .array(mails.map(\.json)))
        }
        routes.on(.post, "/_hothouse/sockets/drop", access: .open) { request, context in
            try ControlGate.check(request.head, from: context.remoteAddress)
            return try await drop(try await request.json())
        }
        routes.on(.get, "/_hothouse/timeline", access: .open) { request, context in
            try ControlGate.check(request.head, from: context.remoteAddress)
            let number = try Self.after(request.query("after"))
            return Response(status: .ok, json: .array(control.timeline.lines(after: number)))
        }
    }

    /// `{user, deploymentId, how}`, all of which may be left out; answers `{dropped}`.
    private func drop(_ body: JSONValue) async throws -> Response {
        var reader = FieldReader(body)
        let email = reader.string("user", required: false, length: 1...254)
        let deploymentId = reader.string("deploymentId", required: false, length: 1...100)
        let how = reader.string("how", required: false, length: 1...20) ?? SocketLoss.close.rawValue
        let loss = SocketLoss(rawValue: how)
        if loss == nil {
            let known = SocketLoss.allCases.map(\.rawValue).joined(separator: ", ")
            reader.refuse("how", "UNKNOWN", "how is one of \(known)")
        }
        let customerId = if let email { try await auth.customerId(ofEmail: email) } else { String?.none }
        if let email, customerId == nil { reader.refuse("user", "UNKNOWN", "there is no user \(email)") }
        reader.refuseUnknownFields()
        guard reader.errors.isEmpty, let loss else { throw AuthError.invalid(reader.errors) }
        let count = await hub.lose(loss, customerId: customerId, deploymentId: deploymentId)
        return Response(status: .ok, json: ["dropped": .integer(count)])
    }

    static func after(_ text: String?) throws -> Int {
        guard let text else { return 0 }
        guard let number = Int(text), number >= 0 else {
            throw APIError.badRequest("after is the number of a line, from 0.")
        }
        return number
    }
}

/// Who may use the control API: programs and pages of this machine. A page of another site must not, also not one that
/// has its own name lead here.
enum ControlGate {
    static func check(_ head: HTTPRequest, from remoteAddress: String) throws {
        let request = LocalRequest(
            authority: head.plainAuthority, origin: head.headerFields[.origin],
            fetchSite: head.headerFields[.secFetchSite])
        guard LocalRequest.isLoopback(remoteAddress), request.isToThisMachine, request.isOfNoOtherSite else {
            throw APIError(
                status: .forbidden, code: "FORBIDDEN", detail: "The control API is for this machine only.")
        }
    }
}

/// Sends the time line over a WebSocket, one line a message, until the peer goes.
struct TimelineSocket {
    let timeline: any Timeline

    func serve(_ socket: any MessageSocket, after number: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await lines in timeline.follow(after: number) {
                    for line in lines { try await socket.send("\(line)") }
                }
            }
            group.addTask {
                // Only its end is of interest.
                for try await frame in socket.frames {
                    if case .violation = frame { return }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        await socket.close(.normal)
    }
}

extension Mail {
    fileprivate var json: JSONValue {
        ["to": .string(to), "subject": .string(subject), "text": .string(text), "token": JSONValue(token)]
    }
}
