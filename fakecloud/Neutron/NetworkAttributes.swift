import Runtime

/// The attributes of a request to Neutron, each checked as Neutron's API does.
struct NetworkAttributes {
    private let members: [String: JSONValue]

    /// - Parameter known: the attributes that such a request may have.
    /// - Throws: for an attribute that is not among them (golden neutron, `network-create-bad`).
    init(_ request: JSONValue, known: Set<String>) throws(ServiceFault) {
        members = request.object ?? [:]
        let unknown = members.keys.filter { !known.contains($0) }.sorted()
        if !unknown.isEmpty {
            let names = unknown.map { "'\($0)'" }.joined(separator: ", ")
            throw .neutronBadRequest("Unrecognized attribute(s) \(names)")
        }
    }

    /// Whether the request names the attribute, null included.
    func has(_ name: String) -> Bool { members[name] != nil }

    /// Nil where the attribute is null too.
    subscript(name: String) -> JSONValue? {
        guard let value = members[name], value != .null else { return nil }
        return value
    }

    func text(_ name: String) throws(ServiceFault) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw .invalidAttribute(name, "'\(value)' is not a valid string") }
        return text
    }

    func required(_ name: String) throws(ServiceFault) -> String {
        guard let text = try text(name) else { throw .missingAttribute(name) }
        return text
    }

    func flag(_ name: String) throws(ServiceFault) -> Bool? {
        guard let value = self[name] else { return nil }
        switch value {
        case .bool(let flag): return flag
        case .string(let text) where ["true", "1"].contains(text.lowercased()): return true
        case .string(let text) where ["false", "0"].contains(text.lowercased()): return false
        case .integer(let number) where number == 0 || number == 1: return number == 1
        default: throw .invalidAttribute(name, "'\(value.string ?? "\(value)")' cannot be converted to boolean")
        }
    }

    func integer(_ name: String) throws(ServiceFault) -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer ?? value.string.flatMap({ Int($0) }) else {
            throw .invalidAttribute(name, "'\(value.string ?? "\(value)")' is not an integer")
        }
        return number
    }

    func list(_ name: String) throws(ServiceFault) -> [JSONValue]? {
        guard let value = self[name] else { return nil }
        guard let items = value.array else { throw .invalidAttribute(name, "'\(value)' is not a list") }
        return items
    }

    func address(_ name: String) throws(ServiceFault) -> IPAddress? {
        guard let text = try text(name) else { return nil }
        guard let address = IPAddress(text) else {
            throw .invalidAttribute(name, "'\(text)' is not a valid IP address")
        }
        return address
    }

    /// The project that a new thing is for: the requester's, or any that an administrator names.
    func project(_ change: Change) throws(ServiceFault) -> String {
        let (projectId, tenantId) = (try text("project_id"), try text("tenant_id"))
        guard let given = projectId ?? tenantId else { return change.projectId }
        guard given == change.projectId || change.requester.isAdmin else {
            throw .notAuthorized("rule:create_resource:tenant_id")
        }
        return given
    }
}
