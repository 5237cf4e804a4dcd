import Runtime
import Yams

extension JSONValue {
    /// Reads YAML text the way Heat does: plain scalars become numbers, booleans and nulls, dates stay text.
    ///
    /// - Throws: `YamlError`.
    init(yaml: String) throws {
        guard let node = try Yams.compose(yaml: yaml) else {
            self = .null
            return
        }
        self.init(node: node)
    }

    /// What has been composed of YAML text.
    init(node: Node) {
        switch node {
        case .scalar(let scalar):
            self = scalar.style == .plain ? Self.plain(scalar.string) : .string(scalar.string)
        case .sequence(let items): self = .array(items.map(JSONValue.init(node:)))
        case .mapping(let pairs):
            self = .object(
                Dictionary(
                    pairs.map { ($0.key.scalar?.string ?? "", JSONValue(node: $0.value)) },
                    uniquingKeysWith: { $1 }))
        case .alias: self = .null
        }
    }

    private static func plain(_ text: String) -> JSONValue {
        switch text.lowercased() {
        case "", "~", "null": return .null
        case "true", "yes", "on": return .bool(true)
        case "false", "no", "off": return .bool(false)
        default: break
        }
        if let number = Int(text) { return .integer(number) }
        if text.contains("."), text.allSatisfy({ $0.isNumber || ".-+eE".contains($0) }), let number = Double(text) {
            return .number(number)
        }
        return .string(text)
    }
}

extension JSONValue {
    /// How long the value is as Python writes it, with a space after each comma and colon.
    var pythonSize: Int {
        switch self {
        case .array(let items): 2 + items.map(\.pythonSize).reduce(0, +) + 2 * max(0, items.count - 1)
        case .object(let members):
            2 + members.map { JSONValue.string($0.key).pythonSize + 2 + $0.value.pythonSize }.reduce(0, +)
                + 2 * max(0, members.count - 1)
        default: utf8.count
        }
    }
}
