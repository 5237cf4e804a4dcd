import OrderedCollections
import Runtime

/// The list of a project's stacks.
extension HeatView {
    /// - Parameter isPaged: whether `limit` and `marker` count.
    func list(isPaged: Bool = true) throws -> ServiceAnswer {
        if try call.heatFlag("global_tenant") {
            throw HeatFault(
                status: 403, type: "Forbidden", message: "You are not authorized to use stacks:global_index.")
        }
        let limit = isPaged ? try limit() : nil
        let isCounted = try call.heatFlag("with_count")
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
        let filter = try StackFilter(call, at: engine.now)
        let stacks = engine.regions[place.region]?.stacks ?? [:]
        func isWanted(_ index: Int) -> Bool {
            stacks.values[index].project == place.project && filter.matches(stacks.values[index])
        }
        let keys = call.queries("sort_keys").compactMap(SortKey.init(rawValue:))
        let isAscending = try call.isAscending(otherwise: !keys.isEmpty)
        let total = isCounted ? stacks.values.indices.count(where: isWanted) : 0
        let most = limit ?? .max
        if !keys.isEmpty, keys != [.made] {
            var all = stacks.values.indices.filter(isWanted).map { stacks.values[$0] }
            // Those that are alike stay in the order of their making.
            let places = all.enumerated().sorted { left, right in
                for key in keys {
                    let (first, second) = (key.value(of: left.element), key.value(of: right.element))
                    if first != second { return first < second }
                }
                return left.offset < right.offset
            }
            all = places.map(\.element)
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

    /// What a list may be sorted by (Heat, `_filter_and_page_query`).
    private enum SortKey: String {
        case name = "stack_name"
        case status = "stack_status"
        case made = "creation_time"
        case updated = "updated_time"

        func value(of stack: StackRecord) -> String {
            switch self {
            case .name: stack.name
            case .status: stack.state.rawValue
            case .made: stack.createdAt.microseconds
            case .updated: stack.updatedAt?.microseconds ?? ""
            }
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
