import Runtime

/// A command of a client (design.md section 6).
public enum ClientMessage: Equatable, Sendable {
    case subscribe(Subscribe)
    case unsubscribe(deploymentId: String)

    public struct Subscribe: Equatable, Sendable {
        public let deploymentId: String
        /// What the client already has; the snapshot is left out if that is current.
        public let revision: Int?
        /// The newest event that the client has; what follows is sent, at most 200.
        public let eventsAfter: Int?
        /// The client's own mark, a string or a whole number, echoed in the answer.
        public let id: JSONValue?
    }
}

/// A frame that is no command, and what is wrong with it.
public struct BadMessage: Error, Equatable, Sendable {
    public let reason: String
    public let deploymentId: String?
    public let id: JSONValue?
}

extension ClientMessage {
    /// Reads a text frame. Fields that no command knows are ignored.
    ///
    /// - Throws: ``BadMessage`` for what is not JSON, has no or an unknown `type`, or a field of a wrong type.
    public init(parsing text: String) throws(BadMessage) {
        guard let json = try? JSONValue(parsing: text.utf8) else {
            throw BadMessage(reason: "not JSON", deploymentId: nil, id: nil)
        }
        guard case .object(let fields) = json else {
            throw BadMessage(reason: "expected an object, found \(json.typeName)", deploymentId: nil, id: nil)
        }
        // A nil within a closure would be JSON's null.
        let given = fields["id"] ?? .null
        let id = given.string != nil || given.integer != nil ? Optional(given) : nil
        let deploymentId = fields["deploymentId"]?.string
        func bad(_ reason: String) -> BadMessage { BadMessage(reason: reason, deploymentId: deploymentId, id: id) }
        func wholeNumber(_ name: String) throws(BadMessage) -> Int? {
            guard let value = fields[name], value != .null else { return nil }
            guard let number = value.integer, number >= 0 else { throw bad("\(name) is a whole number from 0") }
            return number
        }

        if given != .null, id == nil { throw bad("id is a string or a whole number") }
        guard let type = fields["type"] else { throw bad("type is required") }
        guard type == "subscribe" || type == "unsubscribe" else {
            throw bad(type.string == nil ? "type is a string" : "unknown type")
        }
        guard let deploymentId else { throw bad("deploymentId is required, a string") }
        guard type == "subscribe" else {
            self = .unsubscribe(deploymentId: deploymentId)
            return
        }
        self = .subscribe(
            Subscribe(
                deploymentId: deploymentId, revision: try wholeNumber("revision"),
                eventsAfter: try wholeNumber("eventsAfter"), id: id))
    }
}
