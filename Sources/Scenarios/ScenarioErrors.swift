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
    private let file: String
    private(set) var all: [ScenarioErrors.Issue] = []

    init(file: String) {
        self.file = file
    }

    func place(_ line: Int, _ column: Int) -> Place {
        Place(file: file, line: line, column: column)
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
