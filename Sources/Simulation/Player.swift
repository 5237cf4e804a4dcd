import FakeCloud
import HTTPTypes
import Runtime
import Scenarios
import Synchronization

/// Lets the users of a story act and judges what came of it.
struct Player: Sendable {
    let world: World

    private var scenario: Scenario { world.scenario }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await world.transport.run() }
            group.addTask { try await world.cloud.run() }
            for instance in 0..<scenario.instances { group.addTask { try await world.runServer(instance) } }
            for index in scenario.deeds.indices { group.addTask { try await perform(scenario.deeds[index], index) } }
            if let calm = scenario.calm {
                group.addTask {
                    try await world.surroundings.time.sleep(until: calm.after)
                    world.becomeCalm()
                }
            }
            defer { group.cancelAll() }
            try await withThrowingTaskGroup(of: Void.self) { users in
                let scripts = MutexBox(scenario.users.count)
                for user in scenario.users {
                    users.addTask {
                        try await perform(UserClient(user, in: world)) { scripts.set(scripts.get() - 1) }
                    }
                }
                _ = try await world.wait(atMost: scenario.limit) { scripts.get() == 0 }
                try await judge()
                world.state.withLock { $0.isOver = true }
                world.raise()
                try await users.waitForAll()
            }
        }
    }

    /// What is still on its way when the last user has finished gets this long.
    private static let settling = Duration.seconds(120)

    private func judge() async throws {
        let judge = Judge(world: world)
        let time = world.surroundings.time
        if let calm = scenario.calm { try await time.sleep(until: calm.after) }
        let began = time.uptime
        let deadline = began + (scenario.calm?.duration ?? Self.settling)
        func atEnd() async throws -> [RunFailure] {
            judge.finalFailures() + Invariants.failures(of: try await world.endState())
        }
        var failures = try await atEnd()
        while !failures.isEmpty, time.uptime < deadline {
            // Ever rarer looks: most comes to rest soon, and the rest takes hours.
            try await time.sleep(for: max(.seconds(1), (time.uptime - began) / 50))
            failures = try await atEnd()
        }
        world.judge(
            failures + judge.countFailures() + judge.socketFailures() + judge.momentFailures()
                + judge.neverFailures() + judge.unusedFaults())
        world.verdicts = judge.evaluations()
    }

    private func perform(_ deed: Scenario.Deed, _ index: Int) async throws {
        let time = world.surroundings.time
        let random = world.surroundings.random.stream("deed \(index)")
        switch deed.moment {
        case .at(let spread): try await time.sleep(until: spread.draw(from: random))
        case .seen(let label, let status, let after):
            _ = try await world.wait(atMost: scenario.limit) {
                world.id(label).flatMap(world.committed)?.history.contains { $0.status == status } ?? false
            }
            try await time.sleep(for: after.draw(from: random))
        }
        switch deed.act {
        case .revokeTokens:
            world.cloud.revokeTokens()
            world.trace.note("cloud", "deed", ["what": "all tokens are revoked"])
        case .deleteStack(let label):
            guard let id = world.id(label), let region = world.committed(id)?.region,
                world.cloud.deleteStack(named: "vm-" + id.lowercased(), in: region)
            else { return }
            world.trace.note("cloud/\(region)", "deed", ["what": .string("somebody else deletes the stack of \(id)")])
        }
        world.state.withLock { _ = $0.done.insert(index) }
    }

    /// - Parameter onEnd: is called when the script has ended. The pages stay open until all is judged.
    private func perform(_ client: UserClient, onEnd: @escaping @Sendable () -> Void) async throws {
        try await world.surroundings.time.sleep(for: client.user.arrives.draw(from: client.random))
        try await client.register()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var pages: [String: FrontEndPage] = [:]
            for step in client.user.script {
                if case .openPage(let deployment, let tab, let pause) = step.action {
                    guard let id = world.id(deployment) else {
                        fail(step, "\(deployment) does not exist", client)
                        break
                    }
                    let page = FrontEndPage(tab: tab, deploymentId: id, pause: pause, client: client)
                    pages[tab] = page
                    world.state.withLock { $0.pages.append(page) }
                    group.addTask { try await page.run() }
                    continue
                }
                guard try await take(step, client, pages) else { break }
            }
            onEnd()
            world.raise()
            _ = try await world.wait(atMost: scenario.limit) { world.state.withLock { $0.isOver } }
            for page in pages.sorted(by: { $0.key < $1.key }).map(\.value) { page.close() }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError) { throw error }
            }
        }
    }

    /// - Returns: whether the script goes on.
    private func take(_ step: Step, _ client: UserClient, _ pages: [String: FrontEndPage]) async throws -> Bool {
        switch step.action {
        case .login:
            let status = try await client.login()
            return expect(200, status, of: "login", step, client)
        case .logout:
            return expect(204, try await client.logout(), of: "logout", step, client)
        case .create(let creation): return try await create(creation, step, client)
        case .delete(let label):
            let answer = try await client.persistentCall(.delete, "/deployments/\(world.id(label) ?? label)")
            return expect(202, answer.status, of: "delete", step, client)
        case .retry(let label, let status):
            let answer = try await client.persistentCall(.post, "/deployments/\(world.id(label) ?? label)/retry")
            return expect(status, answer.status, of: "retry", step, client)
        case .list(let pageSize):
            return expect(200, try await client.list(pageSize: pageSize), of: "list", step, client)
        case .wait(let condition): return try await wait(condition, step, client, pages)
        case .sleep(let spread):
            try await world.surroundings.time.sleep(for: spread.draw(from: client.random))
            return true
        case .dropSocket(let tab):
            guard pages[tab]?.drop() == true else {
                fail(step, "the tab \(tab) has no socket to lose", client)
                return false
            }
            return true
        case .unsubscribe(let tab):
            pages[tab]?.unsubscribe()
            return true
        case .stallSocket(let tab, let spread):
            return reach(tab, step, client) { pages[tab]?.stall(for: spread.draw(from: client.random)) == true }
        case .halfOpen(let tab, let spread):
            guard let page = pages[tab], try await page.goSilent(for: spread.draw(from: client.random)) else {
                fail(step, "the tab \(tab) has no socket", client)
                return false
            }
            return true
        case .send(let tab, let text, let times):
            let sent = world.ids.reduce(text) { $0.replacing("${\($1.key)}", with: $1.value) }
            return reach(tab, step, client) { (0..<times).allSatisfy { _ in pages[tab]?.send(sent) == true } }
        case .closePage(let tab):
            pages[tab]?.close()
            return true
        case .openPage: return true
        }
    }

    private func reach(_ tab: String, _ step: Step, _ client: UserClient, _ act: () -> Bool) -> Bool {
        guard act() else {
            fail(step, "the tab \(tab) has no socket", client)
            return false
        }
        return true
    }

    /// A user with an open page of the deployment sees what the page shows; another waits for the commit. A status
    /// that was passed meanwhile counts.
    private func wait(
        _ condition: Step.Condition, _ step: Step, _ client: UserClient, _ pages: [String: FrontEndPage]
    ) async throws -> Bool {
        let label = condition.deployment
        func openPages() -> [FrontEndPage] {
            let id = world.id(label)
            return pages.sorted { $0.key < $1.key }.map(\.value).filter { $0.isOpen && $0.deploymentId == id }
        }
        func committedRevision() -> Int { world.id(label).flatMap(world.committed)?.revision ?? 0 }
        func seenRevision() -> Int { openPages().map(\.revision).min() ?? committedRevision() }
        let seen = seenRevision()
        // A page that shows nothing yet will show what is committed now, or what follows.
        let first = seen > 0 ? seen : committedRevision()
        let came = try await world.wait(atMost: condition.within) {
            let last = seenRevision()
            guard let id = world.id(label), first <= last else { return false }
            return world.had(condition.status, id, in: first...last)
        }
        if !came {
            let committed = world.id(label).flatMap(world.committed)?.status ?? "missing"
            let behind = openPages().filter { $0.status != committed }
                .map { "; \($0.tab) shows \($0.status ?? "nothing")" }.joined()
            world.fail(
                RunFailure(
                    "\(label) after \(condition.within.shown)", at: step.place, expected: condition.status,
                    found: committed + behind, actor: openPages().first.map { client.actor($0.tab) } ?? "store"))
        }
        return came
    }

    private func create(_ creation: Step.Creation, _ step: Step, _ client: UserClient) async throws -> Bool {
        let body: JSONValue = [
            "name": .string(creation.name), "regionId": .string(creation.region),
            "spec": [
                "instanceTypeId": .string(creation.instanceType), "imageId": .string(creation.image),
                "storage": ["sizeGiB": .integer(creation.storageGiB)], "sshKeyId": .string(try await client.sshKeyId()),
            ],
        ]
        let answer: (status: Int, body: JSONValue)
        do {
            // Without a key a lost answer must not be asked for again.
            answer =
                if let key = creation.idempotencyKey {
                    try await client.persistentCall(
                        .post, "/deployments", body, headers: [HTTPField.Name("Idempotency-Key")!: key])
                } else {
                    try await client.call(.post, "/deployments", body)
                }
        } catch is UserClient.NoAnswer {
            fail(step, "no answer, and no idempotency key to repeat the request with", client)
            return false
        }
        if let id = answer.body["deploymentId"]?.string { world.name(creation.label, id) }
        return expect(creation.status, answer.status, of: "create", step, client)
    }

    private func expect(_ wanted: Int, _ found: Int, of what: String, _ step: Step, _ client: UserClient) -> Bool {
        if wanted != found {
            world.fail(
                RunFailure(
                    "the status of the \(what)", at: step.place, expected: "\(wanted)", found: "\(found)",
                    actor: client.user.name))
        }
        return wanted == found
    }

    private func fail(_ step: Step, _ message: String, _ client: UserClient) {
        world.fail(RunFailure(message, at: step.place, actor: client.user.name))
    }
}
