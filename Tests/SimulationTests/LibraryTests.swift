import Foundation
import Runtime
import Scenarios
import Simulation
import Testing

@Suite struct LibraryTests {
    @Test("the library has the stories that the portal must be able to live through")
    func stories() {
        let required = [
            "sockets/change-between-fetch-and-subscribe.yaml", "crashes/crash-between-create-and-commit.yaml",
            "deletes/delete-while-provisioning.yaml", "sockets/dropped-socket.yaml", "lifecycle/first-deployment.yaml",
            "creates/no-valid-host.yaml",
        ]
        #expect(Library.names.count >= 30)
        #expect(Set(Library.names).isSuperset(of: required))
    }

    @Test("a story passes under its own seed and others, and each run is the same twice", arguments: Library.names)
    func passes(name: String) throws {
        let matrix = try Library.matrix(name)
        var reached = Reached()
        for story in matrix {
            for seed in Array((0..<UInt64(story.seedCount)).map { story.seed + $0 }.prefix(5)) + [100] {
                let outcome = play(story, seed: seed)
                #expect(outcome.report == "", "seed \(seed) \(story.parameters)")
                reached.add(outcome)
            }
        }
        #expect(reached.failures(of: matrix) == [])
        let twice = (0..<2).map { _ in play(matrix[0]).trace.hash }
        #expect(twice[0] == twice[1])
    }

    @Test("the same story and seed are the same trace in many runs, one after the other and on several threads")
    func sameTrace() throws {
        let story = try Library.story("lifecycle/first-deployment.yaml")
        let expected = play(story).trace.hash
        for _ in 0..<20 {
            let hash = play(story).trace.hash
            #expect(hash == expected)
        }
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            let hash = play(story).trace.hash
            #expect(hash == expected)
        }
    }

    @Test("another seed is another interleaving")
    func otherSeeds() throws {
        let story = try Library.story("lifecycle/first-deployment.yaml")
        let hashes = (1...10).map { play(story, seed: $0).trace.hash }
        #expect(Set(hashes).count == 10)
    }

    @Test("a run that is ended early has no verdict on what was still to come")
    func endedEarly() throws {
        let outcome = play(try Library.story("lifecycle/first-deployment.yaml"), until: .seconds(10))
        #expect(outcome.report == "")
        let (last, statuses) = (outcome.trace.last?.t, outcome.trace.map { $0.json["data"]?["status"]?.string })
        #expect(last.map { $0 <= 10_000 } == true)
        #expect(!statuses.contains("ACTIVE") && statuses.contains("PROVISIONING"))
    }
}
