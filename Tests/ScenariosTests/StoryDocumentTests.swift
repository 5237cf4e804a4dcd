import FakeCloud
import Foundation
import Testing

@testable import Scenarios

@Suite struct StoryDocumentTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("scenarios")

    private func document(_ text: String) throws -> StoryDocument {
        try StoryDocument(parsing: Array(text.utf8), file: "s.yaml")
    }

    @Test("what is written reads as the same document, and the same story, for every story of the library")
    func library() throws {
        let names = try FileManager.default.subpathsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".yaml") && !$0.hasSuffix(StoryParts.suffix)
        }
        #expect(names.count > 5)
        let parts = StoryParts { [UInt8](try Data(contentsOf: Self.folder.appendingPathComponent($0))) }
        for name in names {
            let bytes = try Data(contentsOf: Self.folder.appendingPathComponent(name))
            let once = try StoryDocument(parsing: bytes, file: name, parts: parts)
            let again = try document(once.yaml)
            #expect(again.yaml == once.yaml, "\(name)")
            let story = try Scenario(parsing: bytes, file: name, standardCloud: .standard, parts: parts)
            let rewritten = try Scenario(parsing: Array(once.yaml.utf8), file: name, standardCloud: .standard)
            #expect(
                story.users.map(\.script).map { $0.map(\.action) }
                    == rewritten.users.map(\.script).map { $0.map(\.action) })
            #expect(story.expectations.sockets.map(\.sequence) == rewritten.expectations.sockets.map(\.sequence))
        }
    }

    @Test(
        "texts that YAML would take for something else stay what they are",
        arguments: [
            "", "a: b", "- a", "${vm}", "*", "vm-*", "No valid host was found. ", "\"", "a\nb", "#", "10%", "-5s",
        ])
    func texts(text: String) throws {
        let document: StoryDocument = ["key": .text(text, isQuoted: true)]
        #expect(try self.document(document.yaml)["key"]?.text == text)
    }

    @Test("a text that was quoted is no number, and one that was not may be")
    func quotes() throws {
        let document = try document("{ a: 5, b: \"5\" }")
        #expect(document["a"] == .text("5", isQuoted: false) && document["b"] == .text("5", isQuoted: true))
        #expect(try self.document(document.yaml) == document)
    }

    @Test("what is set is found, and maps that are missing are made")
    func paths() throws {
        var document: StoryDocument = ["a": "1"]
        document[["b", "c", "d"]] = "2"
        document.append("x", to: ["b", "list"])
        document.append("y", to: ["b", "list"])
        document["a"] = nil
        #expect(document == ["b": ["c": ["d": "2"], "list": ["x", "y"]]])
    }
}
