import Foundation
import HTTPTypes
import Logging
import Runtime
import Scenarios
import Synchronization
import Testing

@testable import FakeCloud

/// The engine under the fake's services: time, addresses, regions, seeds and the journal.
struct EngineTests {
    private static let place = StackPlace(region: Bench.region, project: "p")

    private func body(_ name: String, seconds: Int) -> JSONValue {
        ["stack_name": .string(name), "template": .tests(["r": ["wait_secs": .integer(seconds)]])]
    }

    // Time.

    @Test("What is due happens in the order of its times, and of its making where the times are the same")
    func dueThingsHappenInOrder() throws {
        var engine = CloudEngine(.bench, at: Timestamp(milliseconds: 0))
        for (seed, (name, seconds)) in [("slow", 3), ("twin1", 2), ("twin2", 2), ("quick", 1)].enumerated() {
            _ = try engine.createStack(body(name, seconds: seconds), in: Self.place, seed: UInt64(seed))
        }
        #expect(engine.nextTimer == Timestamp(milliseconds: 1000))
        engine.advance(to: Timestamp(milliseconds: 2000))
        let statuses = engine.stacks(in: Self.place).map { "\($0.name) \($0.status)" }
        #expect(
            statuses == [
                "slow CREATE_IN_PROGRESS", "twin1 CREATE_COMPLETE", "twin2 CREATE_COMPLETE", "quick CREATE_COMPLETE",
            ])
        engine.advance(to: Timestamp(milliseconds: 10_000))
        let ends = engine.stacks(in: Self.place).map { $0.events.last?.time.milliseconds }
        #expect(ends == [3000, 2000, 2000, 1000])
    }

    @Test("Time in one leap or in many steps gives the same cloud")
    func leapsAndStepsAreTheSame() throws {
        func life(step: Int64) throws -> [[String]] {
            var engine = CloudEngine(.bench, at: Timestamp(milliseconds: 0))
            _ = try engine.createStack(
                ["stack_name": "k-nvh", "template": .server], in: Self.place, seed: 7)
            for instant in stride(from: step, through: 200_000, by: Int64.Stride(step)) {
                engine.advance(to: Timestamp(milliseconds: instant))
            }
            return engine.stacks(in: Self.place).map { $0.events.map { "\($0.time) \($0.resource) \($0.status)" } }
        }
        #expect(try life(step: 200_000) == life(step: 100))
    }

    // Addresses.

    @Test("A region knows nothing of the stacks, names and key pairs of another")
    func regionsAreApart() async throws {
        var scenario = CloudScenario.bench
        scenario.regions.append(RegionScenario(id: "Other", latency: .fixed(.zero)))
        let bench = try Bench(scenario)
        let stack = try await StackOnBench("s", .tests(["r": [:]]), bench)
        let twin = try await StackOnBench("s", .tests(["r": [:]]), region: "Other", bench)
        #expect(stack.id != twin.id)
        #expect(bench.cloud.stacks(in: "Other").map(\.id) == [twin.id])
        try await stack.delete()
        bench.time.advance(.seconds(5))
        #expect(bench.cloud.stacks(in: Bench.region).isEmpty)
        #expect(bench.cloud.stacks(in: "Other").map(\.status) == ["CREATE_COMPLETE"])
    }

    // Seeds.

    @Test("The same seed gives the same ids, names and tokens; another gives others")
    func sameSeedGivesTheSameIds() async throws {
        func names(seed: UInt64) async throws -> [String] {
            let bench = try Bench(seed: seed)
            let stack = try await StackOnBench("s", .server, bench)
            bench.time.advance(.seconds(5))
            let resources = bench.engine.stacks(in: Bench.region)[0].resources.compactMap(\.physicalId)
            return [stack.id, try await bench.token()] + resources
        }
        let first = try await names(seed: 1)
        #expect(first.count == 4)
        #expect(try await names(seed: 1) == first)
        #expect(Set(try await names(seed: 2)).isDisjoint(with: first))
    }

    // The journal.

    @Test("A cloud that is played from its journal has the same stacks, key pairs and credentials")
    func journalGivesTheSameCloud() async throws {
        let journal = MemoryJournal()
        let bench = try Bench(journal: journal)
        let kept = try await StackOnBench("kept", .server, bench)
        bench.time.advance(.seconds(3))
        let gone = try await StackOnBench("gone", .tests(["r": [:]]), bench)
        bench.time.advance(.seconds(1))
        try await gone.delete()
        bench.time.advance(.seconds(10))
        let refused = try? await StackOnBench("kept", .server, bench)
        #expect(refused == nil)

        let again = try Bench(seed: 99, at: "2026-01-06T10:00:14Z", journal: journal)
        func story(_ bench: Bench) -> [String] {
            bench.engine.stacks(in: Bench.region).flatMap { stack in
                ["\(stack.id) \(stack.name) \(stack.status)"]
                    + stack.events.map { "\($0.id) \($0.time) \($0.physicalId) \($0.status)" }
            }
        }
        #expect(story(bench).count > 10)
        #expect(story(again) == story(bench))
        #expect(again.cloud.stacks(in: Bench.region).map(\.id) == [kept.id])
        #expect(try await keyPairs(on: again) == ["gk"])
    }

    private func keyPairs(on bench: Bench) async throws -> [String] {
        let headers: HTTPFields = [HTTPField.Name("X-Auth-Token")!: try await bench.token()]
        let answer = try await bench.send("GET", "/compute/\(Bench.region)/v2.1/os-keypairs", headers: headers)
        let pairs = try JSONValue(parsing: answer.body)["keypairs"]?.array ?? []
        return pairs.compactMap { $0["keypair"]?["name"]?.string }
    }

    @Test("Every kind of input is written to the journal and read from it alike")
    func everyInputIsReadAsItWasWritten() throws {
        let identity = CloudEngine(.bench, at: Timestamp(milliseconds: 0)).identity
        let user = identity.users[0]
        let request = ServiceRequest([
            "method": "POST", "path": "/p?q=1", "version": "compute 2.92", "body": "{}", "user": "u",
            "project": "p", "roles": ["member"], "admin": true, "seed": "18446744073709551615",
        ])
        let inputs: [CloudInput] = [
            .createStack(["stack_name": "s"], Self.place, seed: .max),
            .deleteStack(name: "s", id: "i", Self.place),
            .markResource("r", isUnhealthy: true, reason: "because", stackId: "i", Self.place),
            .createCredential(
                Identity.Credential(
                    id: "c", name: "n", user: user, project: identity.projects[0], roles: ["member"], secret: "s",
                    expiresAt: Timestamp(milliseconds: 9), isUnrestricted: nil, description: "d")),
            .deleteCredential("c"), .request(request),
        ]
        for input in inputs {
            let entry = input.json(at: Timestamp(milliseconds: 5))
            let read = try #require(CloudInput.read(entry, identity: identity))
            #expect(read.at == Timestamp(milliseconds: 5))
            #expect(read.input.json(at: read.at) == entry)
        }
    }
}
