import Runtime

/// Compares what the fake says with what the real service said. Identifiers may differ, but each of the recorded ones
/// must stand for the same one of the fake throughout; times must have the same form.
struct Likeness {
    /// The fake's identifiers by the recorded ones, and the other way round.
    private(set) var counterparts: [String: String] = [:]
    private var originals: [String: String] = [:]
    private(set) var differences: [String] = []
    /// Whether any number may stand for another: limits and what is used of them.
    var allowsOtherNumbers = false

    /// Lists whose order means nothing.
    private static let unordered: Set<String> = [
        "outputs", "resources", "catalog", "endpoints", "roles", "required_by", "events",
        "software_configs",
        // Of an update's preview, which Heat makes of Python's sets.
        "unchanged", "updated", "replaced", "added", "deleted",
    ]

    private static func isOrdered(_ key: String) -> Bool { !unordered.contains(key) }

    /// Sorted by what is left of each item without its identifiers and times.
    private static func inOrderOfForm(_ items: [JSONValue]) -> [JSONValue] {
        items.map { ($0, form($0)) }.enumerated().sorted { ($0.element.1, $0.offset) < ($1.element.1, $1.offset) }
            .map(\.element.0)
    }

    private static func form(_ value: JSONValue, at key: String = "") -> String {
        switch value {
        case .string(let text): Piece.pieces(of: text).map(\.form).joined()
        case .array(let items):
            isOrdered(key)
                ? items.map { form($0) }.joined(separator: ",") : items.map { form($0) }.sorted().joined(separator: ",")
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { $0.key + ":" + form($0.value, at: $0.key) }.joined(separator: ",")
        default: value.description
        }
    }

    mutating func bind(_ recorded: String, to own: String) {
        counterparts[recorded] = own
        originals[own] = recorded
    }

    mutating func differs(_ place: String, _ recorded: Any, _ own: Any) {
        differences.append("\(place): recorded \(recorded), is \(own)")
    }

    /// A recorded text with the fake's identifiers in it.
    func translated(_ text: String) -> String {
        Piece.pieces(of: text).map { counterparts[$0.text] ?? $0.text }.joined()
    }

    mutating func compare(_ recorded: JSONValue, _ own: JSONValue, at place: String) {
        switch (recorded, own) {
        case (.string(let left), .string(let right)): compare(left, right, at: place)
        case (.array(let left), .array(let right)):
            guard left.count == right.count else {
                differs(place, "\(left.count) items \(summary(left))", "\(right.count) \(summary(right))")
                return
            }
            // A list within such a list is of the same kind.
            let key = place.split(separator: ".").last.map { String($0.prefix { $0 != "[" }) } ?? ""
            let pairs =
                Self.isOrdered(key) ? zip(left, right) : zip(Self.inOrderOfForm(left), Self.inOrderOfForm(right))
            for (index, pair) in pairs.enumerated() { compare(pair.0, pair.1, at: "\(place)[\(index)]") }
            if key == "events" { compareOrder(left, right, at: place) }
        case (.object(let left), .object(let right)):
            for key in Set(left.keys).union(right.keys).sorted() {
                guard let value = left[key], let ownValue = right[key] else {
                    differs(
                        "\(place).\(key)", "\(left[key]?.description ?? "absent")",
                        "\(right[key]?.description ?? "absent")")
                    continue
                }
                compare(value, ownValue, at: "\(place).\(key)")
            }
        case (.integer, .integer), (.number, .number), (.integer, .number), (.number, .integer):
            if recorded != own, !allowsOtherNumbers { differs(place, recorded, own) }
        default: if recorded != own { differs(place, recorded, own) }
        }
    }

