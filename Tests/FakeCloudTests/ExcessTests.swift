import Runtime
import Testing

@testable import FakeCloud

/// Requests that ask for more than there is time, memory or numbers for: each is answered, and the fake lives on.
struct ExcessTests {
    @Test("A group of a billion is refused as one that is larger than a stack may be")
    func groupOfABillion() async throws {
        let bench = try Bench()
        let stack = try await StackOnBench(
            "s",
            .template([
                "g": [
                    "type": "OS::Heat::ResourceGroup",
                    "properties": ["count": 1_000_000_000, "resource_def": ["type": "OS::Heat::None"]],
                ]
            ]), bench)
        bench.time.advance(.seconds(1))
        #expect(
            try await stack.get("")["stack"]?["stack_status_reason"]
                == "Resource CREATE failed: resources.g: Request limit exceeded: Maximum resources per stack exceeded.")
    }

    @Test("A pattern that goes astray does not match")
    func patternThatGoesAstray() throws {
        let pattern = try #require(UserPattern("(a+)+$"))
        #expect(!pattern.matchesAll(of: String(repeating: "a", count: 40) + "!"))
        #expect(pattern.matchesAll(of: "aaa"))
    }

    @Test("Patterns match as Python's do")
    func patterns() throws {
        let pattern = try #require(UserPattern("(?P<letter>[a-z]é?)+"))
        #expect(pattern.matchesAll(of: "abé"))
        #expect(!pattern.matchesAll(of: "ab1"))
        #expect(pattern.matchesBeginning(of: "ab1"))
        #expect(!pattern.matchesBeginning(of: "1ab"))
        #expect(pattern.isFound(in: "1ab"))
        #expect(UserPattern("(") == nil)
    }

    @Test("Whoever gives a stack more minutes than there are waits as long as there is time")
    func minutesWithoutEnd() async throws {
        let bench = try Bench()
        for (name, minutes) in [("a", Int.max), ("b", 1_000_000_000_000_000_000)] {
            let stack = try await StackOnBench(
                name, .tests(["r": ["wait_secs": .integer(Int.max)]]), more: ["timeout_mins": .integer(minutes)], bench)
            bench.time.advance(.seconds(100_000))
            #expect(
                bench.engine.stack(stack.id, in: StackPlace(region: Bench.region, project: bench.project("demo")))?
                    .state == .inProgress)
        }
    }

    @Test(
        "Sizes and counts beyond what Nova and Cinder take are refused",
        arguments: [
            (
                "/volume/RegionOne/v3/volumes", ["volume": ["size": 2_147_483_648]],
                "size. Value: 2147483648. 2147483648 is greater than the maximum of 2147483647"
            ),
            (
                "/volume/RegionOne/v3/volumes", ["volume": ["size": 0]],
                "size. Value: 0. 0 is less than the minimum of 1"
            ),
            (
                "/compute/RegionOne/v2.1/servers",
                ["server": ["name": "s", "flavorRef": "FLAVOR", "imageRef": "IMAGE", "max_count": 1_000_000_000]],
                "max_count. Value: 1000000000. 1000000000 is greater than the maximum of 1000"
            ),
        ] as [(String, JSONValue, String)])
    func greatNumbers(path: String, body: JSONValue, problem: String) async throws {
        let bench = try Bench()
        let flavor = bench.engine.catalog.id(of: "flavor", "m1.tiny")
        let text = body.description.replacing("FLAVOR", with: flavor)
            .replacing("IMAGE", with: bench.engine.catalog.id(of: "image", "debian-12"))
        let answer = try await bench.call(
            "POST", path, token: try await bench.token(), try JSONValue(parsing: text.utf8))
        #expect(answer.json?["badRequest"]?["message"] == .string("Invalid input for field/attribute \(problem)"))
    }
}
