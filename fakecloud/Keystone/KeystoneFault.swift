import Runtime

/// A refusal in Keystone's words.
struct KeystoneFault: Error, Equatable {
    let status: Int
    let title: String
    let message: String
    /// The member `identity` of the error: null where there is none.
    var identity = JSONValue.null

    static let unauthorized = KeystoneFault(
        status: 401, title: "Unauthorized", message: "The request you have made requires authentication.")

    static func badRequest(_ message: String) -> KeystoneFault {
        invalid(
            message
                + " The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error."
        )
    }

    /// A body that does not fit its schema.
    static func invalid(_ message: String) -> KeystoneFault {
        KeystoneFault(status: 400, title: "Bad Request", message: message)
    }

    static func forbidden(_ action: String) -> KeystoneFault {
        KeystoneFault(
            status: 403, title: "Forbidden",
            message: "You are not authorized to perform the requested action: \(action).")
    }

    static func notFound(_ message: String) -> KeystoneFault {
        KeystoneFault(status: 404, title: "Not Found", message: message)
    }

    static func conflict(_ message: String) -> KeystoneFault {
        KeystoneFault(status: 409, title: "Conflict", message: message)
    }

    static func noCredential(_ id: String) -> KeystoneFault {
        notFound("Could not find Application Credential: \(id).")
    }

    var json: JSONValue {
        var error: [String: JSONValue] = [
            "code": .integer(status), "message": .string(message), "title": .string(title),
        ]
        if identity != .null { error["identity"] = identity }
        return ["error": .object(error)]
    }
}
