import Runtime
import Testing

@testable import FakeCloud

/// Servers that are put away or repaired, by the states that their actions lead through.
struct ServerStateTests {
    @Test(
        "An action leads from one state to the other, is refused in the wrong one, and can be taken back",
        arguments: [("shelve", "unshelve", "SHELVED_OFFLOADED"), ("rescue", "unrescue", "RESCUE")])
    func thereAndBack(action: String, back: String, status: String) async throws {
        let bench = try Bench()
        let token = try await bench.token()
        let servers = "/compute/\(Bench.region)/v2.1/servers"
        let catalog = bench.engine.catalog
        let made = try await bench.call(
            "POST", servers, token: token,
            [
                "server": [
                    "name": "vm", "flavorRef": .string(catalog.id(of: "flavor", "m1.tiny")),
                    "imageRef": .string(catalog.id(of: "image", "debian-12")),
                    "networks": [["uuid": .string(catalog.id(of: "network", "private"))]],
                ]
            ])
        let server = "\(servers)/\(made.json?["server"]?["id"]?.string ?? "")"
        func act(_ name: String) async throws -> Int {
            try await bench.call("POST", server + "/action", token: token, .object([name: .null])).status
        }
        func state() async throws -> String? {
            bench.time.advance(.seconds(5))
            return try await bench.call("GET", server, token: token).json?["server"]?["status"]?.string
        }
        #expect(try await state() == "ACTIVE")
        #expect(try await act(back) == 409)
        #expect(try await act(action) < 300)
        #expect(try await state() == status)
        #expect(try await act(action) == 409)
        #expect(try await act(back) == 202)
        #expect(try await state() == "ACTIVE")
    }

    @Test("Routes are added to a router's and taken away, whatever the others are")
    func extraRoutes() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        let routers = "/network/\(Bench.region)/v2.0/routers"
        let made = try await bench.call("POST", routers, token: token, ["router": ["name": "r"]])
        let router = "\(routers)/\(made.json?["router"]?["id"]?.string ?? "")"
        func change(_ path: String, _ destination: String) async throws -> [String?]? {
            let route: JSONValue = ["destination": .string(destination), "nexthop": "10.0.0.9"]
            let answer = try await bench.call(
                "PUT", "\(router)/\(path)", token: token, ["router": ["routes": [route]]])
            return answer.json?["router"]?["routes"]?.array?.map { $0["destination"]?.string }
        }
        #expect(try await change("add_extraroutes", "10.1.0.0/24") == ["10.1.0.0/24"])
        #expect(try await change("add_extraroutes", "10.2.0.0/24") == ["10.1.0.0/24", "10.2.0.0/24"])
        #expect(try await change("add_extraroutes", "10.2.0.0/24") == ["10.1.0.0/24", "10.2.0.0/24"])
        #expect(try await change("remove_extraroutes", "10.1.0.0/24") == ["10.2.0.0/24"])
    }
}
