import Runtime
import Testing

@testable import OpenStack

@Suite struct CloudsReaderTests {
    static let cloudsYAML = """
        clouds:
          app:
            auth_type: v3applicationcredential
            auth: {auth_url: https://keystone.example/v3, application_credential_id: abc}
            regions: [one, {name: two, values: {interface: internal}}]
            cacert: ca.pem
            api_timeout: 90
          user:
            auth:
              auth_url: http://keystone.example:5000
              username: portal
              password: 0123
              project_name: vms
              user_domain_name: People
            region_name: one
            verify: false
            compute_endpoint_override: http://nova.example/v2.1
          bare: {auth: {auth_url: http://k}, region_name: one}
          nowhere: {auth: {auth_url: http://k, application_credential_id: a, application_credential_secret: b}}
          federated: {auth_type: v3oidcpassword, auth: {auth_url: http://k}, region_name: one}
          strange: {auth: {auth_url: "keystone.example"}, region_name: one}
        """
    static let secureYAML = "clouds: {app: {auth: {application_credential_secret: hush}}}"

    private func reader(
        _ files: [String: String], environment: [String: String] = [:], home: String? = "/home/o"
    ) -> CloudsReader {
        CloudsReader(environment: environment, home: home) { files[$0] }
    }

    private var reader: CloudsReader {
        reader(["./clouds.yaml": Self.cloudsYAML, "/home/o/.config/openstack/secure.yaml": Self.secureYAML])
    }

    @Test("an application credential, its secret in secure.yaml, with two regions of which one has values of its own")
    func applicationCredential() throws {
        let regions = try reader.regions(of: "app")
        #expect(regions.map(\.region) == ["one", "two"])
        #expect(regions.map(\.interface) == [.public, .internal])
        #expect(regions[0].credential == regions[1].credential)
        #expect(regions[0].credential.tokenRequest["auth"]?["scope"] == nil)
        let identity = regions[0].credential.tokenRequest["auth"]?["identity"]
        #expect(identity?["application_credential"] == ["id": "abc", "secret": "hush"])
        #expect(regions[0].transport.caFile == "ca.pem" && regions[0].transport.verifiesTLS)
        #expect(regions[0].callTimeout == .seconds(90))
        #expect(regions[0].source == "./clouds.yaml")
    }

    @Test("a password for a project; a password of digits keeps its zero, and a missing domain is the default one")
    func password() throws {
        let region = try #require(try reader.regions(of: "user").first)
        let auth = region.credential.tokenRequest["auth"]
        #expect(
            auth?["identity"]?["password"]?["user"] == [
                "name": "portal", "domain": ["name": "People"], "password": "0123",
            ])
        #expect(auth?["scope"]?["project"] == ["name": "vms", "domain": ["id": "default"]])
        #expect(!region.transport.verifiesTLS)
        #expect(region.endpointOverrides == [.compute: "http://nova.example/v2.1"])
    }

    @Test("anchors and merge keys are followed; the cloud's own keys win")
    func mergeKeys() throws {
        let text = """
            base: &base {region_name: one, interface: internal, cacert: a.pem}
            more: &more {interface: admin, api_timeout: 7}
            clouds:
              c:
                <<: [*base, *more]
                cacert: b.pem
                auth: {auth_url: http://k, application_credential_id: a, application_credential_secret: b}
            """
        let region = try #require(try reader(["./clouds.yaml": text]).regions(of: "c").first)
        #expect(region.region == "one" && region.interface == .internal)
        #expect(region.transport.caFile == "b.pem" && region.callTimeout == .seconds(7))
    }

    @Test("variables describe the cloud envvars")
    func variables() throws {
        let environment = [
            "OS_AUTH_TYPE": "v3applicationcredential", "OS_AUTH_URL": "http://k:5000/v3",
            "OS_APPLICATION_CREDENTIAL_ID": "a", "OS_APPLICATION_CREDENTIAL_SECRET": "b", "OS_REGION_NAME": "r",
            "OS_INTERFACE": "internalURL", "OS_CLOUD": "other", "NO_PROXY": "k, .example",
            "https_proxy": "http://proxy:3128",
        ]
        let region = try #require(try reader([:], environment: environment).regions(of: "envvars").first)
        #expect(region.region == "r" && region.interface == .internal && region.source == "the environment")
        #expect(region.transport.proxies.server(for: "https", host: "far.test")?.port == 3128)
        #expect(region.transport.proxies.server(for: "https", host: "k") == nil)
        #expect(region.transport.proxies.server(for: "https", host: "a.example") == nil)
        #expect(region.transport.proxies.server(for: "http", host: "far.test") == nil)
    }

    @Test("the first file that there is counts: the one that is named, the folder's, the user's, the machine's")
    func searchPath() throws {
        func cloud(_ region: String) -> String {
            "clouds: {c: {auth: {auth_url: http://k, application_credential_id: a, application_credential_secret: b}, region_name: \(region)}}"
        }
        var files = [
            "/named.yaml": cloud("named"), "./clouds.yaml": cloud("folder"),
            "/home/o/.config/openstack/clouds.yaml": cloud("user"), "/etc/openstack/clouds.yml": cloud("machine"),
        ]
        let named = ["OS_CLIENT_CONFIG_FILE": "/named.yaml"]
        #expect(try reader(files, environment: named).regions(of: "c").map(\.region) == ["named"])
        for (path, region) in [
            ("./clouds.yaml", "folder"), ("/home/o/.config/openstack/clouds.yaml", "user"),
            ("/etc/openstack/clouds.yml", "machine"),
        ] {
            #expect(try reader(files).regions(of: "c").map(\.region) == [region])
            files[path] = nil
        }
    }

    @Test(
        "what is wrong is named, and where; never a secret",
        arguments: [
            ("missing", "no cloud missing; there is app, bare,"), ("bare", "auth.username is missing"),
            ("nowhere", "names no region"), ("federated", "auth_type v3oidcpassword is not supported"),
            ("strange", "http or https address"), ("envvars", "OS_AUTH_URL is not set"),
        ])
    func problems(cloud: String, words: String) {
        let error = #expect(throws: CloudConfigurationError.self) { try reader.regions(of: cloud) }
        #expect(error.map { "\($0)".contains(words) } == true, "\(String(describing: error))")
    }

    @Test("a file that is no YAML, one that is named and missing, and none at all")
    func badFiles() throws {
        for (reader, words) in [
            (reader(["./clouds.yaml": "clouds:\n  a: {password: hush\n  b: ]"]), "./clouds.yaml: not valid YAML"),
            (reader([:], environment: ["OS_CLIENT_CONFIG_FILE": "/x.yaml"]), "/x.yaml"),
            (reader([:]), "there is no clouds.yaml"), (reader(["./clouds.yaml": "a: 1"]), "expected the key clouds"),
        ] {
            let error = #expect(throws: CloudConfigurationError.self) { try reader.regions(of: "c") }
            #expect(
                error.map { "\($0)".contains(words) && !"\($0)".contains("hush") } == true,
                "\(String(describing: error))")
        }
    }

    @Test("a credential shows no secret, however it is printed")
    func noSecrets() throws {
        let credential = try #require(try reader.regions(of: "app").first).credential
        var dumped = ""
        dump(credential, to: &dumped)
        for text in ["\(credential)", String(reflecting: credential), dumped] { #expect(!text.contains("hush")) }
    }
}
