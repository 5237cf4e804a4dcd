import Runtime
import Scenarios
import Testing

@testable import FakeCloud

@Suite struct NovaServerTests {
    @Test("A server is built for as long as the scenario says, and its port is up with it")
    func building() throws {
        var region = NovaRegion()
        let server = try region.boot()
        #expect(server.status == "BUILD")
        let port = try #require(region.services.network.portsByDevice[server.id].first)
        #expect(region.services.network.ports[port]?.isActive == false)
        region.pass(.milliseconds(999))
        #expect(region.server(server.id)?.status == "BUILD")
        region.pass(.milliseconds(1))
        #expect(region.server(server.id)?.status == "ACTIVE")
        #expect(region.services.network.ports[port]?.isActive == true)
    }

    @Test("A server that a caller drives comes up, fails and goes when the caller says so")
    func drivenByCaller() throws {
        var region = NovaRegion()
        let server = try region.boot(drivenBy: .caller)
        let other = try region.boot("other", drivenBy: .caller)
        region.pass(.seconds(60))
        #expect(region.server(server.id)?.status == "BUILD")
        try region.act { services, change in
            services.finishCreate(server: server.id, at: change.now)
            services.fail(server: other.id, "No valid host was found. ", at: change.now)
        }
        #expect(region.server(server.id)?.status == "ACTIVE")
        #expect(region.server(other.id)?.status == "ERROR")
        #expect(region.server(other.id)?.fault?.message == "No valid host was found. ")
        try region.act { try $0.deleteServer(server.id, by: $1, drivenBy: .caller) }
        region.pass(.seconds(60))
        #expect(region.server(server.id)?.step == .delete)
        try region.act { services, change in services.finishDelete(server: server.id, at: change.now) }
        #expect(region.server(server.id) == nil)
    }

