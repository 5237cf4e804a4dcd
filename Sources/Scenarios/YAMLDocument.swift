import Runtime
import Yams

/// One YAML text that is read strictly, with all that is wrong in it told at once.
enum YAMLDocument {
    static let largest = 1 << 20
    static let mostValues = 100_000

    /// Reads a text whose top is a mapping.
    ///
    /// - Parameters:
    ///   - what: the thing that it is, for messages: "a catalog".
    ///   - read: reads the keys that it knows; others are refused.
    /// - Throws: ``ScenarioErrors``, in the order of their places.
    static func read<Value>(
        _ text: String, file: String, what: String, _ read: (inout MapReader) -> Value
    ) throws(ScenarioErrors) -> Value {
        let issues = Issues(file: file)
        func refuse(_ line: Int, _ column: Int, _ message: String) -> ScenarioErrors {
            ScenarioErrors(issues: [.init(place: issues.place(line, column), message: message)])
        }
        guard text.utf8.count <= largest else { throw refuse(1, 1, "\(what) has at most 1 MiB") }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            let (line, column, message) = error.placeAndMessage
            throw refuse(line, column, message)
        } catch {
            throw refuse(1, 1, "\(error)")
        }
        guard let node else { throw refuse(1, 1, "it is empty") }
        var budget = mostValues
        guard node.isWithin(&budget) else {
            throw refuse(1, 1, "it has more than \(mostValues) values once its aliases are followed")
        }
        var reader = MapReader(node, issues)
        let value = read(&reader)
        reader.refuseUnknownKeys()
        guard issues.all.isEmpty else {
            throw ScenarioErrors(
                issues: issues.all.sorted { ($0.place.line, $0.place.column) < ($1.place.line, $1.place.column) })
        }
        return value
    }
}

extension Node {
    /// Walks all values, aliases followed, until a budget is used up: a small file can stand for a huge one.
    fileprivate func isWithin(_ budget: inout Int) -> Bool {
        budget -= 1
        guard budget >= 0 else { return false }
        switch self {
        case .scalar, .alias: return true
        case .sequence(let items):
            for item in items where !item.isWithin(&budget) { return false }
            return true
        case .mapping(let pairs):
            for (key, value) in pairs where !key.isWithin(&budget) || !value.isWithin(&budget) { return false }
            return true
        }
    }

    /// The value as JSON, with plain scalars as YAML 1.2's JSON schema reads them.
    var json: JSONValue {
        switch self {
        case .alias: return .null
        case .sequence(let items): return .array(items.map(\.json))
        case .mapping(let pairs):
            return .object(
                Dictionary(pairs.map { ($0.key.scalar?.string ?? "", $0.value.json) }, uniquingKeysWith: { $1 }))
        case .scalar(let scalar):
            guard scalar.style == .plain else { return .string(scalar.string) }
            switch scalar.string {
            case "", "~", "null": return .null
            case "true": return true
            case "false": return false
            default: return Int(scalar.string).map { .integer($0) } ?? .string(scalar.string)
            }
        }
    }
}

extension YamlError {
    fileprivate var placeAndMessage: (Int, Int, String) {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            (mark.line, mark.column, "not YAML: \(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            (
                context.mark.line, context.mark.column,
                "the key \(duplicates.joined(separator: ", ")) is written twice; this is the first"
            )
        default: (1, 1, "not YAML: \(self)")
        }
    }
}
