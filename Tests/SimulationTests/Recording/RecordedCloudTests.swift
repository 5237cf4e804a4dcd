import FakeCloud
import Foundation
import OpenStack
import Runtime
import Scenarios
import Testing

@testable import Simulation

@Suite struct RecordedCloudTests {
    private static let start = Timestamp("2026-01-06T10:00:00Z")!

    private func calls(_ count: Int, _ outcome: ObservedCall.Outcome = .fine, took: Int = 40) -> [ObservedCall] {
        (0..<count).map { _ in ObservedCall(operation: .heatStackList, took: .milliseconds(took), outcome: outcome) }
    }

    private func stack(
        _ name: String, types: [String: String], _ events: [(Int, String, String, String)]
    ) -> Observations.Stack {
        Observations.Stack(
            id: name + "-id", name: name, types: types,
            events: events.enumerated().map { index, event in
                StackEvent(
                    id: "\(index)", resource: event.1, status: event.2, reason: event.3,
                    time: Self.start + .seconds(event.0))
            })
    }

    private func story(_ observations: Observations) throws -> (yaml: String, scenario: Scenario) {
        let yaml = try RecordedStory(RecordedCloud(observations)).yaml
        return (yaml, try Library.story(text: yaml))
    }

    private func region(_ id: String = "here", _ calls: [ObservedCall]) -> Observations.Region {
        Observations.Region(id: id, calls: calls)
    }

