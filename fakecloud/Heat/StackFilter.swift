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

    /// - Throws: ``HeatFault``.
    init(_ call: ServiceCall, at now: Timestamp) throws(HeatFault) {
        func any(_ names: String...) -> Set<String>? {
            let wanted = names.flatMap(call.queries)
            return wanted.isEmpty ? nil : Set(wanted)
        }
        func tags(_ name: String) throws(HeatFault) -> [[String]] {
            let wanted = call.queries(name).map { $0.split(separator: ",").map(String.init) }
            if let tag = wanted.joined().first(where: { $0.unicodeScalars.count > 80 }) {
                throw .badRequest("Invalid tag, \"\(tag)\" is longer than 80 characters")
            }
            return wanted
        }
        self.now = now
        showsDeleted = try call.heatFlag("show_deleted")
        showsNested = try call.heatFlag("show_nested")
        // Heat hides what has certain tags, and without its being told, none has them.
        _ = try call.heatFlag("show_hidden")
        owners = any("owner_id")
        names = any("name", "stack_name")
        ids = any("id")
        statuses = any("status", "stack_status")
        actions = any("action")
        allTags = try tags("tags")
        anyTags = try tags("tags_any")
        notAllTags = try tags("not_tags")
        notAnyTags = try tags("not_tags_any")
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
