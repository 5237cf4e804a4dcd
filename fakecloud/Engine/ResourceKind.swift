import OrderedCollections

/// The resource types that templates may use. What properties and attributes each has is data: see ``schema``.
enum ResourceKind: String, CaseIterable, Sendable {
    case volume = "OS::Cinder::Volume"
    case volumeAttachment = "OS::Cinder::VolumeAttachment"
    case cloudConfig = "OS::Heat::CloudConfig"
    case multipartMime = "OS::Heat::MultipartMime"
    case none = "OS::Heat::None"
    case randomString = "OS::Heat::RandomString"
    case stack = "OS::Heat::Stack"
    case resourceGroup = "OS::Heat::ResourceGroup"
    case softwareConfig = "OS::Heat::SoftwareConfig"
    case test = "OS::Heat::TestResource"
    case value = "OS::Heat::Value"
    case waitCondition = "OS::Heat::WaitCondition"
    case waitConditionHandle = "OS::Heat::WaitConditionHandle"
    case floatingIP = "OS::Neutron::FloatingIP"
    case floatingIPAssociation = "OS::Neutron::FloatingIPAssociation"
    case network = "OS::Neutron::Net"
    case port = "OS::Neutron::Port"
    case router = "OS::Neutron::Router"
    case routerInterface = "OS::Neutron::RouterInterface"
    case securityGroup = "OS::Neutron::SecurityGroup"
    case securityGroupRule = "OS::Neutron::SecurityGroupRule"
    case subnet = "OS::Neutron::Subnet"
    case keyPair = "OS::Nova::KeyPair"
    case server = "OS::Nova::Server"
    case serverGroup = "OS::Nova::ServerGroup"
    /// Of a type that a template of the user's provides.
    case template = "OS::Heat::TemplateResource"

    /// The name of Heat's class, which its messages show.
    var className: String { schema.className }

    /// Whether the service takes it on first and may then say that it came to nothing: it is there, in error.
    var canBeInError: Bool { self == .server || self == .stack }

    /// Its properties and attributes.
    var schema: ResourceSchema {
        if self == .template { return .ofTemplates }
        guard let schema = ResourceSchema.all[self] else { preconditionFailure("no schema of \(rawValue)") }
        return schema
    }

    /// The names of its attributes, `show` included, which every type has.
    var attributes: Set<String> { Set(schema.attributes.keys).union(["show"]) }

    /// Whether an update changes a property in place; else it replaces the resource by a new one.
    func isUpdatable(_ property: String) -> Bool { schema.properties[property]?.isUpdatable ?? false }
}

extension FakeCloud {
    /// The types of Heat's resources that templates may use.
    public static let resourceTypes = Set(ResourceKind.allCases.map(\.rawValue))
}
