import Runtime

/// Which stacks a list is asked for, read from its query once.
struct StackFilter {
    private let now: Timestamp
    private let showsDeleted: Bool
    private let showsNested: Bool
    private let owners: Set<String>?
    private let names: Set<String>?
    private let ids: Set<String>?
    private let statuses: Set<String>?
    private let actions: Set<String>?
    private let allTags: [[String]]
    private let anyTags: [[String]]
    private let notAllTags: [[String]]
    private let notAnyTags: [[String]]

    init(_ call: ServiceCall, at now: Timestamp) {
        func any(_ names: String...) -> Set<String>? {
            let wanted = names.flatMap(call.queries)
            return wanted.isEmpty ? nil : Set(wanted)
        }
        func tags(_ name: String) -> [[String]] {
            call.queries(name).map { $0.split(separator: ",").map(String.init) }
        }
        self.now = now
        showsDeleted = call.query("show_deleted")?.lowercased() == "true"
        showsNested = call.query("show_nested")?.lowercased() == "true"
        owners = any("owner_id")
        names = any("name", "stack_name")
        ids = any("id")
        statuses = any("status", "stack_status")
        actions = any("action")
        allTags = tags("tags")
        anyTags = tags("tags_any")
        notAllTags = tags("not_tags")
        notAnyTags = tags("not_tags_any")
    }

    func matches(_ stack: StackRecord) -> Bool {
        (showsNested || !stack.isPart) && owners?.contains(stack.parentId ?? "") ?? true
            && (showsDeleted || !stack.isPurged(at: now)) && names?.contains(stack.name) ?? true
            && ids?.contains(stack.id) ?? true
            && statuses.map { $0.contains(stack.state.rawValue) || $0.contains(stack.status) } ?? true
            && actions?.contains(stack.action.rawValue) ?? true
            && allTags.allSatisfy { $0.allSatisfy(stack.tags.contains) }
            && anyTags.allSatisfy { $0.contains(where: stack.tags.contains) }
            && !notAllTags.contains { $0.allSatisfy(stack.tags.contains) }
            && !notAnyTags.contains { $0.contains(where: stack.tags.contains) }
    }
}
