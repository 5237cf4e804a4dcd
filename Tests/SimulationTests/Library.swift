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
        return files.filter { $0.hasSuffix(".yaml") }.sorted()
    }()

    static func text(_ name: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
    }

    static func story(_ name: String) throws -> Scenario {
        try story(text: text(name), file: name)
    }

    static func story(text: String, file: String = "story.yaml") throws -> Scenario {
        try Scenario(parsing: Array(text.utf8), file: file, standardCloud: .standard)
    }
}

extension RunOutcome {
    var report: String { failures.map(\.description).joined(separator: "\n") }
}
