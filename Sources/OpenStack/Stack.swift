import Runtime

/// A Heat stack as a list or a look at it shows it.
public struct Stack: Equatable, Sendable {
    public let id: String
    public let name: String
    /// Action and status: `CREATE_IN_PROGRESS`, `DELETE_COMPLETE`, …
    public let status: String
    public let reason: String
    public let tags: [String]
    /// Empty in a list. To be trusted when the stack is complete only (golden/README.md).
    public let outputs: [String: JSONValue]

    public init(
        id: String, name: String, status: String, reason: String = "", tags: [String] = [],
        outputs: [String: JSONValue] = [:]
    ) {
        self.id = id
        self.name = name
        self.status = status
        self.reason = reason
        self.tags = tags
        self.outputs = outputs
    }

    public var isInProgress: Bool { status.hasSuffix("_IN_PROGRESS") }
    public var isDeleted: Bool { status == "DELETE_COMPLETE" }

    /// Reads an element of `stacks`, or `stack`; nil where it has another shape.
    init?(_ value: JSONValue) {
        guard let id = value["id"]?.string, !id.isEmpty, let name = value["stack_name"]?.string,
            let status = value["stack_status"]?.string
        else { return nil }
        let outputs = (value["outputs"]?.array ?? []).compactMap { output -> (String, JSONValue)? in
            guard let key = output["output_key"]?.string, let value = output["output_value"],
                output["output_error"]?.string == nil
            else { return nil }
            return (key, value)
        }
        self.init(
            id: id, name: name, status: status, reason: value["stack_status_reason"]?.string ?? "",
            tags: (value["tags"]?.array ?? []).compactMap(\.string),
            outputs: Dictionary(outputs, uniquingKeysWith: { $1 }))
    }
}

/// A line of a stack's event list.
public struct StackEvent: Equatable, Sendable {
    public let id: String
    /// The resource's name in the template, or the stack's name.
    public let resource: String
    public let status: String
    public let reason: String
    /// In whole seconds, as Heat writes it; nil where it cannot be read.
    public let time: Timestamp?

    public init(id: String, resource: String, status: String, reason: String = "", time: Timestamp? = nil) {
        self.id = id
        self.resource = resource
        self.status = status
        self.reason = reason
        self.time = time
    }

    init?(_ value: JSONValue) {
        guard let id = value["id"]?.string, let resource = value["resource_name"]?.string,
            let status = value["resource_status"]?.string
        else { return nil }
        self.init(
            id: id, resource: resource, status: status, reason: value["resource_status_reason"]?.string ?? "",
            // Some releases leave the Z out.
            time: value["event_time"]?.string.flatMap { Timestamp($0) ?? Timestamp($0 + "Z") })
    }
}

/// A resource of a stack.
public struct StackResource: Equatable, Sendable {
    /// Its name in the template.
    public let name: String
    /// `OS::Nova::Server`, …
    public let type: String

    public init(name: String, type: String) {
        self.name = name
        self.type = type
    }

    init?(_ value: JSONValue) {
        guard let name = value["resource_name"]?.string, let type = value["resource_type"]?.string else { return nil }
        self.init(name: name, type: type)
    }
}

/// What a stack is made from.
public struct StackRequest: Sendable {
    public var name: String
    /// A HOT template as YAML.
    public var template: String
    public var parameters: [String: JSONValue]
    public var tags: [String]
    public var timeoutMinutes: Int

    public init(
        name: String, template: String, parameters: [String: JSONValue], tags: [String], timeoutMinutes: Int
    ) {
        self.name = name
        self.template = template
        self.parameters = parameters
        self.tags = tags
        self.timeoutMinutes = timeoutMinutes
    }

    var body: JSONValue {
        [
            "stack_name": .string(name), "template": .string(template), "parameters": .object(parameters),
            "tags": .string(tags.joined(separator: ",")), "timeout_mins": .integer(timeoutMinutes),
            "disable_rollback": true,
        ]
    }
}
