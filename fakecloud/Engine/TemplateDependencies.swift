import Runtime

/// What Heat lets resources wait for though the template does not say so (`add_dependencies` of its resource types).
extension HeatTemplate {
    static func withImpliedRequirements(_ resources: [Resource]) -> [Resource] {
        resources.map { resource in
            let implied = resources.filter { $0.name != resource.name && resource.isServed(by: $0) }.map(\.name)
            return Resource(
                name: resource.name, kind: resource.kind, properties: resource.properties,
                requires: Set(resource.requires + implied).sorted())
        }
    }
}

extension HeatTemplate.Resource {
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
