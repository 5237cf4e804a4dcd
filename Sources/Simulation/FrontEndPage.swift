import HTTPTypes
import Runtime
import Scenarios
import WebSockets

/// The page of a deployment in a browser's tab, as the front end keeps it live: one fetch, one socket, one
/// subscription; after a loss one fetch and one subscription again, and never a poll (semantics.md S8.12, S8.13).
final class FrontEndPage: Sendable {
    let tab: String
    let deploymentId: String
    private let client: UserClient
    private let world: World
    private let pause: Step.Condition?
    private let pipe = MutexBox<Pipe?>(nil)
    private let isClosed = MutexBox(false)
    private let isStopped = MutexBox(false)
    /// The newest state that the page shows, by its `updatedAt`.
    private let shown = MutexBox<JSONValue>(.null)

    init(tab: String, deploymentId: String, pause: Step.Condition?, client: UserClient) {
        self.tab = tab
        self.deploymentId = deploymentId
        self.pause = pause
        self.client = client
        world = client.world
    }

    private var time: any TimeSource { world.surroundings.time }
    var actor: String { client.actor(tab) }
    var user: String { client.user.name }

    /// Whether somebody looks at it, and it is kept live.
    var isOpen: Bool { !isClosed.get() }

    /// Whether it is open and still keeps itself up to date: the server has not told it to stop, nor its user.
    var isLive: Bool { isOpen && !isStopped.get() }

    /// The revision of what it shows; 0 where it shows nothing yet.
    var revision: Int { shown.get()["revision"]?.integer ?? 0 }

    var status: String? { shown.get()["status"]?.string }

    /// Keeps the page live until it is closed, or the server says to stop.
    func run() async throws {
        defer { close() }
        apply(try await client.persistentCall(.get, path, tab: tab))
        if let pause, let id = world.id(pause.deployment) {
            _ = try await world.wait(atMost: pause.within) { self.world.committed(id)?.status == pause.status }
        }
        var backoff = ReconnectBackoff()
        var isFirst = true
        while isOpen {
            let life = try await live(isFirst: &isFirst)
            guard isOpen, let delay = backoff.delay(after: life.code, up: life.up, random: client.random) else {
                isStopped.set(true)
                return
            }
            try await time.sleep(for: delay)
        }
    }

    /// One socket, from its opening to its end.
    ///
    /// - Parameter isFirst: whether the page had no socket yet.
    /// - Returns: the close code, and how long the socket was open.
    private func live(isFirst: inout Bool) async throws -> (code: Int?, up: Duration) {
        let delay = client.oneWay()
        try await time.sleep(for: delay)
        guard let life = world.life(client.random) else {
            world.trace.note(actor, "unreachable")
            return (nil, .zero)
        }
        let pipe = life.open(client.head(.get, "/ws"), from: client.user.name, delay: delay)
        self.pipe.set(pipe)
        if !isOpen { pipe.reset() }
        var code: Int?
        var openedAt: Duration?
        try await pipe.arrivals { arrival in
            switch arrival {
            case .opened:
                openedAt = time.uptime
                world.trace.note(actor, "opened", ["server": .string(life.actor)])
                // The snapshot after the acknowledgement is as good, where no answer comes.
                if !isFirst, let answer = try await fetch() { apply(answer) }
                isFirst = false
                if !isStopped.get() { subscribe(on: pipe) }
            case .refused(let status):
                world.trace.note(actor, "refused", ["status": .integer(status)])
                // Nobody is signed in any more: the page goes to the sign-in.
                if status == 401 { code = CloseCode.sessionEnded.rawValue }
            case .text(let text, let sentAfter): take(text, sentAfter: sentAfter)
            case .ping: break
            case .closed(let closeCode):
                code = code ?? closeCode
                world.trace.note(actor, "closed", ["code": closeCode.map { .integer($0) } ?? .null])
            }
        }
        return (code, openedAt.map { time.uptime - $0 } ?? .zero)
    }

    private func subscribe(on pipe: Pipe) {
        let message: JSONValue = ["type": "subscribe", "deploymentId": .string(deploymentId)]
        world.trace.note(actor, "sent", ["message": message])
        pipe.sendFromClient(message.description)
    }

