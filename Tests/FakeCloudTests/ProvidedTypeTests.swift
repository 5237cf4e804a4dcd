import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// What the recordings do not say of types that a user's templates provide.
struct ProvidedTypeTests {
    private static func template(_ members: [String: JSONValue]) -> JSONValue {
        .string(
            JSONValue.object(["heat_template_version": "2018-08-31"].merging(members) { $1 }).description)
    }

    private static func more(_ files: [String: JSONValue], _ registry: JSONValue = [:]) -> [String: JSONValue] {
        ["files": .object(files), "environment": ["resource_registry": registry]]
    }

    private static func facade(_ name: String) -> JSONValue {
        template([
            "resources": [
                "a": ["type": "OS::Heat::Value", "properties": ["value": ["resource_facade": .string(name)]]]
            ],
            "outputs": ["told": ["value": ["get_attr": ["a", "value"]]]],
        ])
    }

    @Test(
        "A provided type's template learns what stands beside the resource's properties",
        arguments: [
            ("metadata", ["role": "web", "of": "s"]), ("deletion_policy", "Retain"), ("update_policy", [:]),
        ] as [(String, JSONValue)])
    func facadeTellsOfTheResource(part: String, told: JSONValue) async throws {
        let bench = try Bench()
        let stack = try await StackOnBench(
            "s",
            .template(
                [
                    "p": [
                        "type": "child.yaml", "deletion_policy": "Retain",
                        "metadata": ["role": "web", "of": ["get_param": "OS::stack_name"]],
                    ]
                ], outputs: ["told": ["value": ["get_attr": ["p", "told"]]]]),
            more: Self.more(["child.yaml": Self.facade(part)]), bench)
        bench.time.advance(.seconds(1))
        #expect(try await stack.outputs()["told"] == told)
    }

