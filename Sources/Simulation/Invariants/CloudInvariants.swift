/// The true state of cloud and store when a run is over.
struct EndState: Sendable {
    /// A stack that is not deleted.
    struct Stack: Equatable, Sendable {
        let region: String
        let id: String
        let name: String
        let status: String
        let tags: [String]

        /// The deployment that the portal made it for; nil for a stack of somebody else.
        var deployment: String? {
            guard tags.contains(where: { $0.hasPrefix("portal:") }) else { return nil }
            return tags.first { $0.hasPrefix("dep:") }.map { String($0.dropFirst(4)) }
        }
    }

    struct Deployment: Equatable, Sendable {
        let status: String
        /// Whether its user wants it to be there.
        let isWanted: Bool
        /// The stack that it has, and one that it is about to clear away.
        let stackIds: [String]
        /// Whether a create is under way whose outcome is not known.
        let isCreateOpen: Bool
        let revision: Int
    }

    /// A page that somebody has open and that is kept live.
    struct Page: Equatable, Sendable {
        let actor: String
        let deployment: String
        /// Of what it shows; 0 for nothing.
        let revision: Int
        /// Whether it is its user's deployment.
        let isOwn: Bool
    }

    let stacks: [Stack]
    let deployments: [String: Deployment]
    let pages: [Page]
}

// The rules of what the portal leaves in the cloud.

extension Invariants {
    static func oneStackADeployment(_ end: EndState) -> [Violation] {
        var found: [String: [EndState.Stack]] = [:]
        for stack in end.stacks {
            if let deployment = stack.deployment { found[deployment, default: []].append(stack) }
        }
        return found.sorted { $0.key < $1.key }.filter { $0.value.count > 1 }.map { deployment, stacks in
            let list = stacks.map { "\($0.name) \($0.id) \($0.status)" }.joined(separator: ", ")
            return Violation(
                message: "\(deployment) has \(stacks.count) stacks: \(list)", actor: "cloud/\(stacks[0].region)")
        }
    }

    static func noOrphans(_ end: EndState) -> [Violation] {
        end.stacks.compactMap { stack in
            guard let id = stack.deployment else { return nil }
            let reason: String
            switch end.deployments[id] {
            case nil: reason = "its deployment \(id) does not exist"
            case let deployment? where deployment.status == "DELETED": reason = "\(id) is DELETED"
            case let deployment?:
                let isKnown = deployment.stackIds.contains(stack.id) || deployment.isCreateOpen
                // What is being deleted may still be there, known or not.
                guard deployment.isWanted, !isKnown else { return nil }
                reason = "\(id) does not know it"
            }
            return Violation(
                message: "the stack \(stack.name) \(stack.id) is an orphan: \(reason)", actor: "cloud/\(stack.region)")
        }
    }

    static func activeHasItsStack(_ end: EndState) -> [Violation] {
        let live = Set(end.stacks.map(\.id))
        return end.deployments.sorted { $0.key < $1.key }.compactMap { id, deployment in
            guard deployment.status == "ACTIVE", !deployment.stackIds.contains(where: live.contains) else { return nil }
            return Violation(message: "\(id) is ACTIVE and has no stack", actor: "store")
        }
    }

    /// Whatever was asked for has come to rest.
    static func allIsSettled(_ end: EndState) -> [Violation] {
        end.deployments.sorted { $0.key < $1.key }.compactMap { id, deployment in
            let isSettled = deployment.isWanted ? ["ACTIVE", "ERROR"] : ["DELETED", "ERROR"]
            guard !isSettled.contains(deployment.status) else { return nil }
            return Violation(message: "\(id) is still \(deployment.status)", actor: "store")
        }
    }

    static func pagesShowWhatIsStored(_ end: EndState) -> [Violation] {
        end.pages.compactMap { page in
            guard page.isOwn, let stored = end.deployments[page.deployment], page.revision != stored.revision else {
                return nil
            }
            return Violation(
                message:
                    "\(page.deployment): the page shows revision \(page.revision), stored is \(stored.revision)",
                actor: page.actor)
        }
    }
}
