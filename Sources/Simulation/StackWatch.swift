import FakeCloud
import Runtime
import Synchronization

/// Notes what becomes of the stacks of a cloud, as somebody sees it who knows the cloud's true state.
///
/// It looks whenever the cloud has answered a call: what nobody has asked about since, nobody can know of.
final class StackWatch: Sendable {
    private struct Known {
        let name: String
        let deployment: JSONValue
        var status: String
    }

    private let trace: Trace
    private let cloud: MutexBox<FakeCloud?>
    /// By region and id.
    private let known = Mutex<[String: [String: Known]]>([:])

    init(trace: Trace) {
        self.trace = trace
        cloud = MutexBox(nil)
    }

    func begin(_ cloud: FakeCloud) { self.cloud.set(cloud) }

    /// Notes what changed in a region.
    func look(in region: String) {
        guard let cloud = cloud.get() else { return }
        let stacks = cloud.stacks(in: region)
        var changes: [(id: String, stack: Known)] = []
        known.withLock { known in
            var before = known[region] ?? [:]
            for stack in stacks {
                let now = Known(
                    name: stack.name,
                    deployment: JSONValue(stack.tags.first { $0.hasPrefix("dep:") }.map { String($0.dropFirst(4)) }),
                    status: stack.status)
                if before[stack.id]?.status != stack.status { changes.append((stack.id, now)) }
                before[stack.id] = now
            }
            let live = Set(stacks.map(\.id))
            for (id, stack) in before.sorted(by: { $0.key < $1.key }) where !live.contains(id) {
                before[id] = nil
                var gone = stack
                gone.status = "GONE"
                changes.append((id, gone))
            }
            known[region] = before
        }
        for (id, stack) in changes {
            trace.note(
                "cloud/\(region)", "stack",
                [
                    "id": .string(id), "name": .string(stack.name), "status": .string(stack.status),
                    "deployment": stack.deployment,
                ])
        }
    }
}
