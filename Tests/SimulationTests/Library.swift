import FakeCloud
import Foundation
import Scenarios
import Simulation

/// The stories of the library, as a folder of files.
enum Library {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("scenarios")

    static let names: [String] = {
        let files = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
        return files.filter { $0.hasSuffix(".yaml") && !$0.hasSuffix(StoryParts.suffix) }.sorted()
    }()

    static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    /// Parts of the library's stories, from the disk.
    static let parts = StoryParts { path in
        [UInt8](try Data(contentsOf: folder.appendingPathComponent(path)))
    }

    /// Of one with a matrix the first combination.
    static func story(_ name: String) throws -> Scenario { try matrix(name)[0] }

    /// All combinations of a story's matrix.
    static func matrix(_ name: String) throws -> [Scenario] {
        try Scenario.all(parsing: Array(text(name).utf8), file: name, standardCloud: .standard, parts: parts)
    }

    static func story(text: String, file: String = "story.yaml") throws -> Scenario {
        try Scenario(parsing: Array(text.utf8), file: file, standardCloud: .standard)
    }
}

extension RunOutcome {
    var report: String { failures.map(\.description).joined(separator: "\n") }
}
