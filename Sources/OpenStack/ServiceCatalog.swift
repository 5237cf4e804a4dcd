import Runtime

/// The services of an OpenStack that the portal knows.
public enum CloudService: String, CaseIterable, Sendable {
    case identity, orchestration, compute, image, network
    case volume = "block-storage"

    /// The types under which it may be in the catalog, the preferred first.
    var types: [String] {
        self == .volume ? ["block-storage", "volumev3", "volumev2", "volume"] : [rawValue]
    }
}

/// Which of a service's endpoints are used.
public enum CloudInterface: String, CaseIterable, Sendable {
    case `public`, `internal`, admin
}

/// Keystone's catalog: where each service of each region answers.
struct ServiceCatalog: Sendable {
    private struct Endpoint {
        let service: String
        let interface: String
        let region: String
        let url: String
    }

    private let endpoints: [Endpoint]

    /// Reads `token.catalog`; entries of a wrong shape are passed over.
    init(_ catalog: JSONValue?) {
        endpoints = (catalog?.array ?? []).flatMap { service -> [Endpoint] in
            guard let type = service["type"]?.string else { return [] }
            return (service["endpoints"]?.array ?? []).compactMap { endpoint in
                guard let interface = endpoint["interface"]?.string, let url = endpoint["url"]?.string,
                    let region = endpoint["region_id"]?.string ?? endpoint["region"]?.string
                else { return nil }
                return Endpoint(service: type, interface: interface, region: region, url: url)
            }
        }
    }

    /// The regions in which anything answers, in the catalog's order.
    var regions: [String] {
        endpoints.reduce(into: []) { regions, endpoint in
            if !regions.contains(endpoint.region) { regions.append(endpoint.region) }
        }
    }

    /// The endpoint of a service in a region, with the version in its path.
    func url(of service: CloudService, in region: String, interface: CloudInterface) -> String? {
        for type in service.types {
            let endpoint = endpoints.first {
                $0.service == type && $0.region == region && $0.interface == interface.rawValue
            }
            if let endpoint { return service.versioned(endpoint.url) }
        }
        return nil
    }
}

extension CloudService {
    /// An endpoint with the version of the API that the portal speaks: some catalogs name it, some do not.
    func versioned(_ url: String) -> String {
        switch self {
        case .identity: OpenStack.versioned(url, "v3")
        case .image: OpenStack.versioned(url, "v2")
        case .network: OpenStack.versioned(url, "v2.0")
        case .orchestration, .compute, .volume: url
        }
    }
}
