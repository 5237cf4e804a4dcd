import Runtime
import Yams

/// Finds the configuration of a cloud where OpenStack's own tools do (openstacksdk, "Configuring OpenStack SDK
/// Applications"): in `clouds.yaml`, with what `secure.yaml` adds, or in `OS_…` variables as the cloud `envvars`.
public struct CloudsReader {
    private let environment: [String: String]
    private let folders: [String]
    private let read: (String) throws -> String?

    /// - Parameters:
    ///   - home: the user's home folder.
    ///   - read: the text of a file, nil where there is none; throws where it can't be read.
    public init(environment: [String: String], home: String?, read: @escaping (String) throws -> String?) {
        self.environment = environment
        self.read = read
        let personal = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? home.map { $0 + "/.config" }
        folders = [".", personal.map { $0 + "/openstack" }, "/etc/openstack"].compactMap(\.self)
    }

    /// The regions of a cloud, in the order that its configuration names them in.
    public func regions(of cloud: String) throws(CloudConfigurationError) -> [CloudConfiguration] {
        let proxies = try ProxySettings(environment: environment)
        let (entry, source) = cloud == Self.environmentCloud ? try environmentEntry() : try fileEntry(cloud)
        let regions = try CloudEntry.regions(of: entry, cloud: cloud, source: source)
        return try regions.map { region throws(CloudConfigurationError) in
            var configuration = try CloudEntry(region.entry, cloud: cloud, source: source).configuration(
                of: region.name)
            configuration.transport.proxies = proxies
            return configuration
        }
    }

    /// The name of the cloud that variables describe.
    public static let environmentCloud = "envvars"

    // MARK: files

    private func fileEntry(
        _ cloud: String
    ) throws(CloudConfigurationError) -> (ConfigurationTree, source: String) {
        guard let clouds = try file("clouds", named: "OS_CLIENT_CONFIG_FILE") else {
            let places = folders.map { $0 + "/clouds.yaml" }.joined(separator: ", ")
            throw CloudConfigurationError(places, "there is no clouds.yaml in any of these places")
        }
        guard case .map(let known)? = clouds.tree["clouds"] else {
            throw CloudConfigurationError(clouds.path, "expected the key clouds with clouds under it")
        }
        guard let entry = known[cloud] else {
            let names = known.keys.sorted().joined(separator: ", ")
            throw CloudConfigurationError(
                clouds.path, "no cloud \(cloud); there is " + (names.isEmpty ? "none" : names))
        }
        guard case .map = entry else {
            throw CloudConfigurationError(clouds.path, "the cloud \(cloud) is not a mapping of keys to values")
        }
        let secrets = try file("secure", named: "OS_CLIENT_SECURE_FILE")?.tree["clouds"]?[cloud]
        return (secrets.map(entry.merging) ?? entry, clouds.path)
    }

    /// The first of the files of a name; they are not merged.
    private func file(
        _ name: String, named variable: String
    ) throws(CloudConfigurationError) -> (tree: ConfigurationTree, path: String)? {
        if let path = environment[variable], !path.isEmpty {
            guard let tree = try parse(path) else {
                throw CloudConfigurationError("the environment", "\(variable) names \(path), and there is no such file")
            }
            return (tree, path)
        }
        for folder in folders {
            for ending in ["yaml", "yml", "json"] {
                let path = "\(folder)/\(name).\(ending)"
                if let tree = try parse(path) { return (tree, path) }
            }
        }
        return nil
    }

    private func parse(_ path: String) throws(CloudConfigurationError) -> ConfigurationTree? {
        let text: String?
        do {
            text = try read(path)
        } catch {
            throw CloudConfigurationError(path, "cannot be read: \(error)")
        }
        guard let text else { return nil }
        do {
            return try Yams.compose(yaml: text).map(ConfigurationTree.init) ?? .map([:])
        } catch let error as YamlError {
            // The error's own text would show the line, and with it perhaps a secret.
            throw CloudConfigurationError(path, "not valid YAML" + (error.line.map { " at line \($0)" } ?? ""))
        } catch {
            throw CloudConfigurationError(path, "not valid YAML")
        }
    }

    // MARK: variables

    private func environmentEntry() throws(CloudConfigurationError) -> (ConfigurationTree, source: String) {
        let source = "the environment"
        let other: Set = ["OS_CLOUD", "OS_CLIENT_CONFIG_FILE", "OS_CLIENT_SECURE_FILE"]
        var members: [String: ConfigurationTree] = [:]
        for (name, value) in environment where name.hasPrefix("OS_") && !other.contains(name) && !value.isEmpty {
            members[name.dropFirst(3).lowercased()] = .scalar(value)
        }
        guard members["auth_url"] != nil else { throw CloudConfigurationError(source, "OS_AUTH_URL is not set") }
        return (.map(members), source)
    }
}

extension YamlError {
    /// Where it is, counted from 1.
    fileprivate var line: Int? {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: nil
        }
    }
}

/// YAML without types: every scalar is the text that was written, so that a password `0123` stays one.
enum ConfigurationTree: Equatable {
    case scalar(String)
    case list([ConfigurationTree])
    case map([String: ConfigurationTree])

    init(_ node: Node) {
        if let mapping = node.mapping {
            var members: [String: ConfigurationTree] = [:]
            var merged = ConfigurationTree.map([:])
            for (key, value) in mapping {
                let name = key.scalar?.string ?? ""
                // YAML's merge key: what an anchor stands for, or several, the first of which wins.
                if name == "<<" {
                    let values = value.sequence.map(Array.init) ?? [value]
                    merged = values.reversed().reduce(merged) { $0.overlaid(with: ConfigurationTree($1)) }
                } else {
                    members[name] = ConfigurationTree(value)
                }
            }
            self = merged.overlaid(with: .map(members))
        } else if let sequence = node.sequence {
            self = .list(sequence.map(ConfigurationTree.init))
        } else {
            self = .scalar(node.scalar?.string ?? "")
        }
    }

    subscript(key: String) -> ConfigurationTree? {
        if case .map(let members) = self { members[key] } else { nil }
    }

    var text: String? {
        if case .scalar(let text) = self, !text.isEmpty { text } else { nil }
    }

    /// This with the keys of another, which replace those of the same name.
    private func overlaid(with other: ConfigurationTree) -> ConfigurationTree {
        guard case .map(let mine) = self, case .map(let theirs) = other else { return self }
        return .map(mine.merging(theirs) { $1 })
    }

    /// This with what another adds or replaces, map by map.
    func merging(_ other: ConfigurationTree) -> ConfigurationTree {
        guard case .map(let mine) = self, case .map(let theirs) = other else { return other }
        return .map(mine.merging(theirs) { $0.merging($1) })
    }
}
