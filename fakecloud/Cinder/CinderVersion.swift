import HTTPTypes

/// The microversion of the Block Storage API that a request asks for.
enum CinderVersion {
    static let newest = 71

    /// - Throws: ``ServiceFault`` for a version that is none, or that Cinder does not have.
    static func check(_ call: ServiceCall) throws(ServiceFault) {
        guard let text = text(of: call), text != "latest" else { return }
        guard let match = text.wholeMatch(of: /([1-9]\d*)\.(\d+)/), let minor = Int(match.2) else {
            throw ServiceFault(
                400, "API Version String \(text) is of invalid format. Must be of format MajorNum.MinorNum.")
        }
        guard match.1 == "3", minor <= newest else {
            throw ServiceFault(
                406, "Version \(text) is not supported by the API. Minimum is 3.0 and maximum is 3.\(newest).")
        }
    }

    private static func text(of call: ServiceCall) -> String? {
        guard let words = call.headers[.openStackAPIVersion]?.split(separator: " "), words.count == 2,
            ["volume", "block-storage"].contains(words[0])
        else { return nil }
        return String(words[1])
    }

    /// What every answer says of its version.
    static func headers(of call: ServiceCall) -> [(HTTPField.Name, String)] {
        let text = text(of: call) ?? "3.0"
        return [
            (.openStackAPIVersion, "volume " + (text == "latest" ? "3.\(newest)" : text)),
            (.vary, "OpenStack-API-Version"),
        ]
    }
}
