import Runtime
import Yams

extension Scenario {
    /// Reads a scenario file. Of one with a matrix it is the first combination.
    ///
    /// - Parameters:
    ///   - bytes: of UTF-8 text, at most 1 MiB.
    ///   - file: its name, for messages, and for the paths of its parts.
    ///   - standardCloud: what holds where the file says nothing of the cloud.
    ///   - parts: where the files are that it uses.
    /// - Throws: ``ScenarioErrors`` with all that is wrong.
    public init(
        parsing bytes: some Collection<UInt8>, file: String, standardCloud: CloudScenario, parts: StoryParts = .none
    ) throws(ScenarioErrors) {
        let cell = try StorySource(bytes, file: file, parts: parts).firstCell()
        self = try Self.read(cell, file: file, standardCloud: standardCloud)
    }

    /// Reads a scenario file: a story for each combination of its matrix, in the order of the file.
    ///
    /// - Parameter overrides: texts for parameters, instead of those in the file.
    /// - Throws: ``ScenarioErrors``.
    public static func all(
        parsing bytes: some Collection<UInt8>, file: String, standardCloud: CloudScenario, parts: StoryParts,
        overrides: [String: String] = [:]
    ) throws(ScenarioErrors) -> [Scenario] {
        var stories: [Scenario] = []
        for cell in try StorySource(bytes, file: file, parts: parts, overrides: overrides).cells() {
            stories.append(try read(cell, file: file, standardCloud: standardCloud))
        }
        return stories
    }

    private static func read(
        _ cell: StorySource.Cell, file: String, standardCloud: CloudScenario
    ) throws(ScenarioErrors) -> Scenario {
        var scenario = try YAMLDocument.read(cell.node, file: file) { root in
            ScenarioReader(issues: root.issues).read(&root, standardCloud: standardCloud)
        }
        scenario.parameters = cell.parameters
        return scenario
    }
}
