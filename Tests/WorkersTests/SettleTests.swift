import Deployments
import HTTPTypes
import OpenStack
import Runtime
import Testing

@testable import Workers

/// Creates of unknown outcome, stacks too many, wrong ids, late arrivals (semantics.md sections 3 to 6), end to end.
@Suite struct SettleTests {
    func tags(_ world: World) -> [String] { ["portal:\(world.instanceId)", "dep:dep_1"] }

    @Test("look-ups come 2, 5, 10, 20 and then every 30 s after a create of unknown outcome (section 5)")
    func spacing() async throws {
        try await World().run { world in
            world.heat.trouble("create", .loseRequest)
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            let sentAt = world.stage.uptime
            var at: [Duration] = []
            while world.heat.count("create") == 1 {
                let count = world.heat.count("find")
                #expect(await world.stage.play { world.heat.count("find") > count })
                at.append(world.stage.uptime - sentAt)
                await world.stage.play(for: .zero)
            }
            // Each is begun at the next look for due work.
            let due = [2, 7, 17, 37, 67, 97, 127].map { Duration.seconds($0) }
            #expect(at.count == due.count)
            for (at, due) in zip(at, due) { #expect((due...due + .seconds(2)).contains(at)) }
        }
    }

    @Test("after five creates that left nothing it is given up, and found if it shows up after all (T14)")
    func unconfirmed() async throws {
        try await World().run { world in
            for _ in 0..<5 { world.heat.trouble("create", .loseRequest) }
            try await world.ask()
            #expect(try await world.reaches(.error))
            #expect(try await world.deployment().lastError?.code == .createUnconfirmed)
            #expect(world.heat.count("create") == 5)
            world.heat.add("vm-dep_1", tags: tags(world))
            #expect(try await world.reaches(.active, atMost: .seconds(620)))
            #expect(try await world.deployment().lastError == nil)
            #expect(try await world.log().last == "Recovered")
            #expect(world.heat.count("create") == 5)
        }
    }

    @Test("a stack that takes too long is given up, and recovers when it is complete after all (T13, T14)")
    func lateStack() async throws {
        var settings = WorkerSettings()
        settings.createTimeoutMinutes = 2
        try await World().run(settings) { world in
            world.heat.setCreateTakes(.seconds(1800))
            try await world.ask()
            #expect(try await world.reaches(.error))
            #expect(world.stage.uptime >= .seconds(720) && world.stage.uptime <= .seconds(790))
            #expect(try await world.deployment().lastError?.code == .provisionTimeout)
            let shows = world.heat.count("show")
            await world.stage.play(for: .seconds(1000))
            #expect(world.heat.count("show") - shows <= 4)
            #expect(try await world.reaches(.active, atMost: .seconds(600)))
            #expect(try await world.log().last == "Recovered")
        }
    }

    @Test("a deletion that was given up goes on hourly, and a new DELETE begins at once (T19, T20, T21)")
    func givenUpDeletion() async throws {
        try await World().run { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            world.heat.failDeletions(100)
            try await world.delete()
            #expect(try await world.reaches(.error))
            let count = world.heat.count("delete")
            await world.stage.play(for: .seconds(3500))
            #expect(world.heat.count("delete") == count)
            await world.stage.play(for: .seconds(200))
            #expect(world.heat.count("delete") == count + 1)
            #expect(try await world.deployment().status == .error)
            world.heat.failDeletions(0)
            try await world.delete()
            #expect(try await world.reaches(.deleted, atMost: .seconds(20)))
        }
    }

    @Test("a deletion that nobody carries out is given up when its time is over (T19)")
    func ignoredDeletion() async throws {
        var settings = WorkerSettings()
        settings.deletionTimeLimit = .seconds(600)
        try await World().run(settings) { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            for _ in 0..<200 { world.heat.trouble("delete", .answer(CloudResponse(status: 204))) }
            try await world.delete()
            let deletedAt = world.stage.uptime
            #expect(try await world.reaches(.error))
            #expect(world.stage.uptime - deletedAt > .seconds(600))
            #expect(world.stage.uptime - deletedAt < .seconds(700))
            #expect(try await world.deployment().lastError?.code == .deleteFailed)
        }
    }

    @Test("of two stacks that a create has left, one is kept; the log tells (S5.1)")
    func doubled() async throws {
        try await World().run { world in
            world.heat.trouble("create", .loseRequest)
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            for _ in 0..<2 { world.heat.add("vm-dep_1", tags: tags(world)) }
            world.heat.add("vm-dep_1", tags: ["portal:another", "dep:dep_1"])
            #expect(try await world.reaches(.active))
            await world.stage.play(for: .seconds(10))
            #expect(world.heat.live.map(\.id) == ["s1", "s3"])
            #expect(try await world.log().contains("The region made the VM twice; the one too many is deleted"))
        }
    }

    @Test("a stack too many that shows up during a deletion goes too, before the deployment counts as gone (S6.4)")
    func doubledAndDeleted() async throws {
        try await World().run { world in
            world.heat.trouble("create", .loseRequest)
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 2 })
            #expect(try await world.reaches(.active))
            world.heat.add("vm-dep_1", tags: tags(world))
            world.heat.trouble("list", .answer(CloudResponse(status: 500)))
            try await world.delete()
            #expect(try await world.reaches(.deleted))
            #expect(world.heat.live.isEmpty)
        }
    }

    @Test(
        "a stored id that is wrong is corrected by the name, also when it is to be deleted (S6.2)",
        arguments: [false, true])
    func wrongId(isDeleted: Bool) async throws {
        try await World().run { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            try await world.rewrite { $0.stackId = "s99" }
            if isDeleted {
                try await world.delete()
                #expect(try await world.reaches(.deleted))
                #expect(world.heat.live.isEmpty)
            } else {
                await world.stage.play(for: .seconds(300))
                #expect(try await world.stored().work.stackId == "s1")
                #expect(try await world.deployment().status == .active)
            }
        }
    }

    @Test("a name that a stack just deleted still holds is waited for, and counts as no create (S6.6)")
    func lingeringName() async throws {
        let world = try await World()
        world.heat.setNameLingers(.seconds(8))
        world.heat.add("vm-dep_1", tags: tags(world), isDeleted: true)
        try await world.ask()
        try await world.run { world async throws in
            #expect(try await world.reaches(.active, atMost: .seconds(60)))
            #expect(world.heat.live.count == 1)
            #expect(try await world.stored().work.createsSent == 1)
            #expect(try await world.log().count { $0 == "Creating stack…" } == 1)
        }
    }

    @Test("another try waits until the old stack is gone, with no call for each tick (T22)")
    func retry() async throws {
        try await World().run { world in
            world.heat.failNext("Resource CREATE failed: ResourceInError: resources.server: bad")
            try await world.ask()
            #expect(try await world.reaches(.error))
            world.heat.failDeletions(1)
            let shows = world.heat.count("show")
            try await world.retry()
            #expect(await world.stage.play { world.heat.count("create") == 2 })
            #expect(world.heat.stacks.first?.name == "vm-dep_1" && world.heat.live.map(\.name) == ["vm-dep_1-r2"])
            #expect(world.heat.count("show") - shows <= 8)
            #expect(try await world.reaches(.active))
        }
    }

    @Test("another try whose old stack does not go away is an error that can be tried again (T22, T19)")
    func retryStuck() async throws {
        try await World().run { world in
            world.heat.failNext("Resource CREATE failed: ResourceInError: resources.server: bad")
            try await world.ask()
            #expect(try await world.reaches(.error))
            world.heat.failDeletions(100)
            try await world.retry()
            #expect(try await world.reaches(.error))
            #expect(try await world.deployment().lastError?.code == .deleteFailed)
            #expect(world.heat.count("create") == 1)
            world.heat.failDeletions(0)
            try await world.retry()
            #expect(try await world.reaches(.active))
            #expect(world.heat.live.map(\.name) == ["vm-dep_1-r3"])
        }
    }

    @Test("a stack of nobody is deleted when it was seen for as long as a create may take (S5.3)")
    func sweeper() async throws {
        var settings = WorkerSettings()
        settings.sweepInterval = .seconds(50)
        settings.removesUnknownStacks = true
        try await World().run(settings) { world async throws in
            world.heat.add("vm-lost", tags: ["portal:\(world.instanceId)", "dep:dep_lost"])
            world.heat.add("vm-dep_lost", tags: ["dep:dep_lost"])
            #expect(await world.stage.play { world.heat.live.map(\.name) == ["vm-dep_lost"] })
            #expect(world.stage.uptime >= .seconds(170) && world.stage.uptime <= .seconds(210))
            #expect(world.heat.count("delete") == 1)
        }
    }

    @Test("a region that makes no stacks for application credentials is left in peace for a while (S4.5)")
    func createsPause() async throws {
        try await World().run { world in
            let strict = SmallHeat.Trouble.answer(.heatError(500, "RemoteError"))
            world.heat.trouble("create", strict, strict, strict, strict, strict)
            try await world.ask()
            #expect(try await world.reaches(.error))
            try await world.ask(for: "dep_2")
            await world.stage.play(for: .seconds(590))
            #expect(world.heat.count("create") == 5)
            #expect(try await world.reaches(.active, "dep_2", atMost: .seconds(400)))
        }
    }
}
