import Runtime
import Synchronization

/// Finds the API that the portal speaks behind an endpoint whose address names no version, by asking the endpoint
/// for its versions (golden exchange `root-versions`; the Guideline "Version Discovery" of OpenStack's API SIG).
///
/// Keystone, Glance and Neutron have one API each that anybody speaks, so theirs is known without asking.
final class VersionDiscovery: Sendable {
    private struct State {
        var found: [String: String] = [:]
        var flights: [String: SingleFlight<String>] = [:]
    }

    private let state = Mutex(State())

    /// What a catalog's address stands for: itself, where it names a version.
    ///
    /// - Parameter fetch: gets an address.
    /// - Throws: ``NoVersion``, and what `fetch` throws.
    func endpoint(
        _ url: String, of service: CloudService, projectId: String?,
        fetch: @Sendable (String) async throws -> CloudResponse
    ) async throws -> String {
        guard let version = service.discoveredVersion, !Self.namesVersion(url) else { return url }
        let (known, flight) = state.withLock { state in
            (state.found[url], Self.flight(to: url, in: &state))
        }
        if let known { return known }
        return try await flight.run {
            let response = try await fetch(joined(url, ""))
            guard let segment = Self.segment(of: version, in: response) else {
                throw NoVersion(service: service, url: url, version: version)
            }
            var endpoint = joined(url, segment)
            if service == .orchestration, let projectId { endpoint = joined(endpoint, percentEncoded(projectId)) }
            let found = endpoint
            self.state.withLock { $0.found[url] = found }
            return found
        }
    }

    private static func flight(to url: String, in state: inout State) -> SingleFlight<String> {
        let flight = state.flights[url] ?? SingleFlight()
        state.flights[url] = flight
        return flight
    }

    /// Whether a part of a path is a version: `v1`, `v2.1`.
    private static func isVersion(_ segment: Substring) -> Bool { segment.wholeMatch(of: /v\d+(\.\d+)?/) != nil }

    private static func namesVersion(_ url: String) -> Bool {
        pathSegments(of: url).contains(where: isVersion)
    }

    /// What follows the scheme and the host.
    private static func pathSegments(of url: String) -> [Substring] {
        Array(url.prefix { $0 != "?" }.split(separator: "/").dropFirst(2))
    }

    /// The segment of the path under which a version is. The link's host is how the service sees itself, and not how
    /// it is reached.
    private static func segment(of version: String, in response: CloudResponse) -> String? {
        guard [200, 300].contains(response.status), let body = try? JSONValue(parsing: response.body),
            let entry = body["versions"]?.array?.first(where: { $0["id"]?.string == version })
        else { return nil }
        let link = entry["links"]?.array?.first { $0["rel"]?.string == "self" }?["href"]?.string
        return link.flatMap { pathSegments(of: $0).last(where: isVersion) }.map(String.init) ?? version
    }
}

/// An endpoint does not have the API that the portal speaks.
struct NoVersion: Error, CustomStringConvertible {
    let service: CloudService
    let url: String
    let version: String

    var description: String { "\(url) does not have \(service.rawValue) \(version)" }
}

extension CloudService {
    /// The id of the API that the portal speaks, for services that are asked for their versions.
    fileprivate var discoveredVersion: String? {
        switch self {
        case .orchestration: "v1.0"
        // Its first microversion, which every Nova has.
        case .compute: "v2.1"
        case .identity, .image, .network, .volume: nil
        }
    }
}
