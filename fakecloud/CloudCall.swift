import Runtime

/// The operations that faults, latencies and counts name. Those that end in `other` are the calls of a service that
/// have no name of their own.
public enum CloudOperation: String, CaseIterable, Sendable {
    case keystoneDiscover = "keystone.discover"
    case keystoneTokenIssue = "keystone.token.issue"
    case keystoneTokenValidate = "keystone.token.validate"
    case keystoneCatalog = "keystone.catalog"
    case keystoneOther = "keystone.other"
    case heatDiscover = "heat.discover"
    case heatStackCreate = "heat.stack.create"
    case heatStackFind = "heat.stack.find"
    case heatStackShow = "heat.stack.show"
    case heatStackList = "heat.stack.list"
    case heatStackDelete = "heat.stack.delete"
    case heatEventList = "heat.event.list"
    case heatResourceList = "heat.resource.list"
    case heatTemplateValidate = "heat.template.validate"
    case heatOther = "heat.other"
    case novaFlavorList = "nova.flavor.list"
    case novaLimitsShow = "nova.limits.show"
    case novaKeypairList = "nova.keypair.list"
    case novaServerCreate = "nova.server.create"
    case novaServerList = "nova.server.list"
    case novaServerShow = "nova.server.show"
    case novaServerDelete = "nova.server.delete"
    case novaServerAction = "nova.server.action"
    case novaOther = "nova.other"
    case glanceImageList = "glance.image.list"
    case glanceOther = "glance.other"
    case neutronNetworkList = "neutron.network.list"
    case neutronOther = "neutron.other"
    case cinderOther = "cinder.other"
    case placementOther = "placement.other"
}

/// A call that the cloud answered.
public struct CloudCall: Equatable, Sendable {
    public let at: Timestamp
    public let operation: CloudOperation
    public let region: String?
    public let method: String
    /// With its query.
    public let path: String
    /// Nil where no answer was sent.
    public let status: Int?
    /// The name of the stack that it was about.
    public let stack: String?
    /// The rules that had a part in it.
    public let faults: [String]
}

/// A stack as those see it who know the cloud's true state.
public struct StackView: Equatable, Sendable {
    public let id: String
    public let name: String
    public let status: String
    public let tags: [String]
}
