import Yams

/// A story as it was written, put together: with the parts that it uses in it, and a place for its parameters.
///
/// What it puts together is bounded like a file: a few lines that stand for gigabytes are refused.
struct StorySource {
    static let mostParts = 32
    static let mostCells = 10_000

    private let issues: Issues
    private let node: Node
    /// By name, those of ``matrix`` with their first value.
    private let defaults: [String: Node]
    /// Where they are written.
    private let places: [String: Place]
    private let matrix: [(name: String, values: [Node])]

    /// Reads a file and its parts.
    ///
    /// - Parameters:
    ///   - overrides: texts for parameters, instead of those in the file.
    /// - Throws: ``ScenarioErrors``.
    init(
        _ bytes: some Collection<UInt8>, file: String, parts: StoryParts, overrides: [String: String] = [:]
    ) throws(ScenarioErrors) {
        issues = Issues(file: file)
        var loader = PartLoader(issues: issues, parts: parts)
        let whole = try loader.load(Array(bytes), file: file, chain: [])
        try issues.check()
        var defaults: [String: Node] = [:]
        var places: [String: Place] = [:]
        var matrix: [(name: String, values: [Node])] = []
        let names = ParameterReader(issues: issues)
        for (name, value) in names.entries("params", of: whole) {
            defaults[name.text] = value
            places[name.text] = name.place
        }
        for (name, value) in names.entries("matrix", of: whole) {
            if defaults[name.text] != nil { issues.add(name.place, "\(name.text) is in params and in matrix") }
            let values = names.values(of: name.text, value)
            defaults[name.text] = values.first
            places[name.text] = name.place
            matrix.append((name.text, values))
        }
        for (name, text) in overrides.sorted(by: { $0.key < $1.key }) {
            guard defaults[name] != nil else {
                issues.add(
                    whole.place(issues), "no parameter is called \(name)\(suggestion(name, defaults.keys.sorted()))")
                continue
            }
            defaults[name] = Node(text, .implicit, .plain)
            matrix.removeAll { $0.name == name }
        }
        if matrix.reduce(1, { min($0 * max(1, $1.values.count), Self.mostCells + 1) }) > Self.mostCells {
            issues.add(whole.place(issues), "the matrix has more than \(Self.mostCells) combinations")
        }
        try issues.check()
        node = whole.without(["params", "matrix"])
        self.defaults = defaults
        self.places = places
        self.matrix = matrix
    }

    /// One for each combination of the matrix, in the order of the file; one where there is none.
    ///
    /// - Throws: ``ScenarioErrors``.
    func cells() throws(ScenarioErrors) -> [Cell] {
        var combinations: [[Node]] = [[]]
        for (_, values) in matrix { combinations = combinations.flatMap { chosen in values.map { chosen + [$0] } } }
        var cells: [Cell] = []
        for combination in combinations { cells.append(try cell(combination)) }
        return cells
    }

    /// The first of ``cells()``.
    func firstCell() throws(ScenarioErrors) -> Cell {
        try cell(matrix.compactMap(\.values.first))
    }

    /// One combination of the matrix.
    struct Cell {
        let node: Node
        /// What the matrix says, in the order of the file.
        let parameters: [Scenario.Parameter]
    }

    private func cell(_ combination: [Node]) throws(ScenarioErrors) -> Cell {
        var values = defaults
        for (index, value) in combination.enumerated() { values[matrix[index].name] = value }
        var filler = ParameterFiller(issues: issues, values: values)
        let filled = filler.fill(node)
        for name in defaults.keys.sorted() where !filler.used.contains(name) {
            issues.add(places[name] ?? node.place(issues), "nothing uses the parameter \(name)")
        }
        try issues.check()
        return Cell(
            node: filled,
            parameters: zip(matrix, combination).map {
                Scenario.Parameter(name: $0.name, value: $1.scalar?.string ?? "\($1.json)")
            })
    }
}

/// Loads a file with what it uses.
private struct PartLoader {
    let issues: Issues
    let parts: StoryParts
    private var count = 0

    init(issues: Issues, parts: StoryParts) {
        self.issues = issues
        self.parts = parts
    }

