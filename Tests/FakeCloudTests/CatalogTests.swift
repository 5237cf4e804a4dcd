import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// The catalog as data.
struct CatalogTests {
    private static let small = """
        domains: { Default: { id: default } }
        projects: { p: {} }
        users: { u: { password: secret, roles: { p: [member, reader] } } }
        applicationCredentials: { c: { user: u, secret: s } }
        regions: { here: {} }
        """

    @Test("a catalog says who and what there is, with ids that are given or made from names")
    func catalogIsRead() throws {
        let text =
            Self.small + """

                flavors: { tiny: { id: "42", vcpus: 1, ramMiB: 64 }, big: { vcpus: 8, ramMiB: 65536 } }
                images: { cirros: { minDiskGiB: 1 } }
                networks: { net: { subnets: { sub: { cidr: 192.168.7.0/26 } } } }
                allowTrusts: false
                tokenTtl: 5m
                """
        let scenario = try CloudScenario(catalog: text, file: "catalog.yaml")
        let catalog = FakeCatalog(scenario)
        #expect(catalog.id(of: "flavor", "tiny") == "42")
        #expect(catalog.id(of: "flavor", "big") == FakeCatalog(scenario).id(of: "flavor", "big"))
        #expect(catalog.id(of: "flavor", "big").count == 36)
        #expect(catalog.hexId(of: "domain", "Default") == "default")
        #expect(scenario.identity.credentials.first?.roles == ["member", "reader"])
        #expect(scenario.networks.first?.subnets.first?.ranges["here"]?.description == "192.168.7.0/26")
        #expect(!scenario.allowsTrusts)
        #expect(scenario.tokenLifetime == .seconds(300))
    }

    @Test("a cloud of another catalog signs in its own users")
    func catalogIsUsed() async throws {
        let bench = try Bench(try CloudScenario(catalog: Self.small, file: "catalog.yaml"))
        let access = bench.cloud.access
        #expect(access.user?.user == "u")
        #expect(access.admin == nil)
        let answer = try await bench.signIn(credential: access.credentialId, secret: "s")
        #expect(answer.json?["token"]?["project"]?["name"] == "p")
    }

    @Test(
        "mistakes are told with their place and the nearest right word",
        arguments: [
            (
                "projects: { p: {} }", "projects: { p: { domain: Defalt } }",
                "2:26: unknown domain Defalt; did you mean Default?"
            ),
            ("roles: { p: [", "roles: { q: [", "3:42: unknown project q"),
            ("user: u,", "user: v,", "4:38: unknown user v"),
            ("secret: s }", "secret: s, roles: [admin] }", "4:59: u has no role admin; known are member, reader"),
            ("regions: { here: {} }", "", "1:1: regions is missing"),
            (
                "regions: { here: {} }", "regions: { here: {} }\nflavours: {}",
                "6:1: unknown key flavours; did you mean flavors?"
            ),
            (
                "regions: { here: {} }",
                "regions: { here: {} }\nnetworks: { n: { subnets: { s: { cidr: 10.0.0.1/24 } } } }",
                "6:40: cidr is a range such as 10.0.0.0/24"
            ),
            (
                "regions: { here: {} }",
                "regions: { here: {} }\nflavors: { a: { id: x, vcpus: 1, ramMiB: 1 }, b: { id: x, vcpus: 1, ramMiB: 1 } }",
                "two flavors have the id x"
            ),
        ])
    func mistakes(right: String, wrong: String, message: String) throws {
        let text = Self.small.replacing(right, with: wrong)
        let errors = #expect(throws: ScenarioErrors.self) {
            try CloudScenario(catalog: text, file: "catalog.yaml")
        }
        #expect(errors?.description.contains(message) == true, "\(errors?.description ?? "")")
    }

    @Test("the bundled catalog has what the portal and the recorded exchanges need")
    func bundledCatalog() {
        let standard = CloudScenario.standard
        #expect(standard.regions.map(\.id) == ["west", "east"])
        #expect(standard.identity.users.map(\.name) == ["demo", "other", "admin"])
        #expect(standard.identity.credentials.map(\.name) == ["portal"])
        #expect(standard.networks.filter(\.isExternal).count == 1)
        // Whoever wrote an id down finds it again with the next version.
        #expect(FakeCatalog(standard).hexId(of: "credential", "portal") == "b17ca4cb3cc640dba4191741a5d8df26")
    }
}
