import OpenStack
import Runtime
import Testing

/// Endpoints whose address names no version.
@Suite struct VersionDiscoveryTests {
    let time = ManualTime()

    /// The versions of Heat as golden exchange `root-versions` has them, at an address of its own.
    static let heatVersions = CloudResponse.json(
        300,
        [
            "versions": [
                [
                    "id": "v1.0", "status": "CURRENT",
                    "links": [["rel": "self", "href": "http://10.0.0.9:8004/v1/"]],
                ]
            ]
        ])

    @Test("are asked for their versions once, by their own address, and Heat's goes on with the project")
    func discovered() async throws {
        let cloud = ScriptedCloud(time) { request in
            request.url == "http://proxy/heat/" ? Self.heatVersions : .json(200, ["stacks": []])
        }
        let heat = HeatClient(cloud.connection(overrides: [.orchestration: "http://proxy/heat"]))
        for _ in 0..<3 { #expect(try await heat.list(tag: "t") == .ok([])) }
        let list = "GET http://proxy/heat/v1/p1/stacks?tags=t&limit=200"
        #expect(cloud.calls == ["GET http://proxy/heat/", list, list, list])
    }

    @Test("are not asked where the address names a version")
    func named() async throws {
        let cloud = ScriptedCloud(time) { _ in .json(200, ["stacks": []]) }
        let heat = HeatClient(cloud.connection(overrides: [.orchestration: "http://proxy/heat-api/v1/AUTH_p1"]))
        #expect(try await heat.list(tag: "t") == .ok([]))
        #expect(cloud.calls == ["GET http://proxy/heat-api/v1/AUTH_p1/stacks?tags=t&limit=200"])
    }

    @Test("Nova's API is chosen among its versions")
    func nova() async throws {
        let cloud = ScriptedCloud(time) { request in
            guard request.url == "http://nova/" else { return .json(200, ["servers": []]) }
            let versions = ["v2.0", "v2.1"].map { id -> JSONValue in
                [
                    "id": .string(id),
                    "links": [["rel": "self", "href": .string("http://inside/\(id == "v2.0" ? "v2" : id)/")]],
                ]
            }
            return .json(200, ["versions": .array(versions)])
        }
        let servers = try await ServerClient(cloud.connection(overrides: [.compute: "http://nova"])).servers()
        #expect(servers == .ok([]))
        #expect(cloud.calls == ["GET http://nova/", "GET http://nova/v2.1/servers/detail"])
    }

    @Test("of two services that are asked at the same time each leads to its own")
    func atTheSameTime() async throws {
        let cloud = ScriptedCloud(time) { request in
            for _ in 0..<100 { await Task.yield() }
            switch request.url {
            case "http://proxy/heat/": return Self.heatVersions
            case "http://nova/": return .json(200, ["versions": [["id": "v2.1"]]])
            default: return .json(200, ["stacks": [], "servers": []])
            }
        }
        let connection = cloud.connection(overrides: [.orchestration: "http://proxy/heat", .compute: "http://nova"])
        async let stacks = HeatClient(connection).list(tag: "t")
        async let servers = ServerClient(connection).servers()
        #expect(try await stacks == .ok([]))
        #expect(try await servers == .ok([]))
        #expect(
            Set(cloud.calls) == [
                "GET http://proxy/heat/", "GET http://nova/", "GET http://nova/v2.1/servers/detail",
                "GET http://proxy/heat/v1/p1/stacks?tags=t&limit=200",
            ])
    }

    @Test(
        "that are none, or too old, put calls off by name, and nothing is sent to them",
        arguments: [
            CloudResponse.html, .json(200, ["versions": [["id": "v9"]]]), .json(404, [:]), .json(200, []),
        ])
    func none(answer: CloudResponse) async throws {
        let cloud = ScriptedCloud(time) { _ in answer }
        let heat = HeatClient(cloud.connection(overrides: [.orchestration: "http://proxy/heat"]))
        let request = StackRequest(name: "vm", template: "", parameters: [:], tags: [], timeoutMinutes: 1)
        guard case .later(let later) = try await heat.create(request) else {
            Issue.record("it was sent")
            return
        }
        #expect(later.reason == "http://proxy/heat does not have orchestration v1.0")
        #expect(cloud.calls == ["GET http://proxy/heat/"])
    }

    @Test("that hang or break while they are asked have not carried anything out")
    func broken() async throws {
        let cloud = ScriptedCloud(time) { _ in throw TransportFailure(effect: .possible, reason: "reset") }
        let heat = HeatClient(cloud.connection(overrides: [.orchestration: "http://proxy/heat"]))
        let request = StackRequest(name: "vm", template: "", parameters: [:], tags: [], timeoutMinutes: 1)
        guard case .later = try await heat.create(request) else {
            Issue.record("its outcome is known: nothing was sent")
            return
        }
    }
}
