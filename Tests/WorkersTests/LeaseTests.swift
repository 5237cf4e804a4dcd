import Deployments
import OpenStack
import Runtime
import Testing

@testable import Workers

/// Leases, fences and several workers (semantics.md section 13).
@Suite struct LeaseTests {
    @Test("a create that takes longer than a lease keeps it: nobody looks for the stack meanwhile (S13.2)")
    func longCreate() async throws {
        try await World().run { world in
            world.heat.trouble("create", .delay(.seconds(60)))
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            await world.stage.play(for: .seconds(55))
            #expect(try await !world.isFree())
            #expect(world.heat.calls == ["create"])
            #expect(try await world.reaches(.active))
            #expect(world.heat.count("create") == 1 && world.heat.count("find") == 0)
        }
    }

    @Test("a store that is away for a moment costs no lease (S13.2)")
    func renewalMissed() async throws {
        let world = try await World()
        let store = FlakyStore(world.store)
        try await world.run(store: store) { world async throws in
            world.heat.trouble("create", .delay(.seconds(60)))
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            await world.stage.play(for: .seconds(5))
            store.setBroken(true)
            await world.stage.play(for: .seconds(10))
            store.setBroken(false)
            await world.stage.play(for: .seconds(30))
            #expect(try await !world.isFree())
            #expect(try await world.reaches(.active))
            #expect(world.heat.count("find") == 0)
        }
    }

    @Test("who was paused between the create and its commit cannot commit; the other adopts; one stack (S13.2)")
    func pausedWorker() async throws {
        let world = try await World()
        let paused = PausedProcess(world.stage)
        let workers = world.workers(store: paused.store(world.store), clouds: [paused.transport(world.heat)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: world.stage) { try await workers.run() }
            try await world.ask()
            #expect(await world.stage.play { paused.hasPaused })
            try await world.run { world async throws in
                await world.stage.play(for: .seconds(20))
                #expect(world.heat.count("find") == 0, "the lease has not run out")
                await world.stage.play(for: .seconds(40))
                #expect(try await world.deployment().status == .active)
                let adopted = try await world.deployment()
                paused.resume()
                await world.stage.play(for: .seconds(60))
                #expect(try await world.deployment() == adopted)
                #expect(world.heat.stacks.count == 1 && world.heat.count("create") == 1)
                try await world.delete()
                #expect(try await world.reaches(.deleted))
                #expect(world.heat.live.isEmpty && world.heat.count("delete") == 1)
            }
            group.cancelAll()
        }
    }

    @Test("two workers share the work and do none of it twice (S13.1)")
    func twoWorkers() async throws {
        let world = try await World()
        let second = world.workers()
        try await world.run { world async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask(executorPreference: world.stage) { try await second.run() }
                let ids = (1...12).map { "dep_\($0)" }
                for id in ids { try await world.ask(for: id) }
                for id in ids { #expect(try await world.reaches(.active, id)) }
                #expect(world.heat.count("create") == 12 && world.heat.stacks.count == 12)
                for id in ids { try await world.delete(id) }
                for id in ids { #expect(try await world.reaches(.deleted, id)) }
                #expect(world.heat.count("delete") == 12 && world.heat.live.isEmpty)
                group.cancelAll()
            }
        }
    }

    @Test(
        "cancelled in any call to the cloud, a worker gives its claim back, and the next one goes on",
        arguments: ["create", "find", "show", "events", "list", "delete"])
    func cancelled(call: String) async throws {
        let world = try await World()
        try await world.run { world async throws in
            if call == "find" { world.heat.trouble("create", .loseAnswer) }
            world.heat.trouble(call, .delay(.seconds(50)))
            try await world.ask()
            if call == "delete" {
                #expect(try await world.reaches(.active))
                try await world.delete()
            }
            #expect(await world.stage.play { world.heat.count(call) == 1 })
            await world.stage.play(for: .seconds(1))
        }
        #expect(try await world.isFree())
        try await world.run { world async throws in
            #expect(try await world.reaches(call == "delete" ? .deleted : .active))
            #expect(world.heat.stacks.count == 1)
        }
    }
}
