import Yams

/// A scenario file as its values, in the order of the file: what an explorer varies and a shrinker takes apart.
///
/// It knows nothing of the language, so what the language learns can be varied and shrunk at once. Comments, anchors,
/// parts and parameters are resolved, and gone.
public indirect enum StoryDocument: Equatable, Sendable {
    /// - isQuoted: whether it must not be read as a number, a truth value or nothing.
    case text(String, isQuoted: Bool)
    case list([StoryDocument])
    case map([Member])

    public struct Member: Equatable, Sendable {
        public var key: String
        public var value: StoryDocument

        public init(_ key: String, _ value: StoryDocument) {
            self.key = key
            self.value = value
        }
    }

    /// Reads a scenario file, without looking at what it says; of one with a matrix the first combination.
    ///
    /// - Parameter parts: where the files are that it uses.
    /// - Throws: ``ScenarioErrors`` for what is no YAML, or past the limits of a file.
    public init(
        parsing bytes: some Collection<UInt8>, file: String, parts: StoryParts = .none
    ) throws(ScenarioErrors) {
        self.init(try StorySource(bytes, file: file, parts: parts).firstCell().node)
    }

    private init(_ node: Node) {
        switch node {
        case .alias: self = .text("null", isQuoted: false)
        case .scalar(let scalar): self = .text(scalar.string, isQuoted: scalar.style != .plain && scalar.style != .any)
        case .sequence(let items): self = .list(items.map(Self.init))
        case .mapping(let pairs):
            self = .map(pairs.map { Member($0.key.scalar?.string ?? "", Self($0.value)) })
        }
    }
}

extension StoryDocument: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral text: String) { self = .text(text, isQuoted: false) }
    public init(arrayLiteral items: StoryDocument...) { self = .list(items) }
    public init(dictionaryLiteral members: (String, StoryDocument)...) {
        self = .map(members.map { Member($0.0, $0.1) })
    }
}

// Looking and changing.

extension StoryDocument {
    public var members: [Member] { if case .map(let members) = self { members } else { [] } }
    public var items: [StoryDocument] { if case .list(let items) = self { items } else { [] } }
    public var text: String? { if case .text(let text, _) = self { text } else { nil } }

    /// The value of a key of a map. Setting it adds the key at the end where it is not there, and nil removes it.
    public subscript(key: String) -> StoryDocument? {
        get { members.first { $0.key == key }?.value }
        set {
            var members = members
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(key, value))
            case (nil, nil): break
            }
            self = .map(members)
        }
    }

    /// The value behind several keys, one in the other. Setting it makes the maps that are missing.
    public subscript(path: [String]) -> StoryDocument? {
        get { path.reduce(self) { $0?[$1] } }
        set {
            guard let key = path.first else {
                if let newValue { self = newValue }
                return
            }
            var inner = self[key] ?? .map([])
            if path.count == 1 {
                self[key] = newValue
            } else {
                inner[Array(path.dropFirst())] = newValue
                self[key] = inner
            }
        }
    }

    /// Adds to the list behind several keys, which is made where it is missing.
    public mutating func append(_ item: StoryDocument, to path: [String]) {
        self[path] = .list((self[path]?.items ?? []) + [item])
    }
}

// Writing.

extension StoryDocument {
    /// The document as YAML that reads as the same document.
    public var yaml: String {
        var lines: [String] = []
        write(indent: "", to: &lines)
        return lines.joined(separator: "\n") + "\n"
    }

    /// Flow style, where the value is short enough for one line.
    private static let widest = 100

    private func write(indent: String, to lines: inout [String]) {
        switch self {
        case .text: lines.append(indent + flow)
        case .list(let items):
            for item in items {
                let flow = item.flow
                if indent.count + flow.count + 2 <= Self.widest || item.isEmpty {
                    lines.append(indent + "- " + flow)
                } else {
                    var inner: [String] = []
                    item.write(indent: indent + "  ", to: &inner)
                    inner[0] = indent + "- " + inner[0].dropFirst(indent.count + 2)
                    lines += inner
                }
            }
        case .map(let members):
            for member in members {
                let key = indent + Self.scalar(member.key, isQuoted: false) + ":"
                let flow = member.value.flow
                // The parts of a story are under one another even where they are short.
                let isBlock = indent.isEmpty && member.value.text == nil && !member.value.isEmpty
                if !isBlock, key.count + flow.count + 1 <= Self.widest || member.value.isEmpty {
                    lines.append(key + " " + flow)
                } else if member.value.text != nil {
                    lines.append(key + " " + flow)
                } else {
                    lines.append(key)
                    member.value.write(indent: indent + "  ", to: &lines)
                }
            }
        }
    }

    private var isEmpty: Bool {
        switch self {
        case .text: false
        case .list(let items): items.isEmpty
        case .map(let members): members.isEmpty
        }
    }

    private var flow: String {
        switch self {
        case .text(let text, let isQuoted): Self.scalar(text, isQuoted: isQuoted)
        case .list(let items): "[" + items.map(\.flow).joined(separator: ", ") + "]"
        case .map(let members) where members.isEmpty: "{}"
        case .map(let members):
            "{ "
                + members.map { Self.scalar($0.key, isQuoted: false) + ": " + $0.value.flow }.joined(separator: ", ")
                + " }"
        }
    }

    /// Whether a text reads as itself without quotes. Made of bytes, since a story is written for every run of an
    /// exploration.
    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text != "-", !text.hasPrefix("- ") else {
            return false
        }
        guard isPlainByte(first), first != UInt8(ascii: "*"), last != UInt8(ascii: " "), last != UInt8(ascii: ":")
        else { return false }
        var wasColon = false
        for byte in text.utf8 {
            guard isPlainByte(byte) || byte == UInt8(ascii: " ") || byte == UInt8(ascii: ":") else { return false }
            if wasColon, byte == UInt8(ascii: " ") { return false }
            wasColon = byte == UInt8(ascii: ":")
        }
        return true
    }

    private static func isPlainByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "_./$~+-*".utf8.contains(byte)
        }
    }

    private static func scalar(_ text: String, isQuoted: Bool) -> String {
        guard isQuoted || !isPlain(text) else { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                quoted += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
