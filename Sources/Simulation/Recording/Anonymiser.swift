/// Gives what identifies somebody or something a made-up name, the same one each time.
///
/// It does not look for secrets: it lets pass what is known to be none (``PublicWords``), and replaces all else.
struct Anonymiser {
    private var names: [String: String] = [:]
    private var counts: [String: Int] = [:]

    /// What stands for a name: `region-1`, `image-2`.
    mutating func name(_ kind: String, for real: String) -> String {
        let key = kind + " " + real
        if let name = names[key] { return name }
        counts[kind, default: 0] += 1
        let name = "\(kind)-\(counts[kind] ?? 0)"
        names[key] = name
        return name
    }

    /// A name that only says what everybody's clouds have, such as `m1.small` or `ubuntu-24.04`, or a made-up one.
    mutating func nameUnlessPublic(_ kind: String, for real: String) -> String {
        PublicWords.isPublicName(real) ? real : name(kind, for: real)
    }

    /// A message with its words and small numbers; what is no word of OpenStack's messages becomes `name-1` and so on.
    mutating func message(_ text: String) -> String {
        var result = ""
        var rest = text[...]
        while let match = rest.firstMatch(of: /[\p{L}\p{N}_@~#%$&+=*:\/\\.-]+/) {
            result += Self.between(rest[..<match.range.lowerBound])
            result += word(match.output)
            rest = rest[match.range.upperBound...]
        }
        result += Self.between(rest)
        return String(result.prefix(Self.longestMessage))
    }

    private static let longestMessage = 300

    /// What is between words, on one line.
    private static func between(_ text: Substring) -> String {
        String(text.map { $0.isNewline ? " " : $0 }.filter(\.isASCII))
    }

    /// - Parameter text: without spaces, with the punctuation around it.
    private mutating func word(_ text: Substring) -> String {
        func isPunctuation(_ character: Character) -> Bool { ".,:;-/".contains(character) }
        let start = text.prefix(while: isPunctuation)
        let middle = text.dropFirst(start.count)
        let end = String(middle.reversed().prefix(while: isPunctuation).reversed())
        let core = middle.dropLast(end.count)
        guard !core.isEmpty else { return String(text) }
        return start + (PublicWords.isWord(core) ? String(core) : name("name", for: String(core))) + end
    }
}
