import Yams

/// Everything that is wrong with a scenario file, each with its place.
public struct ScenarioErrors: Error, Equatable, CustomStringConvertible {
    public struct Issue: Equatable, Sendable, CustomStringConvertible {
        public let place: Place
        public let message: String

        public var description: String { "\(place): \(message)" }
    }

    public let issues: [Issue]

    public var description: String { issues.map(\.description).joined(separator: "\n") }
}

/// Collects issues while a file is read, so that all are told at once.
final class Issues {
    /// What begins the tags that say of which file a value is.
    private static let fileTag = "tag:hothouse:file:"

    private let file: String
    private(set) var all: [ScenarioErrors.Issue] = []

    init(file: String) {
        self.file = file
    }

    /// - Parameter tag: of the value; see ``mark(of:)``.
    func place(_ line: Int, _ column: Int, tag: String = "") -> Place {
        let part = tag.hasPrefix(Self.fileTag) ? String(tag.dropFirst(Self.fileTag.count)) : nil
        return Place(file: part ?? file, line: line, column: column)
    }

    /// The tag of values of another file: YAML's own say nothing that the reader looks at.
    func mark(of file: String) -> Tag { Tag(Tag.Name(rawValue: Self.fileTag + file)) }

    /// - Throws: all issues, in the order of their places, where there are any.
    func check() throws(ScenarioErrors) {
        guard !all.isEmpty else { return }
        let sorted = all.enumerated().sorted {
            ($0.element.place.line, $0.element.place.column, $0.offset)
                < ($1.element.place.line, $1.element.place.column, $1.offset)
        }
        throw ScenarioErrors(issues: sorted.map(\.element))
    }

    func add(_ place: Place, _ message: String) {
        all.append(ScenarioErrors.Issue(place: place, message: message))
    }
}

/// The known word that is nearest to a wrong one, where one is near; for "did you mean".
func nearest(to word: String, in known: [String]) -> String? {
    let scored = known.map { ($0, distance(Array(word.lowercased()), Array($0.lowercased()))) }
    guard let best = scored.min(by: { ($0.1, $0.0) < ($1.1, $1.0) }), best.1 <= max(2, word.count / 3),
        best.1 < word.count
    else {
        return nil
    }
    return best.0
}

/// Levenshtein's distance.
private func distance(_ left: [Character], _ right: [Character]) -> Int {
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in right.indices {
            let cost = min(row[column] + 1, row[column + 1] + 1, diagonal + (character == right[column] ? 0 : 1))
            diagonal = row[column + 1]
            row[column + 1] = cost
        }
    }
    return row[right.count]
}
