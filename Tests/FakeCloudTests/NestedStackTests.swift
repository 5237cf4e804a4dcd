import HTTPTypes
import Runtime
import Scenarios
import Testing

@testable import FakeCloud

/// What the recordings do not say of stacks in stacks, signals and adoption.
struct NestedStackTests {
    private static func group(_ count: Int, _ properties: JSONValue = ["value": "v%index%"]) -> JSONValue {
        .template(
            [
                "grp": [
                    "type": "OS::Heat::ResourceGroup",
                    "properties": [
                        "count": .integer(count),
                        "resource_def": ["type": "OS::Heat::TestResource", "properties": properties],
                    ],
                ]
            ], outputs: ["all": ["value": ["get_attr": ["grp", "output"]]]])
    }

    @Test("A group is complete when the last of its members is, and not before")
    func groupWaitsForItsMembers() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", Self.group(2, ["value": "v", "wait_secs": 10]), bench)
        bench.time.advance(.seconds(9))
        #expect(try await stack.get("/resources/grp")["resource"]?["resource_status"] == "CREATE_IN_PROGRESS")
        bench.time.advance(.seconds(1))
        #expect(try await stack.get("/resources/grp")["resource"]?["resource_status"] == "CREATE_COMPLETE")
        #expect(try await stack.outputs()["all"] == ["v", "v"])
    }

    @Test("A deletion while the members are being made takes them along, and nothing is left")
    func deletionWhileMembersAreMade() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", Self.group(3, ["wait_secs": 30]), bench)
        bench.time.advance(.seconds(5))
        try await stack.delete()
        bench.time.advance(.seconds(100))
        #expect(bench.engine.stacks(in: Bench.region).map(\.status) == ["DELETE_COMPLETE", "DELETE_COMPLETE"])
        let left = bench.engine.stacks(in: Bench.region).flatMap(\.resources).filter { !$0.isAbsent }
        #expect(left.map(\.name) == [])
    }

    @Test("What lies in a stack is not in the list, unless asked for, and does not count against the quota of stacks")
    func partsAreNotListed() async throws {
        var scenario = CloudScenario.bench
        scenario.quota.stacks = 2
        let bench = try Bench(scenario)
        let stack = try await StackOnBench("s", Self.group(1), bench)
        _ = try await StackOnBench("t", Self.group(1), bench)
        #expect(try await stack.statuses().count == 2)
        #expect(bench.engine.stacks(in: Bench.region).count == 4)
    }

    @Test("The members of the same seed have the same ids in another run")
    func membersAreTheSameInAnotherRun() async throws {
        func ids() async throws -> [String] {
            let bench = try Bench()
            _ = try await StackOnBench("s", Self.group(2), bench)
            bench.time.advance(.seconds(1))
            return bench.engine.stacks(in: Bench.region).flatMap { [$0.id] + $0.resources.map(\.eventId) }
        }
        #expect(try await ids() == ids())
    }

    private static let waiting = JSONValue.template(
        [
            "h": ["type": "OS::Heat::WaitConditionHandle"],
            "w": [
                "type": "OS::Heat::WaitCondition",
                "properties": ["handle": ["get_resource": "h"], "timeout": 60],
            ],
        ],
        outputs: [
            "token": ["value": ["get_attr": ["h", "token"]]], "endpoint": ["value": ["get_attr": ["h", "endpoint"]]],
        ])

    @Test("The token of a handle signals at its endpoint, and may do nothing else")
    func tokenOfAHandleSignals() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", Self.waiting, bench)
        bench.time.advance(.seconds(2))
        let outputs = try await stack.outputs()
        let endpoint = try #require(outputs["endpoint"]?.string)
        let token = try #require(outputs["token"]?.string)
        let path = String(endpoint.dropFirst("http://cloud.test".count))
        let headers: HTTPFields = [HTTPField.Name("X-Auth-Token")!: token]
        let project = bench.engine.identity.users[0].assignments[0].project.id
        let listed = try await bench.send("GET", "/heat/\(Bench.region)/v1/\(project)/stacks", headers: headers)
        #expect(listed.status == 403)
        let answer = try await bench.send("POST", path, headers: headers, body: Array("{}".utf8))
        #expect(answer.status == 200)
        bench.time.advance(.seconds(2))
        #expect(try await stack.get("")["stack"]?["stack_status"] == "CREATE_COMPLETE")
    }

    @Test("A condition without a signal fails when its time is over")
    func conditionFailsInTime() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench("s", Self.waiting, bench)
        bench.time.advance(.seconds(59))
        #expect(try await stack.get("")["stack"]?["stack_status"] == "CREATE_IN_PROGRESS")
        bench.time.advance(.seconds(1))
        #expect(
            try await stack.get("")["stack"]?["stack_status_reason"]
                == "Resource CREATE failed: WaitConditionTimeout: resources.w: 0 of 1 received")
    }

    @Test(
        "A failure within is told with the way to it",
        arguments: [
            (
                "Resource CREATE failed: ValueError: resources[0]: Test Resource failed 0",
                "ValueError: resources.grp.resources[0]: Test Resource failed 0"
            ),
            (
                "Resource CREATE failed: resources.g: Request limit exceeded: Too many.",
                "resources.grp.resources.g: Request limit exceeded: Too many."
            ), ("Timed out", "resources.grp: Timed out"),
        ])
    func failureWithinIsTold(reason: String, told: String) {
        #expect(CloudEngine.reason(reason, under: "grp") == told)
    }
}
