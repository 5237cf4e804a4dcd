import Runtime

/// What Heat lets resources wait for though the template does not say so (`add_dependencies` of its resource types).
extension HeatTemplate {
    static func withImpliedRequirements(_ resources: [Resource]) -> [Resource] {
        // Only these serve others.
        let servants = resources.filter { [.subnet, .router, .routerInterface].contains($0.kind) }
        guard !servants.isEmpty else { return resources }
        return resources.map { resource in
            let implied = servants.filter { $0.name != resource.name && resource.isServed(by: $0) }.map(\.name)
            return resource.waiting(for: implied)
        }
    }
}

extension HeatTemplate.Resource {
    fileprivate func waiting(for others: [String]) -> HeatTemplate.Resource {
        guard !others.isEmpty else { return self }
        var resource = self
        resource.requires = Set(requires + others).sorted()
        return resource
    }

    /// A port waits for the subnets of its network and a server for all of them; a floating IP for the routers to its
    /// network and for what they are connected to (golden heat_vm, `vm-resources`).
    fileprivate func isServed(by other: HeatTemplate.Resource) -> Bool {
        switch (kind, other.kind) {
        case (.port, .subnet): network != nil && network == other.network
        case (.server, .subnet): true
        case (.floatingIP, .routerInterface): true
        case (.floatingIP, .router):
            properties["floating_network"] == other.properties["external_gateway_info"]?["network"]
        default: false
        }
    }

    private var network: JSONValue? { properties["network"] ?? properties["network_id"] }
}