    /// Ends the subscription; the socket stays.
    func unsubscribe() {
        isStopped.set(true)
        guard let pipe = pipe.get(), pipe.isOpen else { return }
        let message: JSONValue = ["type": "unsubscribe", "deploymentId": .string(deploymentId)]
        world.trace.note(actor, "sent", ["message": message])
        pipe.sendFromClient(message.description)
    }

    private var path: String { "/deployments/\(deploymentId)" }

    private func fetch() async throws -> (status: Int, body: JSONValue)? {
        do {
            return try await client.call(.get, path, tab: tab)
        } catch is UserClient.NoAnswer {
            return nil
        }
    }

    private func take(_ text: String, sentAfter: Int) {
        guard let frame = try? JSONValue(parsing: text.utf8) else { return }
        world.trace.note(actor, "frame", ["frame": frame, "sentAfter": .integer(sentAfter)])
        world.gotFrame(frame, tab: tab)
        if frame["type"]?.string == "deployment.updated", let data = frame["data"] { apply(data) }
    }

    private func apply(_ answer: (status: Int, body: JSONValue)) {
        if answer.status == 200 { apply(answer.body) }
    }

    /// A state counts only where it is newer than what is shown.
    private func apply(_ state: JSONValue) {
        let known = shown.get()["updatedAt"]?.string ?? ""
        guard let updatedAt = state["updatedAt"]?.string, updatedAt > known else { return }
        shown.set(state)
        world.raise()
    }

    /// The network loses the socket.
    ///
    /// - Returns: false where there is none to lose.
    func drop() -> Bool {
        guard let pipe = pipe.get(), pipe.isOpen else { return false }
        world.trace.note(actor, "dropped")
        pipe.lose()
        return true
    }

    /// The page's machine reads nothing for a while.
    ///
    /// - Returns: false where there is no socket to read from.
    func stall(for duration: Duration) -> Bool {
        guard let pipe = pipe.get(), pipe.isOpen else { return false }
        world.trace.note(actor, "stalled", ["ms": .integer(Int(duration.wholeMilliseconds))])
        pipe.stall(for: duration)
        return true
    }

    /// Nothing gets through the socket any more; the page learns of it after a while.
    ///
    /// - Returns: false where there is none.
    func goSilent(for duration: Duration) async throws -> Bool {
        guard let pipe = pipe.get(), pipe.isOpen else { return false }
        world.trace.note(actor, "silent", ["ms": .integer(Int(duration.wholeMilliseconds))])
        pipe.goSilent()
        try await time.sleep(for: duration)
        pipe.noticeSilence()
        return true
    }

    /// Sends a text as it is.
    ///
    /// - Returns: false where there is no socket.
    func send(_ text: String) -> Bool {
        guard let pipe = pipe.get(), pipe.isOpen else { return false }
        world.trace.note(actor, "sent", ["message": (try? JSONValue(parsing: text.utf8)) ?? .string(text)])
        pipe.sendFromClient(text)
        return true
    }

    /// Nobody looks at the page any more.
    func close() {
        isClosed.set(true)
        pipe.get()?.reset()
        world.raise()
    }
}

/// How long a page waits before it opens its socket again (semantics.md S8.12 and its table of close codes).
struct ReconnectBackoff {
    /// Losses in a row: since a socket was open for a minute.
    private var losses = 0

    /// - Parameters:
    ///   - code: how the socket was closed; nil where it was just gone, or never opened.
    ///   - up: how long it was open.
    /// - Returns: nil where the page must not come back.
    mutating func delay(after code: Int?, up: Duration, random: RandomSource) -> Duration? {
        if up >= .seconds(60) { losses = 0 }
        let longest = min(.seconds(30), .milliseconds(500) * (1 << min(losses, 6)))
        switch code {
        case (4000...4099)?: return nil
        case (4200...4299)?: return .zero
        case 1012?: return random.duration(from: .zero, to: .seconds(10))
        case (4100...4199)?:
            losses += 1
            return random.duration(from: .seconds(1), to: max(longest, .seconds(2)))
        default:
            losses += 1
            return random.duration(from: .zero, to: longest)
        }
    }
}
