import Runtime
import Testing

@testable import FakeCloud

/// Templates are interpreted as Heat interprets them (HOT specification), and refused in its words.
struct TemplateTests {
    private static let names = CatalogNames(
        flavors: ["m1.tiny"], images: ["debian-12"], networks: ["private"], keyPairs: ["gk"])

    private func template(
        _ parameters: JSONValue = [:], resources: JSONValue = [:], conditions: JSONValue = [:],
        outputs: JSONValue = [:], given: [String: JSONValue] = [:]
    ) throws -> HeatTemplate {
        try HeatTemplate(
            [
                "heat_template_version": "2018-08-31", "parameters": parameters, "conditions": conditions,
                "resources": resources, "outputs": outputs,
            ], environment: try StackEnvironment(["parameters": .object(given)]), names: Self.names)
    }

    // Parameters.

    @Test(
        "A parameter's value is given its type",
        arguments: [
            ("string", "text", "text"), ("string", 5, "5"), ("string", true, "True"), ("number", "7", 7),
            ("number", "1.5", 1.5), ("number", 3, 3), ("boolean", "yes", true), ("boolean", "off", false),
            ("boolean", 1, true), ("json", "{\"a\": [1]}", ["a": [1]]), ("json", ["a": 1], ["a": 1]),
            ("comma_delimited_list", "a, b,c", ["a", " b", "c"]), ("comma_delimited_list", ["a"], ["a"]),
        ] as [(JSONValue, JSONValue, JSONValue)])
    func parameterIsGivenItsType(type: JSONValue, given: JSONValue, value: JSONValue) throws {
        let template = try template(["p": ["type": type]], given: ["p": given])
        #expect(template.parameters["p"] == value)
    }

