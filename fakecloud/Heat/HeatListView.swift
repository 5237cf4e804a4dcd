import OrderedCollections
import Runtime

/// The list of a project's stacks.
extension HeatView {
    /// - Parameter isPaged: whether `limit` and `marker` count.
    func list(isPaged: Bool = true) throws -> ServiceAnswer {
        if call.query("global_tenant") == "true" {
            throw HeatFault(
                status: 403, type: "Forbidden", message: "You are not authorized to use stacks:global_index.")
        }
        let limit = isPaged ? try limit() : nil
        let isCounted = try flag("with_count")
        let (page, total) = try found(limit: limit, marker: isPaged ? call.query("marker") : nil, isCounted)
        var body: [String: JSONValue] = ["stacks": .array(page.map(summary))]
        if let limit, page.count == limit, let last = page.last {
            body["links"] = [["rel": "next", "href": .string(nextPage(after: last.id))]]
        }
        if isCounted { body["count"] = .integer(total) }
        return .json(200, .object(body))
    }

    /// The address of the next page: the query as it was, with another marker.
    private func nextPage(after id: String) -> String {
        let kept = call.query.filter { $0.name != "marker" }.map {
            "\($0.name)=\($0.value.addingPercentEncoding())"
        }
        return "\(projectURL)/stacks?" + (kept + ["marker=\(id)"]).joined(separator: "&")
    }

    /// A page, and how many stacks there are of which it is one where that is asked for. Newest first; a sort key that
    /// Heat does not know is ignored, and so is a marker.
    private func found(
        limit: Int?, marker: String?, _ isCounted: Bool
    ) throws -> (page: [StackRecord], total: Int) {
        let filter = StackFilter(call, at: engine.now)
        let stacks = engine.regions[place.region]?.stacks ?? [:]
        func isWanted(_ index: Int) -> Bool {
            stacks.values[index].project == place.project && filter.matches(stacks.values[index])
        }
        let key = call.queries("sort_keys").first
        let isByName = key == "stack_name" || key == "name"
        let isByStatus = key == "stack_status" || key == "status"
        var isAscending = isByName || isByStatus
        switch call.query("sort_dir") {
        case nil: break
        case "desc": isAscending = false
        case "asc": isAscending = true
        default: throw HeatFault(status: 400, type: "ValueError", message: nil)
        }
        let total = isCounted ? stacks.values.indices.count(where: isWanted) : 0
        let most = limit ?? .max
        if isByName || isByStatus {
            var all = stacks.values.indices.filter(isWanted).map { stacks.values[$0] }
            all.sort { isByName ? $0.name < $1.name : $0.status < $1.status }
            if !isAscending { all.reverse() }
            if let index = all.firstIndex(where: { $0.id == marker }) { all.removeFirst(index + 1) }
            return (Array(all.prefix(most)), total)
        }
        // Stacks are kept in the order of their making, so no more of them are looked at than a page needs.
        let start = marker.flatMap { stacks.index(forKey: $0) }.flatMap {
            stacks.values[$0].project == place.project ? $0 : nil
        }
        let places =
            isAscending
            ? stride(from: start.map { $0 + 1 } ?? 0, to: stacks.count, by: 1)
            : stride(from: (start ?? stacks.count) - 1, to: -1, by: -1)
        var page: [StackRecord] = []
        for index in places {
            guard page.count < most else { break }
            if isWanted(index) { page.append(stacks.values[index]) }
        }
        return (page, total)
    }

    private func flag(_ name: String) throws -> Bool {
        switch call.query(name)?.lowercased() {
        case nil, "false": return false
        case "true": return true
        default:
            throw HeatFault.badRequest(
                "Unrecognized value \"\(call.query(name) ?? "")\" for \"\(name)\", acceptable values are: true, false.")
        }
    }

    private func summary(_ stack: StackRecord) -> JSONValue {
        .object(
            common(stack).merging([
                "description": "", "stack_status": .string(stack.status),
                "stack_status_reason": .string(stack.reason),
                "tags": stack.tags.isEmpty ? .null : .array(stack.tags.map { .string($0) }),
            ]) { $1 })
    }
}
