import Runtime
import Testing

@Suite struct JSONValueTests {
    @Test("canonical JSON does not depend on the order of keys, spaces or the way a number is written")
    func canonicalText() throws {
        let one = try JSONValue(parsing: #"{"b": [1.0, 2.5, null], "a": {"y": true, "x": "é\n\u0001"}}"#.utf8)
        let other = try JSONValue(parsing: #"{"a":{"x":"é\n\u0001","y":true},"b":[1,2.50,null]}"#.utf8)
        #expect(one.description == other.description)
        #expect(one.description == #"{"a":{"x":"é\n\u0001","y":true},"b":[1,2.5,null]}"#)
    }

    @Test("what is not JSON is refused", arguments: ["", "{", "{\"a\":}", "nul", "{\"a\":1}x", "'a'"])
    func refusal(text: String) {
        #expect(throws: (any Error).self) { try JSONValue(parsing: text.utf8) }
    }

    @Test("all mistakes of a body are named at once, with their place")
    func fieldErrors() {
        var reader = FieldReader(["name": 7, "spec": ["size": "big", "colour": "red"], "extra": true])
        _ = reader.string("name", length: 1...10)
        _ = reader.string("region", length: 1...10)
        _ = reader.object("spec") { $0.integer("size", in: 1...10) }
        reader.refuseUnknownFields()
        #expect(
            reader.errors.map { "\($0.pointer) \($0.code)" } == [
                "/name WRONG_TYPE", "/region REQUIRED", "/spec/size WRONG_TYPE", "/spec/colour UNKNOWN_FIELD",
                "/extra UNKNOWN_FIELD",
            ])
    }

    @Test(
        "texts are held to their bounds",
        arguments: [("", "REQUIRED"), ("abcd", "TOO_LONG"), ("a\u{7}", "INVALID_CHARACTER")])
    func textBounds(text: String, code: String) {
        var reader = FieldReader(["name": .string(text)])
        #expect(reader.string("name", length: 1...3) == nil)
        #expect(reader.errors.map(\.code) == [code])
    }
}
