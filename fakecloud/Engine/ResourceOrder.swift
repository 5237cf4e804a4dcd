import Runtime

/// What a stack asks a service for, on behalf of one of its resources.
struct ResourceOrder {
    let kind: ResourceKind
    /// The name that Heat makes up where the template gives none.
    let physicalName: String
    let properties: [String: JSONValue]
    let change: Change
    /// Why a server will not come up, whatever the hosts have; nil where nobody says so.
    var doom: String?

    /// The first of these properties that is given.
    subscript(_ names: String...) -> JSONValue? {
        names.lazy.compactMap { properties[$0] }.first { $0 != .null }
    }

    /// The properties of these names, under the names that the service has for them.
    func taking(_ names: String..., renamed: [String: String] = [:]) -> [String: JSONValue] {
        var taken: [String: JSONValue] = [:]
        for name in names where self[name] != nil { taken[name] = self[name] }
        for (name, other) in renamed where self[name] != nil { taken[other] = self[name] }
        return taken.merging(properties["value_specs"]?.object ?? [:]) { $1 }
    }

    var givenName: JSONValue { self["name"] ?? .string(physicalName) }
}

/// Why a resource came to nothing, as events and statuses tell it: `TYPE: resources.NAME: MESSAGE`.
struct ResourceFailure: Error {
    let type: String
    let message: String

    /// A service's refusal, as its Python client words it and Heat hands it on (golden heat_vm and heat_more,
    /// `ram-quota-*`, `floatingip-quota-exceeded-show`, `delete-failed-show`).
    init(_ fault: ServiceFault, of kind: ResourceKind, requestId: String) {
        if kind.schema.service == "neutron" {
            type =
                Self.neutronClasses.contains(fault.type)
                ? fault.type + "Client" : Self.classes[fault.status] ?? "NeutronClientException"
            message = "\(fault.message)\nNeutron server returns request_ids: ['\(requestId)']"
        } else {
            type = fault.status == 413 ? "OverLimit" : Self.classes[fault.status] ?? "ClientException"
            message = "\(fault.message) (HTTP \(fault.status)) (Request-ID: \(requestId))"
        }
    }

    func reason(for name: String) -> String { "\(type): \(StackResource.place(of: name)): \(message)" }

    private static let classes = [
        400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 409: "Conflict",
        503: "ServiceUnavailable",
    ]
    /// Those of Neutron's errors for which its client has classes of their own.
    private static let neutronClasses: Set = [
        "NetworkNotFound", "PortNotFound", "StateInvalid", "NetworkInUse", "PortInUse", "IpAddressInUse",
        "InvalidIpForNetwork", "InvalidIpForSubnet", "OverQuota", "IpAddressGenerationFailure", "MacAddressInUse",
        "HostNotCompatibleWithFixedIps", "ExternalIpAddressExhausted",
    ]
}
