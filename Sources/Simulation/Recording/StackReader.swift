import OpenStack
import Runtime

/// Reads what Heat tells of the lives of a region's stacks, each line of them once.
struct StackReader: Sendable {
    let heat: HeatClient
    let regionId: String
    let book: ObservationBook
    /// Of the portal's template: a deleted stack does not tell its resources' types any more.
    let templateTypes: [String: String]

    /// Reads of a stack what is not in the book yet.
    ///
    /// - Parameter isGone: whether it is in the live list no more: its events end with this.
    /// - Throws: `CancellationError`.
    func read(_ stack: Stack, isGone: Bool) async throws {
        let known = known(stack.id)
        if known == nil {
            book.update(regionId) { $0.stacks.append(Observations.Stack(id: stack.id, name: stack.name)) }
        }
        if known?.types.isEmpty ?? true {
            var types = templateTypes
            if !isGone, case .ok(let resources) = try await heat.resources(stack.name, id: stack.id),
                !resources.isEmpty
            {
                types = Dictionary(resources.map { ($0.name, $0.type) }, uniquingKeysWith: { $1 })
            }
            book.update(stack: stack.id, in: regionId) { [types] in $0.types = types }
        }
        let last = known?.events.last?.id
        guard case .ok(let events) = try await heat.events(stack.name, id: stack.id, after: last) else { return }
        book.update(stack: stack.id, in: regionId) { seen in
            // Heat begins from the start where it does not know the marker.
            let ids = Set(seen.events.map(\.id))
            seen.events += events.filter { !ids.contains($0.id) }
            seen.status = stack.status
            seen.isGone = isGone
        }
    }

    func known(_ id: String) -> Observations.Stack? { book.region(regionId).stacks.first { $0.id == id } }
}