    /// - Parameter chain: the files that lead here.
    mutating func load(_ bytes: [UInt8], file: String, chain: [String]) throws(ScenarioErrors) -> Node {
        var node = try YAMLDocument.node(bytes, file: file, what: chain.isEmpty ? "a scenario" : "a part")
        if !chain.isEmpty { node = node.marked(as: issues.mark(of: file)) }
        guard case .mapping(let mapping) = node, let use = mapping.first(where: { $0.key.scalar?.string == "use" })
        else { return node }
        var whole: Node?
        for item in paths(use.value) {
            let place = item.place(issues)
            guard let text = item.string(issues, what: "use") else { continue }
            guard let path = StoryParts.path(of: text, from: file) else {
                issues.add(place, "a part is named by its path from this file, not \(text)")
                continue
            }
            guard !(chain + [file]).contains(path) else {
                issues.add(place, "\(path) uses itself")
                continue
            }
            count += 1
            guard count <= StorySource.mostParts else {
                issues.add(place, "a story uses at most \(StorySource.mostParts) parts")
                break
            }
            let read: [UInt8]
            do {
                read = try parts.bytes(path)
            } catch {
                issues.add(place, "cannot read \(path): \(error)")
                continue
            }
            let part = try load(read, file: path, chain: chain + [file])
            whole = whole?.merged(with: part) ?? part
        }
        try issues.check()
        let own = node.without(["use"])
        return whole?.merged(with: own) ?? own
    }

    private func paths(_ node: Node) -> [Node] {
        if case .sequence(let items) = node { return Array(items) }
        issues.add(node.place(issues), "use is a list of files")
        return []
    }
}

/// Reads what a story calls its parameters.
private struct ParameterReader {
    let issues: Issues

    func entries(_ key: String, of root: Node) -> [((text: String, place: Place), Node)] {
        guard case .mapping(let mapping) = root, let found = mapping.first(where: { $0.key.scalar?.string == key })
        else { return [] }
        var reader = MapReader(found.value, issues)
        return reader.allEntries().map { entry in
            if entry.name.wholeMatch(of: /[A-Za-z][A-Za-z0-9_-]{0,63}/) == nil {
                issues.add(entry.place, "a parameter has a name of letters, digits, - and _, not \(entry.name)")
            }
            return ((entry.name, entry.place), entry.node)
        }
    }

    func values(of name: String, _ node: Node) -> [Node] {
        guard case .sequence(let items) = node, !items.isEmpty else {
            issues.add(node.place(issues), "\(name) is a list of values, of which each makes runs of its own")
            return []
        }
        return Array(items)
    }
}

extension Node {
    fileprivate func without(_ keys: [String]) -> Node {
        guard case .mapping(let mapping) = self else { return self }
        return Node.Mapping(
            mapping.filter { !keys.contains($0.key.scalar?.string ?? "") }.map { ($0.key, $0.value) }, mapping.tag,
            mapping.style, mapping.mark
        ).asNode
    }

    /// Mappings are merged and lists joined; else what comes last holds.
    fileprivate func merged(with other: Node) -> Node {
        switch (self, other) {
        case (.mapping(let base), .mapping(let over)):
            var pairs = base.map { ($0.key, $0.value) }
            for (key, value) in over {
                if let index = pairs.firstIndex(where: { $0.0.scalar?.string == key.scalar?.string }) {
                    pairs[index] = (key, pairs[index].1.merged(with: value))
                } else {
                    pairs.append((key, value))
                }
            }
            return Node.Mapping(pairs, over.tag, over.style, over.mark).asNode
        case (.sequence(let base), .sequence(let over)):
            return .sequence(Node.Sequence(Array(base) + Array(over), over.tag, over.style, over.mark))
        default: return other
        }
    }

    /// The same values, as those of another file.
    fileprivate func marked(as tag: Tag) -> Node {
        switch self {
        case .scalar(var scalar):
            scalar.tag = tag
            return .scalar(scalar)
        case .sequence(let items):
            return .sequence(Node.Sequence(items.map { $0.marked(as: tag) }, tag, items.style, items.mark))
        case .mapping(let pairs):
            return Node.Mapping(
                pairs.map { ($0.key.marked(as: tag), $0.value.marked(as: tag)) }, tag, pairs.style, pairs.mark
            ).asNode
        case .alias: return self
        }
    }
}

extension Node.Mapping {
    var asNode: Node { .mapping(self) }
}