    @Test(
        "A template that nothing stands for has no facade",
        arguments: [("metadata", "metadata_get"), ("deletion_policy", "t"), ("update_policy", "t")])
    func facadeOfNothing(part: String, attribute: String) async throws {
        let refused = await #expect(throws: StackOnBench.Refused.self) {
            _ = try await StackOnBench(
                "s",
                .template([
                    "a": [
                        "type": "OS::Heat::TestResource", "properties": ["value": ["resource_facade": .string(part)]],
                    ]
                ]), try Bench())
        }
        #expect(
            refused?.message
                == "Property error: : resources.a.properties.value: : 'NoneType' object has no attribute '\(attribute)'"
        )
    }

    @Test("Within a template that stands for a type of Heat's own, that type is Heat's again")
    func standInUsesWhatItStandsFor() async throws {
        let bench = try Bench()
        let standIn = Self.template([
            "parameters": [
                "value": ["type": "string"], "type": ["type": "string", "default": "string"],
            ],
            "resources": [
                "real": [
                    "type": "OS::Heat::Value",
                    "properties": ["value": ["list_join": ["", ["<", ["get_param": "value"], ">"]]]],
                ]
            ], "outputs": ["value": ["value": ["get_attr": ["real", "value"]]]],
        ])
        let stack = try await StackOnBench(
            "s",
            .template(
                ["v": ["type": "OS::Heat::Value", "properties": ["value": "x"]]],
                outputs: ["o": ["value": ["get_attr": ["v", "value"]]]]),
            more: Self.more(["mine.yaml": standIn], ["OS::Heat::Value": "mine.yaml"]), bench)
        bench.time.advance(.seconds(1))
        #expect(try await stack.outputs()["o"] == "<x>")
    }

    @Test(
        "A template that does not take or tell what the type does for which it stands is refused",
        arguments: [
            ([:], "Required property name for facade OS::Nova::KeyPair missing in provider"),
            (
                ["name": ["type": "number"], "public_key": ["type": "string"]],
                "Property name type mismatch between facade OS::Nova::KeyPair (String) and provider (Number)"
            ),
            (
                ["name": ["type": "string"], "public_key": ["type": "string"], "more": ["type": "string"]],
                "Provider requires property more unknown in facade OS::Nova::KeyPair"
            ),
            (
                ["name": ["type": "string"], "public_key": ["type": "string"]],
                "Attribute public_key for facade OS::Nova::KeyPair missing in provider"
            ),
        ] as [(JSONValue, String)])
    func standInMustFit(parameters: JSONValue, problem: String) async throws {
        let given = (parameters.object ?? [:]).keys
        let properties = Dictionary(uniqueKeysWithValues: given.map { ($0, JSONValue.string("1")) })
        let refused = await #expect(throws: StackOnBench.Refused.self) {
            _ = try await StackOnBench(
                "s", .template(["k": ["type": "OS::Nova::KeyPair", "properties": .object(properties)]]),
                more: Self.more(
                    ["mine.yaml": Self.template(["parameters": parameters])], ["OS::Nova::KeyPair": "mine.yaml"]),
                try Bench())
        }
        #expect(refused?.message == problem)
    }

    @Test("A stack that makes a stack like itself ends where the project may have no more stacks")
    func selfMakingStackEnds() async throws {
        var scenario = CloudScenario.bench
        scenario.quota.stacks = 2
        let bench = try Bench(scenario)
        let resources: JSONValue = [
            "sub": ["type": "OS::Heat::Stack", "properties": ["template": ["get_file": "self"]]]
        ]
        let stack = try await StackOnBench(
            "s", .template(resources), more: Self.more(["self": Self.template(["resources": resources])]), bench)
        bench.time.advance(.seconds(300))
        let refusal =
            "HTTPBadRequest: resources.sub: ERROR: Request limit exceeded: You have reached the maximum stacks per tenant, 2. Please delete some stacks."
        #expect(
            try await stack.get("")["stack"]?["stack_status_reason"]
                == .string(
                    "Resource CREATE failed: ResourceInError: resources.sub: Went to status CREATE_FAILED due to \"Resource CREATE failed: \(refusal)\""
                ))
        // Each of the six attempts has made a stack of its own.
        #expect(bench.engine.stacks(in: Bench.region).map(\.isGone) == [false] + [true, true, true, true, true, false])
    }

    @Test("A stack may stand in another region, and goes with the one that made it")
    func stackInAnotherRegion() async throws {
        var scenario = CloudScenario.bench
        let other = "r2"
        scenario.regions.append(RegionScenario(id: other, latency: .fixed(.zero)))
        let bench = try Bench(scenario)
        let stack = try await StackOnBench(
            "s",
            .template(
                [
                    "sub": [
                        "type": "OS::Heat::Stack",
                        "properties": [
                            "context": ["region_name": .string(other)],
                            "template": Self.template(["outputs": ["o": ["value": "there"]]]),
                        ],
                    ]
                ], outputs: ["o": ["value": ["get_attr": ["sub", "outputs", "o"]]]]), bench)
        bench.time.advance(.seconds(1))
        #expect(try await stack.outputs()["o"] == "there")
        #expect(bench.engine.stacks(in: other).map(\.status) == ["CREATE_COMPLETE"])
        try await stack.delete()
        bench.time.advance(.seconds(1))
        #expect(bench.engine.stacks(in: other).map(\.status) == ["DELETE_COMPLETE"])
    }

    @Test("The limit of resources counts all stacks of a tree, and those that are gone no more")
    func treeHasALimit() async throws {
        let bench = try Bench()
        func groups(_ count: Int) -> JSONValue {
            .template(
                .object(
                    ["a", "b"].reduce(into: [:]) {
                        $0[$1] = [
                            "type": "OS::Heat::ResourceGroup",
                            "properties": ["count": .integer(count), "resource_def": ["type": "OS::Heat::None"]],
                        ]
                    }))
        }
        let whole = try await StackOnBench("whole", groups(499), bench)
        let tooMuch = try await StackOnBench("much", groups(500), bench)
        bench.time.advance(.seconds(1))
        #expect(try await whole.get("")["stack"]?["stack_status"] == "CREATE_COMPLETE")
        #expect(
            try await tooMuch.get("")["stack"]?["stack_status_reason"]
                == "Resource CREATE failed: resources.b: Request limit exceeded: Maximum resources per stack exceeded.")
        #expect(bench.engine.regions[Bench.region]?.treeSizes[whole.id] == 1000)
        try await whole.delete()
        bench.time.advance(.seconds(1))
        #expect(bench.engine.regions[Bench.region]?.treeSizes[whole.id] == nil)
    }

    @Test("What stands beside a resource's properties is updated with it, be the properties the same")
    func whatStandsBesideIsUpdated() async throws {
        let bench = try Bench()
        func template(_ metadata: JSONValue) -> JSONValue {
            .template(["a": ["type": "OS::Heat::TestResource", "metadata": metadata]])
        }
        let stack = try await StackOnBench("s", template(["m": 1]), bench)
        bench.time.advance(.seconds(1))
        for (metadata, status) in [(["m": 1], "CREATE_COMPLETE"), (["m": 2], "UPDATE_COMPLETE")]
            as [(JSONValue, String)]
        {
            #expect(try await stack.put(template(metadata)) == 202)
            bench.time.advance(.seconds(1))
            #expect(try await stack.get("/resources/a")["resource"]?["resource_status"] == .string(status))
        }
        let before = try await stack.get("/events")["events"]?.array?.count
        #expect(try await stack.put(template(["m": 2])) == 202)
        bench.time.advance(.seconds(1))
        #expect(try await stack.get("/events")["events"]?.array?.count == before.map { $0 + 2 })
    }

    @Test("A template's attributes reach into its stack")
    func attributesReachIn() async throws {
        let bench = try Bench()
        let child = Self.template([
            "resources": ["a": ["type": "OS::Heat::Value", "properties": ["value": ["k": ["x", "y"]]]]],
            "outputs": ["o": ["value": ["get_attr": ["a", "value"]]]],
        ])
        let stack = try await StackOnBench(
            "s",
            .template(
                ["p": ["type": "child.yaml"]],
                outputs: [
                    "inner": ["value": ["get_attr": ["p", "resource.a.value", "k", 1]]],
                    "id": ["value": ["get_attr": ["p", "resource.a"]]],
                    "outer": ["value": ["get_attr": ["p", "o", "k", 0]]],
                ]), more: Self.more(["child.yaml": child]), bench)
        bench.time.advance(.seconds(1))
        let outputs = try await stack.outputs()
        #expect(outputs["inner"] == "y")
        #expect(outputs["outer"] == "x")
        let made = bench.engine.stacks(in: Bench.region).last?.resource("a")
        #expect(made.map { outputs["id"] == JSONValue($0.physicalId) } == true)
    }

    @Test("A validation tells the parameters of the stacks that would lie in the stack")
    func validationTellsOfNested() async throws {
        let bench = try Bench()
        let files: JSONValue = [
            "mid.yaml": Self.template([
                "parameters": ["v": ["type": "number", "default": 3]], "resources": ["leaf": ["type": "leaf.yaml"]],
            ]), "leaf.yaml": Self.template(["description": "A leaf."]),
            "self.yaml": Self.template(["resources": ["n": ["type": "self.yaml"]]]),
        ]
        func validate(_ type: JSONValue) async throws -> Bench.Answer {
            try await bench.call(
                "POST", bench.stacks().replacing("/stacks", with: "/validate?show_nested=true"),
                token: try await bench.token(),
                [
                    "template": .template(["p": ["type": type, "properties": type == "mid.yaml" ? ["v": 4] : [:]]]),
                    "files": files,
                ])
        }
        let answer = try await validate("mid.yaml")
        #expect(
            answer.json?["NestedParameters"] == [
                "p": [
                    "Type": "mid.yaml", "Description": "No description",
                    "Parameters": [
                        "v": [
                            "Type": "Number", "Description": "", "NoEcho": "false", "Label": "v", "Default": 3,
                            "Value": 4,
                        ]
                    ],
                    "NestedParameters": [
                        "leaf": ["Type": "leaf.yaml", "Description": "A leaf.", "Parameters": [:]]
                    ],
                ]
            ])
        let refused = try await validate("self.yaml")
        #expect(refused.status == 400)
        #expect(refused.json?["error"]?["message"] == "Request limit exceeded: Recursion depth exceeds 5.")
    }
}
