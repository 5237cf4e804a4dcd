import FakeCloud
import HTTPTypes
import Runtime
import Scenarios

/// How a run came out.
public struct RunOutcome: Sendable {
    public let scenario: String
    public let seed: UInt64
    public let trace: [Trace.Line]
    public let failures: [RunFailure]
    /// How much virtual time passed.
    public let virtualTime: Duration

    public var hasPassed: Bool { failures.isEmpty }
}

/// Plays a story under virtual time: the portal, its store, its cloud and its users in this process, on this thread.
///
/// - Parameters:
///   - seed: of everything that is drawn; the story's own where nil.
///   - until: ends the run early, without a verdict on what was still to come.
///   - onLine: is told of each line of the trace as it comes.
public func play(
    _ scenario: Scenario, seed: UInt64? = nil, until: Duration? = nil,
    onLine: @escaping @Sendable (Trace.Line) -> Void = { _ in }
) -> RunOutcome {
    let seed = seed ?? scenario.seed
    let collected = MutexBox<World?>(nil)
    let clock = MutexBox<(any TimeSource)?>(nil)
    let traced = MutexBox<Trace?>(nil)
    var failures: [RunFailure] = []
    do {
        try simulate(seed: seed, start: scenario.start, limit: until ?? scenario.limit) { context in
            clock.set(context.surroundings.time)
            let trace = Trace(time: context.surroundings.time, listener: onLine)
            traced.set(trace)
            let world = try World(scenario, in: context, trace: trace)
            collected.set(world)
            try await Player(world: world).run()
        }
    } catch SimulationFailure.pastLimit where until != nil {
    } catch let failure as SimulationFailure {
        failures.append(RunFailure(place: nil, message: "the story is \(failure)"))
    } catch {
        failures.append(RunFailure(place: nil, message: "the run failed: \(error)"))
    }
    return RunOutcome(
        scenario: scenario.name, seed: seed, trace: traced.get()?.lines ?? [],
        failures: (collected.get()?.failures ?? []) + failures, virtualTime: clock.get()?.uptime ?? .zero)
}

/// Lets the users of a story act and judges what came of it.
struct Player: Sendable {
    let world: World

    private var scenario: Scenario { world.scenario }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await world.transport.run() }
            group.addTask { try await world.cloud.run() }
            group.addTask { try await world.runServer() }
            defer { group.cancelAll() }
            try await withThrowingTaskGroup(of: Void.self) { users in
                for user in scenario.users {
                    users.addTask { try await perform(UserClient(user, in: world)) }
                }
                try await users.waitForAll()
            }
            let judge = Judge(world: world)
            _ = try await world.wait(atMost: Self.settling) { judge.finalFailures().isEmpty }
            for failure in judge.finalFailures() + judge.countFailures() + judge.socketFailures()
                + judge.unusedFaults()
            {
                world.fail(failure)
            }
        }
    }

    /// What is still on its way when the last user has finished gets this long.
    private static let settling = Duration.seconds(120)

    private func perform(_ client: UserClient) async throws {
        try await client.register()
        try await withThrowingTaskGroup(of: Void.self) { group in
            var pages: [String: FrontEndPage] = [:]
            for step in client.user.script {
                if case .openPage(let deployment, let tab, let pause) = step.action {
                    guard let id = world.id(deployment) else {
                        fail(step, "\(deployment) does not exist")
                        break
                    }
                    let page = FrontEndPage(tab: tab, deploymentId: id, pause: pause, client: client)
                    pages[tab] = page
                    group.addTask { try await page.run() }
                    continue
                }
                guard try await take(step, client, pages) else { break }
            }
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
            return expect(200, status, of: "login", step)
        case .logout:
            let status = try await client.persistentCall(.post, "/auth/logout").status
            return expect(204, status, of: "logout", step)
        case .create(let creation): return try await create(creation, step, client)
        case .delete(let label):
            let answer = try await client.persistentCall(.delete, "/deployments/\(world.id(label) ?? label)")
            return expect(202, answer.status, of: "delete", step)
        case .wait(let condition):
            let id = world.id(condition.deployment) ?? ""
            let came = try await world.wait(atMost: condition.within) {
                world.committed(id)?.status == condition.status
            }
            let found = world.committed(id)?.status ?? "missing"
            if !came {
                fail(step, "\(condition.deployment) is \(found) and not \(condition.status) after \(condition.within)")
            }
            return came
        case .sleep(let spread):
            try await world.surroundings.time.sleep(for: spread.draw(from: client.random))
            return true
        case .dropSocket(let tab):
            pages[tab]?.drop()
            return true
        case .closePage(let tab):
            pages[tab]?.close()
            return true
        case .openPage: return true
        }
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
            fail(step, "no answer, and no idempotency key to repeat the request with")
            return false
        }
        if let id = answer.body["deploymentId"]?.string { world.name(creation.label, id) }
        return expect(creation.status, answer.status, of: "create", step)
    }

    private func expect(_ wanted: Int, _ found: Int, of what: String, _ step: Step) -> Bool {
        if wanted != found { fail(step, "\(what) answered \(found), expected \(wanted)") }
        return wanted == found
    }

    private func fail(_ step: Step, _ message: String) {
        world.fail(RunFailure(place: step.place, message: message))
    }
}
