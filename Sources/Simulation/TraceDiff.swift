import Runtime

/// Where two traces part.
public struct TraceDivergence: Equatable, Sendable {
    /// The number of the line, from 1.
    public let line: Int
    /// What each has there; nil where it has ended.
    public let left: String?
    public let right: String?
    /// The keys whose values differ, where both have a line.
    public let fields: [String]
    /// The lines before it, which both have; the last few.
    public let before: [String]

    private static let context = 5

    /// - Parameters:
    ///   - left: the text of a trace: JSON Lines.
    ///   - right: another.
    /// - Returns: nil where they are the same.
    public static func first(in left: String, _ right: String) -> TraceDivergence? {
        let left = left.split(separator: "\n").map(String.init)
        let right = right.split(separator: "\n").map(String.init)
        let common = zip(left, right).prefix { $0 == $1 }.count
        guard common < max(left.count, right.count) else { return nil }
        let here = (left: common < left.count ? left[common] : nil, right: common < right.count ? right[common] : nil)
        return TraceDivergence(
            line: common + 1, left: here.left, right: here.right, fields: differing(here.left, here.right),
            before: Array(left[..<common].suffix(context)))
    }

    private static func differing(_ left: String?, _ right: String?) -> [String] {
        guard let left = left.flatMap({ try? JSONValue(parsing: $0.utf8) })?.object,
            let right = right.flatMap({ try? JSONValue(parsing: $0.utf8) })?.object
        else { return [] }
        return Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
    }
}
