import HTTPTypes
import Runtime

/// A Nova flavor.
public struct Flavor: Equatable, Sendable {
    public let id: String
    public let name: String
    public let vcpus: Int
    public let ramMiB: Int
    public let diskGiB: Int

    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, let name = json["name"]?.string, let vcpus = json["vcpus"]?.integer,
            let ramMiB = json["ram"]?.integer, let diskGiB = json["disk"]?.integer
        else { return nil }
        self.id = id
        self.name = name
        self.vcpus = vcpus
        self.ramMiB = ramMiB
        self.diskGiB = diskGiB
    }
}

/// A Glance image.
public struct CloudImage: Equatable, Sendable {
    public let id: String
    public let name: String
    public let minDiskGiB: Int
    public let minRamMiB: Int
    /// The property `os_admin_user`: the account to sign in with.
    public let adminUser: String?

    init?(_ json: JSONValue) {
        guard let id = json["id"]?.string, json["status"]?.string == "active" else { return nil }
        self.id = id
        name = json["name"]?.string ?? id
        minDiskGiB = json["min_disk"]?.integer ?? 0
        minRamMiB = json["min_ram"]?.integer ?? 0
        adminUser = json["os_admin_user"]?.string
    }
}

/// What can be asked for, from Nova (Compute API v2.1) and Glance (Image API v2).
extension CloudRegion {
    /// All flavors, over all pages.
    public func flavors() async throws -> CloudAnswer<[Flavor]> {
        try await pages("compute", "/flavors/detail", items: "flavors", Flavor.init) { body in
            body["flavors_links"]?.array?.first { $0["rel"]?.string == "next" }?["href"]?.string
        }
    }

    /// All active images, over all pages.
    public func images() async throws -> CloudAnswer<[CloudImage]> {
        try await pages("image", "/v2/images?status=active", items: "images", CloudImage.init) { $0["next"]?.string }
    }

    private func pages<Item: Sendable>(
        _ service: String, _ first: String, items key: String, _ read: (JSONValue) -> Item?,
        next: (JSONValue) -> String?
    ) async throws -> CloudAnswer<[Item]> {
        var items: [Item] = []
        var path = first
        for _ in 0..<Self.mostPages {
            let answer = try await call(.read, service, path)
            guard case .ok(let body) = answer, let page = body[key]?.array else { return answer.map { _ in nil } }
            items += page.compactMap(read)
            guard let following = next(body) else { break }
            path = following
        }
        return .ok(items)
    }

    /// An answer that never ends is cut here.
    private static let mostPages = 100
}
