import HTTPTypes
import OrderedCollections
import Runtime
import Testing

@testable import FakeCloud

/// What the fake tells of the resource types and functions that templates may use.
struct ResourceTypeTests {
    private func get(_ path: String, on bench: Bench) async throws -> (status: Int, body: JSONValue) {
        let project = bench.engine.identity.users[0].assignments[0].project.id
        let headers: HTTPFields = [HTTPField.Name("X-Auth-Token")!: try await bench.token()]
        let answer = try await bench.send("GET", "/heat/\(Bench.region)/v1/\(project)/\(path)", headers: headers)
        return (answer.status, try JSONValue(parsing: answer.body))
    }

    @Test("Every resource type has a schema, and its old names stand for properties that it has")
    func everyTypeHasASchema() {
        // What a template of the user's provides has none but its own.
        let kinds = ResourceKind.allCases.filter { $0 != .template }
        #expect(Set(ResourceSchema.all.keys) == Set(kinds))
        for kind in kinds {
            #expect(!kind.className.isEmpty)
            for property in kind.schema.properties.values {
                #expect(property.standsFor.map { kind.schema.properties[$0] != nil } ?? true)
            }
        }
    }

    @Test(
        "The list of types is filtered by name, version and status",
        arguments: [
            ("name=OS::Heat::Wait", ["OS::Heat::WaitCondition", "OS::Heat::WaitConditionHandle"]),
            ("name=Heat", []), ("name=(", []),
            ("version=7.0.0", ["OS::Heat::Value", "OS::Neutron::SecurityGroupRule"]),
            ("support_status=DEPRECATED", []),
            ("name=OS::Cinder::Volume$&support_status=SUPPORTED", ["OS::Cinder::Volume"]),
        ] as [(String, [JSONValue])])
    func listIsFiltered(query: String, types: [JSONValue]) async throws {
        let answer = try await get("resource_types?" + query, on: Bench())
        #expect(answer.body == ["resource_types": .array(types)])
    }

    @Test("A status that Heat does not know is refused with those that it knows")
    func unknownStatusIsRefused() async throws {
        let answer = try await get("resource_types?support_status=GREAT", on: Bench())
        #expect(answer.status == 400)
        #expect(
            answer.body["error"]?["message"]
                == "Data supplied was not valid: Invalid support status and should be one of ('UNKNOWN', 'SUPPORTED', 'DEPRECATED', 'UNSUPPORTED', 'HIDDEN')"
        )
    }

    @Test("A type's schema says what is required, has a default, may be updated and is constrained, without old names")
    func schemaIsShown() async throws {
        let answer = try await get("resource_types/OS::Neutron::Port", on: Bench())
        #expect(answer.body["properties"]?["network_id"] == nil)
        #expect(
            answer.body["properties"]?["network"] == [
                "type": "string", "required": true, "update_allowed": false, "immutable": false,
                "constraints": [["custom_constraint": "neutron.network"]],
            ])
        #expect(answer.body["properties"]?["admin_state_up"]?["default"] == true)
        #expect(answer.body["properties"]?["fixed_ips"]?["schema"]?["*"]?["schema"]?["ip_address"]?["type"] == "string")
        #expect(answer.body["attributes"]?["fixed_ips"] == ["type": "list"])
        #expect(answer.body["attributes"]?["show"]?["type"] == "map")
    }

    @Test("A type's template is one that Heat takes: HOT or Amazon's")
    func typeHasATemplate() async throws {
        let bench = try Bench()
        let hot = try await get("resource_types/OS::Heat::RandomString/template?template_type=hot", on: bench).body
        #expect(hot["description"] == "Initial template of RandomString")
        #expect(hot["resources"]?["RandomString"]?["properties"]?["length"] == ["get_param": "length"])
        #expect(hot["outputs"]?["value"]?["value"] == ["get_attr": ["RandomString", "value"]])
        #expect(hot["parameters"]?["length"]?["constraints"] == [["range": ["min": 1, "max": 512]]])
        let amazon = try await get("resource_types/OS::Heat::RandomString/template", on: bench).body
        #expect(
            amazon["Resources"]?["RandomString"]?["Properties"]?["character_classes"]
                == ["Fn::Split": [",", ["Ref": "character_classes"]]])
        let bad = try await get("resource_types/OS::Heat::RandomString/template?template_type=tosca", on: bench)
        #expect(bad.status == 400)
    }

    @Test(
        "Each version of the language has functions of its own",
        arguments: [
            ("heat_template_version.2013-05-23", "", 16), ("heat_template_version.2014-10-16", "", 8),
            ("heat_template_version.2015-04-30", "", 10), ("heat_template_version.2015-10-15", "", 10),
            ("heat_template_version.2016-04-08", "", 11), ("heat_template_version.newton", "", 14),
            ("heat_template_version.ocata", "", 16), ("heat_template_version.pike", "", 21),
            ("heat_template_version.wallaby", "?with_condition_func=true", 25),
            ("AWSTemplateFormatVersion.2010-09-09", "", 12), ("HeatTemplateFormatVersion.2012-12-12", "", 11),
        ])
    func versionHasItsFunctions(version: String, query: String, count: Int) async throws {
        let answer = try await get("template_versions/\(version)/functions\(query)", on: Bench())
        #expect(answer.body["template_functions"]?.array?.count == count)
        #expect(answer.body["template_functions"]?.array?.allSatisfy { $0["description"] != "" } ?? false)
    }

    @Test("A version that there is not has no functions")
    func unknownVersionIsNotFound() async throws {
        let answer = try await get("template_versions/heat_template_version.1999-01-01/functions", on: Bench())
        #expect(answer.status == 404)
        #expect(
            answer.body["error"]?["message"] == "Template with version heat_template_version.1999-01-01 not found")
    }
}
