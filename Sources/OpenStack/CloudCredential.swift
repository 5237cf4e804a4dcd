import Runtime

/// What the portal signs in to Keystone with: an application credential, or a user's password for a project.
public struct CloudCredential: Equatable, Sendable {
    /// A user, project or domain is named by its id, or by its name and, but for a domain, the domain it is in.
    public enum Named: Equatable, Sendable {
        case id(String)
        indirect case name(String, domain: Named?)
    }

    public enum Method: Equatable, Sendable {
        case applicationCredential(id: String)
        /// By its name, which means something together with its user.
        case namedApplicationCredential(name: String, user: Named)
        case password(user: Named, project: Named)
    }

    /// Keystone's address, with or without `/v3`.
    public let identityURL: String
    public let method: Method
    let secret: String

    public init(identityURL: String, _ method: Method, secret: String) {
        self.identityURL = identityURL
        self.method = method
        self.secret = secret
    }

    public init(identityURL: String, applicationCredentialId id: String, secret: String) {
        self.init(identityURL: identityURL, .applicationCredential(id: id), secret: secret)
    }

    public var isApplicationCredential: Bool {
        if case .password = method { false } else { true }
    }

    /// Keystone's API.
    var apiURL: String { versioned(identityURL, "v3") }

    /// The address to ask for a token (golden exchange `appcred-ok`).
    var tokensURL: String { joined(apiURL, "auth/tokens") }

    /// The body that asks for a token. An application credential has its project and takes no scope (golden exchange
    /// `appcred-with-same-project-scope`).
    var tokenRequest: JSONValue {
        switch method {
        case .applicationCredential(let id):
            return Self.request("application_credential", ["id": .string(id), "secret": .string(secret)])
        case .namedApplicationCredential(let name, let user):
            return Self.request(
                "application_credential",
                ["name": .string(name), "secret": .string(secret), "user": user.json])
        case .password(let user, let project):
            var members = user.json.object ?? [:]
            members["password"] = .string(secret)
            return Self.request("password", ["user": .object(members)], scope: ["project": project.json])
        }
    }

    private static func request(_ method: String, _ details: JSONValue, scope: JSONValue? = nil) -> JSONValue {
        var members: [String: JSONValue] = [
            "identity": .object(["methods": .array([.string(method)]), method: details])
        ]
        members["scope"] = scope
        return .object(["auth": .object(members)])
    }
}

extension CloudCredential.Named: CustomStringConvertible {
    fileprivate var json: JSONValue {
        switch self {
        case .id(let id): return ["id": .string(id)]
        case .name(let name, let domain):
            var members: [String: JSONValue] = ["name": .string(name)]
            members["domain"] = domain?.json
            return .object(members)
        }
    }

    public var description: String {
        switch self {
        case .id(let id): id
        case .name(let name, _): name
        }
    }
}

extension CloudCredential: CustomStringConvertible {
    /// Without the secret.
    public var description: String {
        switch method {
        case .applicationCredential(let id): "application credential \(id) at \(identityURL)"
        case .namedApplicationCredential(let name, let user):
            "application credential \(name) of \(user) at \(identityURL)"
        case .password(let user, let project): "user \(user) of project \(project) at \(identityURL)"
        }
    }
}

extension CloudCredential: CustomDebugStringConvertible, CustomReflectable {
    public var debugDescription: String { description }
    /// Keeps the secret out of dumps.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }
}