    /// Events of different resources may come in any order, those of one may not.
    private mutating func compareOrder(_ left: [JSONValue], _ right: [JSONValue], at place: String) {
        func story(_ events: [JSONValue], of resource: String) -> [String] {
            events.filter { $0["resource_name"]?.string == resource }.compactMap { $0["resource_status"]?.string }
        }
        for resource in Set(left.compactMap { $0["resource_name"]?.string }).sorted() {
            let (recorded, own) = (story(left, of: resource), story(right, of: translated(resource)))
            if recorded != own { differs("\(place) of \(resource)", recorded, own) }
        }
        for end in [left.indices.first, left.indices.last].compactMap({ $0 }) {
            let recorded = left[end]["resource_name"]?.string.map { JSONValue.string(translated($0)) }
            let own = right[end]["resource_name"]
            if recorded != own { differs("\(place)[\(end)]", recorded ?? .null, own ?? .null) }
        }
    }

    private func summary(_ items: [JSONValue]) -> [String] {
        items.map { $0["stack_name"]?.string ?? $0["resource_name"]?.string ?? $0["name"]?.string ?? "" }
    }

    mutating func compare(_ recorded: String, _ own: String, at place: String) {
        guard recorded != own, recorded != Piece.secret else { return }
        let (left, right) = (Piece.pieces(of: recorded), Piece.pieces(of: own))
        guard left.map(\.form) == right.map(\.form) else {
            if Piece.isOpaque(recorded), Piece.isOpaque(own), recorded.count == own.count {
                match(recorded, own, at: place)
            } else {
                differs(place, recorded.debugDescription, own.debugDescription)
            }
            return
        }
        for (left, right) in zip(left, right) where left.kind.isIdentifier && left.text != Piece.secret {
            match(left.text, right.text, at: place)
        }
    }

    private mutating func match(_ recorded: String, _ own: String, at place: String) {
        if counterparts[recorded] == nil, originals[own] == nil { bind(recorded, to: own) }
        if counterparts[recorded] != own {
            differs(place, recorded, "\(own), not \(counterparts[recorded] ?? "one known by another id")")
        }
    }
}

/// A part of a text: an identifier, a time, or anything else.
private struct Piece {
    enum Kind: Equatable {
        case literal, time, identifier

        var isIdentifier: Bool { self == .identifier }
    }

    let kind: Kind
    let text: String

    /// What stands for one that was masked: the fake's secrets are ids.
    static let secret = "<secret>"

    /// What must be the same in both texts.
    var form: String {
        switch kind {
        case .literal: text
        // A fraction that is always zero is not one that may be anything.
        case .time: text.hasSuffix(".000000Z") ? "T0" : String(text.map { $0.isNumber ? "0" : $0 })
        case .identifier:
            text == Self.secret
                ? "id32"
                : text.hasPrefix("=")
                    ? "boundary"
                    : text.contains(".")
                        ? "address" : text.contains("-") && text.count > 13 ? "uuid" : "id\(text.count)"
        }
    }

    /// UUIDs, ids of 32 hexadecimal digits (of hosts 56), the random ends of Heat's names, addresses, boundaries of MIME
    /// parts, masked secrets, and times.
    static func pieces(of text: String) -> [Piece] {
        let pattern =
            /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\b(?:[0-9a-f]{32}|[0-9a-f]{56})\b|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?|-[a-z2-7]{12}\b|\b(?:192\.168|203\.0|10\.0)\.\d{1,3}\.\d{1,3}\b(?!\/)|\bfa:16(?::[0-9a-f]{2}){4}\b|={15}\d{19}==|<secret>/
        var pieces: [Piece] = []
        var end = text.startIndex
        for match in text.matches(of: pattern.wordBoundaryKind(.simple)) {
            if end < match.range.lowerBound {
                pieces.append(Piece(kind: .literal, text: String(text[end..<match.range.lowerBound])))
            }
            let found = String(text[match.range])
            let isTime = found.contains("T") && found.contains(":")
            pieces.append(Piece(kind: isTime ? .time : .identifier, text: found))
            end = match.range.upperBound
        }
        if end < text.endIndex { pieces.append(Piece(kind: .literal, text: String(text[end...]))) }
        return pieces
    }

    /// Whether a text looks like a secret or a random string: letters of both cases, perhaps digits, no words.
    static func isOpaque(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Za-z0-9_-]{8,}/) != nil && text.contains(where: \.isLowercase)
            && text.contains(where: \.isUppercase)
    }
}
