import Runtime
import Yams

/// Reads YAML strictly: every key must be known, every value of its kind, and nothing is guessed. YAML 1.1's traps
/// (`NO`, `1:30`, unquoted instants) meet the kind that is asked for and are refused with their place.
struct MapReader {
    let issues: Issues
    let place: Place
    private let node: Node
    private let pairs: [(key: String, place: Place, value: Node)]
    private var seen: Set<String> = []

    /// A reader of a mapping; anything else is an issue, and reads as empty.
    init(_ node: Node, _ issues: Issues) {
        self.issues = issues
        place = node.place(issues)
        self.node = node
        guard case .mapping(let mapping) = node else {
            issues.add(place, "expected keys with values, found \(node.kindName)")
            pairs = []
            return
        }
        pairs = mapping.compactMap { key, value in
            guard case .scalar(let scalar) = key else {
                issues.add(key.place(issues), "a key is a word")
                return nil
            }
            return (scalar.string, key.place(issues), value)
        }
    }

    func has(_ key: String) -> Bool { pairs.contains { $0.key == key } }

    /// All of it, as it was written.
    var source: JSONValue { node.json }

    /// The value of a key.
    mutating func node(_ key: String, required: Bool = false) -> Node? {
        seen.insert(key)
        if let pair = pairs.first(where: { $0.key == key }) { return pair.value }
        if required { issues.add(place, "\(key) is missing") }
        return nil
    }

    mutating func map<Value>(_ key: String, required: Bool = false, _ read: (inout MapReader) -> Value) -> Value? {
        guard let node = node(key, required: required) else { return nil }
        var reader = MapReader(node, issues)
        let value = read(&reader)
        reader.refuseUnknownKeys()
        return value
    }

    mutating func list<Value>(_ key: String, _ read: (Node) -> Value?) -> [Value] {
        guard let node = node(key) else { return [] }
        guard case .sequence(let items) = node else {
            issues.add(node.place(issues), "\(key) is a list")
            return []
        }
        return items.compactMap(read)
    }

    /// The entries of a mapping whose keys are names.
    mutating func entries(_ key: String) -> [(name: String, node: Node)] {
        guard let node = node(key) else { return [] }
        return MapReader(node, issues).pairs.map { ($0.key, $0.value) }
    }

    /// All entries of this mapping, as names.
    mutating func allEntries() -> [(name: String, place: Place, node: Node)] {
        seen.formUnion(pairs.map(\.key))
        return pairs.map { ($0.key, $0.place, $0.value) }
    }

    mutating func string(_ key: String, required: Bool = false) -> String? {
        node(key, required: required).flatMap { $0.string(issues, what: key) }
    }

    mutating func word(_ key: String, of known: [String], required: Bool = false) -> String? {
        guard let node = node(key, required: required), let text = node.string(issues, what: key) else { return nil }
        guard known.contains(text) else {
            issues.add(node.place(issues), "unknown \(key) \(text)\(suggestion(text, known))")
            return nil
        }
        return text
    }

