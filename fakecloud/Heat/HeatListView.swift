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
        var found = try sorted(engine.stacks(in: place).filter(matchesFilters))
        let total = found.count
        if isPaged, let marker = call.query("marker"), let place = found.firstIndex(where: { $0.id == marker }) {
            found.removeFirst(place + 1)
        }
        let page = limit.map { Array(found.prefix($0)) } ?? found
        var body: [String: JSONValue] = ["stacks": .array(page.map(summary))]
        if let limit, page.count == limit, let last = page.last {
            body["links"] = [["rel": "next", "href": .string(nextPage(after: last.id))]]
        }
        if isCounted { body["count"] = .integer(total) }
        return .json(200, .object(body))
    }

    /// The address of the next page: the query as it was, with another marker.
    private func nextPage(after id: String) -> String {
        let kept = call.query.filter { $0.name != "marker" }.map { "\($0.name)=\($0.value)" }
        return "\(projectURL)/stacks?" + (kept + ["marker=\(id)"]).joined(separator: "&")
    }

    /// Newest first; a sort key that Heat does not know is ignored.
    private func sorted(_ stacks: [StackRecord]) throws -> [StackRecord] {
        let key = call.queries("sort_keys").first
        let isByName = key == "stack_name" || key == "name"
        let isByStatus = key == "stack_status" || key == "status"
        let ascending =
            isByName
            ? stacks.sorted { $0.name < $1.name } : isByStatus ? stacks.sorted { $0.status < $1.status } : stacks
        switch call.query("sort_dir") {
        case nil: return isByName || isByStatus ? ascending : ascending.reversed()
        case "desc": return ascending.reversed()
        case "asc": return ascending
        default: throw HeatFault(status: 400, type: "ValueError", message: nil)
        }
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

    private func matchesFilters(_ stack: StackRecord) -> Bool {
        func any(_ names: [String], _ matches: (String) -> Bool) -> Bool {
            let wanted = names.flatMap(call.queries)
            return wanted.isEmpty || wanted.contains(where: matches)
        }
        func tags(_ name: String) -> [[String]] {
            call.queries(name).map { $0.split(separator: ",").map(String.init) }
        }
        let has = Set(stack.tags)
        return (!stack.isPurged(at: engine.now) || call.query("show_deleted")?.lowercased() == "true")
            && any(["name", "stack_name"]) { $0 == stack.name } && any(["id"]) { $0 == stack.id }
            && any(["status", "stack_status"]) { $0 == stack.state.rawValue || $0 == stack.status }
            && any(["action"]) { $0 == stack.action.rawValue }
            && tags("tags").allSatisfy { $0.allSatisfy(has.contains) }
            && tags("tags_any").allSatisfy { $0.contains(where: has.contains) }
            && !tags("not_tags").contains { $0.allSatisfy(has.contains) }
            && !tags("not_tags_any").contains { $0.contains(where: has.contains) }
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
