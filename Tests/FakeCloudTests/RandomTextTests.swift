import Runtime
import Testing

@testable import FakeCloud

/// What random strings are made of.
struct RandomTextTests {
    private static func draws(_ properties: [String: JSONValue]) -> [String] {
        let random = RandomSource(seed: 1)
        return (0..<50).map { _ in RandomText(properties).draw(from: random) }
    }

    @Test("A random string has 32 letters and digits where nothing is said")
    func plain() {
        for text in Self.draws([:]) { #expect(text.wholeMatch(of: /[A-Za-z0-9]{32}/) != nil, "\(text)") }
    }

    @Test("A random string has of each class and sequence as many characters as are asked for, and no others")
    func classesAndSequences() {
        let properties: [String: JSONValue] = [
            "length": 8, "character_classes": [["class": "digits", "min": 3]],
            "character_sequences": [["sequence": "-_"], ["sequence": "x", "min": 2]],
        ]
        let texts = Self.draws(properties)
        for text in texts {
            #expect(text.wholeMatch(of: /[0-9x_-]{8}/) != nil, "\(text)")
            #expect(text.count(where: \.isNumber) >= 3)
            #expect(text.count { $0 == "x" } >= 2)
            #expect(text.contains { $0 == "-" || $0 == "_" })
        }
        #expect(Set(texts.map { $0.first }).count > 2, "the order is drawn too")
    }

    @Test(
        "Each class has its characters",
        arguments: [
            ("letters", "[A-Za-z]+"), ("lowercase", "[a-z]+"), ("uppercase", "[A-Z]+"), ("hexdigits", "[0-9A-F]+"),
            ("octdigits", "[0-7]+"),
        ] as [(JSONValue, String)])
    func classes(name: JSONValue, pattern: String) throws {
        for text in Self.draws(["character_classes": [["class": name]]]) + Self.draws(["sequence": name]) {
            #expect(try text.wholeMatch(of: Regex(pattern)) != nil, "\(text)")
        }
    }
}
