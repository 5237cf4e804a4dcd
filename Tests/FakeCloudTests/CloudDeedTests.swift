import Runtime
import Testing

@testable import FakeCloud
@testable import Scenarios

@Suite struct CloudDeedTests {
    private final class Box {
        var inner: CloudEngine

        init(_ inner: CloudEngine) {
            self.inner = inner
        }

        func perform(_ deed: CloudDeed) -> Bool { inner.perform(deed, seed: 1) }
    }

    private static let place = StackPlace(region: "west", project: "p")

    private func engine(_ rules: [StackRule] = []) -> Box {
        var scenario = CloudScenario.standard
        scenario.stackRules = rules
        return Box(CloudEngine(scenario, at: Timestamp(milliseconds: 0)))
    }

    /// A stack with one resource that takes ten seconds.
    private func make(_ name: String, tags: String = "", in engine: Box) throws -> String {
        try engine.inner.createStack(
            [
                "stack_name": .string(name), "tags": .string(tags),
                "template": [
                    "heat_template_version": "2018-08-31",
                    "resources": ["x": ["type": "OS::Heat::TestResource", "properties": ["wait_secs": 10]]],
                ],
            ], in: Self.place, seed: UInt64(name.utf8.reduce(0) { Int($0) + Int($1) }))
    }

    private func status(_ id: String, _ engine: Box) -> String? { engine.inner.stack(id, in: Self.place)?.status }

    private func act(_ act: Scenario.Deed.StackAct, _ name: String = "s") -> CloudDeed {
        .stack(act, name: name, region: "west", reason: "because")
    }

    @Test("a stack that is under way is done at once, or fails with the reason; one that rests is not")
    func finishAndFail() throws {
        let engine = engine()
        let (one, two) = (try make("s", in: engine), try make("t", in: engine))
        #expect(engine.perform(act(.finishStack)) && status(one, engine) == "CREATE_COMPLETE")
        #expect(!engine.perform(act(.finishStack)) && !engine.perform(act(.failStack)))
        #expect(engine.perform(act(.failStack, "t")) && status(two, engine) == "CREATE_FAILED")
        #expect(engine.inner.stack(two, in: Self.place)?.reason == "because")
        engine.inner.advance(to: Timestamp(milliseconds: 60_000))
        #expect(status(two, engine) == "CREATE_FAILED")
        #expect(!engine.perform(act(.failStack, "nobody's")))
    }

    @Test("an operator suspends, resumes, deletes a stack, and forgets its events")
    func operators() throws {
        let engine = engine()
        let id = try make("s", in: engine)
        engine.inner.advance(to: Timestamp(milliseconds: 20_000))
        #expect(engine.perform(act(.suspendStack)))
        engine.inner.advance(to: Timestamp(milliseconds: 40_000))
        #expect(status(id, engine) == "SUSPEND_COMPLETE")
        #expect(engine.perform(act(.resumeStack)))
        engine.inner.advance(to: Timestamp(milliseconds: 60_000))
        #expect(status(id, engine) == "RESUME_COMPLETE")
        #expect(engine.perform(act(.pruneEvents)) && engine.inner.stack(id, in: Self.place)?.events.isEmpty == true)
        #expect(engine.perform(act(.deleteStack)) && engine.inner.stack(id, in: Self.place)?.isGone == true)
        #expect(!engine.perform(act(.deleteStack)))
    }

    @Test("quotas, regions and the credential are others from then on")
    func settings() throws {
        let engine = engine()
        #expect(engine.perform(.setQuota(stacks: 1, [.floatingIP: 7])))
        _ = try make("s", in: engine)
        #expect(throws: HeatFault.self) { try make("t", in: engine) }
        #expect(engine.inner.regions["east"]?.services.network.standardQuota[.floatingIP] == 7)
        #expect(engine.perform(.hideRegion("west")) && !engine.perform(.hideRegion("west")))
        #expect(engine.perform(.showRegion("west")) && engine.inner.hiddenRegions.isEmpty)
        #expect(engine.perform(.revokeCredential) && !engine.perform(.revokeCredential))
        #expect(engine.perform(.restoreCredential) && engine.perform(.revokeCredential))
    }

    @Test("a name is taken by somebody else's stack, in the project of the portal")
    func occupied() {
        let engine = engine()
        #expect(engine.perform(act(.occupyName, "vm-1")) && !engine.perform(act(.occupyName, "vm-1")))
        let stack = engine.inner.stacks(in: "west").first
        #expect(stack?.name == "vm-1" && stack?.tags == ["somebody-elses"])
        #expect(stack?.project == engine.inner.catalog.projectId)
    }

    @Test(
        "a deed is a line of the journal, and reads as the same deed",
        arguments: [
            CloudDeed.revokeTokens, .revokeCredential, .restoreCredential, .hideRegion("a"), .showRegion("a"),
            .setQuota(stacks: nil, [.cores: 3]), .setQuota(stacks: 4, [:]),
            .stack(.failStack, name: "n", region: "r", reason: "w"),
            .server(.breakServer, stack: "n", region: "r", reason: "w"),
        ])
    func journal(deed: CloudDeed) throws {
        #expect(CloudDeed(deed.json) == deed)
        let line = CloudInput.deed(deed, seed: 9).json(at: Timestamp(milliseconds: 5))
        let read = try #require(CloudInput.read(line, identity: engine().inner.identity))
        guard case .deed(deed, seed: 9) = read.input else { return #expect(Bool(false), "\(line)") }
    }

    // Rules for stacks.

    @Test("a rule is for stacks with a tag, and for the nth of those")
    func tags() throws {
        let stuck = ["x": ResourceFate(outcome: .isStuck)]
        let engine = engine(
            [StackRule(create: stuck)].map { rule in
                var rule = rule
                rule.tag = "gold-*"
                rule.nth = 2
                return rule
            })
        let ids = try ["a", "b", "c", "d"].map { name in
            try make(name, tags: name == "a" ? "iron" : "x,gold-\(name)", in: engine)
        }
        engine.inner.advance(to: Timestamp(milliseconds: 60_000))
        #expect(ids.map { status($0, engine)?.hasSuffix("COMPLETE") } == [true, true, false, true])
    }

    @Test("a rule with a chance governs as many as it says")
    func chance() throws {
        var rule = StackRule(create: ["x": ResourceFate(outcome: .isStuck)])
        rule.chance = 0.3
        let engine = engine([rule])
        let ids = try (1000..<1300).map { try make("n\($0 * 7)-\($0)", in: engine) }
        engine.inner.advance(to: Timestamp(milliseconds: 60_000))
        let stuck = ids.count { status($0, engine) == "CREATE_IN_PROGRESS" }
        #expect((50...130).contains(stuck), "\(stuck) of 300")
    }

    @Test("the types of resources that the language knows are those that templates may use")
    func resourceTypes() {
        #expect(Set(CloudReader.resourceTypes) == Set(ResourceKind.allCases.map(\.rawValue)))
    }
}
