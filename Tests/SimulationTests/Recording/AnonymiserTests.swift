import Testing

@testable import Simulation

@Suite struct AnonymiserTests {
    @Test(
        "a message keeps its words and small numbers, and loses what identifies",
        arguments: [
            (
                "No valid host was found. There are not enough hosts available.",
                "No valid host was found. There are not enough hosts available."
            ),
            (
                "Quota exceeded for cores: Requested 4, but already used 20 of 20 cores (HTTP 403)",
                "Quota exceeded for cores: Requested 4, but already used 20 of 20 cores (HTTP 403)"
            ),
            (
                "OverQuotaClient: resources.port: Quota exceeded for resources: ['port'].",
                "OverQuotaClient: resources.port: Quota exceeded for resources: ['port']."
            ),
            (
                "Image 6f1ff6dc-94d5-4d8c-b3b0-3f0cbf9df6c1 could not be found on glance-01.acme.example",
                "Image name-1 could not be found on name-2"
            ),
            (
                "Host nova7 (10.20.30.40, fe80::1, fa:16:3e:aa:bb:cc) is down; nova7 was rejected",
                "Host name-1 (name-2, name-3, name-4) is down; name-1 was rejected"
            ),
            (
                "Failed to reach http://bob:hunter2@10.0.0.9:8774/v2.1 as bob@acme.example, 1234567890",
                "Failed to reach name-1 as name-2, name-3"
            ),
            ("The tenant Müller\nis unknown", "The tenant name-1 is unknown"),
        ])
    func message(text: String, shown: String) {
        var anonymiser = Anonymiser()
        #expect(anonymiser.message(text) == shown)
    }

    @Test("a name stands for the same thing in the whole file, and for nothing else")
    func sameName() {
        var anonymiser = Anonymiser()
        let names = ["east-dc", "west-dc", "east-dc"].map { anonymiser.name("region", for: $0) }
        #expect(names == ["region-1", "region-2", "region-1"])
        #expect(anonymiser.name("image", for: "east-dc") == "image-1")
    }

    @Test(
        "names that everybody's clouds have stay",
        arguments: [
            "m1.small", "c2.2xlarge", "ubuntu-24.04", "debian-12", "Rocky-9-GenericCloud", "cirros-0.6.2",
            "ubuntu-noble-server-amd64", "general.large",
        ])
    func publicName(name: String) {
        #expect(PublicWords.isPublicName(name))
    }

    @Test(
        "names that say more do not",
        arguments: [
            "acme.large", "ubuntu-24.04-payroll", "m1", "1", "20240612", "debian 12", "debian-12-20240612", "",
            "large-customer7", "ubuntu/../secret",
        ])
    func privateName(name: String) {
        #expect(!PublicWords.isPublicName(name))
        var anonymiser = Anonymiser()
        #expect(anonymiser.nameUnlessPublic("image", for: name) == "image-1")
    }
}