    @Test("nothing that identifies anybody gets into the file")
    func nothingSecret() throws {
        let secrets = [
            "acme-frankfurt", "payroll-prod", "b6d4c0ffee", "payroll-db-image", "acme.huge", "svc-payroll",
            "compute17.fra.acme.example", "10.77.3.9", "bob@acme.example", "hunter2",
            "5a1d9c7e-0000-4e51-b0b5-3f0cbf9df6c1",
            "ACME::Internal::Database", "payroll_server", "fa:16:3e:11:22:33", "gAAAAABtoken",
        ]
        var region = Observations.Region(id: secrets[0])
        region.calls = calls(3) + calls(1, .answered(status: 503, retryAfter: 7, isJSON: false))
        region.flavors = [
            .init(id: secrets[2], name: secrets[4], vcpus: 1, ramMiB: 1024, diskGiB: 5),
            .init(id: "f2", name: "m1.small", vcpus: 1, ramMiB: 2048, diskGiB: 20),
        ]
        region.images = [.init(id: secrets[10], name: secrets[3], minDiskGiB: 1, minRamMiB: 0, adminUser: secrets[5])]
        let reason =
            "ResourceInError: resources.\(secrets[12]): Went to status ERROR due to \"Message: No valid host was found "
            + "on \(secrets[6]) (\(secrets[7]), \(secrets[13])) for \(secrets[8]):\(secrets[9]) \(secrets[10]) \(secrets[14]), "
            + "Code: 500\""
        region.stacks = [
            stack(
                secrets[1], types: ["server": "OS::Nova::Server", secrets[12]: secrets[11], "port": secrets[11]],
                [
                    (0, secrets[12], "CREATE_IN_PROGRESS", "state changed"),
                    (1, "port", "CREATE_IN_PROGRESS", "state changed"), (3, "port", "CREATE_COMPLETE", "state changed"),
                    (4, "server", "CREATE_IN_PROGRESS", "state changed"), (9, secrets[12], "CREATE_COMPLETE", reason),
                    (9, "server", "CREATE_FAILED", reason),
                ])
        ]
        let (yaml, scenario) = try story(Observations(regions: [region], tokenLife: .seconds(3600)))
        for secret in secrets { #expect(!yaml.lowercased().contains(secret.lowercased()), "\(secret)") }
        for part in ["acme", "payroll", "hunter", "compute17", "frankfurt"] {
            #expect(!yaml.lowercased().contains(part))
        }
        // What is left is of use all the same.
        #expect(scenario.cloud.instanceTypes.map(\.id) == ["type-1", "m1.small"])
        #expect(scenario.cloud.images.map(\.id) == ["image-1"])
        let fate = try #require(scenario.cloud.stackRules.first?.create["server"])
        #expect(fate.takes == .fixed(.seconds(5)))
        guard case .fails(let words, nil) = fate.outcome else {
            Issue.record("\(fate)")
            return
        }
        #expect(words.hasPrefix("No valid host was found on name-"))
        #expect(play(scenario).report == "")
    }

    @Test("calls that went wrong become a rule of their rate, and the story meets it")
    func faultsOfCalls() throws {
        let observed = region(
            "here",
            calls(30) + calls(6, .answered(status: 503, retryAfter: 3, isJSON: true))
                + calls(3, .answered(status: 504, retryAfter: nil, isJSON: false)) + calls(1, .reset))
        let scenario = try story(Observations(regions: [observed])).scenario
        let rule = try #require(scenario.cloud.faults.first)
        #expect(scenario.cloud.faults.count == 1)
        #expect(rule.operations == ["heat.stack.list"] && rule.target.region == "region-1" && rule.when.chance == 0.25)
        #expect(rule.answers.map(\.weight) == [6, 3, 1])
        #expect(rule.answers.map(\.answer.status) == [503, 504, nil])
        #expect(rule.answers[0].answer.retryAfter == .fixed(.seconds(3)))
        #expect(rule.answers[1].answer.body != nil && rule.answers[2].answer.breakage == .reset(.beforeAnswer))
        #expect(play(scenario).report == "")
    }

    @Test("a fault that the story does not meet is told in a comment")
    func rareFault() throws {
        let check = ObservedCall(
            operation: .heatTemplateValidate, took: .seconds(1),
            outcome: .answered(status: 500, retryAfter: nil, isJSON: true))
        let (yaml, scenario) = try story(Observations(regions: [region("here", calls(9) + [check])]))
        #expect(scenario.cloud.faults.isEmpty)
        #expect(yaml.contains("#   - id: region-1-heat.template.validate"))
    }

    @Test("a cloud in which nothing works is a story of a user who makes nothing")
    func nothingWorks() throws {
        let dead = ObservedCall(operation: .novaFlavorList, took: .seconds(1), outcome: .refused)
        let observed = region("here", calls(1) + [dead])
        let recorded = try RecordedStory(RecordedCloud(Observations(regions: [observed])))
        #expect(!recorded.makesVMs)
        let scenario = try Library.story(text: recorded.yaml)
        #expect(scenario.cloud.faults.count == 1)
        #expect(play(scenario).report == "")
    }

    @Test("where one region of two is dead, VMs are made in the other")
    func oneRegionDead() throws {
        let dead = ObservedCall(operation: .keystoneTokenIssue, took: .seconds(65), outcome: .hung)
        let scenario = try story(Observations(regions: [region("here", [dead]), region("there", calls(2))])).scenario
        let creations = scenario.users[0].script.compactMap { step in
            if case .create(let creation) = step.action { creation.region } else { nil }
        }
        #expect(creations == ["region-2"])
        #expect(scenario.cloud.regions.map(\.id) == ["region-1", "region-2"])
    }

    @Test("each thing that went wrong with stacks has a VM of its own that meets it")
    func faultsOfStacks() throws {
        let types = ["server": "OS::Nova::Server", "port": "OS::Neutron::Port"]
        var here = region("here", calls(2))
        func failing(_ name: String, _ resource: String, _ action: String, _ reason: String, isLasting: Bool)
            -> Observations.Stack
        {
            stack(
                name, types: types,
                [
                    (0, name, "\(action)_IN_PROGRESS", ""), (0, resource, "\(action)_IN_PROGRESS", ""),
                    (2, resource, "\(action)_FAILED", reason),
                ]
                    + (isLasting
                        ? [] : [(4, resource, "\(action)_IN_PROGRESS", ""), (9, resource, "\(action)_COMPLETE", "")]))
        }
        here.stacks = [
            failing("a", "server", "CREATE", "No valid host was found.", isLasting: true),
            failing("b", "server", "CREATE", "No valid host was found.", isLasting: true),
            failing("c", "server", "CREATE", "Build of instance aborted: no", isLasting: false),
            failing("d", "port", "DELETE", "Conflict: resources.port: in use", isLasting: false),
        ]
        var there = region("there", calls(2))
        there.stacks = [failing("e", "port", "CREATE", "Error: resources.port: No more addresses", isLasting: true)]
        let scenario = try story(Observations(regions: [here, there])).scenario
        try #require(scenario.cloud.stackRules.map(\.region) == ["region-1", "region-1", "region-1", "region-2"])
        #expect(
            scenario.cloud.stackRules[0].create["server"]?.outcome
                == .fails(reason: "No valid host was found.", times: nil))
        #expect(scenario.cloud.stackRules[2].delete["port"]?.outcome == .fails(reason: "in use", times: 1))
        #expect(scenario.cloud.stackRules[3].create["port"]?.outcome == .fails(reason: "No more addresses", times: nil))
        let outcome = play(scenario)
        #expect(outcome.report == "")
        let text = outcome.trace.text
        let failed = text.components(separatedBy: "\"status\":\"ERROR\"").count - 1
        #expect(failed >= 2, "two creates fail for good")
        #expect(text.contains("No valid host was found"))
        #expect(text.contains("could not delete"))
    }

    @Test("quotas are the least of all regions, and none that no VM fits into")
    func quotas() throws {
        func quota(_ limit: Int) -> ProjectClient.Quota { ProjectClient.Quota(used: 0, limit: limit) }
        var (here, there) = (region("here", calls(1)), region("there", calls(1)))
        here.networkQuotas = ["port": quota(50), "floatingip": quota(0), "security_group": quota(-1)]
        there.networkQuotas = ["port": quota(20), "floatingip": quota(7), "security_group": quota(10)]
        let scenario = try story(Observations(regions: [here, there])).scenario
        #expect(scenario.cloud.quota.limits == [.port: 20, .securityGroup: 10])
    }
}

extension ObservedCall.Outcome {
    fileprivate static let fine = Self.answered(status: 200, retryAfter: nil, isJSON: true)
}
