import Runtime

/// What a JSON value must look like. A key that is not written is not looked at, unless keys are exact.
public indirect enum Pattern: Equatable, Sendable {
    case exactly(JSONValue)
    case isNull
    /// Any value, as long as the key is there.
    case isAny
    case any([Pattern])
    /// A text in which this regular expression finds something.
    case matches(String)
    case object([String: Pattern])
    case array([Pattern])

    /// - Parameters:
    ///   - isExact: whether keys that are not written down are a mismatch.
    ///   - labels: what `${label}` in a text stands for.
    public func matches(_ value: JSONValue, isExact: Bool, labels: [String: String]) -> Bool {
        switch self {
        case .exactly(.string(let text)):
            return value.string == labels.reduce(text) { $0.replacing("${\($1.key)}", with: $1.value) }
        case .exactly(let expected): return value == expected
        case .isNull: return value == .null
        case .isAny: return true
        case .matches(let text):
            return value.string.flatMap { value in (try? Regex(text)).map { value.contains($0) } } ?? false
        case .any(let patterns):
            return patterns.contains { $0.matches(value, isExact: isExact, labels: labels) }
        case .array(let patterns):
            guard let items = value.array, items.count == patterns.count else { return false }
            return zip(patterns, items).allSatisfy { $0.matches($1, isExact: isExact, labels: labels) }
        case .object(let patterns):
            guard let members = value.object else { return false }
            if isExact, !members.keys.allSatisfy({ patterns[$0] != nil }) { return false }
            return patterns.allSatisfy { key, pattern in
                members[key].map { pattern.matches($0, isExact: isExact, labels: labels) } ?? false
            }
        }
    }
}

extension Pattern: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exactly(let value): "\(value)"
        case .isNull: "null"
        case .isAny: "any value"
        case .matches(let text): "a text like \(text)"
        case .any(let patterns): patterns.map(\.description).joined(separator: " or ")
        case .array(let patterns): "[" + patterns.map(\.description).joined(separator: ",") + "]"
        case .object(let patterns):
            "{" + patterns.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
        }
    }
}
