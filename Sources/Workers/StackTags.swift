import OpenStack

/// The tags by which the portal knows its stacks in a cloud that others use too.
struct StackTags: Sendable {
    /// The id of this installation (`DeploymentQueries.instanceId()`).
    let instanceId: String

    var portal: String { "portal:" + instanceId }

    func deployment(_ id: String) -> String { "dep:" + id }

    func all(of deploymentId: String) -> [String] { [portal, deployment(deploymentId)] }

    /// Whether this installation made the stack for this deployment. Nothing else is ever touched.
    func mark(_ stack: Stack, of deploymentId: String) -> Bool {
        all(of: deploymentId).allSatisfy(stack.tags.contains)
    }

    /// The deployment that a stack of this installation was made for.
    func deploymentId(of stack: Stack) -> String? {
        guard stack.tags.contains(portal), let tag = stack.tags.first(where: { $0.hasPrefix("dep:") }) else {
            return nil
        }
        return String(tag.dropFirst(4))
    }
}
