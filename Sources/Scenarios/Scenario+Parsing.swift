import Runtime
import Yams

extension Scenario {
    static let largestFile = 1 << 20
    static let mostValues = 100_000
    static let deepestNesting = 100

    /// Reads a scenario file.
    ///
    /// - Parameters:
    ///   - bytes: of UTF-8 text, at most 1 MiB.
    ///   - file: its name, for messages.
    ///   - standardCloud: what holds where the file says nothing of the cloud.
    /// - Throws: ``ScenarioErrors`` with all that is wrong.
    public init(
        parsing bytes: some Collection<UInt8>, file: String, standardCloud: CloudScenario
    ) throws(ScenarioErrors) {
        let issues = Issues(file: file)
        func refuse(_ line: Int, _ column: Int, _ message: String) -> ScenarioErrors {
            ScenarioErrors(issues: [.init(place: issues.place(line, column), message: message)])
        }
        guard bytes.count <= Self.largestFile else { throw refuse(1, 1, "a scenario has at most 1 MiB") }
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
        var budget = Self.mostValues
        switch node.size(within: &budget, depth: Self.deepestNesting) {
        case .fits: break
        case .tooMany:
            throw refuse(1, 1, "the file has more than \(Self.mostValues) values once its aliases are followed")
        case .tooDeep(let place):
            throw refuse(place?.line ?? 1, place?.column ?? 1, YamlError.tooDeep)
        }
        var reader = MapReader(node, issues)
        let scenario = ScenarioReader(issues: issues).read(&reader, standardCloud: standardCloud)
        reader.refuseUnknownKeys()
        guard issues.all.isEmpty else {
            throw ScenarioErrors(
                issues: issues.all.enumerated().sorted {
                    ($0.element.place.line, $0.element.place.column, $0.offset)
                        < ($1.element.place.line, $1.element.place.column, $1.offset)
                }.map(\.element))
        }
        self = scenario
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
    fileprivate static let tooDeep = "nested more than \(Scenario.deepestNesting) deep"

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
