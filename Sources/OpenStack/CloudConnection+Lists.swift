import HTTPTypes
import Runtime

extension CloudConnection {
    /// A list longer than this many pages is not believed.
    private static let pageLimit = 100

    /// Reads a list of a service that links its pages, to its end.
    ///
    /// - Parameters:
    ///   - key: under which a page has its items.
    ///   - next: the link to the next page; by default as Nova and Neutron have it. Its query alone is used: its host
    ///     is how the service sees itself.
    ///   - read: an item; `.some(nil)` for one to leave out, nil for a wrong shape.
    func all<Item: Sendable>(
        _ service: CloudService, _ path: String, key: String, next: ((JSONValue) -> String?)? = nil,
        read: (JSONValue) -> Item??
    ) async throws -> Answer<[Item]> {
        let next =
            next ?? { body in
                body[key + "_links"]?.array?.first { $0["rel"]?.string == "next" }?["href"]?.string
            }
        var items: [Item] = []
        var target = path
        for _ in 0..<Self.pageLimit {
            let answer = Answer<JSONValue>(try await exchange(service, .get, target), to: .read, at: time.now)
            guard case .ok(let body) = answer else { return answer.flatMap { _ in .ok([]) } }
            guard let values = body[key]?.array else { return .unknown(CloudFailure(message: "no \(key)")) }
            for value in values {
                guard let item = read(value) else { return .unknown(CloudFailure(message: "\(key) of another shape")) }
                if let item { items.append(item) }
            }
            guard let link = next(body), let start = link.firstIndex(of: "?") else { return .ok(items) }
            target = String(path.prefix { $0 != "?" } + link[start...])
        }
        return .unknown(CloudFailure(message: "a list without an end"))
    }
}
