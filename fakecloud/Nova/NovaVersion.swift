import HTTPTypes

/// The microversion of the Compute API that a request asks for, and that its answer is in.
struct NovaVersion: Sendable, Equatable {
    static let oldest = NovaVersion(minor: 1)
    static let newest = NovaVersion(minor: 104)

    let minor: Int

    /// - Throws: ``ServiceFault`` for a version that is none, or that Nova does not have.
    init(of call: ServiceCall) throws {
        guard let text = Self.text(of: call) else {
            self = .oldest
            return
        }
        guard text != "latest" else {
            self = .newest
            return
        }
        guard let match = text.wholeMatch(of: /([1-9]\d*)\.(\d+)/), let major = Int(match.1), let minor = Int(match.2)
        else {
            throw ServiceFault(
                status: 400, type: "badRequest",
                message:
                    "API Version String \(text) is of invalid format. Must be of format MajorNum.MinorNum.")
        }
        guard major == 2, (Self.oldest.minor...Self.newest.minor).contains(minor) else {
            throw ServiceFault(
                status: 406, type: "computeFault",
                message:
                    "Version \(text) is not supported by the API. Minimum is \(Self.oldest) and maximum is \(Self.newest)."
            )
        }
        self.minor = minor
    }

    init(minor: Int) {
        self.minor = minor
    }

    private static func text(of call: ServiceCall) -> String? {
        if let text = call.headers[.openStackAPIVersion]?.split(separator: " "), text.count == 2, text[0] == "compute" {
            return String(text[1])
        }
        return call.headers[.novaAPIVersion]
    }

    /// What the answer says of its version; nothing where the version was none.
    static func headers(of call: ServiceCall) -> [(HTTPField.Name, String)] {
        let version: String
        switch text(of: call) {
        case nil: version = "\(oldest)"
        case "latest"?: version = "\(newest)"
        case let text? where text.wholeMatch(of: /[1-9]\d*\.\d+/) != nil: version = text
        default: return []
        }
        return [
            (.openStackAPIVersion, "compute \(version)"), (.novaAPIVersion, version), (.vary, "OpenStack-API-Version"),
            (.vary, "X-OpenStack-Nova-API-Version"),
        ]
    }
}

extension NovaVersion: CustomStringConvertible {
    var description: String { "2.\(minor)" }
}

extension HTTPField.Name {
    static let openStackAPIVersion = HTTPField.Name("OpenStack-API-Version")!
    static let novaAPIVersion = HTTPField.Name("X-OpenStack-Nova-API-Version")!
    static let computeRequestId = HTTPField.Name("x-compute-request-id")!
}
