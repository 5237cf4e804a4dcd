import HTTPTypes
import Runtime
import Scenarios
import Synchronization

// What users do beside the main flow.

extension Player {
    func wait(_ sight: Step.Sight, _ within: Duration, _ step: Step, _ client: UserClient) async throws -> Bool {
        let came = try await world.wait(atMost: within) { found(sight) }
        if !came {
            let (what, found) =
                switch sight {
                case .mark(let name): ("the mark \(name)", "nobody has come there")
                case .frame(let pattern, let tab):
                    ("a frame \(pattern) on \(tab)", world.frames(of: tab).last.map { "last \($0)" } ?? "no frame")
                case .calls(let operation, let count): ("\(count) × \(operation)", "\(world.calls(of: operation))")
                }
            world.fail(
                RunFailure(
                    "not seen within \(within.shown)", at: step.place, expected: what, found: found,
                    actor: client.user.name))
        }
        return came
    }

    private func found(_ sight: Step.Sight) -> Bool {
        switch sight {
        case .mark(let name): return world.state.withLock { $0.marks.contains(name) }
        case .frame(let pattern, let tab):
            let labels = world.ids
            return world.frames(of: tab).contains { pattern.matches($0, isExact: false, labels: labels) }
        case .calls(let operation, let count): return world.calls(of: operation) >= count
        }
    }

    /// - Returns: whether the answer is as expected.
    func send(_ request: Step.Request, _ step: Step, _ client: UserClient) async throws -> Bool {
        let labels = world.ids
        let names = world.state.withLock { $0.kept }.merging(labels) { $1 }
        let path = names.reduce(request.path) { $0.replacing("${\($1.key)}", with: $1.value) }
        var headers = HTTPFields()
        for header in request.headers {
            if let name = HTTPField.Name(header.name) { headers[name] = header.value }
        }
        guard let method = HTTPRequest.Method(rawValue: request.method) else { return false }
        let answer: (status: Int, body: JSONValue)
        do {
            answer = try await client.call(method, path, request.body, headers: headers)
        } catch is UserClient.NoAnswer {
            world.fail(RunFailure("no answer to \(request.method) \(path)", at: step.place, actor: client.user.name))
            return false
        }
        guard expect(request.status, answer.status, of: "\(request.method) \(request.path)", step, client) else {
            return false
        }
        for (name, key) in request.kept {
            let value = answer.body[key].map { $0.string ?? "\($0)" }
            world.state.withLock { $0.kept[name] = value }
        }
        guard let pattern = request.answer, !pattern.matches(answer.body, isExact: false, labels: labels) else {
            return true
        }
        world.fail(
            RunFailure(
                "the answer to \(request.method) \(request.path)", at: step.place, expected: "\(pattern)",
                found: "\(answer.body)", actor: client.user.name))
        return false
    }

    private static let compared = ["status", "runtime", "lastError", "revision", "updatedAt"]

    /// Whether a page shows what HTTP tells.
    func compareView(_ page: FrontEndPage?, _ step: Step, _ client: UserClient) async throws -> Bool {
        guard let page else { return false }
        let answer = try await client.persistentCall(.get, "/deployments/\(page.deploymentId)")
        let view = page.view
        for key in Self.compared where view[key] != answer.body[key] {
            world.fail(
                RunFailure(
                    "\(page.tab) shows another \(key) than HTTP", at: step.place,
                    expected: "\(answer.body[key] ?? .null)", found: "\(view[key] ?? .null)",
                    actor: client.actor(page.tab)))
            return false
        }
        return true
    }

    // Networks.

    /// Lets a user's network fail, again and again, until nothing goes wrong any more.
    func fail(_ drops: Scenario.Drops, _ client: UserClient, _ pages: MutexBox<[FrontEndPage]>) async throws {
        let random = world.surroundings.random.stream("network \(client.user.name)")
        while true {
            try await world.surroundings.time.sleep(for: max(.seconds(1), drops.every.draw(from: random)))
            guard !world.state.withLock({ $0.isCalm }) else { return }
            let isHalfOpen = random.fraction() < drops.halfOpen
            try await goOffline(
                for: drops.duration.draw(from: random), client, pages.get(), halfOpen: isHalfOpen)
        }
    }

    /// - Parameter halfOpen: whether the sockets are only silent, so that nobody learns of it until it is over.
    func goOffline(
        for duration: Duration, _ client: UserClient, _ pages: [FrontEndPage], halfOpen: Bool
    ) async throws {
        world.trace.note(
            client.user.name, "offline",
            ["ms": .integer(Int(duration.wholeMilliseconds)), "halfOpen": .bool(halfOpen)])
        client.network.goDown()
        defer {
            client.network.comeBack()
            world.trace.note(client.user.name, "online")
        }
        let pages = pages.sorted { $0.tab < $1.tab }
        guard halfOpen else {
            for page in pages { _ = page.drop() }
            try await world.surroundings.time.sleep(for: duration)
            return
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for page in pages { group.addTask { _ = try await page.goSilent(for: duration) } }
            group.addTask { try await world.surroundings.time.sleep(for: duration) }
            try await group.waitForAll()
        }
    }
}
