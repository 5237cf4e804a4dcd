import Runtime

/// A refusal in Heat's own words. `message` is missing where an exception of Python's slipped through (golden heat,
/// `create-tags-list`).
struct HeatFault: Error, Equatable {
    let status: Int
    let type: String
    let message: String?

    /// A body that is none.
    static let malformed = badRequest(malformedText)

    /// Of the path of another project than the token's (golden heat, `show-other-token-403`).
    static let otherProject = HeatFault(
        status: 403, type: "HTTPForbidden", message: "Access was denied to this resource.")

    static func badRequest(_ message: String) -> HeatFault {
        HeatFault(status: 400, type: "HTTPBadRequest", message: message)
    }

    static func invalid(_ message: String) -> HeatFault {
        HeatFault(status: 400, type: "StackValidationFailed", message: message)
    }

    static func limit(_ message: String) -> HeatFault {
        HeatFault(status: 400, type: "RequestLimitExceeded", message: "Request limit exceeded: \(message)")
    }

    static func noStack(_ identity: String) -> HeatFault {
        HeatFault(status: 404, type: "EntityNotFound", message: "The Stack (\(identity)) could not be found.")
    }

    static func noResource(_ name: String, in stack: String) -> HeatFault {
        HeatFault(
            status: 404, type: "ResourceNotFound",
            message: "The Resource (\(name)) could not be found in Stack \(stack).")
    }

    var json: JSONValue {
        let (title, explanation) =
            Self.texts[status] ?? (
                "Internal Server Error",
                "The server has either erred or is incapable of performing the requested operation."
            )
        var error: [String: JSONValue] = ["type": .string(type), "traceback": .null]
        if let message { error["message"] = .string(message) }
        return [
            "code": .integer(status), "title": .string(title), "explanation": .string(explanation),
            "error": .object(error),
        ]
    }

    private static let malformedText =
        "The server could not comply with the request since it is either malformed or otherwise incorrect."
    private static let texts: [Int: (String, String)] = [
        400: ("Bad Request", malformedText),
        403: ("Forbidden", "Access was denied to this resource."),
        404: ("Not Found", "The resource could not be found."),
        405: ("Method Not Allowed", malformedText),
        409: ("Conflict", "There was a conflict when trying to complete your request."),
    ]
}
