import HTTPTypes
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// What the recordings do not say of stacks that are updated, and of what they make in Nova and Neutron.
struct StackUpdateTests {
    private static func vm(_ more: [String: JSONValue] = [:]) -> JSONValue {
        let properties: [String: JSONValue] = [
            "flavor": "m1.tiny", "image": "debian-12", "networks": [["port": ["get_resource": "port"]]],
        ]
        return .template([
            "port": ["type": "OS::Neutron::Port", "properties": ["network": "private"]],
            "server": ["type": "OS::Nova::Server", "properties": .object(properties.merging(more) { $1 })],
        ])
    }

    private func record(_ bench: Bench, _ name: String = "s") throws -> StackRecord {
        try #require(bench.engine.stacks(in: Bench.region).last { $0.name == name })
    }

    private func services(_ bench: Bench) throws -> RegionServices {
        try #require(bench.engine.regions[Bench.region]?.services)
    }

    @Test("What a stack makes is there in the services, and with the stack it goes")
    func stackIsMadeInTheServices() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", Self.vm(), bench)
        bench.time.advance(.seconds(5))
        let made = try services(bench)
        let server = try #require(made.compute.servers.all.first)
        #expect(server.state == .active)
        #expect(made.compute.usage.values.map(\.instances) == [1])
        let port = try #require(made.network.ports.records(made.network.portsByDevice[server.id]).first)
        #expect(try record(bench).resource("port")?.physicalId == port.id)
        try await stack.delete()
        bench.time.advance(.seconds(5))
        #expect(try services(bench).compute.servers.count == 0)
        #expect(try services(bench).network.ports[port.id] == nil)
        #expect(try services(bench).compute.usage.values.map(\.instances) == [0])
    }

    @Test("A server is changed in its place where Nova can, and keeps its id")
    func serverIsChangedInPlace() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", Self.vm(), bench)
        bench.time.advance(.seconds(5))
        let before = try record(bench).resource("server")?.physicalId
        bench.time.advance(.seconds(5))
        #expect(try await stack.put(Self.vm(["flavor": "m1.small", "metadata": ["k": "v"]])) == 202)
        bench.time.advance(.seconds(5))
        let resource = try #require(try record(bench).resource("server"))
        #expect(resource.status == "UPDATE_COMPLETE" && resource.physicalId == before)
        let server = try #require(try services(bench).compute.servers[before ?? ""])
        #expect(server.flavor.name == "m1.small" && server.metadata == ["k": "v"] && server.state == .active)
        let shown = try await stack.get("/resources/server")["resource"]
        #expect(shown?["creation_time"] == "2026-01-06T10:00:00Z")
        #expect(shown?["updated_time"] == "2026-01-06T10:00:10Z")
    }

    @Test("A server that is replaced hands its port to the new one, and gets it back when that is rolled back")
    func replacedServerGivesItsPort() async throws {
        var scenario = CloudScenario.bench
        scenario.quota.limits[.ram] = 2048
        let bench = try Bench(scenario)
        let stack = try await StackOnBench("s", Self.vm(), bench)
        bench.time.advance(.seconds(5))
        let (port, first) = (
            try record(bench).resource("port")?.physicalId ?? "", try record(bench).resource("server")?.physicalId
        )
        _ = try await stack.put(Self.vm(["user_data": "other"]))
        bench.time.advance(.seconds(10))
        #expect(try record(bench).status == "UPDATE_COMPLETE")
        let second = try record(bench).resource("server")?.physicalId
        #expect(second != first)
        #expect(try services(bench).compute.servers.all.map(\.id) == [second])
        #expect(try services(bench).network.ports[port]?.deviceId == second)

        let huge = Self.vm(["user_data": "third", "flavor": "m1.huge"])
        _ = try await stack.put(huge, more: ["disable_rollback": false])
        bench.time.advance(.seconds(300))
        #expect(try record(bench).status == "ROLLBACK_COMPLETE")
        #expect(try services(bench).compute.servers.all.map(\.id) == [second])
        #expect(try services(bench).network.ports[port]?.deviceId == second)
    }

    @Test("An update that comes while a resource waits for its next attempt makes it as it is wanted now")
    func updateDuringARest() async throws {
        var scenario = CloudScenario.bench
        let none = ResourceFate(outcome: .fails(reason: "No valid host was found. ", times: 1))
        scenario.stackRules = [StackRule(name: "s", create: ["server": none])]
        let bench = try Bench(scenario)
        let failing: JSONValue = ["type": "OS::Heat::TestResource", "properties": ["fail": true, "wait_secs": 4]]
        let template = Self.vm()
        func with(_ other: JSONValue?) -> JSONValue {
            var resources = template["resources"]?.object ?? [:]
            resources["other"] = other
            return .template(.object(resources))
        }
        let stack = try await StackOnBench("s", with(failing), bench)
        // The server has failed once and rests when the other resource ends the create.
        bench.time.advance(.seconds(5))
        #expect(try record(bench).status == "CREATE_FAILED")
        bench.time.advance(.seconds(60))
        _ = try await stack.put(with(nil))
        bench.time.advance(.seconds(60))
        #expect(try record(bench).status == "UPDATE_COMPLETE")
        #expect(try services(bench).compute.servers.all.map(\.state) == [.active])
    }

    @Test("A resource that is not wanted any more may fail without the stack's failing with it")
    func leftoverMayFail() async throws {
        let bench = try Bench()
        let slow: JSONValue = .tests(["a": [:], "late": ["fail": true, "wait_secs": 20]])
        let stack = try await StackOnBench("s", slow, bench)
        bench.time.advance(.seconds(5))
        _ = try await stack.put(.tests(["a": [:]]))
        bench.time.advance(.seconds(60))
        #expect(try record(bench).status == "UPDATE_COMPLETE")
        #expect(try record(bench).resources.map(\.name) == ["a"])
    }

    @Test("An update during the create makes what is not begun as it is wanted now, and looks again at the rest")
    func updateDuringTheCreate() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench(
            "s", .tests(["a": ["value": "1", "wait_secs": 10], "b": ["value": "1", "after": "a"]]), bench)
        bench.time.advance(.seconds(5))
        _ = try await stack.put(.tests(["a": ["value": "2", "wait_secs": 10], "b": ["value": "2", "after": "a"]]))
        bench.time.advance(.seconds(60))
        let events = try record(bench).events.filter { $0.resource == "b" }.map(\.status)
        #expect(events == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"])
        #expect(try record(bench).resources.map { $0.properties["value"] } == ["2", "2"])
        #expect(try record(bench).resource("a")?.status == "UPDATE_COMPLETE")
    }

    @Test("What a template keeps outlives its stack, and the thing of another is neither made nor deleted")
    func keptAndForeignThings() async throws {
        let bench = try Bench()
        let keeping = try await StackOnBench(
            "s",
            .template([
                "net": ["type": "OS::Neutron::Net", "deletion_policy": "Retain", "properties": ["name": "mine"]]
            ]), bench)
        bench.time.advance(.seconds(5))
        let id = try #require(try record(bench).resource("net")?.physicalId)
        let using = try await StackOnBench(
            "t", .template(["net": ["type": "OS::Neutron::Net", "external_id": .string(id)]]), bench)
        bench.time.advance(.seconds(5))
        #expect(try record(bench, "t").resource("net")?.physicalId == id)
        #expect(try record(bench, "t").resource("net")?.status == "CHECK_COMPLETE")
        try await using.delete()
        try await keeping.delete()
        bench.time.advance(.seconds(5))
        #expect(try record(bench).isGone && record(bench, "t").isGone)
        #expect(try services(bench).network.networks[id]?.name == "mine")
        #expect(try services(bench).network.networks.records(named: "mine").count == 1)
    }

    @Test("A stack's key pairs are those of the user who asks for it")
    func keyPairsAreTheUsers() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", Self.vm(["key_name": "gk"]), bench)
        #expect(try record(bench).userId == bench.engine.identity.users[0].id)
        let place = StackPlace(region: Bench.region, project: try record(bench).project)
        #expect(bench.engine.names(for: place, user: "somebody").keyPairs == [])
        #expect(bench.engine.names(for: place).keyPairs == ["gk"])
        bench.time.advance(.seconds(5))
        #expect(try await stack.get("")["stack"]?["stack_status"] == "CREATE_COMPLETE")
    }
}
