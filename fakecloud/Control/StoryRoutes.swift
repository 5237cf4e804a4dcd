import Foundation
import Hummingbird
import Runtime
import Scenarios
import Synchronization

/// The story whose cloud is played.
public final class PlayedStory: Sendable {
    struct Current: Sendable {
        /// Nil where the cloud is the standard one.
        var name: String?
        var about: String?
        /// As it was written.
        var source: String?
    }

    /// What holds where a story says nothing.
    let standard: CloudScenario
    /// Whether somebody depends on the regions that there are.
    let keepsRegions: Bool
    let current: Mutex<Current>

    /// - Parameters:
    ///   - standard: what holds where a story says nothing of the cloud.
    ///   - keepsRegions: whether a story with other regions is refused.
    ///   - path: of the story's file.
    public init(_ story: Scenario?, path: String?, standard: CloudScenario, keepsRegions: Bool) {
        self.standard = standard
        self.keepsRegions = keepsRegions
        let source = path.flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
        current = Mutex(Current(name: story?.name, about: story?.about, source: source))
    }
}

extension ControlAPI {
    static let storyRoutes = [
        Route(.get, "/scenario", "What is played.") { parts, _ in .json(.ok, parts.storyJSON) },
        Route(
            .put, "/scenario", "Play the cloud of another story, sent as YAML or JSON: the cloud begins again, empty."
        ) { parts, call in
            do {
                let story = try Scenario(parsing: call.body, file: "body", standardCloud: parts.story.standard)
                if parts.story.keepsRegions, story.cloud.regions.map(\.id) != parts.cloud.regionIds {
                    throw ControlProblem(
                        422, "The portal was started with the regions \(parts.cloud.regionIds.joined(separator: ", "))."
                    )
                }
                try parts.cloud.restart(with: story.cloud)
                parts.story.current.withLock {
                    $0 = PlayedStory.Current(name: story.name, about: story.about, source: call.text)
                }
                return .json(.ok, parts.storyJSON)
            } catch let errors as ScenarioErrors {
                throw ControlProblem(422, "The story has mistakes.", issues: errors.issues.map(\.description))
            }
        },
        Route(
            .post, "/reset",
            "Begin again: no stacks, no tokens, an empty journal, and the rules of the story with their counters at 0. Time goes on."
        ) { parts, _ in
            try parts.cloud.restart()
            return .json(.ok, parts.storyJSON)
        },
    ]
}

extension ControlAPI.Parts {
    fileprivate var storyJSON: JSONValue {
        let current = story.current.withLock { $0 }
        return [
            "scenario": JSONValue(current.name), "about": JSONValue(current.about), "source": JSONValue(current.source),
            "regions": .array(cloud.regionIds.map { .string($0) }),
            "faults": .array(cloud.faults.map { .string($0.rule.id) }),
        ]
    }
}
