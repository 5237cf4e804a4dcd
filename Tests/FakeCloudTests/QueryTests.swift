import Runtime
import Testing

@testable import FakeCloud

/// Paths and queries as clients write them.
struct QueryTests {
    @Test("Names in paths may be encoded, and are when a journal is played again")
    func encodedPaths() async throws {
        let journal = MemoryJournal()
        let bench = try Bench(journal: journal)
        let token = try await bench.token()
        let type = "/heat/\(Bench.region)/v1/\(bench.project("demo"))/resource_types/OS%3A%3AHeat%3A%3ARandomString"
        #expect(try await bench.call("GET", type, token: token).json?["resource_type"] == "OS::Heat::RandomString")
        let pairs = "/compute/\(Bench.region)/v2.1/os-keypairs"
        for name in ["my key", "other"] {
            _ = try await bench.call("POST", pairs, token: token, ["keypair": ["name": .string(name)]])
        }
        #expect(try await bench.call("GET", pairs + "/my%20key", token: token).json?["keypair"]?["name"] == "my key")
        #expect(try await bench.call("DELETE", pairs + "/my%20key", token: token).status == 202)
        let again = try Bench(journal: journal)
        let left = try await again.call("GET", pairs, token: try await again.token()).json?["keypairs"]
        #expect(left?.array?.map { $0["keypair"]?["name"]?.string } == ["other"])
    }

    @Test("A filter's name may be encoded, and a plus in its value is a space")
    func encodedNames() async throws {
        let bench = try Bench()
        let token = try await bench.token()
        let networks = "/network/\(Bench.region)/v2.0/networks"
        let outside = try await bench.call("GET", networks + "?router%3Aexternal=True", token: token)
        #expect(outside.json?["networks"]?.array?.map { $0["name"]?.string } == ["public"])
        _ = try await bench.call("POST", networks, token: token, ["network": ["name": "my own"]])
        for name in ["my+own", "my%20own"] {
            let found = try await bench.call("GET", networks + "?name=" + name, token: token)
            #expect(found.json?["networks"]?.array?.count == 1, "\(name)")
        }
    }
}
