import Foundation
import Runtime
import Testing

@testable import FakeCloud

struct SoftwareConfigTests {
    @Test("A cloud-config is YAML in blocks with sorted keys, under its header line")
    func cloudConfigIsYAML() {
        let text = SoftwareConfig.cloudConfig([
            "runcmd": [["echo", "x"]], "packages": ["nginx"], "n": 3, "t": true, "text": "yes", "nothing": .null,
        ])
        #expect(
            text == """
                #cloud-config
                n: 3
                nothing: null
                packages:
                - nginx
                runcmd:
                - - echo
                  - x
                t: true
                text: 'yes'

                """)
    }

    @Test("Parts of a message name their types, and texts beyond ASCII are base64")
    func partsNameTheirTypes() {
        let message = MultipartMime(
            [["config": "grüß"], ["config": "id", "filename": "x-shellscript.sh"]],
            config: { $0 == "id" ? "#!/bin/sh\n" : nil }
        ).message(boundary: "b")
        #expect(
            message == """
                Content-Type: multipart/mixed; boundary="b"
                MIME-Version: 1.0

                --b
                Content-Type: text/plain; charset="utf-8"
                MIME-Version: 1.0
                Content-Transfer-Encoding: base64

                Z3LDvMOf

                --b
                Content-Type: text/x-shellscript; charset="us-ascii"
                MIME-Version: 1.0
                Content-Transfer-Encoding: 7bit
                Content-Disposition: attachment; filename="x-shellscript.sh"

                #!/bin/sh

                --b--

                """)
    }

    @Test("The parts of a message within a message become parts of the outer one")
    func partsOfAMessageWithinAMessageAreTaken() {
        let inner = MultipartMime(
            [["config": "one", "subtype": "x-a", "filename": "f"], ["config": "two\n"]], config: { _ in nil }
        ).message(boundary: "inner")
        let outer = MultipartMime([["config": .string(inner), "type": "multipart"]], config: { _ in nil })
        let flat = MultipartMime(
            [["config": "one", "subtype": "x-a", "filename": "f"], ["config": "two\n", "subtype": "plain"]],
            config: { _ in nil })
        #expect(outer.message(boundary: "b") == flat.message(boundary: "b"))
    }
}

struct WaitHandleTests {
    @Test("A signal that says nothing is a success with a number; one of a known id takes the place of the first")
    func signalsAreNumbered() {
        var handle = WaitHandle()
        #expect(handle.take(.null) == "status:SUCCESS reason:Signal 1 received")
        #expect(handle.take(["id": "1", "data": "d"]) == "status:SUCCESS reason:Signal 2 received")
        #expect(handle.take(["id": 7, "reason": "why"]) == "status:SUCCESS reason:why")
        #expect(handle.data == "{\"1\": \"d\", \"7\": null}")
        #expect(handle.outcome(of: 2) == .complete)
        #expect(handle.outcome(of: 3) == .waiting)
        #expect(handle.timeoutText(of: 3) == "2 of 3 received - Signal 2 received;why")
    }

    @Test("A signal of another form is forgotten, and one failure fails the condition whatever else came")
    func failuresCount() {
        var handle = WaitHandle()
        #expect(handle.take(["status": "MAYBE"]) == nil)
        #expect(handle.take(["what": "x"]) == nil)
        #expect(handle.timeoutText(of: 2) == "0 of 2 received")
        _ = handle.take(["status": "FAILURE", "reason": "it broke"])
        _ = handle.take(["status": "SUCCESS"])
        _ = handle.take(["status": "FAILURE"])
        #expect(handle.outcome(of: 1) == .failed("it broke;Signal 3 received"))
    }
}

struct ResourceGroupTests {
    private let group = ResourceGroup([
        "count": 2, "resource_def": ["type": "T", "properties": ["name": "n-%index%", "left out": .null]],
    ])

    @Test("Members have the first numbers that were not removed, and their number in their properties")
    func membersAreNumbered() {
        let names = group.names(without: ["0"])
        #expect(names == ["1", "2"])
        let resources = group.template(of: names, attributes: [])["resources"]
        #expect(
            resources == [
                "1": ["type": "T", "properties": ["name": "n-1"]], "2": ["type": "T", "properties": ["name": "n-2"]],
            ])
    }

    @Test("Removals name members by name or by physical id, and add up unless told to replace")
    func removalsAddUp() {
        func removals(_ list: JSONValue, mode: JSONValue = "append") -> ResourceGroup {
            ResourceGroup(["removal_policies": [["resource_list": list]], "removal_policies_mode": mode])
        }
        let members = ["0": "id-0", "1": "id-1"]
        #expect(removals(["id-1", "nope", 0]).removed(after: ["5"], members: members) == ["0", "1", "5"])
        #expect(removals(["5"], mode: "update").removed(after: ["5", "6"], members: members) == ["5"])
        #expect(removals(["3"]).removed(after: [], members: nil) == ["3"])
    }

    @Test("What the parent asks for becomes outputs, and their values answer it")
    func attributesAreOutputs() {
        let asked: [ResourceGroup.Attribute] = [
            ["refs"], ["refs", 0], ["output"], ["attributes", "output"], ["resource.1.output"], ["resource.0"],
            ["resource.9.output"], ["removed_rsrc_list"], ["list", 0],
        ]
        let outputs = group.template(of: ["0", "1"], attributes: asked)["outputs"]?.object ?? [:]
        #expect(
            outputs.keys.sorted() == [
                "attributes, output", "list, 0", "output", "refs", "refs_map", "resource.1.output",
            ])
        #expect(outputs["list, 0"]?["value"] == [["get_attr": ["0", "list", 0]], ["get_attr": ["1", "list", 0]]])
        let values: [String: JSONValue] = ["refs": ["a", "b"], "refs_map": ["0": "a", "1": "b"], "output": [1, 2]]
        func value(_ attribute: ResourceGroup.Attribute) -> JSONValue {
            ResourceGroup.value(of: attribute, output: { values[$0] }, removed: ["4"])
        }
        #expect(value(["refs", 1]) == "b")
        #expect(value(["resource.0"]) == "a")
        #expect(value(["output"]) == [1, 2])
        #expect(value(["removed_rsrc_list"]) == ["4"])
        #expect(value(["resource.1.output"]) == .null)
    }
}
