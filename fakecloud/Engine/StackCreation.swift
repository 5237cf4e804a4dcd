import Runtime

/// The body of a stack's create or update, checked as Heat's API does before the template is looked at.
struct StackCreation: Sendable {
    let name: String
    let environment: StackEnvironment
    /// As it was given: text or an object. Null where an update keeps that of the stack.
    let template: JSONValue
    /// Nil where nothing is said of them; likewise the rest.
    let tags: [String]?
    let timeoutMinutes: Int?
    let disablesRollback: Bool?

    /// - Throws: ``HeatFault`` in the words of golden heat, `create-*`.
    init(_ body: JSONValue) throws(HeatFault) {
        try self.init(body, of: nil, needsTemplate: true)
    }

    /// Of an update.
    ///
    /// - Parameters:
    ///   - name: of the stack.
    ///   - isPatch: whether what is left out stays as it is.
    /// - Throws: ``HeatFault`` in the words of golden heat, `update-put-*`.
    init(update body: JSONValue, of name: String, isPatch: Bool) throws(HeatFault) {
        try self.init(body, of: name, needsTemplate: !isPatch)
    }

    private init(_ body: JSONValue, of stack: String?, needsTemplate: Bool) throws(HeatFault) {
        guard body.object != nil else {
            throw .badRequest(
                "The server could not comply with the request since it is either malformed or otherwise incorrect.")
        }
        template = needsTemplate ? try Self.template(of: body) : body["template"] ?? .null
        switch body["timeout_mins"] {
        case nil, .null: timeoutMinutes = nil
        case .integer(let minutes) where minutes >= 0: timeoutMinutes = minutes
        case .integer(let minutes):
            throw .badRequest(
                "Value '\(minutes)' is invalid for 'timeout_mins' which only accepts non-negative integer.")
        default: throw .badRequest("Only integer is acceptable by 'timeout_mins'.")
        }
        switch body["disable_rollback"] {
        case nil, .null: disablesRollback = nil
        case .bool(let value): disablesRollback = value
        case .string(let text) where ["true", "false"].contains(text.lowercased()):
            disablesRollback = text.lowercased() == "true"
        default: throw HeatFault(status: 400, type: "ValueError", message: nil)
        }
        switch body["tags"] {
        case nil, .null: tags = nil
        case .string(let text):
            tags = text.split(separator: ",", omittingEmptySubsequences: false).map {
                String($0.drop { $0 == " " })
            }
        default: throw HeatFault(status: 400, type: "AttributeError", message: nil)
        }
        environment = try StackEnvironment(body)
        if let stack {
            name = stack
            return
        }
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

    /// As they were given, those of the environment included.
    var parameters: [String: JSONValue] { environment.parameters }

    /// The template of a request: text or an object. The fake fetches nothing: a `template_url` is answered as Heat
    /// does where nothing listens there.
    ///
    /// - Throws: ``HeatFault``.
    static func template(of body: JSONValue) throws(HeatFault) -> JSONValue {
        if let template = body["template"] {
            guard template != .null else { throw .badRequest("No template specified") }
            return template
        }
        guard let url = body["template_url"]?.string else { throw .badRequest("No template specified") }
        let scheme = url.prefix { $0 != ":" }
        guard ["http", "https"].contains(scheme) else {
            throw .badRequest("Could not retrieve template: Invalid URL scheme \(url.contains(":") ? scheme : "")")
        }
        throw .badRequest("Could not retrieve template: Failed to retrieve template: Connection refused: \(url)")
    }
}
