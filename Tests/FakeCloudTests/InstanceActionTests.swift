import HTTPTypes
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// What Nova remembers of its servers: what was done to them, and what they used.
struct InstanceActionTests {
    private static let compute = "/compute/\(Bench.region)/v2.1"

    /// A bench with a server that runs since a moment.
    private func running() async throws -> (bench: Bench, token: String, server: String) {
        var scenario = CloudScenario.bench
        scenario.lifecycles["OS::Nova::Server"] = LifecycleScenario(
            create: .fixed(.seconds(1)), delete: .fixed(.seconds(1)), change: .fixed(.seconds(2)))
        let bench = try Bench(scenario)
        let token = try await bench.token()
        let catalog = bench.engine.catalog
        let answer = try await bench.call(
            "POST", Self.compute + "/servers", token: token,
            [
                "server": [
                    "name": "vm", "flavorRef": .string(catalog.id(of: "flavor", "m1.tiny")),
                    "imageRef": .string(catalog.id(of: "image", "debian-12")),
                    "networks": [["uuid": .string(catalog.id(of: "network", "private"))]],
                ]
            ])
        bench.time.advance(.seconds(1))
        return (bench, token, answer.json?["server"]?["id"]?.string ?? "")
    }

    private func ask(
        _ bench: Bench, _ path: String, _ token: String, version: String
    ) async throws -> JSONValue {
        let answer = try await bench.send(
            "GET", Self.compute + path,
            headers: [.authToken: token, .openStackAPIVersion: "compute " + version])
        return try JSONValue(parsing: answer.body)
    }

    @Test("What was done to a server is listed newest first, by the request that asked for it")
    func actions() async throws {
        let (bench, token, server) = try await running()
        let path = "/servers/\(server)"
        let stop = try await bench.call(
            "POST", Self.compute + path + "/action", token: token, ["os-stop": .null])
        let request = stop.headers[.openStackRequestId] ?? ""
        let list = try await ask(bench, path + "/os-instance-actions", token, version: "2.84")["instanceActions"]
        #expect(list?.array?.map { $0["action"]?.string } == ["stop", "create"])
        #expect(list?[0]?["request_id"]?.string == request)
        let actionPath = path + "/os-instance-actions/" + request
        let event = try await ask(bench, actionPath, token, version: "2.84")["instanceAction"]?["events"]?[0]
        #expect(event?["event"] == "compute_stop_instance")
        #expect(event?["result"] == .null)
        bench.time.advance(.seconds(5))
        let over = try await ask(bench, actionPath, token, version: "2.51")["instanceAction"]?["events"]?[0]
        #expect(over?["result"] == "Success")
        #expect(over?["hostId"] == nil)
        #expect(try await ask(bench, actionPath, token, version: "2.50")["instanceAction"]?["events"] == nil)
        let absent = try await bench.call("GET", Self.compute + path + "/os-instance-actions/req-x", token: token)
        #expect(absent.status == 404)
    }

    @Test("A server that did not come up has an action that failed")
    func failure() async throws {
        let (bench, token, server) = try await running()
        var engine = bench.engine
        let now = engine.now
        engine.withServices(in: Bench.region) { services in
            services.compute.servers.update(server) { server in
                server.actions[0].endedAt = nil
                server.step = .create
            }
            services.fail(server: server, "No valid host was found. ", at: now)
        }
        bench.engine = engine
        let path = "/servers/\(server)/os-instance-actions"
        let action = try await ask(bench, path, token, version: "2.58")["instanceActions"]?[0]
        #expect(action?["message"] == "Error")
    }

    @Test("A project's usage grows with the hours that its servers run; others' is for administrators")
    func usage() async throws {
        let (bench, _, server) = try await running()
        bench.time.advance(.seconds(7200))
        let renewed = try await bench.token()
        let path = "/os-simple-tenant-usage/"
        let query = "?start=2026-01-01T00:00:00&end=2026-02-01T00:00:00.000000"
        let report = try await ask(bench, path + bench.project("demo") + query, renewed, version: "2.1")["tenant_usage"]
        #expect(report?["total_hours"] == 2)
        #expect(report?["total_memory_mb_usage"] == 1024)
        #expect(report?["server_usages"]?[0]?["instance_id"]?.string == server)
        #expect(
            try await bench.call("GET", Self.compute + path + bench.project("other"), token: renewed).status == 403)
        #expect(try await bench.call("GET", Self.compute + path.dropLast(), token: renewed).status == 403)
        let admin = try await bench.token("admin")
        let all = try await ask(bench, path.dropLast() + query, admin, version: "2.1")["tenant_usages"]
        #expect(all?.array?.map { $0["tenant_id"]?.string } == [bench.project("demo")])
        #expect(try await bench.call("GET", Self.compute + path.dropLast() + "?start=soon", token: admin).status == 400)
    }
}
