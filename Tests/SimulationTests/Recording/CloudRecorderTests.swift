import FakeCloud
import Foundation
import OpenStack
import Runtime
import Scenarios
import Testing
import Workers

@testable import Simulation

/// The fake as if it were a real cloud: recorded through the production client, under virtual time.
@Suite struct CloudRecorderTests {
    private struct Outcome: Sendable {
        let yaml: String
        /// The names of the stacks that are there at the end.
        let left: [String]
        let leftovers: [String]
        let calls: [CloudCall]
        let progress: [String]
        let secrets: [String]
        let ended: Duration
    }

    /// - Parameter stopsAfter: when somebody presses Ctrl-C.
    private func record(
        _ cloud: CloudScenario, seed: UInt64 = 1, for duration: Duration, trials: Int, stopsAfter: Duration? = nil
    ) throws -> Outcome {
        let start = Timestamp("2026-01-06T10:00:00.250Z")!
        let (recorder, outcome) = try simulate(seed: seed, start: start, limit: .seconds(200_000)) { context in
            let time = context.surroundings.time
            let fake = try FakeCloud(
                cloud, surroundings: Surroundings(time: time, random: context.surroundings.random.stream("fake")))
            let transport = InProcessCloud(fake)
            let progress = MutexBox<[String]>([])
            let recorder = CloudRecorder(
                transport.regions(), settings: WorkerSettings(), surroundings: context.surroundings,
                progress: { line in progress.update { $0.append(line) } })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await transport.run() }
                group.addTask { try await fake.run() }
                if let stopsAfter {
                    group.addTask {
                        try await time.sleep(for: stopsAfter)
                        recorder.stop()
                    }
                }
                defer { group.cancelAll() }
                try await recorder.run(for: duration, trials: .init(count: trials))
            }
            let stacks = fake.regionIds.flatMap { fake.stacks(in: $0) }
            return (
                recorder,
                Outcome(
                    yaml: "", left: stacks.map(\.name), leftovers: recorder.leftovers, calls: fake.calls,
                    progress: progress.get(),
                    secrets: [fake.access.credentialId, fake.access.credentialSecret] + fake.calls.map(\.path),
                    ended: time.uptime)
            )
        }
        return Outcome(
            yaml: try recorder.recording().yaml, left: outcome.left, leftovers: outcome.leftovers, calls: outcome.calls,
            progress: outcome.progress, secrets: outcome.secrets, ended: outcome.ended)
    }

    private func cloud(_ text: String) throws -> CloudScenario {
        let indented = text.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n")
        return try Library.story(
            text: """
                scenario: real
                about: What is real here.
                cloud:
                \(indented)
                users: { ann: { script: [login] } }
                expect: {}
                """
        ).cloud
    }

    private func close(_ found: Duration?, to wanted: Duration?, percent: Int) -> Bool {
        guard let found, let wanted else { return false }
        let (lower, upper) = (wanted * (100 - percent) / 100, wanted * (100 + percent) / 100)
        return lower <= found && found <= upper
    }

    /// Medians within 20%, 99th percentiles within 35%: both are of two dozen stacks.
    private func expectLike(
        _ found: Spread?, _ wanted: Spread?, _ what: String, location: SourceLocation = #_sourceLocation
    ) {
        guard case .lognormal(let p50, let p99)? = found, case .lognormal(let median, let tail)? = wanted else {
            Issue.record("\(what): \(found as Any)", sourceLocation: location)
            return
        }
        #expect(close(p50, to: median, percent: 20), "\(what): median \(p50), not \(median)", sourceLocation: location)
        #expect(close(p99, to: tail, percent: 35), "\(what): 99th \(p99), not \(tail)", sourceLocation: location)
    }

    private static let slow = """
        auth: { tokenTtl: 20m }
        regions:
          acme-west:
            latency:
              default: { lognormal: { p50: 60ms, p99: 240ms } }
              heat.stack.list: { lognormal: { p50: 120ms, p99: 900ms } }
              heat.stack.create: { lognormal: { p50: 1500ms, p99: 2500ms } }
        lifecycles:
          OS::Nova::KeyPair: { create: 0ms, delete: 0ms }
          OS::Neutron::SecurityGroup: { create: 0ms, delete: 0ms }
          OS::Neutron::Port: { create: 1300ms, delete: 700ms }
          OS::Cinder::Volume: { create: { lognormal: { p50: 12s, p99: 20s } }, delete: 0ms }
          OS::Nova::Server: { create: { lognormal: { p50: 40s, p99: 60s } }, delete: { lognormal: { p50: 9s, p99: 15s } } }
          OS::Neutron::FloatingIP: { create: 0ms, delete: 0ms }
        """

    @Test("a recording is like the cloud that it is of, and a recording of the recording is like it too")
    func recordAndReplay() throws {
        let real = try cloud(Self.slow)
        let first = try record(real, for: .seconds(1200), trials: 24)
        let replay = try Library.story(text: first.yaml).cloud
        let second = try Library.story(text: record(replay, seed: 2, for: .seconds(1200), trials: 24).yaml).cloud
        for (found, wanted) in [(replay, real), (second, replay)] {
            let (calls, known) = (found.regions[0], wanted.regions[0])
            for operation in ["heat.stack.list", "heat.stack.create"] {
                expectLike(calls.operationLatency[operation], known.operationLatency[operation], operation)
            }
            expectLike(
                calls.operationLatency["heat.stack.show"], known.operationLatency["heat.stack.show"] ?? known.latency,
                "heat.stack.show")
            for type in ["OS::Cinder::Volume", "OS::Nova::Server"] {
                expectLike(found.lifecycles[type]?.create, wanted.lifecycles[type]?.create, type)
            }
            expectLike(
                found.lifecycles["OS::Nova::Server"]?.delete, wanted.lifecycles["OS::Nova::Server"]?.delete, "delete")
            #expect(found.tokenLifetime == .seconds(1200))
            #expect(found.lifecycles["OS::Nova::KeyPair"]?.create == .fixed(.zero))
            // Heat tells whole seconds; the mean of many is right to a quarter of one.
            guard case .fixed(let port)? = found.lifecycles["OS::Neutron::Port"]?.create,
                case .fixed(let known)? = wanted.lifecycles["OS::Neutron::Port"]?.create
            else {
                Issue.record("\(found.lifecycles["OS::Neutron::Port"] as Any)")
                continue
            }
            #expect(port > known - .milliseconds(250) && port < known + .milliseconds(250), "\(port), not \(known)")
        }
        #expect(first.left == [] && first.leftovers == [])
        #expect(!first.yaml.contains("acme"))
        for secret in first.secrets { #expect(!first.yaml.contains(secret), "\(secret)") }
    }

    @Test("the past is recorded without making anything")
    func past() throws {
        let fake = try cloud(
            """
            regions: { west: {} }
            lifecycles: { OS::Nova::Server: { create: 33s, delete: 4s } }
            """)
        let outcome = try simulate(seed: 3, start: Timestamp("2026-01-06T10:00:00Z")!, limit: .seconds(7200)) {
            context in
            let cloud = try FakeCloud(fake, surroundings: context.surroundings)
            let transport = InProcessCloud(cloud)
            func recorder() -> CloudRecorder {
                CloudRecorder(transport.regions(), settings: WorkerSettings(), surroundings: context.surroundings)
            }
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await transport.run() }
                group.addTask { try await cloud.run() }
                defer { group.cancelAll() }
                try await recorder().run(for: .seconds(1), trials: .init(count: 2))
                let watcher = recorder()
                let before = cloud.calls.count
                try await watcher.run(for: .seconds(60))
                return (watcher, cloud.calls.dropFirst(before).map(\.method))
            }
        }
        #expect(Set(outcome.1) == ["GET", "POST"], "nothing is deleted")
        #expect(outcome.1.count { $0 == "POST" } == 1, "it signs in")
        let recorded = try Library.story(text: outcome.0.recording().yaml).cloud
        #expect(recorded.lifecycles["OS::Nova::Server"]?.create == .fixed(.seconds(33)))
        #expect(recorded.lifecycles["OS::Nova::Server"]?.delete == .fixed(.seconds(4)))
    }

    @Test("what is stopped deletes what it made, and writes what it saw", arguments: [1, 4, 20, 60])
    func stopped(after seconds: Int) throws {
        let outcome = try record(
            cloud(Self.slow), for: .seconds(3600), trials: 9, stopsAfter: .seconds(seconds))
        #expect(outcome.left == [] && outcome.leftovers == [])
        #expect(outcome.ended < .seconds(seconds + 300))
        #expect(outcome.calls.count { $0.operation == .heatStackCreate } <= 3)
        #expect(play(try Library.story(text: outcome.yaml)).report == "")
    }

    @Test("a stack whose create was not answered is found and deleted, and its fault is in the recording")
    func lostAnswer() throws {
        let fake = try cloud(
            """
            regions: { west: {} }
            faults:
              - { id: lost, op: heat.stack.create, when: { nth: 1 }, effect: { late: 20s }, answer: { status: 504, html: "<h1>" } }
            """)
        let outcome = try record(fake, for: .seconds(10), trials: 2)
        #expect(outcome.left == [] && outcome.leftovers == [])
        #expect(outcome.calls.count { $0.operation == .heatStackDelete } == 2)
        let recorded = try Library.story(text: outcome.yaml)
        #expect(recorded.cloud.faults.map(\.operations) == [["heat.stack.create"]])
        #expect(play(recorded).report == "")
    }

    @Test("stacks that fail are recorded with their reason, and the portal shows the same in the replay")
    func failures() throws {
        let fake = try cloud(
            """
            regions: { west: {} }
            stacks:
              - { match: { nth: 1 }, create: { server: { takes: 6s, fails: "No valid host was found. acme-host-7" } } }
              - { match: { nth: 1 }, delete: { port: { fails: "Port 77aa is in use", times: 2 } } }
            """)
        let outcome = try record(fake, for: .seconds(10), trials: 3)
        #expect(outcome.left == [])
        let story = try Library.story(text: outcome.yaml)
        let rules = story.cloud.stackRules
        #expect(
            Set(rules.flatMap(\.create.keys)) == ["server"] && Set(rules.flatMap(\.delete.keys)) == ["port"], "\(rules)"
        )
        #expect(
            rules.compactMap { $0.create["server"]?.outcome } == [
                .fails(reason: "No valid host was found. name-1", times: nil)
            ])
        #expect(rules.compactMap { $0.delete["port"]?.outcome } == [.fails(reason: "Port name-2 is in use", times: 2)])
        let run = play(story)
        #expect(run.report == "")
        #expect(run.trace.text.contains("NO_CAPACITY"))
    }

    @Test("a stack is deleted when the cloud takes the deletion, however late")
    func lateDeletion() throws {
        let fake = try cloud(
            """
            regions: { west: {} }
            faults: [{ id: busy, op: heat.stack.delete, when: { first: 20 }, answer: { status: 503 } }]
            """)
        let outcome = try record(fake, for: .seconds(10), trials: 1)
        #expect(outcome.left == [] && outcome.leftovers == [])
        #expect(outcome.calls.count { $0.operation == .heatStackDelete } == 21)
    }

    @Test("a stack that can't be deleted is named")
    func leftBehind() throws {
        let fake = try cloud(
            """
            regions: { west: {} }
            stacks: [{ delete: { port: { fails: "in use" } } }]
            """)
        let outcome = try record(fake, for: .seconds(10), trials: 1)
        #expect(outcome.left.count == 1 && outcome.leftovers == outcome.left)
        #expect(outcome.progress.contains { $0.contains("can't be deleted") })
    }

    @Test("a cloud that does not answer makes no recording")
    func silent() throws {
        let fake = try cloud("faults: [{ id: dead, op: \"*\", answer: { refuse: true } }]")
        #expect(throws: RecordingFailure.self) { try record(fake, for: .seconds(30), trials: 1) }
    }
}
