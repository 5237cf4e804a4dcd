import HTTPTypes
import Runtime
import Testing

@testable import FakeCloud

@Suite struct GlanceImageTests {
    @Test("An image is queued until its data is there, which is hashed and not taken twice")
    func upload() throws {
        var region = NovaRegion()
        let image = try region.act { try $0.image.createImage(["name": "mine", "os_distro": "x"], by: $1) }
        #expect(image.status == .queued)
        #expect(image.properties == ["os_distro": "x"])
        try region.act { try $0.image.upload(image.id, ImageData(Array("hello".utf8)), by: $1) }
        let uploaded = try #require(region.services.image.images[image.id])
        #expect(uploaded.status == .active)
        #expect(uploaded.checksum == "5d41402abc4b2a76b9719d911017c592")
        #expect(fault { try region.act { try $0.image.upload(image.id, ImageData([]), by: $1) } }?.status == 409)
    }

    @Test("An image of more bytes than fit into a request is uploaded, and a journal brings back what is known of it")
    func largeUpload() async throws {
        let journal = MemoryJournal()
        let bench = try Bench(journal: journal)
        let token = try await bench.token()
        let images = "/image/\(Bench.region)/v2/images"
        let made = try await bench.call("POST", images, token: token, ["name": "large", "disk_format": "raw"])
        let id = made.json?["id"]?.string ?? ""
        let answer = try await bench.send(
            "PUT", "\(images)/\(id)/file", headers: [.authToken: token, .contentType: "application/octet-stream"],
            body: Array(repeating: 7, count: 3_000_000))
        #expect(answer.status == 204)
        let shown = try await bench.call("GET", "\(images)/\(id)", token: token).json
        #expect(shown?["size"] == 3_000_000)
        #expect(shown?["status"] == "active")
        let again = try Bench(journal: journal)
        let other = try await again.token()
        let replayed = try await again.call("GET", "\(images)/\(id)", token: other).json
        #expect(replayed?["os_hash_value"] == shown?["os_hash_value"])
    }

    @Test("The catalog's images are everybody's to see and the operators' to delete; others are their project's")
    func visibility() throws {
        var region = NovaRegion()
        let common = region.image
        let own = try region.act { try $0.image.createImage(["name": "mine"], by: $1) }
        let seen = region.services.image.images(seenBy: region.change(as: "other").requester)
        #expect(seen.map(\.name) == ["debian-12", "cirros-0.6.2"])
        #expect(
            fault { try region.act { try $0.image.deleteImage(common, by: $1) } }
                == .glance(403, "Forbidden", "You are not authorized to complete delete_image action."))
        #expect(
            fault { try region.act(as: "other") { try $0.image.deleteImage(own.id, by: $1) } }
                == .glance(404, "Not Found", "No image found with ID \(own.id)"))
        try region.act { try $0.image.deleteImage(own.id, by: $1) }
    }

    @Test("An image that is not active cannot be booted")
    func deactivated() throws {
        var region = NovaRegion()
        let common = region.image
        try region.act(as: "admin") { try $0.image.setActive(common, false, by: $1) }
        #expect(fault { _ = try region.boot() }?.message == "Image \(common) is not active.")
        try region.act(as: "admin") { try $0.image.setActive(common, true, by: $1) }
        try region.boot()
    }
}
