/// What is wrong with a part of a template, in Heat's words, where the part's place is still to be said.
struct TemplateProblem: Error, Equatable {
    let message: String
    /// The place under the part that is at fault, such as `.create` or `[0]`.
    var place = ""

    init(_ message: String, place: String = "") {
        self.message = message
        self.place = place
    }

    /// Python's words where Heat itself runs out of room.
    static let tooDeep = TemplateProblem("maximum recursion depth exceeded")
}

extension HeatFault {
    /// A refusal with its place, as it comes over Heat's message bus: each part with two colons.
    static func invalid(error: String? = nil, at place: String? = nil, _ message: String) -> HeatFault {
        .invalid((error.map { $0 + ": : " } ?? "") + (place.map { $0 + ": : " } ?? "") + message)
    }
}
