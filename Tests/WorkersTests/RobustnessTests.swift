import Deployments
import HTTPTypes
import OpenStack
import Runtime
import Testing

@testable import Storage
@testable import Workers

/// What goes wrong in one place stays there.
@Suite struct RobustnessTests {
    @Test("a region that hangs holds up no other")
    func regions() async throws {
        let world = try await World()
        let hanging = SmallHeat(world.stage)
        for call in ["create", "find", "list"] {
            for _ in 0..<500 { hanging.trouble(call, .delay(.seconds(1000))) }
        }
        try await world.run(clouds: [world.heat, hanging]) { world async throws in
            for number in 1...20 { try await world.ask(for: "dep_x\(number)", in: "r2") }
            #expect(await world.stage.play { hanging.count("create") == 8 })
            let askedAt = world.stage.uptime
            try await world.ask()
            #expect(try await world.reaches(.active))
            #expect(world.stage.uptime - askedAt < .seconds(16))
            try await world.delete()
            #expect(try await world.reaches(.deleted, atMost: .seconds(10)))
        }
    }

    @Test(
        "calls in a tick do not grow with the deployments in flight, nor a deployment's with the others",
        arguments: [1, 10, 100])
    func callsPerTick(count: Int) async throws {
        var settings = WorkerSettings()
        settings.createsAtOnce = count
        try await World().run(settings) { world in
            world.heat.setCreateTakes(.seconds(240))
            for number in 1...count { try await world.ask(for: "dep_\(number)") }
            #expect(await world.stage.play { world.heat.count("create") == count })
            await world.stage.play(for: .seconds(60))
            #expect(world.heat.count("show") <= count)
            let before = world.heat.calls.count
            await world.stage.play(for: .seconds(60))
            let tick = world.heat.calls.dropFirst(before)
            #expect((25...31).contains(tick.count { $0 == "list" }))
            #expect(tick.count { $0 == "events" } <= 3 * count)
            #expect(tick.allSatisfy { $0 == "list" || $0 == "events" })
            for number in 1...count { #expect(try await world.reaches(.active, "dep_\(number)")) }
            #expect(world.heat.count("show") <= 2 * count)
            #expect(world.heat.count("events") <= 25 * count)
        }
    }

    @Test("no more creates are under way in a region than may be, and a customer with many holds up no other")
    func createsAtOnce() async throws {
        var settings = WorkerSettings()
        settings.createsAtOnce = 2
        try await World().run(settings) { world in
            world.heat.setCreateTakes(.seconds(60))
            for number in 1...10 { try await world.ask(for: "dep_\(number)") }
            #expect(await world.stage.play { world.heat.count("create") == 2 })
            try await world.ask(for: "dep_other", of: "other")
            await world.stage.play(for: .seconds(30))
            #expect(world.heat.count("create") == 2)
            #expect(try await world.reaches(.active, "dep_other", atMost: .seconds(140)))
            #expect(world.heat.count("create") <= 6, "it was among the second two")
            for number in 1...10 { #expect(try await world.reaches(.active, "dep_\(number)")) }
            #expect(world.stage.uptime >= .seconds(5 * 60))
        }
    }

    @Test("a step that always fails is put off, told to nobody, and in nobody's way")
    func failingStep() async throws {
        try await World().run { world in
            for _ in 0..<3 { world.heat.trouble("create", .breakDown) }
            try await world.ask(for: "dep_bad")
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            for number in 1...9 { try await world.ask(for: "dep_\(number)") }
            #expect(await world.stage.play { world.heat.live.count >= 7 })
            await world.stage.play(for: .seconds(3600))
            for number in 1...9 { #expect(try await world.deployment("dep_\(number)").status == .active) }
            #expect(try await world.deployment("dep_bad").status == .active)
            #expect(world.heat.live.count == 10)
        }
    }

    @Test("a record that can't be read is passed over, and mended goes on")
    func damagedRecord() async throws {
        try await World().run { world in
            try await world.ask(for: "dep_0")
            #expect(try await world.reaches(.active, "dep_0"))
            try await world.database.write { db in
                _ = try db.run("UPDATE deployments SET work = '{' || work, due_at = 0")
            }
            for number in 1...9 { try await world.ask(for: "dep_\(number)") }
            for number in 1...9 { #expect(try await world.reaches(.active, "dep_\(number)", atMost: .seconds(60))) }
            await world.stage.play(for: .seconds(3600))
            #expect(world.heat.live.count == 10, "the sweeper took a stack whose record can't be read")
            try await world.database.write { db in
                _ = try db.run("UPDATE deployments SET work = substr(work, 2) WHERE id = 'dep_0'")
            }
            try await world.delete("dep_0")
            #expect(try await world.reaches(.deleted, "dep_0"))
        }
    }

    @Test("a store that is away for a while ends no worker, in whatever it was at")
    func storeAway() async throws {
        let world = try await World()
        let store = FlakyStore(world.store)
        var settings = WorkerSettings()
        settings.sweepInterval = .seconds(60)
        settings.removesUnknownStacks = true
        try await world.run(settings, store: store) { world async throws in
            world.heat.add("vm-lost", tags: ["portal:\(world.instanceId)", "dep:dep_lost"])
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            store.setBroken(true)
            await world.stage.play(for: .seconds(300))
            store.setBroken(false)
            #expect(try await world.reaches(.active, atMost: .seconds(60)))
            world.heat.vanish()
            #expect(try await world.reaches(.error, atMost: .seconds(200)))
            world.heat.add("vm-lost", tags: ["portal:\(world.instanceId)", "dep:dep_lost"])
            #expect(await world.stage.play(atMost: .seconds(400)) { world.heat.live.isEmpty })
        }
    }

    @Test("a Keystone that is down at the start is waited for; nothing is sent and nothing fails")
    func keystoneDown() async throws {
        let world = try await World()
        world.heat.setKeystoneDown(true)
        try await world.ask()
        try await world.run { world async throws in
            await world.stage.play(for: .seconds(1800))
            #expect(world.heat.calls.isEmpty)
            #expect(try await world.deployment().lastError == nil)
            world.heat.setKeystoneDown(false)
            #expect(try await world.reaches(.active, atMost: .seconds(600)))
            #expect(world.heat.stacks.count == 1)
        }
    }

    @Test("what was never sent while Keystone was down is deleted without a call")
    func deletedBeforeSent() async throws {
        let world = try await World()
        world.heat.setKeystoneDown(true)
        try await world.ask()
        try await world.run { world async throws in
            await world.stage.play(for: .seconds(60))
            try await world.delete()
            #expect(try await world.deployment().status == .deleted)
            world.heat.setKeystoneDown(false)
            await world.stage.play(for: .seconds(600))
            #expect(world.heat.count("create") == 0)
        }
    }

    struct Nonsense: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let body: [UInt8]

        init(_ name: String, _ body: String) { (testDescription, self.body) = (name, Array(body.utf8)) }
    }

    static let nonsense = [
        Nonsense("HTML", "<html>Bad gateway</html>"), Nonsense("truncated", #"{"stack": {"id": "s1", "#),
        Nonsense("10 MB", #"{"stack": {"id": "x", "pad": ""# + String(repeating: "x", count: 10 << 20) + "\"}}"),
        Nonsense("deep", String(repeating: "[", count: 100_000)), Nonsense("binary", "\u{0}\u{1}\u{2}"),
        Nonsense("empty", ""), Nonsense("null", "null"),
        Nonsense("other shape", #"{"stack": {"id": 5}, "stacks": {}, "events": [1]}"#),
    ]

    @Test(
        "an answer that makes no sense is no information: it is asked again, and there is one stack",
        arguments: ["create", "find", "show", "events", "list", "delete"], nonsense)
    func hostile(call: String, nonsense: Nonsense) async throws {
        try await World().run { world in
            if call == "find" { world.heat.trouble("create", .loseAnswer) }
            let response = CloudResponse(status: call == "create" ? 201 : 200, body: nonsense.body)
            for _ in 0..<2 { world.heat.trouble(call, .answer(response)) }
            try await world.ask()
            #expect(try await world.reaches(.active))
            #expect(world.heat.live.count == 1)
            try await world.delete()
            #expect(try await world.reaches(.deleted))
            #expect(world.heat.live.isEmpty)
        }
    }

    @Test("what was asked for in a region that is no longer configured is an error; what runs there stays (T4)")
    func lostRegion() async throws {
        let world = try await World()
        try await world.ask(for: "dep_1", in: "gone")
        try await world.ask(for: "dep_2", in: "gone")
        try await world.store.write { tx in
            guard let previous = try tx.record("dep_2") else { return }
            var record = previous
            try record.apply(.sendCreate, at: Stage.start)
            try tx.update(record, from: previous, fence: nil, dueAt: Stage.start, events: [])
        }
        try await world.run { world async throws in
            #expect(try await world.reaches(.error, "dep_1", atMost: .seconds(5)))
            #expect(try await world.deployment("dep_1").lastError?.code == .createFailed)
            #expect(try await world.deployment("dep_2").status == .provisioning)
            #expect(world.heat.calls.isEmpty)
            try await world.delete("dep_1")
            #expect(try await world.deployment("dep_1").status == .deleted)
        }
    }
}
