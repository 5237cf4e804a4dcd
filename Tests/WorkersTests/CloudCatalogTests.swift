import Deployments
import OpenStack
import Testing

@testable import Workers

@Suite struct CloudCatalogTests {
    @Test("what is offered goes by its name where that is unique and plain, else by the cloud's id")
    func ids() {
        let flavor = { (id: String, name: String) in
            OfferClient.Flavor(id: id, name: name, vcpus: 1, ramMiB: 512, diskGiB: 1)
        }
        let image = { (id: String, name: String) in
            OfferClient.Image(id: id, name: name, minDiskGiB: 0, minRamMiB: 0, adminUser: "debian")
        }
        let catalog = CloudCatalog.catalog(
            of: Region(id: "r1", name: "One"), flavors: [flavor("f1", "m1.small"), flavor("f2", "my flavor")],
            images: [image("i1", "debian-12"), image("i2", "twin"), image("i3", "twin")])
        #expect(catalog.instanceTypes.map(\.id) == ["m1.small", "f2"])
        #expect(catalog.images.map(\.id) == ["debian-12", "i2", "i3"])
        #expect(catalog.images.map(\.sshUser) == ["debian", "debian", "debian"])
    }
}
