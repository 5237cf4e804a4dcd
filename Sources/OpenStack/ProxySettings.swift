/// The proxies between the portal and a cloud, by the usual variables: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and
/// `NO_PROXY`, in upper or lower case.
public struct ProxySettings: Hashable, Sendable {
    public struct Server: Hashable, Sendable {
        public let host: String
        public let port: Int
    }

    /// By the scheme of the address that is asked for.
    private var byScheme: [String: Server] = [:]
    /// Hosts and domains that are reached without a proxy.
    private var exceptions: [String] = []

    public init() {}

    /// - Throws: ``CloudConfigurationError`` for a proxy that is no http address.
    public init(environment: [String: String]) throws(CloudConfigurationError) {
        func variable(_ name: String) -> (name: String, value: String)? {
            for name in [name, name.lowercased()] {
                if let value = environment[name], !value.isEmpty { return (name, value) }
            }
            return nil
        }
        for scheme in ["http", "https"] {
            guard let (name, text) = variable(scheme.uppercased() + "_PROXY") ?? variable("ALL_PROXY") else { continue }
            guard let parts = text.wholeMatch(of: /(?:http:\/\/)?(\[[0-9A-Fa-f:]+\]|[^:\/@\s]+):(\d+)\/?/),
                let port = Int(parts.2), (1...65_535).contains(port)
            else {
                throw CloudConfigurationError("the environment", "\(name) is http://HOST:PORT, without a password")
            }
            byScheme[scheme] = Server(host: parts.1.trimmingBrackets, port: port)
        }
        exceptions = (variable("NO_PROXY")?.value ?? "").split(separator: ",").compactMap { part in
            let name = part.drop(while: \.isWhitespace).lowercased().split(separator: " ").first.map(String.init) ?? ""
            return name.isEmpty ? nil : name
        }
    }

    /// All proxies, each once.
    var servers: Set<Server> { Set(byScheme.values) }

    /// The proxy for an address; nil to go there directly. A name in `NO_PROXY` also stands for what is under it.
    func server(for scheme: String, host: String) -> Server? {
        let host = host.lowercased().trimmingBrackets
        for exception in exceptions {
            let name = exception.hasPrefix(".") ? String(exception.dropFirst()) : exception
            if name == "*" || host == name || host.hasSuffix("." + name) { return nil }
        }
        return byScheme[scheme]
    }
}

extension StringProtocol {
    fileprivate var trimmingBrackets: String { String(self.drop { $0 == "[" }.prefix { $0 != "]" }) }
}
