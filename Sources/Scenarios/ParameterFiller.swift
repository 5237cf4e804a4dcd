import Yams

/// Puts the values of parameters into a story, and leaves out what is only for other values.
///
/// `${name}` stands for the value; where it is all of a text, the value may be a list or a mapping. What is not the name
/// of a parameter stays as it is: a story also writes `${label}` for the id of a deployment.
struct ParameterFiller {
    /// How much text a story may be once its parameters are in it.
    private static let mostText = 16 << 20

    let issues: Issues
    let values: [String: Node]
    private(set) var used: Set<String> = []
    private var textLeft = Self.mostText
    private var valuesLeft = YAMLDocument.mostValues
    private var isFull = false

    init(issues: Issues, values: [String: Node]) {
        self.issues = issues
        self.values = values
    }

    mutating func fill(_ node: Node) -> Node {
        guard spend(node) else { return node }
        switch node {
        case .alias: return node
        case .scalar(let scalar): return fill(scalar)
        case .sequence(let items):
            return .sequence(
                Node.Sequence(items.flatMap { item in fill(item: item) }, items.tag, items.style, items.mark))
        case .mapping(let pairs):
            return Node.Mapping(pairs.map { ($0.key, fill($0.value)) }, pairs.tag, pairs.style, pairs.mark).asNode
        }
    }

    private mutating func spend(_ node: Node) -> Bool {
        valuesLeft -= 1
        if valuesLeft < 0, !isFull {
            isFull = true
            issues.add(node.place(issues), "the story has more than \(YAMLDocument.mostValues) values")
        }
        return !isFull
    }

    private mutating func fill(_ scalar: Node.Scalar) -> Node {
        guard scalar.string.contains("${") else { return .scalar(scalar) }
        if let whole = scalar.string.wholeMatch(of: /\$\{([^}]*)\}/), let value = values[String(whole.1)] {
            used.insert(String(whole.1))
            guard case .scalar(let text) = value else { return count(value) }
            var filled = Node.Scalar(text.string, scalar.tag, text.style, scalar.mark)
            // A number that was written in quotes for the sake of the braces is one all the same.
            if filled.style != .plain, text.style == .any { filled.style = .plain }
            return count(.scalar(filled))
        }
        var (text, rest) = ("", Substring(scalar.string))
        while let found = rest.firstMatch(of: /\$\{([^}]*)\}/) {
            text += rest[..<found.range.lowerBound]
            if let value = values[String(found.1)]?.scalar {
                used.insert(String(found.1))
                text += value.string
            } else {
                text += found.0
            }
            rest = rest[found.range.upperBound...]
            guard text.utf8.count <= textLeft else { break }
        }
        return count(.scalar(Node.Scalar(text + rest, scalar.tag, scalar.style, scalar.mark)))
    }

    /// Counts the texts and values that were put in.
    private mutating func count(_ node: Node) -> Node {
        switch node {
        case .scalar(let scalar):
            textLeft -= scalar.string.utf8.count
            if textLeft < 0, !isFull {
                isFull = true
                issues.add(node.place(issues), "the story has more than \(Self.mostText >> 20) MiB of text")
            }
        case .sequence(let items): for item in items where spend(item) { _ = count(item) }
        case .mapping(let pairs): for pair in pairs where spend(pair.value) { _ = count(pair.value) }
        case .alias: break
        }
        return node
    }

    // Items that are only for some values.

    private static let conditions = ["only-if", "unless"]

    private mutating func fill(item: Node) -> [Node] {
        guard case .mapping(let mapping) = item else { return [fill(item)] }
        let isConditional = mapping.contains { Self.conditions.contains($0.key.scalar?.string ?? "") }
        guard isConditional else { return [fill(item)] }
        var rest: [(Node, Node)] = []
        var (isIn, steps) = (true, [Node]?.none)
        for (key, value) in mapping {
            switch key.scalar?.string {
            case "only-if"?: if !holds(value) { isIn = false }
            case "unless"?: if holds(value) { isIn = false }
            case "do"?:
                guard case .sequence(let items) = value else {
                    issues.add(value.place(issues), "do is a list")
                    continue
                }
                steps = items.flatMap { fill(item: $0) }
            default: rest.append((key, fill(value)))
            }
        }
        if let steps {
            if let extra = rest.first {
                issues.add(extra.0.place(issues), "\(extra.0.scalar?.string ?? "") belongs into the list that do has")
            }
            return isIn ? steps : []
        }
        if rest.isEmpty {
            issues.add(item.place(issues), "only-if and unless are of something: it is missing, or a do")
        }
        return isIn ? [Node.Mapping(rest, mapping.tag, mapping.style, mapping.mark).asNode] : []
    }

    /// Whether all parameters have the values, or one of them.
    private mutating func holds(_ condition: Node) -> Bool {
        var reader = MapReader(condition, issues)
        let entries = reader.allEntries()
        if entries.isEmpty { issues.add(condition.place(issues), "which parameter has which value?") }
        var holds = true
        for entry in entries {
            guard let value = values[entry.name] else {
                issues.add(
                    entry.place,
                    "no parameter is called \(entry.name)\(suggestion(entry.name, values.keys.sorted()))")
                continue
            }
            used.insert(entry.name)
            var wanted: [Node] = [entry.node]
            if case .sequence(let items) = entry.node { wanted = Array(items) }
            if !wanted.contains(where: { $0.json == value.json || $0.scalar?.string == value.scalar?.string }) {
                holds = false
            }
        }
        return holds
    }
}
