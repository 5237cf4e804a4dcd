import Foundation

/// A regular expression that a client gave, matched within limits: where Python's would go on for ever, it does not
/// match.
struct UserPattern {
    private let expression: NSRegularExpression

    /// How often a search may report that it still goes on: ICU does every 10,000 steps.
    private static let longestSearch = 200

    /// - Parameter pattern: in Python's form.
    /// - Returns: nil for one that is none.
    init?(_ pattern: String) {
        let icu = pattern.replacing("(?P<", with: "(?<")
        guard let expression = try? NSRegularExpression(pattern: icu) else { return nil }
        self.expression = expression
    }

    /// Whether there is a match anywhere in a text.
    func isFound(in text: String) -> Bool { match(in: text, []) != nil }

    /// Whether a text begins with a match.
    func matchesBeginning(of text: String) -> Bool { match(in: text, .anchored) != nil }

    /// Whether the match at the beginning of a text is all of it.
    func matchesAll(of text: String) -> Bool {
        match(in: text, .anchored).map { $0.length == text.utf16.count } ?? false
    }

    private func match(in text: String, _ options: NSRegularExpression.MatchingOptions) -> NSRange? {
        var found: NSRange?
        var reports = 0
        expression.enumerateMatches(
            in: text, options: options.union(.reportProgress), range: NSRange(location: 0, length: text.utf16.count)
        ) { result, flags, stop in
            if let result {
                found = result.range
                stop.pointee = true
            } else if flags.contains(.progress) {
                reports += 1
                if reports > Self.longestSearch { stop.pointee = true }
            }
        }
        return found
    }
}
