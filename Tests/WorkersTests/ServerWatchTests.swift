import Deployments
import OpenStack
import Runtime
import Testing

@testable import Workers

/// What becomes of a VM after ACTIVE, as Nova tells it.
@Suite struct ServerWatchTests {
    static func server(
        _ status: String = "ACTIVE", at fixed: [String] = ["10.0.0.7"], _ floating: [String] = ["203.0.113.7"]
    ) -> ServerClient.Server {
        ServerClient.Server(id: "srv", status: status, fixedAddresses: fixed, floatingAddresses: floating)
    }

    /// A deployment that is ACTIVE, with a server.
    func withServer(_ body: @Sendable (World) async throws -> Void) async throws {
        try await World().run { world async throws in
            world.heat.setServers([Self.server()])
            try await world.ask()
            #expect(try await world.reaches(.active))
            #expect(try await world.stored().work.serverId == "srv")
            try await body(world)
        }
    }

    @Test(
        "a server that rests is told of once, and again when it runs; the deployment stays ACTIVE",
        arguments: [
            ("SHUTOFF", "The VM was stopped"), ("PAUSED", "The VM was paused"), ("SUSPENDED", "The VM was suspended"),
            ("SHELVED_OFFLOADED", "The VM was shelved"), ("ERROR", "The VM has failed in the region"),
        ])
    func rests(status: String, words: String) async throws {
        try await withServer { world async throws in
            world.heat.setServers([Self.server(status)])
            await world.stage.play(for: .seconds(300))
            #expect(try await world.log().suffix(1) == [words])
            #expect(try await world.deployment().status == .active)
            world.heat.setServers([Self.server()])
            await world.stage.play(for: .seconds(300))
            #expect(try await world.log().suffix(2) == [words, "The VM is running again"])
        }
    }

    @Test("what passes by itself is not told")
    func passing() async throws {
        try await withServer { world async throws in
            let before = try await world.log()
            for status in ["REBOOT", "ACTIVE", "RESIZE", "VERIFY_RESIZE", "ACTIVE"] {
                world.heat.setServers([Self.server(status)])
                await world.stage.play(for: .seconds(90))
            }
            #expect(try await world.log() == before)
        }
    }

    @Test("addresses that changed are learned, and not unlearned by what the stack said when it was made")
    func addresses() async throws {
        try await withServer { world async throws in
            world.heat.setServers([Self.server(at: ["10.0.0.9"], ["203.0.113.9", "203.0.113.8"])])
            await world.stage.play(for: .seconds(90))
            let learned = try await world.deployment()
            #expect(learned.runtime == .init(publicIp: "203.0.113.9", privateIp: "10.0.0.9", sshUser: "debian"))
            await world.stage.play(for: .seconds(3 * 3600))
            #expect(try await world.deployment() == learned)
            #expect(try await world.log().suffix(1) == ["The VM's addresses changed"])
            world.heat.setServers([Self.server(at: ["10.0.0.9"], [])])
            await world.stage.play(for: .seconds(90))
            #expect(try await world.deployment().runtime.publicIp == nil)
        }
    }

    @Test("a server that is gone for a while is an error; a list that fails, or lacks it once, is not")
    func gone() async throws {
        try await withServer { world async throws in
            world.heat.setServers([])
            await world.stage.play(for: .seconds(61))
            world.heat.setServers([Self.server()])
            await world.stage.play(for: .seconds(120))
            for _ in 0..<10 { world.heat.trouble("servers", .answer(.json(200, ["servers": [["id": 5]]]))) }
            await world.stage.play(for: .seconds(580))
            #expect(try await world.deployment().status == .active)
            world.heat.setServers([])
            #expect(try await world.reaches(.error, atMost: .seconds(400)))
            let lost = try await world.deployment()
            #expect(lost.lastError?.code == .stackMissing && lost.runtime.publicIp == nil)
            #expect(try await world.log().suffix(1) == ["The VM's server is gone from the region"])
            await world.stage.play(for: .seconds(2 * 3600))
            #expect(try await world.deployment() == lost, "its stack is complete, and does not bring it back")
            try await world.delete()
            #expect(try await world.reaches(.deleted))
        }
    }

    @Test("a region without VMs that are ACTIVE, or whose template names no server, is not asked")
    func notAsked() async throws {
        try await World().run { world async throws in
            try await world.ask()
            #expect(try await world.reaches(.active))
            await world.stage.play(for: .seconds(600))
            #expect(world.heat.count("servers") == 0)
        }
    }
}
