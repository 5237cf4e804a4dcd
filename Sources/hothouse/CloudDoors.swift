import Foundation
import OpenStack
import Workers

/// A cloud that `--cloud` names: `NAME`, or `ID=NAME` where its region is to go by another id.
struct CloudName: Equatable {
    let name: String
    let regionId: String?

    /// Reads names that are separated by commas.
    static func list(parsing text: String) throws -> [CloudName] {
        try text.split(separator: ",", omittingEmptySubsequences: false).compactMap { part in
            let parts = part.split(separator: "=", omittingEmptySubsequences: false).map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            if parts == [""], !text.contains(",") { return nil }
            guard parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }) else {
                throw Failure.input("cloud is a name of clouds.yaml, or several as ID=NAME,ID=NAME; not \(text)")
            }
            return CloudName(name: parts[parts.count - 1], regionId: parts.count == 2 ? parts[0] : nil)
        }
    }
}

/// The regions of production, and the network to reach them.
struct CloudDoors: Sendable {
    struct Region: Sendable {
        /// What customers and deployments call it.
        let id: String
        let configuration: CloudConfiguration
        let access: RegionAccess
    }

    let regions: [Region]
    private let transports: [HTTPClientTransport]

    /// Reads the configuration of clouds and opens nothing yet.
    ///
    /// - Throws: ``Failure`` that names what is wrong, and where.
    init(_ clouds: [CloudName], environment: [String: String]) throws {
        let reader = CloudsReader(environment: environment, home: environment["HOME"]) { path in
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try String(contentsOfFile: path, encoding: .utf8)
        }
        var found: [(id: String, configuration: CloudConfiguration)] = []
        for cloud in clouds {
            let regions: [CloudConfiguration]
            do {
                regions = try reader.regions(of: cloud.name)
            } catch {
                throw Failure.input("\(error)")
            }
            if let id = cloud.regionId, regions.count > 1 {
                throw Failure.input(
                    "\(id)=\(cloud.name): that cloud has \(regions.count) regions, and an id is for one")
            }
            found += regions.map { (cloud.regionId ?? $0.region, $0) }
        }
        for (index, region) in found.enumerated() {
            guard let other = found[..<index].first(where: { $0.id == region.id }) else { continue }
            throw Failure.input(
                """
                both \(other.configuration.cloud) and \(region.configuration.cloud) have a region \(region.id): give one \
                another id, as in --cloud \(other.configuration.cloud),other-id=\(region.configuration.cloud)
                """)
        }
        var transports: [(settings: TransportSettings, transport: HTTPClientTransport)] = []
        regions = try found.map { id, configuration in
            let known = transports.first { $0.settings == configuration.transport }?.transport
            let transport = try known ?? Self.transport(configuration)
            if known == nil { transports.append((configuration.transport, transport)) }
            return Region(
                id: id, configuration: configuration, access: RegionAccess(configuration, transport: transport))
        }
        self.transports = transports.map(\.transport)
    }

    private static func transport(_ configuration: CloudConfiguration) throws -> HTTPClientTransport {
        do {
            return try HTTPClientTransport(configuration.transport)
        } catch {
            throw Failure.input("\(configuration.source): cloud \(configuration.cloud): \(error)")
        }
    }

    func close() async {
        for transport in transports { await transport.shutdown() }
    }

    /// The settings of workers in these clouds.
    ///
    /// - Throws: ``Failure`` where the template can't be read, or breaks its contract.
    static func workerSettings(_ settings: ServeSettings) throws -> WorkerSettings {
        var workers = settings.workers
        if let path = settings.templatePath { workers.template = try template(at: path) }
        if let network = settings.privateNetwork { workers.privateNetwork = network }
        if let network = settings.publicNetwork { workers.publicNetwork = network }
        return workers
    }

    private static func template(at path: String) throws -> StackTemplate {
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw Failure.input("cannot read \(path): \(error.localizedDescription)")
        }
        do {
            return try StackTemplate(yaml: text, file: path)
        } catch {
            throw Failure.input("\(error); `hothouse template` shows one that is complete")
        }
    }
}
