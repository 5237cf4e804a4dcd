// The rules of what is left when all is settled.

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
                // What is being deleted may still be there, known or not.
                guard deployment.isWanted, !deployment.stackIds.contains(stack.id) else { return nil }
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

    /// What was committed once is stored, whatever died since.
    static func nothingIsForgotten(_ end: EndState) -> [Violation] {
        end.committed.sorted { $0.key < $1.key }.compactMap { id, revision in
            let stored = end.deployments[id]?.revision
            guard stored != revision else { return nil }
            return Violation(
                message: "\(id): revision \(revision) was committed, stored is \(stored.map(String.init) ?? "nothing")",
                actor: "store")
        }
    }

    /// No socket is left whose peer is gone.
    static func nothingIsLeft(_ end: EndState) -> [Violation] {
        end.servers.compactMap { server in
            guard server.sockets > server.peers else { return nil }
            return Violation(
                message: "\(server.sockets) sockets are known, and \(server.peers) have a peer", actor: server.actor)
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
