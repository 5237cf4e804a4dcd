import Runtime

/// Nova's servers of the project, as far as a portal looks at them.
public struct ServerClient: Sendable {
    public let connection: CloudConnection

    public struct Server: Equatable, Sendable {
        public let id: String
        /// `ACTIVE`, `SHUTOFF`, …
        public let status: String
        public let fixedAddresses: [String]
        public let floatingAddresses: [String]

        public init(id: String, status: String, fixedAddresses: [String] = [], floatingAddresses: [String] = []) {
            self.id = id
            self.status = status
            self.fixedAddresses = fixedAddresses
            self.floatingAddresses = floatingAddresses
        }

        /// Reads an element of `servers` (golden exchange `servers-detail`); nil where it has another shape.
        init?(_ value: JSONValue) {
            guard let id = value["id"]?.string, let status = value["status"]?.string else { return nil }
            let networks = (value["addresses"]?.object ?? [:]).sorted { $0.key < $1.key }
            let addresses = networks.flatMap { $0.value.array ?? [] }
            func texts(_ isFloating: Bool) -> [String] {
                addresses.filter { ($0["OS-EXT-IPS:type"]?.string == "floating") == isFloating }
                    .compactMap { $0["addr"]?.string }
            }
            self.init(id: id, status: status, fixedAddresses: texts(false), floatingAddresses: texts(true))
        }
    }

    public init(_ connection: CloudConnection) {
        self.connection = connection
    }

    /// All servers of the project, page by page.
    public func servers() async throws -> Answer<[Server]> {
        try await connection.all(.compute, "servers/detail", key: "servers") { Server($0).map(Optional.some) }
    }
}
