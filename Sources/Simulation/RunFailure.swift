import Scenarios

/// Something that did not come out as the story expects, or as it always must.
public struct RunFailure: Equatable, Sendable {
    /// Where the expectation is written; nil for what must always hold.
    public let place: Place?
    /// The id of the invariant that was violated, such as `S2` (see ``Invariants``).
    public let invariant: String?
    public let message: String
    public let expected: String?
    public let found: String?
    /// Whose lines of the trace tell more.
    public let actor: String?
    /// The number of the line of the trace at which it shows; nil where it shows at the end.
    public let line: Int?

    init(
        _ message: String, at place: Place? = nil, invariant: String? = nil, expected: String? = nil,
        found: String? = nil, actor: String? = nil, line: Int? = nil
    ) {
        self.message = message
        self.place = place
        self.invariant = invariant
        self.expected = expected
        self.found = found
        self.actor = actor
        self.line = line
    }
}

extension RunFailure: CustomStringConvertible {
    public var description: String {
        var text = place.map { "\($0): " } ?? ""
        if let invariant { text += "invariant \(invariant): " }
        text += message
        if let expected { text += ": expected \(expected)" }
        if let found { text += ", got \(found)" }
        return text
    }
}
