import ArgumentParser
import Deployments
import Logging
import OpenStack
import Runtime
import Workers

/// Looks at all regions before the portal uses them: says what is wrong and where, and refuses to go on only where
/// no region works.
struct Preflight {
    private let doors: CloudDoors
    private let settings: WorkerSettings
    private let surroundings: Surroundings

    init(_ doors: CloudDoors, _ settings: WorkerSettings, surroundings: Surroundings) {
        self.doors = doors
        self.settings = settings
        self.surroundings = surroundings
    }

    /// - Throws: ``Failure``: with exit code 3 where nothing answers, else 2.
    func run() async throws {
        let findings = try await Self.findings(
            .start, doors, settings, within: .seconds(20), surroundings: surroundings)
        let blocked = Set(findings.filter(\.isBlocking).map(\.regionId))
        for finding in findings where finding.verdict == .wrong || finding.verdict == .unreachable {
            Terminal.complain(words(for: finding))
        }
        guard blocked.count == doors.regions.count else { return }
        let message = "no region can be used; `hothouse doctor --cloud …` looks at everything"
        throw findings.contains { $0.isBlocking && $0.verdict == .wrong }
            ? Failure.input(message) : Failure.environment(message)
    }

    private func words(for finding: Finding) -> String {
        let configuration = doors.regions.first { $0.id == finding.regionId }?.configuration
        let place = configuration.map { "\($0.source), cloud \($0.cloud), " } ?? ""
        let at = finding.check == .signIn ? configuration.map { " (\($0.credential))" } ?? "" : ""
        return "\(place)region \(finding.regionId): \(finding.check.rawValue): \(finding.words)\(at)"
    }

    /// The findings of all regions, which are looked at at the same time, in their order.
    ///
    /// - Parameter limit: for each region.
    static func findings(
        _ depth: CloudExamination.Depth, _ doors: CloudDoors, _ settings: WorkerSettings, within limit: Duration,
        surroundings: Surroundings
    ) async throws -> [Finding] {
        let silent = Logger(label: "hothouse.examination") { _ in SwiftLogNoOpLogHandler() }
        let connections = CloudConnection.all(
            doors.regions.map(\.access), surroundings: surroundings, logger: silent)
        return try await withThrowingTaskGroup(of: (Int, [Finding]).self) { group in
            for (index, (region, connection)) in zip(doors.regions, connections).enumerated() {
                let examination = CloudExamination(
                    of: CloudRegion(Deployments.Region(id: region.id, name: region.id), connection: connection),
                    credential: region.access.credential, settings: settings)
                group.addTask {
                    do {
                        return (
                            index,
                            try await surroundings.time.withTimeout(limit) { try await examination.findings(depth) }
                        )
                    } catch is TimedOut {
                        return (index, [examination.unfinished(after: limit)])
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.0 < $1.0 }.flatMap(\.1)
        }
    }
}
