import HTTPTypes
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// Custom constraints ask the services as they are, and look at the form of values.
struct CustomConstraintTests {
    private static let none = CatalogNames(flavors: ["f"], images: ["i"], networks: ["n"], keyPairs: ["k"])

    @Test(
        "A value of the right form passes, another is refused in Heat's words",
        arguments: [
            ("net_cidr", "10.0.0.0/24", nil), ("net_cidr", "fd00::/64", nil),
            ("net_cidr", "10.0.0.0/33", "Invalid net cidr invalid IPNetwork 10.0.0.0/33 "),
            (
                "net_cidr", "10.0.0.1/24",
                "'10.0.0.1/24' isn't a recognized IP subnet cidr, '10.0.0.0/24' is recommended"
            ),
            ("ip_addr", "10.0.0.1", nil), ("ip_addr", "fd00::1", nil), ("ip_addr", "10.0.0", "Invalid IP address"),
            ("ip_or_cidr", "10.0.0.1", nil), ("ip_or_cidr", "10.0.0.0/8", nil),
            ("ip_or_cidr", "x", "'x' is not a valid IP address"),
            ("mac_addr", "fa:16:3e:00:00:01", nil), ("mac_addr", "fa:16", "Invalid MAC address."),
            ("dns_name", "web-1.example.org", nil),
            (
                "dns_name", "-web",
                "'-web' not in valid format. Reason: Name '-web' must not start or end with a hyphen."
            ), ("dns_name", "a..b", "'a..b' not in valid format. Reason: Encountered an empty component."),
            ("rel_dns_name", "a.b.", "'a.b.' is a FQDN. It should be a relative domain name."),
            ("rel_dns_name", "", nil), ("dns_domain", "example.org", "'example.org' must end with '.'."),
            ("dns_domain", "example.org.", nil), ("timezone", "Europe/Berlin", nil),
            ("timezone", "Mars", "Invalid timezone: 'No time zone found with key Mars'"),
            ("cron_expression", "*/5 * * * *", nil),
            (
                "cron_expression", "every day",
                "Invalid CRON expression: Exactly 5, 6 or 7 columns has to be specified for iterator expression."
            ), ("json_string", "{\"a\": 1}", nil), ("json_string", "{", "JSON string is not valid"),
            ("nova.keypair", "", nil), ("nova.keypair", "x", "The Key (x) could not be found."),
            ("nova.flavor", "", "No Flavor matching {'name': ''}. (HTTP 404)"),
            ("neutron.network", "", "Unable to find network with name or id ''"),
            ("neutron.qos_policy", "q", "Unable to find policy with name or id 'q'"),
            ("cinder.vtype", "x", "The VolumeType (x) could not be found."),
            ("keystone.user", "x", "The KeystoneUser (x) could not be found."),
        ] as [(String, String, String?)])
    func formIsJudged(constraint: String, value: String, problem: String?) {
        #expect(
            Self.none.violation(of: constraint, by: .string(value))
                == problem.map { "Error validating value '\(value)': \($0)" })
    }

    @Test("A constraint that there is not refuses every value")
    func unknownConstraintRefuses() {
        #expect(
            Self.none.violation(of: "nope", by: "x") == "\"x\" does not validate nope (constraint not found)")
    }

    @Test("What was made by the services' own calls is found by name and id, and not by another project")
    func madeThingsAreFound() async throws {
        let bench = try Bench()
        func post(_ path: String, _ body: JSONValue) async throws -> String {
            let headers: HTTPFields = [HTTPField.Name("X-Auth-Token")!: try await bench.token()]
            let answer = try await bench.send(
                "POST", "/network/\(Bench.region)/v2.0/\(path)", headers: headers, body: body.utf8)
            return try JSONValue(parsing: answer.body).object?.values.first?["id"]?.string ?? ""
        }
        let network = try await post("networks", ["network": ["name": "own"]])
        let subnet = try await post(
            "subnets",
            ["subnet": ["name": "own-subnet", "network_id": .string(network), "cidr": "10.9.0.0/24", "ip_version": 4]])
        let port = try await post("ports", ["port": ["name": "own-port", "network_id": .string(network)]])
        let router = try await post("routers", ["router": ["name": "own-router"]])
        let group = try await post("security-groups", ["security_group": ["name": "own-group"]])
        let things = [
            ("neutron.network", "own", network), ("neutron.subnet", "own-subnet", subnet),
            ("neutron.port", "own-port", port), ("neutron.router", "own-router", router),
            ("neutron.security_group", "own-group", group),
        ]
        let engine = bench.engine
        func names(_ user: Int) -> CatalogNames {
            engine.names(
                for: StackPlace(
                    region: Bench.region, project: engine.identity.users[user].assignments[0].project.id))
        }
        #expect(names(0).violation(of: "cinder.vtype", by: "standard") == nil)
        for (constraint, name, id) in things {
            #expect(!id.isEmpty)
            #expect(names(0).violation(of: constraint, by: .string(name)) == nil)
            #expect(names(0).violation(of: constraint, by: .string(id)) == nil)
            #expect(names(1).violation(of: constraint, by: .string(id)) != nil)
        }
    }

    @Test("A port on a network that there is not is refused, and one on an empty name")
    func propertiesAreAsked() throws {
        for network in ["nope", ""] {
            let message =
                "Property error: : resources.p.properties.network: : Error validating value '\(network)': Unable to find network with name or id '\(network)'"
            #expect(throws: HeatFault.invalid(message)) {
                try HeatTemplate(
                    [
                        "heat_template_version": "2018-08-31",
                        "resources": [
                            "p": ["type": "OS::Neutron::Port", "properties": ["network": .string(network)]]
                        ],
                    ], names: Self.none)
            }
        }
    }
}

/// What a flavor must have for an image.
struct ImageAndFlavorTests {
    @Test("A server whose flavor is too small for its image is refused before anything is made")
    func smallFlavorIsRefused() async throws {
        var scenario = CloudScenario.bench
        scenario.images = [ImageScenario(id: "debian-12", minDiskGiB: 5, minRamMiB: 512)]
        let refused = await #expect(throws: StackOnBench.Refused.self) {
            try await StackOnBench("s", .server, Bench(scenario))
        }
        #expect(
            refused?.message
                == "Image debian-12 requires 5 GB minimum disk space. Flavor m1.tiny has only 1 GB.")
    }
}
