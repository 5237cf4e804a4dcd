/// Who asks, as far as a request tells: what is for this machine's own programs and pages goes by it.
public struct LocalRequest: Sendable {
    private let authority: String
    private let origin: String?
    private let fetchSite: String?

    /// - Parameters:
    ///   - authority: the Host header: `127.0.0.1:8080`.
    ///   - origin: the header Origin (RFC 6454, section 7), nil where there is none.
    ///   - fetchSite: the header Sec-Fetch-Site (Fetch Metadata Request Headers), likewise.
    public init(authority: String?, origin: String?, fetchSite: String?) {
        self.authority = authority ?? ""
        self.origin = origin
        self.fetchSite = fetchSite
    }

    /// Whether it was sent to this machine under a name of its own. A page of another site can have its own name lead
    /// here (DNS rebinding).
    public var isToThisMachine: Bool { Self.isLoopback(authority.replacing(/:\d+$/, with: "")) }

    /// Whether no page of another site sent it.
    public var isOfNoOtherSite: Bool {
        let isOurPage = fetchSite.map { ["same-origin", "none"].contains($0) } ?? true
        return isOurPage && origin.map { $0 == "http://" + authority } ?? true
    }

    /// Whether a host, by name or address, is this machine.
    public static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host == "[::1]"
            || host.wholeMatch(of: /(::ffff:)?127(\.\d{1,3}){3}/) != nil
    }
}
