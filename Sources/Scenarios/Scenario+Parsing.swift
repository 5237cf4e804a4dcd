import Runtime
import Yams

extension Scenario {
    /// Reads a scenario file.
    ///
    /// - Parameters:
    ///   - bytes: of UTF-8 text, at most 1 MiB.
    ///   - file: its name, for messages.
    ///   - standardCloud: what holds where the file says nothing of the cloud.
    /// - Throws: ``ScenarioErrors`` with all that is wrong.
    public init(
        parsing bytes: some Collection<UInt8>, file: String, standardCloud: CloudScenario
    ) throws(ScenarioErrors) {
        self = try YAMLDocument.read(bytes, file: file, what: "a scenario") { root in
            ScenarioReader(issues: root.issues).read(&root, standardCloud: standardCloud)
        }
    }
}
