import HTTPTypes
import Runtime
import Synchronization
import Testing

@testable import FakeCloud

@Suite struct NovaReplayTests {
    private final class MemoryJournal: CloudJournal {
        private let lines = Mutex<[JSONValue]>([])

        func entries() -> [JSONValue] { lines.withLock { $0 } }
        func append(_ entry: JSONValue) { lines.withLock { $0.append(entry) } }
        func clear() { lines.withLock { $0 = [] } }
    }

    private func call(
        _ bench: Bench, _ token: String, _ method: String, _ path: String, _ body: JSONValue? = nil,
        version: String? = nil
    ) async throws -> (status: Int, json: JSONValue) {
        var headers: HTTPFields = [HTTPField.Name("X-Auth-Token")!: token]
        if let version { headers[HTTPField.Name("OpenStack-API-Version")!] = "compute " + version }
        let answer = try await bench.send(method, path, headers: headers, body: body?.utf8 ?? [])
        return (answer.status, (try? JSONValue(parsing: answer.body)) ?? .null)
    }

    /// What the lists of the services show.
    private func state(_ bench: Bench) async throws -> [JSONValue] {
        let token = try await bench.token()
        var shown: [JSONValue] = []
        for path in [
            "/compute/RegionOne/v2.1/servers/detail", "/compute/RegionOne/v2.1/os-keypairs",
            "/network/RegionOne/v2.0/ports", "/network/RegionOne/v2.0/floatingips",
            "/network/RegionOne/v2.0/security-groups", "/volume/RegionOne/v3/volumes/detail",
            "/image/RegionOne/v2/images",
        ] {
            let answer = try await call(bench, token, "GET", path)
            #expect(answer.status == 200, "\(path)")
            shown.append(answer.json)
        }
        return shown
    }

    @Test("What was changed over the APIs is there after a restart, and what was refused is not written down")
    func restart() async throws {
        let journal = MemoryJournal()
        let bench = try Bench(journal: journal)
        let token = try await bench.token()
        let (compute, network) = ("/compute/RegionOne/v2.1", "/network/RegionOne/v2.0")
        let catalog = bench.engine.catalog
        let server: JSONValue = [
            "server": [
                "name": "vm", "flavorRef": .string(catalog.id(of: "flavor", "m1.tiny")),
                "imageRef": .string(catalog.id(of: "image", "debian-12")), "key_name": "k", "networks": "auto",
            ]
        ]
        #expect(try await call(bench, token, "POST", compute + "/servers", server).status == 400)
        #expect(journal.entries().isEmpty)
        let key = try await call(bench, token, "POST", compute + "/os-keypairs", ["keypair": ["name": "k"]])
        #expect(key.status == 200)
        let made = try await call(bench, token, "POST", compute + "/servers", server, version: "2.37")
        let id = try #require(made.json["server"]?["id"]?.string)
        bench.time.advance(.seconds(5))
        let ports = try await call(bench, token, "GET", network + "/ports?device_id=" + id)
        let port = try #require(ports.json["ports"]?[0]?["id"])
        let floating: JSONValue = [
            "floatingip": ["floating_network_id": .string(catalog.id(of: "network", "public")), "port_id": port]
        ]
        #expect(try await call(bench, token, "POST", network + "/floatingips", floating).status == 201)
        #expect(
            try await call(
                bench, token, "POST", "/volume/RegionOne/v3/volumes", ["volume": ["size": 2, "name": "data"]]
            ).status == 202)
        #expect(
            try await call(bench, token, "PUT", compute + "/servers/\(id)", ["server": ["name": "renamed"]]).status
                == 200)
        let before = try await state(bench)
        #expect(before[0]["servers"]?[0]?["name"] == "renamed")

        let again = try Bench(seed: 2, at: "2026-01-06T10:00:06Z", journal: journal)
        #expect(try await state(again) == before)
    }

    @Test("The same calls with the same seed give the same answers, another seed gives others")
    func determinism() async throws {
        func play(_ seed: UInt64) async throws -> [JSONValue] {
            let bench = try Bench(seed: seed)
            let token = try await bench.token()
            let catalog = bench.engine.catalog
            let body: JSONValue = [
                "server": [
                    "name": "vm", "flavorRef": .string(catalog.id(of: "flavor", "m1.tiny")),
                    "imageRef": .string(catalog.id(of: "image", "debian-12")),
                ]
            ]
            let made = try await call(bench, token, "POST", "/compute/RegionOne/v2.1/servers", body)
            bench.time.advance(.seconds(2))
            return try await [made.json] + state(bench)
        }
        let first = try await play(3)
        #expect(try await play(3) == first)
        #expect(try await play(4) != first)
    }

    @Test("A microversion decides what is shown, and one that there is not is refused")
    func microversions() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        let path = "/compute/RegionOne/v2.1/flavors/detail"
        let old = try await call(bench, token, "GET", path)
        let new = try await call(bench, token, "GET", path, version: "2.61")
        #expect(old.json["flavors"]?[0]?["extra_specs"] == nil)
        #expect(new.json["flavors"]?[0]?["extra_specs"] == [:])
        #expect(try await call(bench, token, "GET", path, version: "2.999").status == 406)
        #expect(try await call(bench, token, "GET", path, version: "x").status == 400)
    }
}
