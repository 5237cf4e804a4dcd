import Auth
import Foundation
import HTTPTypes
import Runtime
import Scenarios

/// A scripted user: a client that speaks HTTP and WebSocket to the server over a network of its own.
struct UserClient: Sendable {
    let user: Scenario.User
    let world: World
    let session: SessionCookie
    let random: RandomSource

    /// What the browser keeps between requests.
    final class SessionCookie: Sendable {
        private let value = MutexBox<String?>(nil)
        var cookie: String? {
            get { value.get() }
            set { value.set(newValue) }
        }
    }

    /// No answer came: the network or the server was down.
    struct NoAnswer: Error {}

    init(_ user: Scenario.User, in world: World) {
        self.user = user
        self.world = world
        session = SessionCookie()
        random = world.surroundings.random.stream("user \(user.name)")
    }

    static let authority = "portal.test"
    private var time: any TimeSource { world.surroundings.time }

    /// Who it is in the trace: the user, or one of their pages.
    func actor(_ tab: String?) -> String { user.name + (tab.map { "/" + $0 } ?? "") }

    /// One way of the network.
    func oneWay() -> Duration { user.roundTrip.draw(from: random) / 2 }

    func head(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], cookie: String? = nil
    ) -> HTTPRequest {
        var headers = headers
        headers[.origin] = "http://" + Self.authority
        if let cookie = cookie ?? session.cookie { headers[.cookie] = cookie }
        return HTTPRequest(
            method: method, scheme: "http", authority: Self.authority, path: path, headerFields: headers)
    }

    /// One request and its answer.
    ///
    /// - Parameters:
    ///   - tab: the page that asks.
    ///   - endedCookie: of a session that is over, which somebody has kept; the browser's own where nil.
    /// - Throws: ``NoAnswer``, `CancellationError`.
    func call(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, headers: HTTPFields = [:],
        tab: String? = nil, endedCookie: String? = nil
    ) async throws -> (status: Int, body: JSONValue) {
        var headers = headers
        if body != nil { headers[.contentType] = "application/json" }
        let isCreate = method == .post && path == "/deployments"
        var asking: [String: JSONValue] = [
            "request": .integer(world.nextRequest()), "method": .string(method.rawValue), "path": .string(path),
        ]
        if let key = headers[HTTPField.Name("Idempotency-Key")!] { asking["key"] = .string(key) }
        if isCreate { asking["name"] = body?["name"] }
        if endedCookie != nil { asking["session"] = "ended" }
        world.trace.note(actor(tab), "request", asking)
        try await time.sleep(for: oneWay())
        let asked = ServerLife.Asked(
            head: head(method, path, headers: headers, cookie: endedCookie), body: body?.utf8 ?? [], from: user.name)
        let life = world.life(random)
        func note(_ status: JSONValue, _ answer: JSONValue = .null) {
            var fields = asking
            fields["server"] = life.map { .string($0.actor) }
            fields["status"] = status
            if asking["key"] != nil { fields["body"] = body ?? .null }
            if let id = answer["deploymentId"] ?? answer["id"], id.string?.hasPrefix("dep_") == true {
                fields["deployment"] = id
            }
            if let revision = answer["revision"] { fields["revision"] = revision }
            if let items = answer["items"]?.array, let total = answer["total"] {
                fields["total"] = total
                fields["items"] = .array(items.map { ["id": $0["id"] ?? .null, "revision": $0["revision"] ?? .null] })
            }
            if let code = status.integer, code >= 400 || isCreate { fields["answer"] = answer }
            world.trace.note(actor(tab), "http", fields)
        }
        guard let life else {
            note("no answer")
            throw NoAnswer()
        }
        do {
            let answer = try await life.send(asked)
            try await time.sleep(for: oneWay())
            if let cookie = answer.headers[.setCookie] {
                session.cookie = String(cookie.prefix { $0 != ";" })
                world.secrets.keep(cookie.prefix { $0 != ";" }.drop { $0 != "=" }.dropFirst())
            }
            if world.secrets.areTold(in: String(decoding: answer.body, as: UTF8.self)) {
                world.trace.note("server", "leak", ["where": .string("the answer to \(method) \(path)")])
            }
            let json = (try? JSONValue(parsing: answer.body)) ?? .null
            note(.integer(answer.status), json)
            return (answer.status, json)
        } catch is WireCut {
            note("no answer")
            throw NoAnswer()
        }
    }

    /// A request that is safe to repeat, repeated until it is answered by the server itself.
    func persistentCall(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONValue? = nil, headers: HTTPFields = [:],
        tab: String? = nil
    ) async throws -> (status: Int, body: JSONValue) {
        while true {
            do {
                let answer = try await call(method, path, body, headers: headers, tab: tab)
                if answer.status != 503 { return answer }
            } catch is NoAnswer {}
            try await time.sleep(for: .seconds(1))
        }
    }

    // The beginning.

    static let password = "correct horse battery staple"
    static let publicKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl story"

    var email: String { "\(user.name)@example.com" }

    /// Makes the account, as its story begins with it.
    func register() async throws {
        _ = try await persistentCall(
            .post, "/auth/register",
            ["email": .string(email), "password": .string(Self.password), "name": .string(user.name)])
        guard user.isVerified, let token = world.outbox.mails(to: email).compactMap(\.token).first else { return }
        _ = try await persistentCall(.post, "/auth/verify-email", ["token": .string(token)])
    }

    func login() async throws -> Int {
        let answer = try await persistentCall(
            .post, "/auth/login", ["email": .string(email), "password": .string(Self.password)])
        return answer.status
    }

    /// Signs out, and lets somebody who kept the cookie try it.
    ///
    /// - Returns: the status; that of a first answer that was lost is taken for 204 where the session is over.
    func logout() async throws -> Int {
        let cookie = session.cookie
        var status: Int
        do {
            status = try await call(.post, "/auth/logout").status
        } catch is NoAnswer {
            status = try await persistentCall(.post, "/auth/logout").status
            if status == 401 { status = 204 }
        }
        if status == 204, let cookie {
            do { _ = try await call(.get, "/me", endedCookie: cookie) } catch is NoAnswer {}
        }
        return status
    }

    /// Reads the list of the user's deployments from its first page to its last.
    ///
    /// - Returns: the status of the first answer that is no page, or 200.
    func list(pageSize: Int) async throws -> Int {
        var (page, asOf) = (1, "")
        while true {
            let answer = try await persistentCall(.get, "/deployments?page=\(page)&pageSize=\(pageSize)\(asOf)")
            guard answer.status == 200, let items = answer.body["items"]?.array else { return answer.status }
            if items.count < pageSize { return 200 }
            asOf = answer.body["asOf"]?.string.map { "&asOf=" + $0 } ?? ""
            page += 1
        }
    }

    /// The id of the user's SSH key, added if there is none.
    func sshKeyId() async throws -> String {
        let answer = try await persistentCall(
            .post, "/ssh-keys", ["name": "story", "publicKey": .string(Self.publicKey)])
        return answer.body["id"]?.string ?? ""
    }
}
