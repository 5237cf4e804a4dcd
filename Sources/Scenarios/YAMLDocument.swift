import Runtime
import Yams

/// One YAML text that is read strictly, with all that is wrong in it told at once.
enum YAMLDocument {
    static let largest = 1 << 20
    static let mostValues = 100_000
    static let deepestNesting = 100

    /// Reads a text whose top is a mapping.
    ///
    /// - Parameters:
    ///   - bytes: of UTF-8 text, at most 1 MiB.
    ///   - what: the thing that it is, for messages: "a catalog".
    ///   - read: reads the keys that it knows; others are refused.
    /// - Throws: ``ScenarioErrors``, in the order of their places.
    static func read<Value>(
        _ bytes: some Collection<UInt8>, file: String, what: String, _ read: (inout MapReader) -> Value
    ) throws(ScenarioErrors) -> Value {
        try self.read(try node(bytes, file: file, what: what), file: file, read)
    }

    /// Reads values whose top is a mapping.
    static func read<Value>(
        _ node: Node, file: String, _ read: (inout MapReader) -> Value
    ) throws(ScenarioErrors) -> Value {
        let issues = Issues(file: file)
        var reader = MapReader(node, issues)
        let value = read(&reader)
        reader.refuseUnknownKeys()
        try issues.check()
        return value
    }

    static func read<Value>(
        _ text: String, file: String, what: String, _ read: (inout MapReader) -> Value
    ) throws(ScenarioErrors) -> Value {
        try self.read(Array(text.utf8), file: file, what: what, read)
    }

    /// The values of a text, within the limits.
    static func node(
        _ bytes: some Collection<UInt8>, file: String, what: String
    ) throws(ScenarioErrors) -> Node {
        let issues = Issues(file: file)
        func refuse(_ line: Int, _ column: Int, _ message: String) -> ScenarioErrors {
            ScenarioErrors(issues: [.init(place: issues.place(line, column), message: message)])
        }
        guard bytes.count <= largest else { throw refuse(1, 1, "\(what) has at most 1 MiB") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let valid = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\u{FFFD}" }
            let (line, column) = valid.endPlace
            throw refuse(line, column, "not UTF-8 text")
        }
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            let (line, column, message) = error.placeAndMessage
            throw refuse(line, column, message)
        } catch {
            throw refuse(1, 1, "not YAML: \(error)")
        }
        guard let node else { throw refuse(1, 1, "the file is empty") }
        var budget = mostValues
        switch node.size(within: &budget, depth: deepestNesting) {
        case .fits: return node
        case .tooMany:
            throw refuse(1, 1, "the file has more than \(mostValues) values once its aliases are followed")
        case .tooDeep(let place):
            throw refuse(place?.line ?? 1, place?.column ?? 1, YamlError.tooDeep)
        }
    }
}

extension Node {
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

extension Node {
    fileprivate enum Size {
        case fits
        case tooMany
        case tooDeep(Mark?)
    }

    /// Walks all values, aliases followed, until a budget is used up: a small file can stand for a huge one.
    fileprivate func size(within budget: inout Int, depth: Int) -> Size {
        budget -= 1
        guard budget >= 0 else { return .tooMany }
        let parts: [Node]
        switch self {
        case .scalar, .alias: return .fits
        case .sequence(let items): parts = Array(items)
        case .mapping(let pairs): parts = pairs.flatMap { [$0.key, $0.value] }
        }
        guard depth > 0 else { return .tooDeep(mark) }
        for part in parts {
            let size = part.size(within: &budget, depth: depth - 1)
            guard case .fits = size else { return size }
        }
        return .fits
    }
}

extension YamlError {
    fileprivate static let tooDeep = "nested more than \(YAMLDocument.deepestNesting) deep"

    fileprivate var placeAndMessage: (Int, Int, String) {
        switch self {
        case .scanner(_, let problem, let mark, _) where problem.hasPrefix("Maximum nesting"),
            .parser(_, let problem, let mark, _) where problem.hasPrefix("Maximum nesting"):
            return (mark.line, mark.column, Self.tooDeep)
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let place = context.map { $0.text + ", " } ?? ""
            return (mark.line, mark.column, "not YAML: \(place)\(problem)")
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.joined(separator: ", ")
            return (context.mark.line, context.mark.column, "the key \(keys) is written twice; this is the first")
        case .reader(let problem, let offset, _, let yaml):
            let (line, column) = yaml.prefix(offset ?? 0).endPlace
            return (line, column, "not YAML: \(problem)")
        default: return (1, 1, "not YAML")
        }
    }
}

extension Substring {
    /// The line and the column, from 1, of what follows this beginning of a text.
    fileprivate var endPlace: (line: Int, column: Int) {
        let lines = split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.count, (lines.last?.unicodeScalars.count ?? 0) + 1)
    }
}
