import Runtime
import Testing

@testable import Deployments

@Suite struct IdempotencyHeaderTests {
    @Test(
        "a key is bare or a quoted string (S2.1)",
        arguments: [
            ("k-1", "k-1"), ("k 1", "k 1"), (#"a\b"#, #"a\b"#), ("\"k 1\"", "k 1"), (#""a\"b""#, "a\"b"),
            (#""a\\""#, #"a\"#), (#""a\\\"b""#, #"a\"b"#), ("~", "~"),
        ])
    func key(header: String, key: String) throws {
        #expect(try IdempotencyHeader(parsing: header).key == key)
    }

    @Test("a key has 1 to 255 characters")
    func longest() throws {
        let key = String(repeating: "k", count: 255)
        #expect(try IdempotencyHeader(parsing: key).key == key)
        #expect(try IdempotencyHeader(parsing: "\"" + key + "\"").key == key)
        #expect(throws: DeploymentError.invalidIdempotencyKey) { try IdempotencyHeader(parsing: key + "k") }
    }

    @Test(
        "a key that is empty, not closed, wrongly escaped or not printable ASCII is refused",
        arguments: [
            "", "\"\"", "\"", "\"open", #""a\""#, #""a\\"b""#, #""a\x""#, "\"a\"b\"", "schlüssel", "a\tb", "a\u{7F}",
        ])
    func badKey(header: String) {
        #expect(throws: DeploymentError.invalidIdempotencyKey) { try IdempotencyHeader(parsing: header) }
    }

    @Test(
        "the fingerprint is of the meaning of a body, not of its spelling (S2.2)",
        arguments: [
            #"{"a":"x","b":20}"#, #"{ "b" : 20.0, "a" : "x" }"#, #"{"b":2e1,"a":"\u0078"}"#,
            "{\n\"b\":20.00,\"a\":\"x\"}",
        ])
    func sameMeaning(text: String) throws {
        let body = try JSONValue(parsing: text.utf8)
        #expect(
            IdempotencyHeader.fingerprint(of: body)
                == "8c61de160658563d745f44d9c115ad7e025e17ca219d026f63de4e147d449b19")
    }

    @Test(
        "another meaning has another fingerprint",
        arguments: [
            #"{"a":"x","b":21}"#, #"{"a":"x","b":"20"}"#, #"{"a":"x"}"#, #"{"a":"x","b":20,"c":null}"#,
            #"{"a":"X","b":20}"#, #"[{"a":"x","b":20}]"#, #"{"a":"x","b":20.5}"#,
        ])
    func otherMeaning(text: String) throws {
        let body = try JSONValue(parsing: text.utf8)
        #expect(IdempotencyHeader.fingerprint(of: body) != IdempotencyHeader.fingerprint(of: ["a": "x", "b": 20]))
    }
}
