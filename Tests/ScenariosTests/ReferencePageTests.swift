import FakeCloud
import Foundation
import Runtime
import Testing

@testable import Scenarios

/// scenarios/README.md against the parser.
@Suite struct ReferencePageTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func page() throws -> String {
        try String(contentsOf: Self.root.appendingPathComponent("scenarios/README.md"), encoding: .utf8)
    }

    @Test("every key that the parser asks for is on the page")
    func keys() throws {
        let page = try page()
        let folder = Self.root.appendingPathComponent("Sources/Scenarios")
        var keys: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let source = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            let asked = source.matches(
                of: /\.(?:node|map|list|entries|string|word|integer|bool|duration|spread|instant)\(\s*"(\w+)"/)
            keys.formUnion(asked.map { String($0.1) })
        }
        #expect(keys.count > 40, "the keys were not found")
        let missing = keys.filter { !page.contains("`\($0)`") }.sorted()
        #expect(missing == [])
    }

    @Test("every step, operation, crash point and resource is on the page")
    func words() throws {
        let page = try page()
        let words =
            StepReader.verbs + CloudReader.operations + CloudReader.resources + CrashPoint.allCases.map(\.rawValue)
            + ScenarioReader.statuses + CloudReader.services + DeedReader.acts
        #expect(words.filter { !page.contains("`\($0)`") } == [])
    }

    @Test("the operations of the language are those of the fake")
    func operations() {
        #expect(Set(CloudReader.operations) == Set(CloudOperation.allCases.map(\.rawValue)))
    }

    @Test("the examples on the page are read without a mistake")
    func examples() throws {
        let served = Self.root.appendingPathComponent("scenarios/in-a-browser.md")
        let text = try page() + String(contentsOf: served, encoding: .utf8)
        let examples = text.matches(of: /(?s)```yaml\n(scenario:.*?)```/)
        #expect(examples.count >= 3)
        for example in examples {
            let bytes = Array(example.1.utf8)
            #expect(throws: Never.self) {
                try Scenario(parsing: bytes, file: "README.md", standardCloud: .standard)
            }
        }
    }
}