    @Test(
        "A value that breaks a constraint or is not of its type is refused in Heat's words",
        arguments: [
            (
                ["type": "number", "constraints": [["range": ["min": 1, "max": 9]]]], 10,
                "10 is out of range (min: 1, max: 9)"
            ),
            (["type": "number", "constraints": [["range": ["min": 1]]]], 0, "0 is out of range (min: 1, max: None)"),
            (["type": "number"], "big", "could not convert string to float: 'big'"),
            (
                ["type": "string", "constraints": [["length": ["min": 4]]]], "abc",
                "length (3) is out of range (min: 4, max: None)"
            ),
            (
                ["type": "string", "constraints": [["allowed_values": ["a", "b"]]]], "c",
                "\"c\" is not an allowed value [\"a\", \"b\"]"
            ),
            (
                ["type": "string", "constraints": [["allowed_pattern": "[a-z]+"]]], "a1",
                "\"a1\" does not match pattern \"[a-z]+\""
            ),
            (
                ["type": "string", "constraints": [["custom_constraint": "nova.flavor"]]], "huge",
                "Error validating value 'huge': No Flavor matching {'name': 'huge'}. (HTTP 404)"
            ),
            (
                ["type": "string", "constraints": [["custom_constraint": "nova.keypair"]]], "none",
                "Error validating value 'none': The Key (none) could not be found."
            ),
        ] as [(JSONValue, JSONValue, String)])
    func badValueIsRefused(definition: JSONValue, given: JSONValue, problem: String) throws {
        #expect(throws: HeatFault.invalid("Parameter 'p' is invalid: \(problem)")) {
            try template(["p": definition], given: ["p": given])
        }
    }

    @Test("A missing parameter and one that the template does not have are refused by name")
    func missingAndUnknownParametersAreRefused() {
        #expect(
            throws: HeatFault(
                status: 400, type: "UserParameterMissing", message: "The Parameter (p) was not provided.")
        ) { try template(["p": ["type": "string"]]) }
        #expect(
            throws: HeatFault(
                status: 400, type: "UnknownUserParameter", message: "The Parameter (q) was not defined in template.")
        ) { try template(given: ["q": 1]) }
    }

    // Functions.

    @Test(
        "Each function of a template gives what HOT says",
        arguments: [
            (["get_param": "text"], "hello"), (["get_param": ["map", "list", 1]], 2),
            (["get_param": "OS::stack_name"], "s"), (["get_param": "OS::stack_id"], "stack-id"),
            (["get_param": "OS::project_id"], "project-id"), (["get_resource": "made"], "made-id"),
            (["get_resource": "unmade"], "unmade"), (["get_attr": ["made", "list", 0, "ip"]], "10.0.0.4"),
            (["get_attr": ["unmade", "list"]], .null), (["if": ["yes", "a", "b"]], "a"),
            (["if": ["no", "a", "b"]], "b"), (["list_join": ["-", ["a", [1]], ["b"]]], "a-[1]-b"),
            (["list_concat": [["a"], ["b", "c"]]], ["a", "b", "c"]), (["str_split": [",", "a,b"]], ["a", "b"]),
            (["str_split": [",", "a,b", 1]], "b"),
            (["str_replace": ["template": "$a and $ab", "params": ["$a": "1", "$ab": 2]]], "1 and 2"),
            (["map_merge": [["a": 1, "b": 1], ["b": 2]]], ["a": 1, "b": 2]),
            (["plain": ["nested": ["get_param": "text"]]], ["plain": ["nested": "hello"]]),
        ] as [(JSONValue, JSONValue)])
    func functionGivesWhatHOTSays(value: JSONValue, result: JSONValue) throws {
        let template = try template(
            ["text": ["type": "string", "default": "hello"], "map": ["type": "json", "default": ["list": [1, 2]]]],
            conditions: ["yes": ["equals": [["get_param": "text"], "hello"]], "no": ["not": "yes"]])
        let resources = [
            "made": TemplateEvaluation.Resource(physicalId: "made-id", attributes: ["list": [["ip": "10.0.0.4"]]]),
            "unmade": TemplateEvaluation.Resource(physicalId: "unmade", attributes: nil),
        ]
        let stack = StackIdentity(name: "s", id: "stack-id", projectId: "project-id")
        #expect(template.evaluate(value, stack: stack) { resources[$0] } == result)
    }

    @Test(
        "Conditions decide which resources and outputs there are",
        arguments: [
            ("yes", true), ("no", false), (["not": "no"], true), (["and": ["yes", "no"]], false),
            (["or": ["no", "yes"]], true), (["equals": [["get_param": "n"], 3]], true), (false, false),
        ] as [(JSONValue, Bool)])
    func conditionsDecide(condition: JSONValue, holds: Bool) throws {
        let template = try template(
            ["n": ["type": "number", "default": 3]],
            resources: ["r": ["type": "OS::Heat::Value", "condition": condition, "properties": ["value": 1]]],
            conditions: ["yes": ["equals": [1, 1]], "no": ["equals": [1, 2]]],
            outputs: ["o": ["value": 1, "condition": condition]])
        #expect(template.resources.count == (holds ? 1 : 0))
        #expect(template.outputs.map(\.value) == [holds ? 1 : .null])
    }

    // Resources.

    @Test("A resource waits for what it refers to and what it depends on, but not for what a condition leaves out")
    func resourceWaitsForWhatItNeeds() throws {
        let value: (JSONValue) -> JSONValue = { ["type": "OS::Heat::Value", "properties": ["value": $0]] }
        let template = try template(
            resources: [
                "a": value(1), "b": value(["get_resource": "a"]), "c": value(["x": [["get_attr": ["b", "value"]]]]),
                "d": ["type": "OS::Heat::Value", "depends_on": ["a", "gone"], "properties": ["value": 1]],
                "e": value(["if": ["no", ["get_resource": "a"], 1]]),
                "gone": ["type": "OS::Heat::Value", "condition": "no", "properties": ["value": 1]],
            ], conditions: ["no": ["equals": [1, 2]]])
        let requires = Dictionary(uniqueKeysWithValues: template.resources.map { ($0.name, $0.requires) })
        #expect(requires == ["a": [], "b": ["a"], "c": ["b"], "d": ["a"], "e": []])
    }

    @Test("Resources that wait for each other are refused, with the circle")
    func circleIsRefused() {
        let resource: (String) -> JSONValue = { ["type": "OS::Heat::TestResource", "depends_on": .string($0)] }
        #expect(
            throws: HeatFault(
                status: 400, type: "CircularDependencyException",
                message:
                    "Circular Dependency Found: {TestResource \"b\": {TestResource \"a\"}, TestResource \"a\": {TestResource \"b\"}}"
            )
        ) {
            try template(resources: ["a": resource("b"), "b": resource("a"), "c": ["type": "OS::Heat::TestResource"]])
        }
    }

    @Test(
        "Resources that Heat could not make are refused in its words",
        arguments: [
            (["type": "OS::Nope"], "The Resource Type (OS::Nope) could not be found."),
            (
                ["type": "OS::Heat::Value", "properties": ["nope": 1]],
                "Property error: : resources.r.properties: : Unknown Property nope"
            ),
            (
                ["type": "OS::Nova::Server", "properties": ["flavor": "huge"]],
                "Property error: : resources.r.properties.flavor: : Error validating value 'huge': No Flavor matching {'name': 'huge'}. (HTTP 404)"
            ),
            (
                ["type": "OS::Neutron::Subnet", "properties": ["network": "private", "cidr": "10.0.0.0/33"]],
                "Property error: : resources.r.properties.cidr: : Error validating value '10.0.0.0/33': Invalid net cidr invalid IPNetwork 10.0.0.0/33 "
            ),
            (
                ["type": "OS::Nova::KeyPair", "properties": ["name": "k"]],
                "The public_key property is required by the nova API version currently used."
            ),
        ] as [(JSONValue, String)])
    func badResourceIsRefused(resource: JSONValue, message: String) {
        #expect(throws: HeatFault.invalid(message)) { try template(resources: ["r": resource]) }
    }

    @Test("A template as YAML text is read as the same template as JSON, and dates in it stay text")
    func yamlIsRead() throws {
        let yaml = """
            heat_template_version: 2018-08-31
            description: A date that is not quoted
            resources:
              a: {type: OS::Heat::TestResource, properties: {value: yes, wait_secs: 2}}
            """
        let template = try HeatTemplate(.string(yaml), names: Self.names)
        #expect(template.description == "A date that is not quoted")
        #expect(template.resources.map(\.properties) == [["value": true, "wait_secs": 2]])
    }
}
