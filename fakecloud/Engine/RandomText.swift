import OrderedCollections
import Runtime

/// What an `OS::Heat::RandomString` is to be made of (Heat, `password_gen.generate_password`).
struct RandomText {
    private let length: Int
    /// Sets of characters, each with how many of it there are at least.
    private let parts: [(characters: [Character], least: Int)]

    /// - Parameter properties: of the resource, with all functions carried out.
    init(_ properties: [String: JSONValue]) {
        func parts(_ items: [JSONValue], _ key: String, _ characters: (String) -> String) -> [([Character], Int)] {
            items.map { (Array(characters($0[key]?.string ?? "")), $0["min"]?.integer ?? 1) }
        }
        length = properties["length"]?.integer ?? 32
        // The one class of before, and what there is where nothing is said.
        let one: [JSONValue] = [["class": properties["sequence"] ?? "lettersdigits"]]
        let classes = properties["sequence"] == nil ? properties["character_classes"]?.array ?? one : one
        self.parts =
            parts(properties["character_sequences"]?.array ?? [], "sequence") { $0 }
            + parts(classes, "class") { Self.classes[$0] ?? "" }
    }

    private static let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    private static let lower = "abcdefghijklmnopqrstuvwxyz"
    private static let digits = "0123456789"
    private static let classes = [
        "lettersdigits": upper + lower + digits, "letters": upper + lower, "lowercase": lower, "uppercase": upper,
        "digits": digits, "hexdigits": digits + "ABCDEF", "octdigits": "01234567",
    ]

    func draw(from random: RandomSource) -> String {
        func one(of characters: [Character]) -> Character { characters[random.index(below: characters.count)] }
        let all = Array(OrderedSet(parts.flatMap(\.characters)))
        guard !all.isEmpty else { return "" }
        var text = parts.flatMap { part in (0..<part.least).map { _ in one(of: part.characters) } }
        while text.count < length { text.append(one(of: all)) }
        for index in text.indices.dropFirst().reversed() { text.swapAt(index, random.index(below: index + 1)) }
        return String(text.prefix(length))
    }
}
