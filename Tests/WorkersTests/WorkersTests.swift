import Deployments
import HTTPTypes
import OpenStack
import Runtime
import Storage
import Synchronization
import Testing

@testable import Workers

@Suite struct WorkersTests {
    @Test("a deployment comes up, with its addresses and a log, and goes away when it is deleted")
    func life() async throws {
        try await World().run { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            #expect(world.stage.uptime < .seconds(16))
            let deployment = try await world.deployment()
            #expect(
                deployment.runtime
                    == .init(publicIp: "203.0.113.7", privateIp: "10.0.0.7", sshUser: "debian"))
            #expect(
                try await world.log() == [
                    "Deployment requested", "Creating stack…", "Creating server…", "Server ready",
                    "The VM is ready at 203.0.113.7",
                ])
            try await world.delete()
            let deletedAt = world.stage.uptime
            #expect(try await world.reaches(.deleted))
            #expect(world.stage.uptime - deletedAt < .seconds(10))
            #expect(try await world.deployment().runtime.publicIp == nil)
            #expect(try await world.log().suffix(3) == ["Deletion requested", "Deleting stack…", "Deleted"])
            #expect(world.heat.count("create") == 1)
            #expect(world.heat.count("delete") == 1)
        }
    }

    @Test("a create whose answer was lost is found by its name and adopted")
    func adoption() async throws {
        try await World().run { world in
            world.heat.trouble("create", .loseAnswer)
            try await world.ask()
            #expect(try await world.reaches(.active))
            #expect(world.heat.count("create") == 1)
            #expect(world.heat.live.count == 1)
        }
    }

    @Test("a create that never arrived is sent again, and not before it is settled")
    func resend() async throws {
        try await World().run { world in
            world.heat.trouble("create", .answer(.heatError(500, "MessagingTimeout")))
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 2 })
            #expect(world.stage.uptime >= .seconds(120))
            #expect(try await world.reaches(.active))
            #expect(world.heat.live.count == 1)
        }
    }

    @Test("a create that leaves nothing five times as with a strict Keystone is CLOUD_AUTH_FAILED")
    func strictKeystone() async throws {
        try await World().run { world in
            let strict = SmallHeat.Trouble.answer(.heatError(500, "RemoteError"))
            world.heat.trouble("create", strict, strict, strict, strict, strict)
            try await world.ask()
            #expect(try await world.reaches(.error))
            #expect(try await world.deployment().lastError?.code == .cloudAuthFailed)
            #expect(world.heat.count("create") == 5)
        }
    }

    @Test("a refused create is an error at once")
    func rejection() async throws {
        try await World().run { world in
            world.heat.trouble(
                "create", .answer(.heatError(400, "StackValidationFailed", "Parameter 'image' is invalid: no Image")))
            try await world.ask()
            #expect(try await world.reaches(.error, atMost: .seconds(5)))
            #expect(try await world.deployment().lastError == Failure(.imageUnavailable))
            try await world.delete()
            #expect(try await world.reaches(.deleted))
            #expect(world.heat.count("delete") == 0)
        }
    }

    @Test("a create that was put off is sent again after the wait, as the first one")
    func postponed() async throws {
        try await World().run { world in
            let busy = CloudResponse(status: 429, headers: [.retryAfter: "30"])
            world.heat.trouble("create", .answer(busy))
            try await world.ask()
            #expect(try await world.reaches(.active))
            #expect(world.stage.uptime >= .seconds(40))
            #expect(world.heat.count("find") == 0)
        }
    }

    @Test("a foreign stack of the same name is left alone")
    func nameConflict() async throws {
        try await World().run { world in
            world.heat.add("vm-dep_1", tags: ["portal:another"])
            try await world.ask()
            #expect(try await world.reaches(.error))
            #expect(try await world.deployment().lastError?.code == .nameConflict)
            try await world.delete()
            #expect(try await world.reaches(.deleted))
            #expect(world.heat.live.count == 1)
        }
    }

    @Test("a stack that failed is an error with a reason, stays, and makes way for another try")
    func failureAndRetry() async throws {
        try await World().run { world in
            world.heat.failNext("Resource CREATE failed: ResourceInError: resources.server: No valid host was found.")
            try await world.ask()
            #expect(try await world.reaches(.error))
            #expect(try await world.deployment().lastError?.code == .noCapacity)
            #expect(world.heat.live.count == 1)
            try await world.retry()
            #expect(try await world.reaches(.active))
            #expect(world.heat.live.map(\.name) == ["vm-dep_1-r2"])
        }
    }

    @Test("a stack that vanished is missed after a minute of evidence")
    func vanished() async throws {
        try await World().run { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            world.heat.vanish()
            let vanishedAt = world.stage.uptime
            #expect(try await world.reaches(.error))
            #expect(world.stage.uptime - vanishedAt >= .seconds(60))
            #expect(world.stage.uptime - vanishedAt <= .seconds(130))
            let deployment = try await world.deployment()
            #expect(deployment.lastError?.code == .stackMissing)
            #expect(deployment.runtime == .init(sshUser: "debian"))
        }
    }

    @Test("an outage changes no state and is told once")
    func outage() async throws {
        try await World().run { world in
            world.heat.setDown(true)
            try await world.ask()
            await world.stage.play(for: .seconds(600))
            #expect(try await world.deployment().status != .error)
            let log = try await world.log()
            #expect(log.count { $0.hasPrefix("The region does not answer") } == 1)
            #expect(log.count { $0 == "Creating stack…" } == 1)
            world.heat.setDown(false)
            #expect(try await world.reaches(.active, atMost: .seconds(900)))
            world.heat.setDown(true)
            await world.stage.play(for: .seconds(3600))
            #expect(try await world.deployment().status == .active)
        }
    }

    @Test("deleting while the create's outcome is unknown waits until nothing can come of it")
    func deleteUnknown() async throws {
        try await World().run { world in
            world.heat.trouble("create", .loseRequest)
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            try await world.delete()
            #expect(try await world.reaches(.deleted))
            #expect(world.stage.uptime >= .seconds(120))
            #expect(world.heat.count("create") == 1)
            #expect(world.heat.live.isEmpty)
        }
    }

    @Test("a deletion that fails is tried again, six times, and then now and then until it works")
    func failingDeletion() async throws {
        var settings = WorkerSettings()
        settings.restInterval = .seconds(900)
        try await World().run(settings) { world in
            try await world.ask()
            #expect(try await world.reaches(.active))
            world.heat.failDeletions(7)
            try await world.delete()
            #expect(try await world.reaches(.error))
            #expect(try await world.deployment().lastError?.code == .deleteFailed)
            #expect(world.heat.count("delete") == 6)
            #expect(try await world.reaches(.deleted, atMost: .seconds(2000)))
        }
    }

    @Test("a stack of this portal that belongs to nobody is swept away, another's is not")
    func sweeper() async throws {
        var settings = WorkerSettings()
        settings.removesUnknownStacks = true
        try await World().run(settings) { world in
            world.heat.add("vm-lost", tags: ["portal:\(world.instanceId)", "dep:dep_lost"])
            world.heat.add("vm-theirs", tags: ["portal:another", "dep:dep_lost"])
            #expect(await world.stage.play { world.heat.live.map(\.name) == ["vm-theirs"] })
            #expect(world.stage.uptime >= .seconds(1200))
        }
    }

    @Test("many deployments are watched with one list a tick")
    func manyDeployments() async throws {
        try await World().run { world in
            let ids = (1...40).map { "dep_\($0)" }
            for id in ids { try await world.ask(for: id) }
            for id in ids { #expect(try await world.reaches(.active, id)) }
            let (lists, shows) = (world.heat.count("list"), world.heat.count("show"))
            await world.stage.play(for: .seconds(600))
            #expect(world.heat.count("show") == shows)
            #expect(world.heat.count("list") - lists <= 22)
        }
    }

    @Test("stopped workers end their steps and give their claims back")
    func stopped() async throws {
        let world = try await World()
        let workers = world.workers()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: world.stage) { try await workers.run() }
            try await world.ask()
            #expect(await world.stage.play { world.heat.count("create") == 1 })
            workers.stop()
            await world.stage.play(for: .seconds(3))
            try await group.next()
        }
        #expect(world.heat.calls == ["create"])
        let claim = WorkClaim(
            regionId: "r1", owner: "next", now: world.stage.now, leaseFor: .seconds(30), createsAtOnce: 1)
        let claimed = try await world.store.write { try $0.claimDue(claim) }
        #expect(claimed?.record.work.stackId == "s1")
    }

    @Test(
        "killed anywhere and started again, there is one stack and the wanted state is reached",
        arguments: [
            CrashPoint.workerClaimed, .workerIntentCommitted, .workerCreateAnswered, .workerStackIdCommitted,
            .workerObserveRead, .workerObserveCommitted, .workerDeleteAnswered,
        ])
    func killed(point: CrashPoint) async throws {
        try await World().run { world in
            world.death.withLock { $0 = (point, 1) }
            try await world.ask()
            #expect(try await world.reaches(.active))
            #expect(world.heat.stacks.count == 1)
            try await world.delete()
            #expect(try await world.reaches(.deleted))
            #expect(world.heat.live.isEmpty)
            #expect(world.death.withLock { $0 == nil }, "the crash point was not passed")
        }
    }
}