    @Test("Instances, cores and memory are counted from the create to the end of the delete")
    func quotas() throws {
        var region = NovaRegion(limits: [.instances: 2, .cores: 3, .ram: 6000])
        let first = try region.boot(flavor: "m1.medium")
        #expect(
            fault { _ = try region.boot(flavor: "m1.medium") }
                == ServiceFault(
                    403,
                    "Quota exceeded for cores, ram: Requested 2, 4096, but already used 2, 4096 of 3, 6000 cores, ram"))
        try region.boot("second")
        #expect(
            fault { _ = try region.boot("third") }?.message
                == "Quota exceeded for cores, instances: Requested 1, 1, but already used 3, 2 of 3, 2 cores, instances"
        )
        region.pass(.seconds(1))
        try region.act { try $0.deleteServer(first.id, by: $1, drivenBy: .timers) }
        #expect(fault { _ = try region.boot("third") } != nil)
        region.pass(.seconds(1))
        try region.boot("third")
        #expect(
            region.services.compute.usage[region.project("demo")]
                == ComputeState.Usage(instances: 2, cores: 2, ramMiB: 1024))
    }

    @Test("A server that no host has room for is in error, and has an address of no network")
    func noValidHost() throws {
        var region = NovaRegion(limits: [:], hosts: [HostScenario(id: "h1", vcpus: 1, ramMiB: 1024, diskGiB: 10)])
        let first = try region.boot()
        let second = try region.boot("second")
        region.pass(.seconds(1))
        #expect(region.server(first.id)?.status == "ACTIVE")
        let failed = try #require(region.server(second.id))
        #expect(failed.status == "ERROR")
        #expect(failed.fault?.code == 500)
        #expect(failed.fault?.message == "No valid host was found. ")
        #expect(region.services.network.portsByDevice[second.id].isEmpty)
        try region.act { try $0.deleteServer(first.id, by: $1, drivenBy: .timers) }
        region.pass(.seconds(1))
        let third = try region.boot("third")
        region.pass(.seconds(1))
        #expect(region.server(third.id)?.status == "ACTIVE")
    }

    @Test("Servers of an anti-affinity group are on different hosts")
    func antiAffinity() throws {
        let hosts = ["h1", "h2"].map { HostScenario(id: $0, vcpus: 8, ramMiB: 8192, diskGiB: 100) }
        var region = NovaRegion(limits: [:], hosts: hosts)
        let group = try region.act {
            try $0.compute.createGroup(["name": "g", "policy": "anti-affinity"], by: $1)
        }
        let request: JSONValue = [
            "name": "vm", "flavorRef": .string(region.flavor("m1.tiny")), "imageRef": .string(region.image),
            "networks": "none",
        ]
        let servers = try (0..<3).map { _ in
            try region.act {
                try $0.createServer(request, hints: ["group": .string(group.id)], by: $1, drivenBy: .timers)
            }
        }
        #expect(Set(servers.prefix(2).compactMap(\.host)) == ["h1", "h2"])
        #expect(servers[2].host == nil)
        #expect(region.services.compute.groups[group.id]?.members == servers.map(\.id))
    }

    @Test("A stopped server is not stopped again, and one that is being stopped neither")
    func stopping() throws {
        var scenario = CloudScenario.bench
        scenario.lifecycles["OS::Nova::Server"] = LifecycleScenario(change: .fixed(.seconds(2)))
        var region = NovaRegion(scenario)
        let id = try region.boot().id
        func stop() -> ServiceFault? {
            fault {
                try region.act {
                    try $0.begin(.stop, named: "stop", from: [.active, .error], server: id, by: $1)
                }
            }
        }
        region.pass(.zero)
        #expect(stop() == nil)
        #expect(stop()?.message == "Cannot 'stop' instance \(id) while it is in task_state powering-off")
        region.pass(.seconds(2))
        #expect(region.server(id)?.status == "SHUTOFF")
        #expect(stop()?.message == "Cannot 'stop' instance \(id) while it is in vm_state stopped")
    }

    @Test("A resize counts the new size, and its revert the old one")
    func resize() throws {
        var region = NovaRegion(limits: [.cores: 2, .ram: 5000])
        let id = try region.boot().id
        region.pass(.seconds(1))
        let project = region.project("demo")
        let (medium, huge) = (region.flavor("m1.medium"), region.flavor("m1.huge"))
        #expect(fault { try region.act { try $0.resize(id, to: huge, by: $1) } }?.status == 403)
        try region.act { try $0.resize(id, to: medium, by: $1) }
        region.pass(.zero)
        #expect(region.server(id)?.status == "VERIFY_RESIZE")
        #expect(region.services.compute.usage[project]?.cores == 2)
        try region.act {
            try $0.begin(.revertResize, named: "revertResize", from: [.resized], server: id, by: $1)
        }
        region.pass(.zero)
        #expect(region.server(id)?.status == "ACTIVE")
        #expect(region.server(id)?.flavor.name == "m1.tiny")
        #expect(region.services.compute.usage[project] == ComputeState.Usage(instances: 1, cores: 1, ramMiB: 512))
    }

    @Test("A deleted server frees what it held: its own port goes, a given one and a volume stay")
    func deletion() throws {
        var region = NovaRegion()
        let network = region.network("private")
        let port = try region.act { try $0.network.createPort(["network_id": .string(network)], by: $1) }
        let volume = try region.act { try $0.createVolume(["size": 1], by: $1, drivenBy: .timers) }
        region.pass(.zero)
        let server = try region.boot(
            "vm", ["networks": [["uuid": .string(network)], ["port": .string(port.id)]]])
        region.pass(.seconds(1))
        try region.act { _ = try $0.attachVolume(["volumeId": .string(volume.id)], to: server.id, by: $1) }
        let own = try #require(region.services.network.portsByDevice[server.id].first { $0 != port.id })
        #expect(region.services.volume.volumes[volume.id]?.status == .inUse)
        try region.act { try $0.deleteServer(server.id, by: $1, drivenBy: .timers) }
        region.pass(.seconds(1))
        #expect(region.services.network.ports[own] == nil)
        #expect(region.services.network.ports[port.id]?.deviceId == "")
        #expect(region.services.volume.volumes[volume.id]?.status == .available)
    }

    @Test("A volume made with a server goes with it where it was asked to")
    func bootFromVolume() throws {
        var region = NovaRegion()
        let server = try region.boot(
            "vm",
            [
                "imageRef": "",
                "block_device_mapping_v2": [
                    [
                        "boot_index": 0, "uuid": .string(region.image), "source_type": "image",
                        "destination_type": "volume", "volume_size": 3, "delete_on_termination": true,
                    ]
                ],
            ])
        region.pass(.seconds(1))
        let attached = region.services.volume.attachments(of: server.id)
        #expect(attached.map(\.attachment.device) == ["/dev/vda"])
        #expect(region.services.volume.gigabytes[region.project("demo")] == 3)
        try region.act { try $0.deleteServer(server.id, by: $1, drivenBy: .timers) }
        region.pass(.seconds(1))
        #expect(region.services.volume.volumes.count == 0)
        #expect(region.services.volume.gigabytes[region.project("demo")] == 0)
    }

    @Test(
        "What a request names must be there",
        arguments: [
            ("flavorRef", "nope", "Flavor nope could not be found."),
            ("imageRef", "nope", "Can not find requested image"),
            ("key_name", "nope", "Invalid key_name provided."),
        ])
    func absent(key: String, value: String, message: String) {
        var region = NovaRegion()
        #expect(fault { _ = try region.boot("vm", [key: .string(value)]) } == ServiceFault(400, message))
        #expect(region.services.compute.servers.count == 0)
    }

    @Test("A network without free addresses leaves the server in error, with nothing taken")
    func noAddress() throws {
        var region = NovaRegion()
        let network = try region.act { services, change in
            let network = try services.network.createNetwork(["name": "full"], by: change)
            _ = try services.network.createSubnet(
                ["network_id": .string(network.id), "cidr": "10.9.0.0/30", "ip_version": 4], by: change)
            _ = try services.network.createPort(["network_id": .string(network.id)], by: change)
            return network.id
        }
        let links: JSONValue = [["uuid": .string(region.network("private"))], ["uuid": .string(network)]]
        let server = try region.boot("vm", ["networks": links])
        region.pass(.seconds(1))
        #expect(region.server(server.id)?.status == "ERROR")
        #expect(region.services.network.portsByDevice[server.id].isEmpty)
    }

    @Test("A locked server does what administrators say")
    func lock() throws {
        var region = NovaRegion()
        let id = try region.boot().id
        region.pass(.seconds(1))
        try region.act { services, _ in services.compute.servers.update(id) { $0.isLocked = true } }
        #expect(fault { try region.act { try $0.deleteServer(id, by: $1, drivenBy: .timers) } }?.status == 409)
        try region.act(as: "admin") { try $0.deleteServer(id, by: $1, drivenBy: .timers) }
    }

    @Test("Another project's server is not found")
    func otherProject() throws {
        var region = NovaRegion()
        let id = try region.boot().id
        #expect(
            fault { try region.act(as: "other") { try $0.deleteServer(id, by: $1, drivenBy: .timers) } }
                == ServiceFault(404, "Instance \(id) could not be found."))
    }

    @Test("Key pairs belong to users: a name is taken for its user alone, and counted")
    func keyPairs() throws {
        var region = NovaRegion(limits: [.keyPairs: 2])
        let made = try region.act { try $0.compute.createKeyPair(["name": "k"], by: $1) }
        #expect(made.privateKey?.hasPrefix("-----BEGIN OPENSSH PRIVATE KEY-----") == true)
        let again: JSONValue = ["name": "k", "public_key": .string(made.pair.publicKey)]
        #expect(
            fault { try region.act { _ = try $0.compute.createKeyPair(again, by: $1) } }?.message
                == "Key pair 'k' already exists.")
        try region.act(as: "other") { _ = try $0.compute.createKeyPair(again, by: $1) }
        try region.act { _ = try $0.compute.createKeyPair(["name": "l"], by: $1) }
        #expect(
            fault { try region.act { _ = try $0.compute.createKeyPair(["name": "m"], by: $1) } }?.message
                == "Quota exceeded, too many key pairs.")
    }
}
