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

    @Test("a trial is of the smallest flavor and image, or of those named, by what the portal calls them")
    func trial() throws {
        let flavors = [
            OfferClient.Flavor(id: "f1", name: "big", vcpus: 4, ramMiB: 8192, diskGiB: 80),
            OfferClient.Flavor(id: "f2", name: "small", vcpus: 1, ramMiB: 1024, diskGiB: 10),
            OfferClient.Flavor(id: "f3", name: "tiny", vcpus: 1, ramMiB: 64, diskGiB: 1),
        ]
        let images = [
            OfferClient.Image(id: "i1", name: "windows", minDiskGiB: 40, minRamMiB: 4096, adminUser: nil),
            OfferClient.Image(id: "i2", name: "my image", minDiskGiB: 2, minRamMiB: 512, adminUser: nil),
        ]
        func parameters(_ order: TrialOrder?) throws -> [String: JSONValue] {
            let order = try #require(order)
            let request = StackTemplate.standard.request(
                for: order, name: "t", hasVolumes: true, settings: WorkerSettings())
            #expect(request.tags == ["hothouse-record"] && request.name == "t")
            return request.parameters
        }
        let smallest = try parameters(TrialOrder(flavors: flavors, images: images))
        #expect(smallest["flavor"] == "small" && smallest["image"] == "i2" && smallest["boot_volume_gib"] == 2)
        let named = try parameters(TrialOrder(flavors: flavors, images: images, flavor: "tiny", image: "windows"))
        #expect(named["flavor"] == "tiny" && named["image"] == "windows" && named["boot_volume_gib"] == 40)
        #expect(TrialOrder(flavors: flavors, images: images, image: "none") == nil)
    }
}
