import Foundation
import Runtime
import Scenarios
import Simulation
import Testing

@Suite struct LibraryTests {
    @Test("the library has the stories that the portal must be able to live through")
    func stories() {
        let required = [
            "change-between-fetch-and-subscribe.yaml", "crash-between-create-and-commit.yaml",
            "delete-while-provisioning.yaml", "dropped-socket.yaml", "first-deployment.yaml", "no-valid-host.yaml",
        ]
        #expect(Set(Library.names).isSuperset(of: required))
    }

    @Test("a story passes under its own seed and others, and each run is the same twice", arguments: Library.names)
    func passes(name: String) throws {
        let story = try Library.story(name)
        for seed in [story.seed] + (100..<120) {
            let outcome = play(story, seed: seed)
            #expect(outcome.hasPassed, "seed \(seed): \(outcome.report)")
            #expect(outcome.trace.hash == play(story, seed: seed).trace.hash, "seed \(seed)")
        }
    }

    @Test("the same story and seed are the same trace in many runs, one after the other and on several threads")
    func sameTrace() throws {
        let story = try Library.story("first-deployment.yaml")
        let expected = play(story).trace.text
        for _ in 0..<20 { #expect(play(story).trace.text == expected) }
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            #expect(play(story).trace.text == expected)
        }
    }

    @Test("another seed is another interleaving")
    func otherSeeds() throws {
        let story = try Library.story("first-deployment.yaml")
        let hashes = (1...10).map { play(story, seed: $0).trace.hash }
        #expect(Set(hashes).count == 10)
    }

    @Test("a run that is ended early has no verdict on what was still to come")
    func endedEarly() throws {
        let outcome = play(try Library.story("first-deployment.yaml"), until: .seconds(10))
        #expect(outcome.hasPassed, "\(outcome.report)")
        #expect(outcome.trace.allSatisfy { $0.t <= 10_000 })
        #expect(!outcome.trace.contains { $0.json["data"]?["status"]?.string == "ACTIVE" })
    }
}
