import Deployments
import FakeCloud
import Runtime
import Scenarios
import Synchronization

/// What deeds wait for and what they need to know: which deployments there are, what became of them, and which calls
/// the cloud has answered.
final class DeedBoard: Sendable {
    private struct Known {
        let region: String
        var statuses: Set<String> = []
    }

    private struct State {
        var deployments: [String: Known] = [:]
        /// Ids by what the story calls them.
        var ids: [String: String] = [:]
        var calls: [String: Int] = [:]
    }

    private let state = Mutex(State())
    private let time: any TimeSource
    /// One for each deed, so that none takes another's.
    private let signals: [Signal]

    init(deeds count: Int, time: any TimeSource) {
        self.time = time
        signals = (0..<count).map { _ in Signal() }
    }

    func observe(_ call: CloudCall) {
        guard !signals.isEmpty else { return }
        state.withLock { $0.calls[call.operation.rawValue, default: 0] += 1 }
        raise()
    }

    func observe(_ deployment: Deployment) {
        guard !signals.isEmpty else { return }
        state.withLock { state in
            var known = state.deployments[deployment.id] ?? Known(region: deployment.regionId)
            known.statuses.insert(deployment.status.rawValue)
            state.deployments[deployment.id] = known
        }
        raise()
    }

    /// A story calls a deployment so.
    func name(_ label: String, _ id: String) {
        guard !signals.isEmpty else { return }
        state.withLock { state in
            if state.ids[label] == nil { state.ids[label] = id }
        }
        raise()
    }

    private func raise() { for signal in signals { signal.raise() } }

    /// Waits until the moment of a deed.
    ///
    /// - Parameter index: of the deed.
    /// - Throws: `CancellationError`.
    func wait(for deed: Scenario.Deed, _ index: Int, random: RandomSource) async throws {
        switch deed.moment {
        case .at(let spread): try await time.sleep(until: spread.draw(from: random))
        case .seen(let label, let status, let after):
            try await wait(index) { state in
                state.ids[label].flatMap { state.deployments[$0] }?.statuses.contains(status) ?? false
            }
            try await time.sleep(for: after.draw(from: random))
        case .called(let operation, let nth, let after):
            try await wait(index) { ($0.calls[operation] ?? 0) >= nth }
            try await time.sleep(for: after.draw(from: random))
        }
    }

    private func wait(_ index: Int, until condition: (State) -> Bool) async throws {
        while !state.withLock({ condition($0) }) {
            _ = try await time.wait(for: signals[index], atMost: .seconds(86_400 * 365))
        }
    }

    /// What a deed does to the cloud; nil where its deployment does not exist.
    func deed(_ act: Scenario.Deed.Act) -> CloudDeed? {
        func stack(of label: String) -> (name: String, region: String)? {
            state.withLock { state in
                state.ids[label].flatMap { id in
                    state.deployments[id].map { ("vm-" + id.lowercased(), $0.region) }
                }
            }
        }
        switch act {
        case .revokeTokens: return .revokeTokens
        case .revokeCredential: return .revokeCredential
        case .restoreCredential: return .restoreCredential
        case .quotas(let stacks, let limits): return .setQuota(stacks: stacks, limits)
        case .hideRegion(let region): return .hideRegion(region)
        case .showRegion(let region): return .showRegion(region)
        case .stack(let act, let label, let reason):
            return stack(of: label).map { .stack(act, name: $0.name, region: $0.region, reason: reason) }
        case .server(let act, let label, let reason):
            return stack(of: label).map { .server(act, stack: $0.name, region: $0.region, reason: reason) }
        }
    }
}

extension CloudDeed {
    /// What is told of it, and of which region.
    var story: (what: String, region: String?) {
        switch self {
        case .revokeTokens: ("all tokens are revoked", nil)
        case .revokeCredential: ("the application credential is revoked", nil)
        case .restoreCredential: ("the application credential is good again", nil)
        case .setQuota: ("the quotas are others", nil)
        case .hideRegion(let region): ("the region is taken out of the catalog", region)
        case .showRegion(let region): ("the region is in the catalog again", region)
        case .stack(let act, let name, let region, _):
            switch act {
            case .deleteStack: ("somebody else deletes \(name)", region)
            case .suspendStack: ("an operator suspends \(name)", region)
            case .resumeStack: ("an operator resumes \(name)", region)
            case .checkStack: ("an operator checks \(name)", region)
            case .finishStack: ("\(name) is done at once", region)
            case .failStack: ("\(name) fails", region)
            case .pruneEvents: ("the events of \(name) are forgotten", region)
            case .occupyName: ("somebody else makes \(name)", region)
            }
        case .server(let act, let name, let region, _):
            switch act {
            case .deleteServer: ("somebody else deletes the server of \(name)", region)
            case .stopServer: ("somebody else stops the server of \(name)", region)
            case .breakServer: ("the server of \(name) dies", region)
            }
        }
    }
}
