import Deployments
import OpenStack
import Runtime
import Testing

@testable import Workers

@Suite struct StackTemplateTests {
    static let small = """
        heat_template_version: 2018-08-31
        parameters: {flavor: {type: string}, image: {type: string}, ssh_public_key: {type: string}, zone: {default: a}}
        resources: {web_server: {type: OS::Heat::TestResource}}
        outputs: {private_ip: {value: ''}, public_ip: {value: ''}}
        """

    @Test("the standard template keeps its own contract and takes every parameter")
    func standard() {
        #expect(StackTemplate.standard.parameters.isSuperset(of: StackTemplate.Parameter.allCases.map(\.rawValue)))
    }

    @Test("an operator's template is given what it declares, and nothing else")
    func operatorsTemplate() throws {
        let template = try StackTemplate(yaml: Self.small, file: "small.yaml")
        var settings = WorkerSettings()
        settings.template = template
        let request = template.request(
            for: World.record(), hasVolumes: true, tags: StackTags(instanceId: "hh_1"), settings: settings)
        #expect(request.template == Self.small)
        #expect(
            request.parameters == [
                "flavor": "m1.small", "image": "debian-12", "ssh_public_key": "ssh-ed25519 AAAA",
            ])
        #expect(template.title(of: "web_server") == "web server")
        #expect(template.title(of: "vm-dep_1") == nil)
    }

    @Test("a VM boots from a volume of its size where the region has them, else from the flavor's disk")
    func bootVolume() {
        for (hasVolumes, size) in [(true, 20), (false, 0)] {
            let request = StackTemplate.standard.request(
                for: World.record(), hasVolumes: hasVolumes, tags: StackTags(instanceId: "hh_1"),
                settings: WorkerSettings())
            #expect(request.parameters["boot_volume_gib"] == .integer(size))
        }
    }

    @Test(
        "what breaks the contract is named, with the file",
        arguments: [
            ("public_ip:", "address:", "x.yaml: the output public_ip is missing"),
            ("flavor:", "size:", "x.yaml: the parameter flavor is missing"),
            ("default: a", "type: string", "x.yaml: the parameter zone needs a default"),
            ("heat_template_version", "version", "x.yaml: heat_template_version is missing"),
            ("{web_server: {type: OS::Heat::TestResource}}", "{}", "x.yaml: it has no resources"),
            ("resources: {", "resources: [", "x.yaml: it is not valid YAML"),
        ])
    func problems(part: String, changed: String, words: String) {
        let yaml = Self.small.replacing(part, with: changed)
        let problem = #expect(throws: TemplateProblem.self) { try StackTemplate(yaml: yaml, file: "x.yaml") }
        #expect(problem?.description.contains(words) == true, "\(String(describing: problem))")
    }
}
