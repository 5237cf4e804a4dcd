import Deployments
import OpenStack
import Runtime

/// Looks for the stacks of a region that a portal made and that belong to no deployment of this one's database.
public struct OrphanSearch: Sendable {
    public struct Found: Equatable, Sendable {
        public enum Kind: String, Sendable {
            /// Its deployment is DELETED, or has another stack.
            case leftover
            /// The database has no such deployment.
            case unknown
            /// An operator has taken it over.
            case abandoned
            /// Another installation made it.
            case foreign
        }

        public let id: String
        public let name: String
        public let status: String
        public let kind: Kind
        /// The deployment that its tag names.
        public let deploymentId: String?

        /// Whether ``OrphanSearch/remove(_:)`` may delete it. What another portal made may be in use there.
        public var isRemovable: Bool { kind != .foreign }
    }

    private let heat: HeatClient
    private let store: any DeploymentStore

    public init(in region: CloudRegion, store: any DeploymentStore) {
        self.store = store
        heat = HeatClient(region.connection)
    }

    /// - Returns: nil where the region does not list its stacks.
    /// - Throws: `StoreUnavailable`, `CancellationError`.
    public func find() async throws -> [Found]? {
        guard case .ok(let stacks) = try await heat.list() else { return nil }
        return try await store.read { queries in
            let reconciler = Reconciler(
                settings: WorkerSettings(), tags: StackTags(instanceId: try queries.instanceId()))
            let orphans = Set(try reconciler.orphans(among: stacks, in: queries).map(\.id))
            return try stacks.compactMap { stack -> Found? in
                guard stack.tags.contains(where: { $0.hasPrefix("portal:") }) else { return nil }
                let deploymentId = stack.tags.first { $0.hasPrefix("dep:") }.map { String($0.dropFirst(4)) }
                let kind: Found.Kind
                if !stack.tags.contains(reconciler.tags.portal) {
                    kind = .foreign
                } else if orphans.contains(stack.id) {
                    kind = try deploymentId.flatMap(queries.record) == nil ? .unknown : .leftover
                } else if try deploymentId.flatMap(queries.record)?.work.isAbandoned == true {
                    kind = .abandoned
                } else {
                    return nil
                }
                return Found(
                    id: stack.id, name: stack.name, status: stack.status, kind: kind, deploymentId: deploymentId)
            }
        }
    }

    /// Asks Heat to delete a stack that was found.
    ///
    /// - Returns: what is wrong, nil where Heat has begun.
    /// - Throws: `CancellationError`.
    public func remove(_ found: Found) async throws -> String? {
        precondition(found.isRemovable, "what another portal made is not this one's to delete")
        switch try await heat.delete(found.name, id: found.id) {
        case .ok, .absent: return nil
        case .rejected(let failure), .conflict(let failure), .unknown(let failure): return failure.message
        case .later(let later): return later.reason
        }
    }
}

/// A stack of this installation that belongs to nobody.
struct OrphanedStack: Sendable {
    let stack: Stack
    /// Whether its deployment is in the database.
    let isKnown: Bool

    var id: String { stack.id }
}

extension Reconciler {
    func orphans(among stacks: [Stack], in queries: some DeploymentQueries) throws -> [OrphanedStack] {
        try stacks.compactMap { stack in
            guard let id = tags.deploymentId(of: stack) else { return nil }
            do {
                let record = try queries.record(id)
                return isOrphan(stack, of: record) ? OrphanedStack(stack: stack, isKnown: record != nil) : nil
            } catch is DamagedRecord {
                return nil
            }
        }
    }

    /// Whether a stack of this installation belongs to nobody any more.
    ///
    /// - Parameter record: the deployment that its tag names, nil where there is none.
    func isOrphan(_ stack: Stack, of record: DeploymentRecord?) -> Bool {
        guard let record else { return true }
        if record.work.isAbandoned == true { return false }
        guard record.deployment.status != .deleted else { return true }
        if stack.id == record.work.stackId || stack.id == record.work.replaced?.id { return false }
        if stack.name == record.work.replaced?.name { return false }
        // While the outcome of a create is unknown, the stack may be what it made.
        return record.work.create != .unknown
    }
}
