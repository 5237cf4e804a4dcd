import Runtime

/// The body of a stack's create, checked as Heat's API does before the template is looked at.
struct StackCreation: Sendable {
    let name: String
    /// As they were given, those of the environment included.
    let parameters: [String: JSONValue]
    /// As it was given: text or an object.
    let template: JSONValue
    let tags: [String]
    let timeoutMinutes: Int?
    let disablesRollback: Bool

    /// - Throws: ``HeatFault`` in the words of golden heat, `create-*`.
    init(_ body: JSONValue) throws(HeatFault) {
        guard body.object != nil else {
            throw .badRequest(
                "The server could not comply with the request since it is either malformed or otherwise incorrect.")
        }
        guard let template = body["template"], template != .null else { throw .badRequest("No template specified") }
        self.template = template
        switch body["timeout_mins"] {
        case nil, .null: timeoutMinutes = nil
        case .integer(let minutes) where minutes >= 0: timeoutMinutes = minutes
        case .integer(let minutes):
            throw .badRequest(
                "Value '\(minutes)' is invalid for 'timeout_mins' which only accepts non-negative integer.")
        default: throw .badRequest("Only integer is acceptable by 'timeout_mins'.")
        }
        switch body["disable_rollback"] {
        case nil, .null: disablesRollback = true
        case .bool(let value): disablesRollback = value
        case .string(let text) where ["true", "false"].contains(text.lowercased()):
            disablesRollback = text.lowercased() == "true"
        default: throw HeatFault(status: 400, type: "ValueError", message: nil)
        }
        switch body["tags"] {
        case nil, .null: tags = []
        case .string(let text):
            tags = text.split(separator: ",", omittingEmptySubsequences: false).map {
                String($0.drop { $0 == " " })
            }
        default: throw HeatFault(status: 400, type: "AttributeError", message: nil)
        }
        parameters = (body["parameters"]?.object ?? [:]).merging(
            try Self.environment(body["environment"])["parameters"]?.object ?? [:],
            uniquingKeysWith: { given, _ in given })
        guard let name = body["stack_name"]?.string else {
            let text =
                switch body["stack_name"] {
                case nil, .null: "None"
                case let value?: "\(value)"
                }
            throw .invalid("Invalid stack name \(text), must be a string")
        }
        guard name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_.-]{0,254}/) != nil else {
            throw .invalid(
                "Invalid stack name \(name) must contain only alphanumeric or \"_-.\" characters, must start with alpha and must be 255 characters or less."
            )
        }
        self.name = name
    }

    private static let sections: Set = [
        "parameters", "encrypted_param_names", "parameter_defaults", "resource_registry", "event_sinks",
        "parameter_merge_strategies",
    ]

    /// An environment as clients send it: an object, or the text of its file.
    private static func environment(_ given: JSONValue?) throws(HeatFault) -> [String: JSONValue] {
        func invalid(_ problem: String) -> HeatFault { .badRequest("Environment not in valid format: \(problem)") }
        guard case .string(let text)? = given else { return given?.object ?? [:] }
        let read: JSONValue
        do { read = try JSONValue(yaml: text) } catch { throw invalid("\(error)") }
        guard read != .null else { return [:] }
        guard let members = read.object else {
            throw invalid("The environment is not a valid YAML mapping data type.")
        }
        if let unknown = members.keys.sorted().first(where: { !sections.contains($0) }) {
            throw invalid("environment has wrong section \"\(unknown)\"")
        }
        return members
    }
}
