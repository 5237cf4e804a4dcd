import HTTPTypes
import Runtime
import Scenarios

@testable import FakeCloud

/// A stack that a test has made on the bench, asked over HTTP.
struct StackOnBench {
    let name: String
    let id: String
    let bench: Bench
    private let token: String
    private let body: JSONValue
    private let region: String

    /// Imports the key `gk`, which templates may name, and creates the stack.
    init(
        _ name: String, _ template: JSONValue, more: [String: JSONValue] = [:], region: String = Bench.region,
        _ bench: Bench
    ) async throws {
        self.name = name
        self.bench = bench
        self.region = region
        token = try await bench.token()
        body = .object(
            ["stack_name": .string(name), "template": template].merging(more) { $1 })
        let key: JSONValue = [
            "keypair": [
                "name": "gk",
                "public_key":
                    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMnw+KYes+Ne6mBUNmpj1F7GhO4nBxpprICjkmRmqobU",
            ]
        ]
        let headers: HTTPFields = [HTTPField.Name("X-Auth-Token")!: token]
        _ = try await bench.send(
            "POST", "/compute/\(region)/v2.1/os-keypairs", headers: headers, body: key.utf8)
        let answer = try await bench.send(
            "POST", Self.stacks(in: region, bench), headers: headers, body: body.utf8)
        let json = try JSONValue(parsing: answer.body)
        guard let id = json["stack"]?["id"]?.string else { throw Refused(answer: json) }
        self.id = id
    }

    struct Refused: Error {
        let answer: JSONValue

        var message: String { answer["error"]?["message"]?.string ?? "" }
    }

    private static func stacks(in region: String, _ bench: Bench) -> String {
        "/heat/\(region)/v1/\(bench.engine.identity.users[0].assignments[0].project.id)/stacks"
    }

    private var headers: HTTPFields { [HTTPField.Name("X-Auth-Token")!: token] }

    /// A part of the stack: `""` or such as `/events`.
    func get(_ part: String) async throws -> JSONValue {
        let path = Self.stacks(in: region, bench) + "/\(name)/\(id)" + part
        return try JSONValue(parsing: try await bench.send("GET", path, headers: headers).body)
    }

    func outputs() async throws -> [String: JSONValue] {
        let outputs = try await get("")["stack"]?["outputs"]?.array ?? []
        return outputs.reduce(into: [:]) { $0[$1["output_key"]?.string ?? ""] = $1["output_value"] }
    }

    func delete() async throws {
        _ = try await bench.send("DELETE", Self.stacks(in: region, bench) + "/\(name)/\(id)", headers: headers)
    }

    /// Updates the stack to a template and answers the status.
    func put(_ template: JSONValue, more: [String: JSONValue] = [:]) async throws -> Int {
        let path = Self.stacks(in: region, bench) + "/\(name)/\(id)"
        let body: JSONValue = .object(["template": template].merging(more) { $1 })
        return try await bench.send("PUT", path, headers: headers, body: body.utf8).status
    }

    func createAgain() async throws -> Int {
        try await bench.send("POST", Self.stacks(in: region, bench), headers: headers, body: body.utf8).status
    }

    /// Those of the list of stacks.
    func statuses() async throws -> [String] {
        let answer = try await bench.send("GET", Self.stacks(in: region, bench), headers: headers)
        return try JSONValue(parsing: answer.body)["stacks"]?.array?.compactMap { $0["stack_status"]?.string } ?? []
    }
}

extension JSONValue {
    static func template(_ resources: JSONValue, outputs: JSONValue? = nil) -> JSONValue {
        var template: [String: JSONValue] = ["heat_template_version": "2018-08-31", "resources": resources]
        template["outputs"] = outputs
        return .object(template)
    }

    /// A template of test resources by name; the property `after` says which other one comes first.
    static func tests(_ resources: [String: JSONValue]) -> JSONValue {
        .template(
            .object(
                resources.mapValues { properties in
                    var resource: [String: JSONValue] = [
                        "type": "OS::Heat::TestResource",
                        "properties": .object((properties.object ?? [:]).filter { $0.key != "after" }),
                    ]
                    resource["depends_on"] = properties["after"]
                    return .object(resource)
                }))
    }

    /// A port and a server on it.
    static var server: JSONValue {
        .template([
            "port": ["type": "OS::Neutron::Port", "properties": ["network": "private"]],
            "server": [
                "type": "OS::Nova::Server",
                "properties": [
                    "flavor": "m1.tiny", "image": "debian-12", "networks": [["port": ["get_resource": "port"]]],
                ],
            ],
        ])
    }

    /// The template of golden heat, `create-ok`.
    static var slowAndQuick: JSONValue {
        .template([
            "a": ["type": "OS::Heat::TestResource", "properties": ["value": "hello", "wait_secs": 2]],
            "b": [
                "type": "OS::Heat::TestResource", "depends_on": "a",
                "properties": ["value": ["get_attr": ["a", "output"]], "wait_secs": 2],
            ], "rnd": ["type": "OS::Heat::RandomString", "properties": ["length": 12]],
            "val": ["type": "OS::Heat::Value", "properties": ["type": "json", "value": ["k": 1]]],
        ])
    }
}
