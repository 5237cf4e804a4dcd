import Deployments
import FakeCloud
import Runtime
import Scenarios
import Storage
import Synchronization
import WebSockets

// What the portal committed.

extension World {
    /// What the portal committed of one deployment.
    struct Committed: Sendable {
        let region: String
        var status: String
        var lastError: String?
        var revision: Int
        /// What each revision was, oldest first.
        var history: [(revision: Int, status: String)] = []
        /// The messages of its log.
        var events: [String] = []
    }

    func committed(_ id: String) -> Committed? { state.withLock { $0.committed[id] } }

    /// Whether a deployment had a status in one of these revisions.
    func had(_ status: String, _ id: String, in revisions: ClosedRange<Int>) -> Bool {
        committed(id)?.history.contains { $0.status == status && revisions.contains($0.revision) } ?? false
    }

    /// Takes note of a transaction, in the turn of its commit: nothing that follows from it comes before it in the
    /// trace.
    func observe(_ transaction: [CommittedChange]) {
        for change in transaction {
            switch change {
            case .updated(let deployment): observe(deployment)
            case .event(let event):
                trace.note(change)
                state.withLock { $0.committed[event.deploymentId]?.events.append(event.message) }
            }
        }
        feed.publish(transaction)
        raise()
    }

    private func observe(_ deployment: Deployment) {
        let status = deployment.status.rawValue
        let isNew = state.withLock { state in
            var known =
                state.committed[deployment.id]
                ?? Committed(
                    region: deployment.regionId, status: status, revision: 0)
            let isNew = known.history.isEmpty
            known.status = status
            known.revision = deployment.revision
            known.lastError = deployment.lastError?.code.rawValue
            known.history.append((deployment.revision, status))
            state.committed[deployment.id] = known
            return isNew
        }
        if isNew, let label = label(of: deployment) { name(label, deployment.id) }
        stacks.look(in: deployment.regionId)
        trace.note(.updated(deployment), isNew ? ["name": .string(deployment.name)] : [:])
    }

    /// What the story calls a new deployment, where its name leaves no doubt.
    private func label(of deployment: Deployment) -> String? {
        let labels = scenario.users.flatMap(\.script).compactMap { step -> String? in
            guard case .create(let creation) = step.action, creation.name == deployment.name else { return nil }
            return creation.label
        }
        return labels.count == 1 && id(labels[0]) == nil ? labels[0] : nil
    }

    /// The true state of cloud and store, as no part of the portal sees it.
    func endState() async throws -> EndState {
        let store = SQLiteDeploymentStore(ground.database, surroundings: surroundings)
        let known = state.withLock { $0.committed.keys.sorted() }
        let records = try await store.read { queries in try known.compactMap { try queries.record($0) } }
        let lives = state.withLock { $0.lives.sorted { $0.key < $1.key }.map(\.value) }
        return EndState(
            stacks: cloud.regionIds.flatMap { region in
                cloud.stacks(in: region).map {
                    EndState.Stack(region: region, id: $0.id, name: $0.name, status: $0.status, tags: $0.tags)
                }
            },
            deployments: Dictionary(
                uniqueKeysWithValues: records.map { record in
                    let work = record.work
                    return (
                        record.deployment.id,
                        EndState.Deployment(
                            status: record.deployment.status.rawValue, isWanted: record.desired == .present,
                            stackIds: [work.stackId, work.replaced?.id].compactMap { $0 },
                            revision: record.deployment.revision)
                    )
                }),
            pages: state.withLock { $0.pages }.filter(\.isLive).map { page in
                EndState.Page(
                    actor: page.actor, deployment: page.deploymentId, revision: page.revision,
                    isOwn: ids.contains { $0.value == page.deploymentId && owner(of: $0.key) == page.user })
            },
            committed: state.withLock { $0.committed.mapValues(\.revision) },
            servers: lives.map {
                EndState.Server(actor: $0.actor, sockets: $0.portal.hub.socketCount, peers: $0.openSockets)
            })
    }
}