    mutating func integer(_ key: String, in range: ClosedRange<Int>, required: Bool = false) -> Int? {
        guard let node = node(key, required: required) else { return nil }
        guard case .scalar(let scalar) = node, let number = Int(scalar.string) else {
            issues.add(node.place(issues), "\(key) is a whole number, not \(node.shown)")
            return nil
        }
        guard range.contains(number) else {
            issues.add(node.place(issues), "\(key) is from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    mutating func bool(_ key: String) -> Bool? {
        guard let node = node(key) else { return nil }
        guard case .scalar(let scalar) = node, ["true", "false"].contains(scalar.string), scalar.style == .plain else {
            issues.add(node.place(issues), "\(key) is true or false, not \(node.shown)")
            return nil
        }
        return scalar.string == "true"
    }

    mutating func duration(_ key: String, required: Bool = false) -> Duration? {
        node(key, required: required).flatMap { $0.duration(issues, what: key) }
    }

    mutating func spread(_ key: String, required: Bool = false) -> Spread? {
        node(key, required: required).flatMap { $0.spread(issues, what: key) }
    }

    /// A share of 1, written as a percentage over 0%.
    mutating func percent(_ key: String, required: Bool = false) -> Double? {
        node(key, required: required).flatMap { $0.percent(issues, what: key) }
    }

    mutating func instant(_ key: String) -> Timestamp? {
        guard let node = node(key), let text = node.string(issues, what: key) else { return nil }
        guard let instant = Timestamp(text) else {
            issues.add(node.place(issues), "\(key) is an instant such as \"2026-01-06T10:00:00Z\", not \(text)")
            return nil
        }
        return instant
    }

    /// To be called last: what nobody asked for is a mistake.
    func refuseUnknownKeys() {
        for pair in pairs where !seen.contains(pair.key) {
            issues.add(pair.place, "unknown key \(pair.key)\(suggestion(pair.key, seen.sorted()))")
        }
    }
}

/// How a message ends after a wrong word: the nearest right one, or all.
func suggestion(_ word: String, _ known: [String]) -> String {
    if let near = nearest(to: word, in: known) { return "; did you mean \(near)?" }
    return known.isEmpty ? "" : "; known are \(known.joined(separator: ", "))"
}

extension Node {
    func place(_ issues: Issues) -> Place {
        let tag =
            switch self {
            case .scalar(let scalar): scalar.tag
            case .sequence(let items): items.tag
            case .mapping(let pairs): pairs.tag
            case .alias: Tag.implicit
            }
        return issues.place(mark?.line ?? 1, mark?.column ?? 1, tag: tag.description)
    }

    var kindName: String {
        switch self {
        case .scalar(let scalar): scalar.string.isEmpty && scalar.style == .plain ? "nothing" : "\"\(scalar.string)\""
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .alias: "an alias"
        }
    }

    var shown: String { kindName }

    func string(_ issues: Issues, what: String) -> String? {
        guard case .scalar(let scalar) = self, !(scalar.style == .plain && ["", "~", "null"].contains(scalar.string))
        else {
            issues.add(place(issues), "\(what) is a text, not \(kindName)")
            return nil
        }
        return scalar.string
    }

    /// `70%`, `2.5%`.
    func percent(_ issues: Issues, what: String) -> Double? {
        guard let text = string(issues, what: what) else { return nil }
        guard let match = text.wholeMatch(of: /(\d{1,3}(?:\.\d{1,6})?)%/), let number = Double(match.1), number > 0,
            number <= 100
        else {
            issues.add(place(issues), "\(what) is a percentage over 0% and up to 100%, such as 2.5%, not \(text)")
            return nil
        }
        return number / 100
    }

    /// `250ms`, `2s`, `5m`, `1h`.
    func duration(_ issues: Issues, what: String) -> Duration? {
        guard let text = string(issues, what: what) else { return nil }
        guard let duration = Duration(unit: text) else {
            issues.add(place(issues), "\(what) is a duration with a unit (250ms, 2s, 5m, 1h), not \(text)")
            return nil
        }
        return duration
    }

    /// `40ms`, `1s..3s`, or one of the distributions by name.
    func spread(_ issues: Issues, what: String) -> Spread? {
        if case .mapping = self { return distribution(issues, what: what) }
        guard let text = string(issues, what: what) else { return nil }
        let ends = text.split(separator: "..", omittingEmptySubsequences: false).map { Duration(unit: String($0)) }
        switch ends.count {
        case 1: if let only = ends[0] { return .fixed(only) }
        case 2: if let lower = ends[0], let upper = ends[1], lower <= upper { return .uniform(lower, upper) }
        default: break
        }
        issues.add(place(issues), "\(what) is a duration (40ms) or a range of them (1s..3s), not \(text)")
        return nil
    }

    private func distribution(_ issues: Issues, what: String) -> Spread? {
        var reader = MapReader(self, issues)
        defer { reader.refuseUnknownKeys() }
        let found: [Spread?] = [
            reader.map("normal") { normal in
                let mean = normal.duration("mean", required: true)
                let deviation = normal.duration("deviation", required: true)
                return mean.flatMap { mean in deviation.map { .normal(mean: mean, deviation: $0) } }
            } ?? nil,
            reader.map("lognormal") { lognormal in
                let median = lognormal.duration("p50", required: true)
                let p99 = lognormal.duration("p99", required: true)
                guard let median, let p99 else { return nil }
                guard median > .zero, p99 >= median else {
                    issues.add(lognormal.place, "p50 is over 0, and p99 is not below it")
                    return nil
                }
                return .lognormal(median: median, p99: p99)
            } ?? nil,
            reader.map("bimodal") { bimodal in
                let fast = bimodal.spread("fast", required: true)
                let slow = bimodal.spread("slow", required: true)
                let chance = bimodal.integer("slowPercent", in: 0...100, required: true)
                guard let fast, let slow, let chance else { return nil }
                return .pick([
                    Spread.Choice(weight: 100 - chance, value: fast), Spread.Choice(weight: chance, value: slow),
                ])
            } ?? nil,
            choices(&reader),
        ]
        let given = ["normal", "lognormal", "bimodal", "pick"].filter(reader.has)
        guard given.count == 1 else {
            issues.add(place(issues), "\(what) is a duration, or one of normal, lognormal, bimodal and pick")
            return nil
        }
        return found.compactMap { $0 }.first
    }

    private func choices(_ reader: inout MapReader) -> Spread? {
        guard reader.has("pick") else { return nil }
        let place = reader.place
        let choices = reader.list("pick") { [issues = reader.issues] node -> Spread.Choice? in
            var choice = MapReader(node, issues)
            defer { choice.refuseUnknownKeys() }
            let weight = choice.integer("weight", in: 0...1_000_000) ?? 1
            return choice.spread("value", required: true).map { Spread.Choice(weight: weight, value: $0) }
        }
        guard choices.contains(where: { $0.weight > 0 }) else {
            reader.issues.add(place, "the weights sum to 0: nothing can be picked")
            return nil
        }
        return .pick(choices)
    }
}
