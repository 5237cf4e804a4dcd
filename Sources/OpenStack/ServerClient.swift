import HTTPTypes
import Runtime

/// Nova's servers of the project, as far as a portal looks at them.
public struct ServerClient: Sendable {
    public let connection: CloudConnection
    private static let pageLimit = 100

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
        var servers: [Server] = []
        var query: [(name: String, value: String)] = []
        for _ in 0..<Self.pageLimit {
            let exchange = try await connection.exchange(.compute, .get, "servers/detail", query: query)
            let answer = Answer<JSONValue>(exchange, to: .read, at: connection.time.now)
            guard case .ok(let body) = answer else { return answer.flatMap { _ in .ok([]) } }
            guard let page = body["servers"]?.array else { return .unknown(CloudFailure(message: "no servers")) }
            for value in page {
                guard let server = Server(value) else {
                    return .unknown(CloudFailure(message: "servers of another shape"))
                }
                servers.append(server)
            }
            let hasMore = body["servers_links"]?.array?.contains { $0["rel"]?.string == "next" } ?? false
            guard hasMore, let last = servers.last else { return .ok(servers) }
            query = [(name: "marker", value: last.id)]
        }
        return .unknown(CloudFailure(message: "a list without an end"))
    }
}
