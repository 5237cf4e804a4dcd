import Foundation
import OrderedCollections
import Runtime
import Yams

/// A software config: a text for a server's configuration, kept by Heat.
struct SoftwareConfig: Sendable {
    let id: String
    let project: String
    let name: String?
    let group: String?
    let config: String?
    let inputs: [JSONValue]
    let outputs: [JSONValue]
    let options: JSONValue
    let createdAt: Timestamp
}

/// The software configs of a region's Heat.
struct SoftwareConfigs: Sendable {
    private var all: OrderedDictionary<String, SoftwareConfig> = [:]

    /// - Throws: ``HeatFault`` for an input or output that is none (golden software, `config-create-bad`).
    mutating func create(_ given: JSONValue, by change: Change) throws(HeatFault) -> SoftwareConfig {
        let config = SoftwareConfig(
            id: change.random.uuid(), project: change.projectId, name: given["name"]?.string,
            group: given["group"]?.string, config: given["config"]?.string,
            inputs: try Self.described(given["inputs"], Self.inputKeys),
            outputs: try Self.described(given["outputs"], Self.outputKeys),
            options: given["options"] ?? [:], createdAt: change.now)
        all[config.id] = config
        return config
    }

    /// Those of a project, newest first; those of one second by their ids.
    func list(of project: String) -> [SoftwareConfig] {
        all.values.filter { $0.project == project }.sorted {
            ($0.createdAt.wholeSeconds, $0.id) > ($1.createdAt.wholeSeconds, $1.id)
        }
    }

    /// - Throws: ``HeatFault``.
    func config(_ id: String, of project: String) throws(HeatFault) -> SoftwareConfig {
        guard let config = all[id], config.project == project else {
            throw HeatFault(status: 404, type: "NotFound", message: "Software config with id \(id) not found")
        }
        return config
    }

    /// - Throws: ``HeatFault``.
    mutating func delete(_ id: String, of project: String) throws(HeatFault) {
        _ = try config(id, of: project)
        all[id] = nil
    }

    private static let inputKeys: Set<String> = [
        "name", "description", "type", "default", "replace_on_change", "value",
    ]
    private static let outputKeys: Set<String> = ["name", "description", "type", "error_output", "value"]

    private static func described(_ given: JSONValue?, _ keys: Set<String>) throws(HeatFault) -> [JSONValue] {
        var described: [JSONValue] = []
        for item in given?.array ?? [] {
            guard let members = item.object, members["name"] != nil, keys.isSuperset(of: members.keys) else {
                throw HeatFault(status: 400, type: "ValueError", message: nil)
            }
            described.append(.object(["type": "String"].merging(members) { $1 }))
        }
        return described
    }
}

extension SoftwareConfig {
    /// A `cloud-config` of cloud-init, as `OS::Heat::CloudConfig` writes it.
    static func cloudConfig(_ value: JSONValue) -> String {
        let text = try? Yams.serialize(node: value.yamlNode, sortKeys: true)
        return "#cloud-config\n" + (text ?? "")
    }
}

extension JSONValue {
    fileprivate var yamlNode: Node {
        switch self {
        case .null: Node("null", Tag(.null))
        case .bool(let value): Node(value ? "true" : "false", Tag(.bool))
        case .integer(let value): Node(String(value), Tag(.int))
        case .number(let value): Node("\(value)", Tag(.float))
        case .string(let text):
            // What would be read as something else is quoted.
            Node(text, Tag(.str), (try? JSONValue(yaml: text)) == self ? .any : .singleQuoted)
        case .array(let items): Node(items.map(\.yamlNode))
        case .object(let members):
            Node(members.sorted { $0.key < $1.key }.map { (Node($0.key, Tag(.str)), $0.value.yamlNode) })
        }
    }
}
