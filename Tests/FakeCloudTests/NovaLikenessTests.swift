import HTTPTypes
import Runtime
import Synchronization
import Testing

@testable import FakeCloud

/// The server that the recordings show, made over the services' own APIs, is shown as they show it.
@Suite struct NovaLikenessTests {
    private let bench: Bench

    /// The network, router, group, port, key, server and floating IP of the recorded stack `vm1`.
    init() throws {
        bench = try Bench()
        let engine = bench.engine
        let user = engine.identity.users[0]
        let change = Change(
            requester: Requester(userId: user.id, projectId: user.assignments[0].project.id), now: engine.now,
            random: RandomSource(seed: 1))
        let outside = JSONValue.string(engine.catalog.id(of: "network", "public"))
        let flavor = JSONValue.string(engine.catalog.id(of: "flavor", "m1.tiny"))
        let image = JSONValue.string(engine.catalog.id(of: "image", "cirros-0.6.2"))
        try bench.cloud.engine.withLock { engine in
            _ = try engine.withServices(in: Bench.region) { services in
                let network = try services.network.createNetwork(["name": "vm1-net-2tmevv3kxu4y"], by: change)
                let subnet = try services.network.createSubnet(
                    ["network_id": .string(network.id), "cidr": "192.168.77.0/24", "ip_version": 4], by: change)
                let router = try services.network.createRouter(
                    ["name": "vm1-router-fmm5kuj4pegk", "external_gateway_info": ["network_id": outside]], by: change)
                _ = try services.network.addRouterInterface(
                    router.id, ["subnet_id": .string(subnet.id)], by: change)
                let group = try services.network.createSecurityGroup(["name": "vm1-sg-ej5r3axokctw"], by: change)
                let port = try services.network.createPort(
                    ["network_id": .string(network.id), "security_groups": [.string(group.id)]], by: change)
                _ = try services.compute.createKeyPair(["name": "k1"], by: change)
                _ = try services.createServer(
                    [
                        "name": "vm1", "flavorRef": flavor, "imageRef": image, "key_name": "k1",
                        "networks": [["port": .string(port.id)]],
                    ], by: change, drivenBy: .timers)
                _ = try services.network.createFloatingIP(
                    ["floating_network_id": outside, "port_id": .string(port.id)], by: change)
            }
        }
        bench.time.advance(.seconds(5))
    }

    private var serverId: String {
        bench.engine.regions[Bench.region]?.services.compute.servers.all.first?.id ?? ""
    }

    /// How the answer to a recorded request differs from the recorded one.
    private func differences(_ file: String, _ name: String) async throws -> [String] {
        let exchange = try #require(try GoldenExchange.all(in: file).first { $0.name == name })
        var headers: HTTPFields = [HTTPField.Name("X-Auth-Token")!: try await bench.token()]
        for header in exchange.requestHeaders where header.name == "OpenStack-API-Version" {
            headers[HTTPField.Name(header.name)!] = header.value
        }
        let prefix = file == "nova" ? "/compute/" : "/network/"
        let path = exchange.path.replacing("a6e4bebf-cab0-4b93-9077-774166b00d09", with: serverId)
        let answer = try await bench.send(
            exchange.method, prefix + Bench.region + path, headers: headers, body: Array(exchange.requestBody.utf8))
        #expect(answer.status == exchange.status, "\(exchange)")
        let place = "http://cloud.test" + prefix + Bench.region
        let own = String(decoding: answer.body, as: UTF8.self).replacing(place, with: "{here}")
        var likeness = Likeness()
        likeness.bind("a6e4bebf-cab0-4b93-9077-774166b00d09", to: serverId)
        let recorded = exchange.body.replacing("http://127.0.0.1:28774", with: "{here}")
        guard !recorded.isEmpty else { return own.isEmpty ? [] : [own] }
        likeness.compare(
            try JSONValue(parsing: recorded.utf8), try JSONValue(parsing: own.utf8), at: "")
        return likeness.differences
    }

    @Test(
        "A server is shown with the members that Nova shows, by microversion",
        arguments: ["servers", "servers-detail", "servers-detail-latest", "servers-status", "server"])
    func shown(name: String) async throws {
        // The host's id is a hash.
        let found = try await differences("nova", name).filter { !$0.contains("hostId") }
        #expect(found == [])
    }

    @Test("Stop, stop again, start and reboot are answered as Nova answers them")
    func actions() async throws {
        for name in ["server-stop", "server-stop-again-409", "server-start", "server-reboot", "server-vnc"] {
            let found = try await differences("nova", name)
            #expect(found == [], "\(name)")
        }
    }

    @Test("Routers are shown with the members that Neutron shows")
    func routers() async throws {
        let found = try await differences("neutron", "routers")
        #expect(found == [])
    }
}
