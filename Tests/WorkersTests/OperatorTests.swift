import Deployments
import OpenStack
import Runtime
import Testing

@testable import Workers

/// What an operator may do beside the running workers.
@Suite struct OperatorTests {
    @Test("a region in maintenance gets no call, and what waited goes on when it ends")
    func maintenance() async throws {
        var settings = WorkerSettings()
        settings.sweepInterval = .seconds(60)
        try await World().run(settings) { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            try await world.operators.beginMaintenance(of: "r1", message: nil)
            await world.stage.play(for: .seconds(60))
            let calls = world.heat.calls.count
            world.heat.setDown(true)
            try await world.ask(for: "dep_2")
            try await world.delete()
            await world.stage.play(for: .seconds(4 * 3600))
            #expect(world.heat.calls.count == calls)
            #expect(try await world.deployment("dep_2").status == .requested)
            #expect(try await world.deployment().status == .deleting)
            world.heat.setDown(false)
            #expect(try await world.operators.endMaintenance(of: "r1"))
            #expect(try await world.reaches(.active, "dep_2", atMost: .seconds(60)))
            #expect(try await world.reaches(.deleted, atMost: .seconds(60)))
        }
    }

    @Test("in maintenance a region takes no orders and no other tries; what it is told is what customers read")
    func maintenanceRefuses() async throws {
        try await World().run { world in
            world.heat.failNext("no")
            try await world.ask()
            #expect(try await world.reaches(.error))
            try await world.operators.beginMaintenance(of: "r1", message: "Back at noon.")
            let maintenance = try #require(try await world.operators.maintenances().first)
            #expect(maintenance.regionId == "r1" && maintenance.message == "Back at noon.")
            await #expect(throws: DeploymentError.maintenance(maintenance)) { try await world.retry() }
            #expect(try await world.operators.endMaintenance(of: "r1"))
            #expect(try await !world.operators.endMaintenance(of: "r1"))
            try await world.retry()
            #expect(try await world.reaches(.active))
        }
    }

    @Test("a deletion that is abandoned is over for the customer, and its stack is left to the operator")
    func abandon() async throws {
        var settings = WorkerSettings()
        settings.sweepInterval = .seconds(60)
        settings.removesUnknownStacks = true
        try await World().run(settings) { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            await #expect(throws: OperatorService.Refusal.stillWanted("dep_1", .active)) {
                _ = try await world.operators.abandon("dep_1")
            }
            await #expect(throws: OperatorService.Refusal.unknownDeployment("dep_9")) {
                _ = try await world.operators.abandon("dep_9")
            }
            world.heat.failDeletions(1000)
            try await world.delete()
            #expect(try await world.reaches(.error))
            let left = try await world.operators.abandon("dep_1")
            #expect(left.regionId == "r1" && left.stacks == [.init(name: "vm-dep_1", id: "s1")])
            let abandoned = try await world.deployment()
            #expect(abandoned.status == .deleted && abandoned.lastError == nil)
            let deletes = world.heat.count("delete")
            await world.stage.play(for: .seconds(7200))
            #expect(world.heat.count("delete") == deletes)
            #expect(try await world.deployment() == abandoned)
            #expect(try await world.operators.abandon("dep_1").stacks == left.stacks, "again is fine")
        }
    }

    @Test("a stack whose deployment the database does not know is reported, and deleted only when it is told to")
    func unknownStacks() async throws {
        var settings = WorkerSettings()
        settings.sweepInterval = .seconds(60)
        try await World().run(settings) { world in
            world.heat.add("vm-lost", tags: ["portal:\(world.instanceId)", "dep:dep_lost"])
            world.heat.add("vm-theirs", tags: ["portal:another", "dep:dep_lost"])
            world.heat.add("web", tags: ["mine"])
            try await world.ask()
            #expect(try await world.reaches(.active))
            await world.stage.play(for: .seconds(3600))
            #expect(world.heat.live.count == 4)

            let search = OrphanSearch(in: world.region("r1", by: world.heat), store: world.store)
            let found = try #require(try await search.find())
            #expect(
                Dictionary(uniqueKeysWithValues: found.map { ($0.name, $0.kind) }) == [
                    "vm-lost": .unknown, "vm-theirs": .foreign,
                ])
            for orphan in found where orphan.isRemovable { #expect(try await search.remove(orphan) == nil) }
            #expect(await world.stage.play { Set(world.heat.live.map(\.name)) == ["vm-theirs", "web", "vm-dep_1"] })
            world.heat.setDown(true)
            #expect(try await search.find() == nil)
        }
    }
}
