import HTTPTypes
import Runtime
import Testing

@testable import FakeCloud

/// A stack's environment: parameters, their defaults, what types stand for, and files.
struct StackEnvironmentTests {
    private static let template: JSONValue = [
        "heat_template_version": "2018-08-31",
        "parameters": [
            "a": ["type": "string", "default": "of the template"], "b": ["type": "string", "hidden": true],
        ],
        "resources": ["r": ["type": "My::Value", "properties": ["value": ["get_file": "note.txt"]]]],
        "outputs": ["a": ["value": ["get_param": "a"]], "note": ["value": ["get_attr": ["r", "value"]]]],
    ]
    private static let registry: JSONValue = ["My::Value": "OS::Heat::Value"]

    @Test("A stack shows the environment and files that it was made with, without hidden values, and uses them")
    func stackKeepsItsEnvironment() async throws {
        let environment: JSONValue = [
            "parameters": ["b": "secret"], "parameter_defaults": ["a": "of the environment"],
            "resource_registry": Self.registry,
        ]
        let files: JSONValue = ["note.txt": "what the file says"]
        let bench = try Bench()
        let stack = try await StackOnBench(
            "s", Self.template, more: ["environment": environment, "files": files], bench)
        bench.time.advance(.seconds(1))
        #expect(try await stack.outputs() == ["a": "of the environment", "note": "what the file says"])
        #expect(try await stack.get("/files") == files)
        #expect(
            try await stack.get("/environment") == [
                "parameters": ["b": "******"], "parameter_defaults": ["a": "of the environment"],
                "resource_registry": ["My::Value": "OS::Heat::Value", "resources": [:]], "event_sinks": [],
                "encrypted_param_names": [],
            ])
        #expect(try await stack.get("")["stack"]?["parameters"]?["b"] == "******")
    }

    @Test("An environment may be text, and the request's own parameters go before it")
    func environmentMayBeText() throws {
        let environment = try StackEnvironment([
            "environment": "parameters: {a: 1, b: 2}\nresource_registry:\n  My::*: OS::Heat::*\n",
            "parameters": ["b": 3],
        ])
        #expect(environment.parameters == ["a": 1, "b": 3])
        #expect(environment.resolved("My::Value", resource: "r").type == "OS::Heat::Value")
    }

    @Test("Environment files are merged in their order and take the place of the environment")
    func environmentFilesAreMerged() throws {
        let environment = try StackEnvironment([
            "environment": ["parameters": ["z": 1]], "environment_files": ["one.yaml", "two.yaml"],
            "files": ["one.yaml": "parameters: {a: 1, b: 1}", "two.yaml": "parameters: {b: 2}"],
        ])
        #expect(environment.parameters == ["a": 1, "b": 2])
    }

    @Test("A type may stand for another for one resource only")
    func resourceHasATypeOfItsOwn() throws {
        let environment = try StackEnvironment([
            "environment": [
                "resource_registry": [
                    "My::Thing": "OS::Heat::Value", "resources": ["r": ["My::Thing": "OS::Heat::None"]],
                ]
            ]
        ])
        #expect(environment.resolved("My::Thing", resource: "r").type == "OS::Heat::None")
        #expect(environment.resolved("My::Thing", resource: "other").type == "OS::Heat::Value")
    }

    @Test("Types that stand for each other in a circle come to an end")
    func circleOfTypesEnds() throws {
        let environment = try StackEnvironment([
            "environment": ["resource_registry": ["A": "B", "B": "A"]]
        ])
        #expect(["A", "B"].contains(environment.resolved("A", resource: "r").type))
    }

    @Test(
        "An environment that is none is refused in Heat's words",
        arguments: [
            ("- a", "The environment is not a valid YAML mapping data type."),
            (["parameter": [:]], "environment has wrong section \"parameter\""),
            ("parameters:", "environment has empty section \"parameters\""),
        ] as [(JSONValue, String)])
    func badEnvironmentIsRefused(environment: JSONValue, problem: String) {
        #expect(throws: HeatFault.badRequest("Environment not in valid format: \(problem)")) {
            try StackEnvironment(["environment": environment])
        }
    }

    @Test("A template that is to be fetched is refused as where nothing listens")
    func templateURLIsRefused() {
        #expect(
            throws: HeatFault.badRequest(
                "Could not retrieve template: Failed to retrieve template: Connection refused: http://127.0.0.1:1/x")
        ) { try StackCreation.template(of: ["template_url": "http://127.0.0.1:1/x"]) }
        #expect(throws: HeatFault.badRequest("Could not retrieve template: Invalid URL scheme file")) {
            try StackCreation.template(of: ["template_url": "file:///etc/passwd"])
        }
        #expect(throws: HeatFault.badRequest("No template specified")) { try StackCreation.template(of: [:]) }
    }

    @Test("An immutable parameter that an update changes is refused by name")
    func immutableParameterIsRefused() throws {
        func template(_ value: JSONValue) throws -> HeatTemplate {
            try HeatTemplate(
                [
                    "heat_template_version": "2018-08-31",
                    "parameters": ["a": ["type": "string", "immutable": true], "b": ["type": "string"]],
                ], environment: StackEnvironment(["parameters": ["a": value, "b": value]]),
                names: CatalogNames(flavors: [], images: [], networks: []))
        }
        #expect(throws: Never.self) { try template("x").checkImmutableParameters(since: template("x")) }
        let fault = HeatFault(
            status: 400, type: "ImmutableParameterModified",
            message: "The following parameters are immutable and may not be updated: a")
        #expect(throws: fault) { try template("y").checkImmutableParameters(since: template("x")) }
    }

    @Test("A name that is taken is told of though the template is wrong too")
    func takenNameComesBeforeTheTemplate() async throws {
        let bench = try Bench()
        _ = try await StackOnBench("s", .tests(["r": [:]]), bench)
        let refused = await #expect(throws: StackOnBench.Refused.self) {
            try await StackOnBench("s", .template(["r": ["type": "OS::Nope"]]), bench)
        }
        #expect(refused?.message == "The Stack (s) already exists.")
    }
}
