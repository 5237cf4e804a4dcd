import HTTPTypes
import Runtime
import Scenarios

/// The page of a deployment in a browser's tab, as the front end keeps it live: one fetch, one socket, one
/// subscription; after a loss one fetch and one subscription again, and never a poll (semantics.md S8.12, S8.13).
final class FrontEndPage: Sendable {
    let tab: String
    private let client: UserClient
    private let deploymentId: String
    private let world: World
    private let pause: Step.Condition?
    private let pipe = MutexBox<Pipe?>(nil)
    private let isClosed = MutexBox(false)
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
    private var actor: String { "\(client.user.name)/\(tab)" }

    var status: String? { shown.get()["status"]?.string }

    /// Keeps the page live until it is closed, or the server says to stop.
    func run() async throws {
        try await fetch()
        if let pause, let id = world.id(pause.deployment) {
            _ = try await world.wait(atMost: pause.within) { self.world.committed(id)?.status == pause.status }
        }
        var losses = 0
        var isFirst = true
        while !isClosed.get() {
            let openedAt = time.uptime
            let code = try await live(isFirst: isFirst)
            isFirst = false
            guard !isClosed.get(), code.map({ !(4000...4099).contains($0) }) ?? true else { return }
            if time.uptime - openedAt >= .seconds(60) { losses = 0 }
            let longest =
                code == 1012 ? Duration.seconds(10) : min(.seconds(30), .milliseconds(500) * (1 << min(losses, 6)))
            losses += 1
            try await time.sleep(for: client.random.duration(from: .zero, to: longest))
        }
    }

    /// One socket, from its opening to its end.
    ///
    /// - Returns: the close code.
    private func live(isFirst: Bool) async throws -> Int? {
        let delay = client.oneWay()
        try await time.sleep(for: delay)
        guard let life = world.life else { return nil }
        let pipe = life.open(client.head(.get, "/ws"), from: client.user.name, delay: delay)
        self.pipe.set(pipe)
        if isClosed.get() { pipe.reset() }
        var code: Int?
        try await pipe.arrivals { arrival in
            switch arrival {
            case .opened:
                world.trace.note(actor, "opens")
                if !isFirst { try? await fetch() }
                subscribe(on: pipe)
            case .refused(let status): world.trace.note(actor, "refused", ["status": .integer(status)])
            case .text(let text): take(text)
            case .ping: break
            case .closed(let closeCode):
                code = closeCode
                world.trace.note(actor, "closed", ["code": closeCode.map { .integer($0) } ?? .null])
            }
        }
        return code
    }

    private func subscribe(on pipe: Pipe) {
        let message: JSONValue = ["type": "subscribe", "deploymentId": .string(deploymentId)]
        world.trace.note(actor, "sent", ["message": message])
        pipe.sendFromClient(message.description)
    }

    private func fetch() async throws {
        let answer = try await client.persistentCall(.get, "/deployments/\(deploymentId)")
        if answer.status == 200 { apply(answer.body) }
    }

    private func take(_ text: String) {
        guard let frame = try? JSONValue(parsing: text.utf8) else { return }
        world.trace.note(actor, "frame", ["frame": frame])
        world.gotFrame(frame, tab: tab)
        if frame["type"]?.string == "deployment.updated", let data = frame["data"] { apply(data) }
    }

    /// A state counts only where it is newer than what is shown.
    private func apply(_ state: JSONValue) {
        let known = shown.get()["updatedAt"]?.string ?? ""
        if let updatedAt = state["updatedAt"]?.string, updatedAt > known { shown.set(state) }
    }

    /// The network drops the socket.
    func drop() {
        world.trace.note(actor, "loses its socket")
        pipe.get()?.reset()
    }

    func close() {
        isClosed.set(true)
        pipe.get()?.reset()
    }
}
