import OrderedCollections
import Runtime
import Yams

/// What a property of a resource type takes.
struct PropertySchema: Sendable {
    enum Kind: String, Sendable {
        case string, integer, number, boolean, map, list, any

        /// As Heat's messages have it.
        var heatName: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
    }

    let kind: Kind
    let description: String?
    let isRequired: Bool
    /// The value where the template gives none.
    let fallback: JSONValue?
    /// Whether an update changes it in place.
    let isUpdatable: Bool
    /// An old name that still works and is not shown.
    let isHidden: Bool
    /// The property whose value this old name gives.
    let standsFor: String?
    /// As Heat shows them: `range`, `length`, `allowed_values`, `allowed_pattern`, `custom_constraint`.
    let constraints: [JSONValue]
    /// The members of a map, or under `*` the items of a list; nil where there may be any.
    let members: OrderedDictionary<String, PropertySchema>?

    /// The custom constraints that a value must meet, such as `nova.flavor`.
    var customConstraints: [String] { constraints.compactMap { $0["custom_constraint"]?.string } }

    /// What the items of a list must be.
    var items: PropertySchema? { kind == .list ? members?["*"] : nil }
}

/// A property or attribute of a resource type that tells something about itself.
struct AttributeSchema: Sendable {
    let kind: String?
    let description: String?
    let isHidden: Bool
}

/// A resource type: its properties and attributes, in Heat's order.
struct ResourceSchema: Sendable {
    /// The name of Heat's class.
    let className: String
    /// Whose the resource is: `nova`, `neutron`, `cinder`, `heat`; nil for what is made by Heat itself.
    let service: String?
    /// As Heat shows it.
    let support: JSONValue
    let properties: OrderedDictionary<String, PropertySchema>
    let attributes: OrderedDictionary<String, AttributeSchema>

    /// That of the types which templates provide: what they have says each template.
    static let ofTemplates = ResourceSchema(
        className: "TemplateResource", service: nil, support: .null, properties: [:], attributes: [:])

    /// All of them, as Engine/resource-types.yaml has them.
    static let all: OrderedDictionary<ResourceKind, ResourceSchema> = {
        do {
            let text = String(decoding: PackageResources.resource_types_yaml, as: UTF8.self)
            guard let types = try Yams.compose(yaml: text)?.mapping else { preconditionFailure("no resource types") }
            return OrderedDictionary(
                uniqueKeysWithValues: types.map { name, type in
                    guard let kind = name.string.flatMap(ResourceKind.init(rawValue:)) else {
                        preconditionFailure("the bundled resource types have an unknown one: \(name)")
                    }
                    return (kind, ResourceSchema(type))
                })
        } catch {
            preconditionFailure("the bundled resource types: \(error)")
        }
    }()
}

extension ResourceSchema {
    fileprivate init(_ node: Node) {
        className = node["class"]?.string ?? ""
        service = node["service"]?.string
        let support = node["support"].map(JSONValue.init(node:)) ?? .null
        self.support = .object(
            ["message": .null, "version": .null, "previous_status": .null].merging(support.object ?? [:]) { $1 })
        properties = PropertySchema.all(in: node["properties"])
        attributes = OrderedDictionary(
            uniqueKeysWithValues: (node["attributes"]?.mapping ?? [:]).map { name, attribute in
                (
                    name.string ?? "",
                    AttributeSchema(
                        kind: attribute.string ?? attribute["type"]?.string,
                        description: attribute["description"]?.string, isHidden: attribute["hidden"]?.bool ?? false)
                )
            })
    }
}

extension PropertySchema {
    fileprivate static func all(in node: Node?) -> OrderedDictionary<String, PropertySchema> {
        OrderedDictionary(
            uniqueKeysWithValues: (node?.mapping ?? [:]).map { ($0.key.string ?? "", PropertySchema($0.value)) })
    }

    private init(_ node: Node) {
        guard let kind = node["type"]?.string.flatMap(Kind.init(rawValue:)) else {
            preconditionFailure("the bundled resource types have a property without a type")
        }
        self.kind = kind
        description = node["description"]?.string
        isRequired = node["required"]?.bool ?? false
        fallback = node["default"].map(JSONValue.init(node:))
        isUpdatable = node["updatable"]?.bool ?? false
        isHidden = node["hidden"]?.bool ?? false
        standsFor = node["standsFor"]?.string
        constraints = node["constraints"].map(JSONValue.init(node:))?.array ?? []
        members = node["schema"].map { Self.all(in: $0) }
    }
}
