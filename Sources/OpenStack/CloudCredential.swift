import Runtime

/// What the portal signs in to Keystone with: an application credential.
public struct CloudCredential: Sendable {
    /// Keystone's address, with or without `/v3`.
    public let identityURL: String
    public let id: String
    let secret: String

    public init(identityURL: String, applicationCredentialId id: String, secret: String) {
        self.identityURL = identityURL
        self.id = id
        self.secret = secret
    }

    /// The address to ask for a token (golden exchange `appcred-ok`).
    var tokensURL: String { joined(versioned(identityURL, "v3"), "auth/tokens") }

    var tokenRequest: JSONValue {
        [
            "auth": [
                "identity": [
                    "methods": ["application_credential"],
                    "application_credential": ["id": .string(id), "secret": .string(secret)],
                ]
            ]
        ]
    }
}

extension CloudCredential: CustomStringConvertible {
    /// Without the secret.
    public var description: String { "application credential \(id) at \(identityURL)" }
}

/// A token and what its catalog said.
struct CloudToken: Sendable, CustomStringConvertible {
    let value: String
    let catalog: ServiceCatalog
    /// Uptimes: from when it is to be renewed, and from when it is of no use.
    let refreshAt: Duration
    let expiresAt: Duration

    /// Without the token.
    var description: String { "token until \(expiresAt)" }
}

/// The services of the OpenStack that the portal uses.
enum CloudService: String, Sendable {
    case orchestration, compute, image, network
}

/// Keystone's catalog: where each service of each region answers.
struct ServiceCatalog: Sendable {
    private struct Endpoint {
        let service: String
        let region: String
        let url: String
    }

    private let endpoints: [Endpoint]

    /// Reads `token.catalog`; entries of a wrong shape are passed over.
    init(_ catalog: JSONValue?) {
        endpoints = (catalog?.array ?? []).flatMap { service -> [Endpoint] in
            guard let type = service["type"]?.string else { return [] }
            return (service["endpoints"]?.array ?? []).compactMap { endpoint in
                guard endpoint["interface"]?.string == "public", let url = endpoint["url"]?.string,
                    let region = endpoint["region_id"]?.string ?? endpoint["region"]?.string
                else { return nil }
                return Endpoint(service: type, region: region, url: url)
            }
        }
    }

    /// The public endpoint of a service in a region, with the version in its path.
    func url(of service: CloudService, in region: String) -> String? {
        let endpoint = endpoints.first { $0.service == service.rawValue && $0.region == region }
        guard let url = endpoint?.url else { return nil }
        return switch service {
        case .orchestration, .compute: url
        case .image: versioned(url, "v2")
        case .network: versioned(url, "v2.0")
        }
    }
}
