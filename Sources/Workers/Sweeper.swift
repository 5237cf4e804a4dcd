import Deployments
import Logging
import OpenStack
import Runtime

/// Looks for stacks that carry this portal's tag and belong to no deployment, and removes them when they were seen
/// twice, a settle window apart (semantics.md S5.3). A name alone never suffices.
struct Sweeper: Sendable {
    let cloud: CloudRegion
    let store: any DeploymentStore
    let surroundings: Surroundings
    let settings: WorkerSettings
    let instanceId: String
    let logger: Logger

    func run() async throws {
        var seen: [String: Duration] = [:]
        while true {
            try await surroundings.time.sleep(for: settings.sweepInterval)
            seen = try await sweep(after: seen)
        }
    }

    /// - Parameter seen: the orphans of the sweep before, with when they were first seen.
    /// - Returns: those that are still there.
    private func sweep(after seen: [String: Duration]) async throws -> [String: Duration] {
        guard case .ok(let stacks) = try await cloud.stacks(tag: StackTemplate.portalTag(instanceId)) else { return seen }
        try surroundings.crashPoints.reached(.sweeperListed)
        let known: Set<String>
        do {
            known = Set(try await store.read { [id = cloud.id] in try $0.stackIds(in: id) }.values)
        } catch let unavailable as StoreUnavailable {
            logger.error("the sweep of \(cloud.id) was left out: \(unavailable)")
            return seen
        }
        let now = surroundings.time.uptime
        var orphans: [String: Duration] = [:]
        for stack in stacks where !known.contains(stack.id) && stack.status != "DELETE_IN_PROGRESS" {
            let firstSeen = seen[stack.id] ?? now
            orphans[stack.id] = firstSeen
            guard now - firstSeen >= settings.settleWindow, try await !isAwaited(stack) else { continue }
            logger.warning("removing the orphaned stack \(stack.name) (\(stack.id)) in \(cloud.id)")
            if case .ok = try await cloud.deleteStack(name: stack.name, id: stack.id) { orphans[stack.id] = nil }
        }
        return orphans
    }

    /// Whether a deployment's create of unknown outcome may turn out to be this stack.
    private func isAwaited(_ stack: Stack) async throws -> Bool {
        let prefix = StackTemplate.deploymentTag("")
        guard let tag = stack.tags.first(where: { $0.hasPrefix(prefix) }) else { return true }
        let record = try await store.read { try $0.record(String(tag.dropFirst(prefix.count))) }
        return record.map { $0.work.create == .unknown || $0.work.replaced != nil } ?? false
    }
}
