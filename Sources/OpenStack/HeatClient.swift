import HTTPTypes
import Runtime

/// Heat of one region. Each call is one request, but for the redirect, the pages and the token behind it.
///
/// Every call throws `CancellationError` and nothing else of its own: what the cloud says is in the ``Answer``.
public struct HeatClient: Sendable {
    public let connection: CloudConnection
    private static let stacksPerPage = 200
    private static let eventsPerPage = 100
    /// A list longer than this many pages is not believed.
    private static let pageLimit = 100

    public init(_ connection: CloudConnection) {
        self.connection = connection
    }

    /// Creates a stack and returns its id. Takes 1 to 2 s when all is well, and is unknown when it fails
    /// (golden exchanges `create-ok`, `engine-down-create`).
    public func create(_ request: StackRequest) async throws -> Answer<String> {
        try await call(.post, "stacks", for: .create, body: request.body).reading { $0["stack"]?["id"]?.string }
    }

    /// Looks a stack up by its name: Heat redirects to the stack of that name, and this follows it by itself.
    public func find(_ name: String) async throws -> Answer<Stack> {
        let exchange = try await connection.exchange(.orchestration, .get, "stacks/" + percentEncoded(name))
        guard case .answered(let response) = exchange, response.status == 302 else {
            return Answer(exchange, to: .read, at: connection.time.now).reading { $0["stack"].flatMap(Stack.init) }
        }
        // The id alone is taken from the location: its host is how Heat sees itself, not how it is reached.
        guard let parts = response.headers[.location]?.prefix(while: { $0 != "?" }).split(separator: "/"),
            parts.count > 3, parts[parts.count - 3] == "stacks", let id = parts.last
        else {
            return .unknown(CloudFailure(status: 302, message: "a redirect to somewhere else"))
        }
        return try await show(name, id: String(id))
    }

    /// A stack with its outputs.
    public func show(_ name: String, id: String) async throws -> Answer<Stack> {
        try await call(.get, path(name, id), for: .read).reading { $0["stack"].flatMap(Stack.init) }
    }

    /// All live stacks, or those that carry a tag, newest first, page by page.
    public func list(tag: String? = nil) async throws -> Answer<[Stack]> {
        try await pages(of: Self.stacksPerPage) { marker in
            var query = [("limit", "\(Self.stacksPerPage)")]
            if let tag { query.insert(("tags", tag), at: 0) }
            if let marker { query.append(("marker", marker)) }
            return try await call(.get, "stacks", query: query, for: .read).reading { body in
                body["stacks"]?.array.flatMap { Self.all($0, Stack.init) }
            }
        } last: {
            $0.id
        }
    }

    /// The newest stacks of the project, newest first, whoever made them.
    ///
    /// - Parameters:
    ///   - count: at most so many.
    ///   - withDeleted: also those that are gone, as long as Heat keeps them (golden exchange `list-show-deleted`).
    public func newest(_ count: Int, withDeleted: Bool = false) async throws -> Answer<[Stack]> {
        var query = [("limit", "\(count)")]
        if withDeleted { query.append(("show_deleted", "true")) }
        return try await call(.get, "stacks", query: query, for: .read).reading { body in
            body["stacks"]?.array.flatMap { Self.all($0, Stack.init) }
        }
    }

    /// The resources of a stack; none where it is deleted (golden exchange `resources-after-delete`).
    public func resources(_ name: String, id: String) async throws -> Answer<[StackResource]> {
        try await call(.get, path(name, id) + "/resources", for: .read).reading { body in
            body["resources"]?.array.flatMap { Self.all($0, StackResource.init) }
        }
    }

    /// The events of a stack after one that is known, oldest first.
    ///
    /// Heat begins from the start where it does not know the marker; the caller tells events apart by their ids.
    public func events(_ name: String, id: String, after known: String?) async throws -> Answer<[StackEvent]> {
        try await pages(of: Self.eventsPerPage, after: known) { marker in
            var query = [("sort_dir", "asc"), ("limit", "\(Self.eventsPerPage)")]
            if let marker { query.append(("marker", marker)) }
            return try await call(.get, path(name, id) + "/events", query: query, for: .read).reading { body in
                body["events"]?.array.flatMap { Self.all($0, StackEvent.init) }
            }
        } last: {
            $0.id
        }
    }

    /// Asks Heat to delete a stack. While it is deleting, a second call restarts the deletion: look first.
    public func delete(_ name: String, id: String) async throws -> Answer<Void> {
        try await call(.delete, path(name, id), for: .delete).reading { _ in () }
    }

    /// Whether Heat and its engine answer.
    public func isAnswering() async throws -> Answer<Void> {
        try await call(.get, "stacks", query: [("limit", "1")], for: .read).reading { $0["stacks"]?.array.map { _ in } }
    }

    /// Asks Heat whether it takes a template, and does nothing with it (golden exchange `validate-ok`). Conditions on
    /// parameters are decided, so those need values.
    public func validate(_ template: String, parameters: [String: JSONValue]) async throws -> Answer<Void> {
        let body: JSONValue = ["template": .string(template), "parameters": .object(parameters)]
        return try await call(.post, "validate", for: .check, body: body).reading { _ in () }
    }

    private func path(_ name: String, _ id: String) -> String {
        "stacks/" + percentEncoded(name) + "/" + percentEncoded(id)
    }

    private func call(
        _ method: HTTPRequest.Method, _ path: String, query: [(String, String)] = [], for operation: CloudOperation,
        body: JSONValue? = nil
    ) async throws -> Answer<JSONValue> {
        let exchange = try await connection.exchange(
            .orchestration, method, path, query: query.map { (name: $0.0, value: $0.1) }, body: body)
        return Answer(exchange, to: operation, at: connection.time.now)
    }

    private static func all<Item>(_ values: [JSONValue], _ read: (JSONValue) -> Item?) -> [Item]? {
        let items = values.compactMap(read)
        return items.count == values.count ? items : nil
    }

    private func pages<Item: Sendable>(
        of size: Int, after known: String? = nil, _ page: (String?) async throws -> Answer<[Item]>,
        last marker: (Item) -> String
    ) async throws -> Answer<[Item]> {
        var items: [Item] = []
        var after = known
        for _ in 0..<Self.pageLimit {
            let answer = try await page(after)
            guard case .ok(let next) = answer else { return answer }
            items += next
            guard next.count == size, let last = next.last else { return .ok(items) }
            after = marker(last)
        }
        return .unknown(CloudFailure(message: "a list without an end"))
    }
}
