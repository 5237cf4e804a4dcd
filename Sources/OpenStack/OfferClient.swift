import HTTPTypes
import Runtime

/// What a region has to build VMs from: Nova's flavors, Glance's images, Neutron's networks.
public struct OfferClient: Sendable {
    public let connection: CloudConnection
    private static let pageLimit = 100

    public struct Flavor: Equatable, Sendable {
        public let id: String
        public let name: String
        public let vcpus: Int
        public let ramMiB: Int
        public let diskGiB: Int

        public init(id: String, name: String, vcpus: Int, ramMiB: Int, diskGiB: Int) {
            self.id = id
            self.name = name
            self.vcpus = vcpus
            self.ramMiB = ramMiB
            self.diskGiB = diskGiB
        }
    }

    public struct Image: Equatable, Sendable {
        public let id: String
        public let name: String
        public let minDiskGiB: Int
        public let minRamMiB: Int
        /// The property `os_admin_user`.
        public let adminUser: String?

        public init(id: String, name: String, minDiskGiB: Int, minRamMiB: Int, adminUser: String?) {
            self.id = id
            self.name = name
            self.minDiskGiB = minDiskGiB
            self.minRamMiB = minRamMiB
            self.adminUser = adminUser
        }
    }

    public struct Network: Equatable, Sendable {
        public let id: String
        public let name: String
        public let isExternal: Bool
    }

    public init(_ connection: CloudConnection) {
        self.connection = connection
    }

    /// The flavors that are open for new servers.
    public func flavors() async throws -> Answer<[Flavor]> {
        try await all(.compute, "flavors/detail", "", key: "flavors") { value in
            guard let id = value["id"]?.string, let name = value["name"]?.string, let vcpus = value["vcpus"]?.integer,
                let ram = value["ram"]?.integer
            else { return nil }
            guard value["OS-FLV-DISABLED:disabled"]?.bool != true else { return .some(nil) }
            return Flavor(id: id, name: name, vcpus: vcpus, ramMiB: ram, diskGiB: value["disk"]?.integer ?? 0)
        } next: { body in
            body["flavors_links"]?.array?.first { $0["rel"]?.string == "next" }?["href"]?.string
        }
    }

    /// The images that are ready for use.
    public func images() async throws -> Answer<[Image]> {
        try await all(.image, "images", "?limit=100&status=active", key: "images") { value in
            guard let id = value["id"]?.string else { return nil }
            return Image(
                id: id, name: value["name"]?.string ?? id, minDiskGiB: value["min_disk"]?.integer ?? 0,
                minRamMiB: value["min_ram"]?.integer ?? 0, adminUser: value["os_admin_user"]?.string)
        } next: {
            $0["next"]?.string
        }
    }

    public func networks() async throws -> Answer<[Network]> {
        try await all(.network, "networks", "", key: "networks") { value in
            guard let id = value["id"]?.string else { return nil }
            return Network(
                id: id, name: value["name"]?.string ?? id, isExternal: value["router:external"]?.bool ?? false)
        } next: { body in
            body["networks_links"]?.array?.first { $0["rel"]?.string == "next" }?["href"]?.string
        }
    }

    /// Reads a list page by page.
    ///
    /// - Parameters:
    ///   - read: an item; `.some(nil)` for one to leave out, nil for a wrong shape.
    ///   - next: the link to the next page. Its query alone is used: its host is how the service sees itself.
    private func all<Item: Sendable>(
        _ service: CloudService, _ path: String, _ firstQuery: String, key: String, _ read: (JSONValue) -> Item??,
        next: (JSONValue) -> String?
    ) async throws -> Answer<[Item]> {
        var items: [Item] = []
        var query = firstQuery
        for _ in 0..<Self.pageLimit {
            let exchange = try await connection.exchange(service, .get, path + query)
            let answer = Answer<JSONValue>(exchange, to: .read, at: connection.time.now)
            guard case .ok(let body) = answer else { return answer.flatMap { _ in .ok([]) } }
            guard let values = body[key]?.array else { return .unknown(CloudFailure(message: "no \(key)")) }
            for value in values {
                guard let item = read(value) else { return .unknown(CloudFailure(message: "\(key) of another shape")) }
                if let item { items.append(item) }
            }
            guard let link = next(body), let start = link.firstIndex(of: "?") else { return .ok(items) }
            query = String(link[start...])
        }
        return .unknown(CloudFailure(message: "a list without an end"))
    }
}
