import FakeCloud
import Runtime
import Testing

@testable import Scenarios

private func read(_ text: String) throws -> Scenario {
    try Scenario(parsing: Array(text.utf8), file: "s.yaml", standardCloud: .standard)
}

/// What is wrong with a file, one mistake a line.
private func mistakes(_ bytes: some Collection<UInt8>) -> String {
    do {
        _ = try Scenario(parsing: bytes, file: "s.yaml", standardCloud: .standard)
        return ""
    } catch {
        return error.description
    }
}

private func mistakes(_ text: String) -> String { mistakes(Array(text.utf8)) }

@Suite struct ScenarioParserTests {
    @Test("a whole file is read")
    func wholeFile() throws {
        let story = try read(
            """
            scenario: everything
            about: All keys.
            seed: 7
            time: { start: "2026-02-03T04:05:06Z", limit: 2h }
            cloud:
              auth: { tokenTtl: 15m }
              regions:
                north: { latency: { default: 40ms, heat.stack.create: 1s..3s } }
              catalog:
                instanceTypes: { tiny: { vcpus: 1, ramMiB: 512, diskGiB: 5 } }
                images: { alpine: { minDiskGiB: 1, minRamMiB: 128, sshUser: alpine } }
              quotas: { stacks: 3 }
              lifecycles:
                OS::Nova::Server: { create: 20s, delete: 5s }
              stacks:
                - match: { name: "vm-*", region: north, nth: 2 }
                  create: { server: { takes: 8s, fails: "No valid host was found. ", times: 2 }, port: { stuck: true } }
                  delete: { server: { takes: 1s } }
                  vanishesAfter: 5m
            portal:
              crash: { point: worker.create.answered, nth: 2, restartAfter: 2s..30s }
            users:
              ann:
                verified: false
                network: { rtt: 10ms..20ms }
                script:
                  - login
                  - create: { as: vm, name: web, region: north, instanceType: tiny, image: alpine, storage: 10, idempotencyKey: k, status: 202 }
                  - open-page: { deployment: vm, tab: t, pauseAfterFetch: { deployment: vm, status: ACTIVE } }
                  - wait: { deployment: vm, status: ACTIVE, within: 90s }
                  - drop-socket: { tab: t }
                  - sleep: 1s..2s
                  - close-page: { tab: t }
                  - delete: { deployment: vm }
                  - logout: {}
            expect:
              sockets:
                - tab: t
                  keys: exact
                  sequence:
                    - frame: { type: subscribed, deploymentId: "${vm}" }
                    - until: { frame: { data: { a: 1, b: true, c: [x, { is: null }], d: { is: any } } }, between: [{ type: x }] }
                    - rest: { only: [{ data: { status: { any: [A, B] } } }] }
              requests:
                - { op: heat.stack.create, count: 1 }
                - { http: GET, path: "/deployments/${vm}", user: ann, atMost: 2 }
                - { sent: subscribe, user: ann, count: 2 }
              final:
                - { cloud: north, liveStacks: 1 }
                - { deployment: vm, status: ERROR, lastError: NO_CAPACITY, event: gone }
            """)
        #expect(story.name == "everything" && story.about == "All keys." && story.seed == 7)
        #expect(story.start == Timestamp("2026-02-03T04:05:06Z") && story.limit == .seconds(7200))
        let latency = Spread.uniform(.seconds(1), .seconds(3))
        #expect(
            story.cloud.regions == [
                RegionScenario(
                    id: "north", latency: .fixed(.milliseconds(40)), operationLatency: ["heat.stack.create": latency])
            ])
        #expect(story.cloud.tokenLifetime == .seconds(900) && story.cloud.quota.stacks == 3)
        #expect(story.cloud.instanceTypes == [InstanceTypeScenario(id: "tiny", vcpus: 1, ramMiB: 512, diskGiB: 5)])
        #expect(story.cloud.images == [ImageScenario(id: "alpine", minDiskGiB: 1, minRamMiB: 128, sshUser: "alpine")])
        let server = story.cloud.lifecycles["OS::Nova::Server"]
        #expect(server?.create == .fixed(.seconds(20)) && server?.delete == .fixed(.seconds(5)))
        #expect(server?.change == CloudScenario.standard.lifecycles["OS::Nova::Server"]?.change)
        #expect(story.cloud.lifecycles["OS::Cinder::Volume"] == CloudScenario.standard.lifecycles["OS::Cinder::Volume"])
        let failing = ResourceFate(
            takes: .fixed(.seconds(8)), outcome: .fails(reason: "No valid host was found. ", times: 2))
        #expect(
            story.cloud.stackRules == [
                StackRule(
                    name: "vm-*", region: "north", nth: 2,
                    create: ["server": failing, "port": ResourceFate(outcome: .isStuck)],
                    delete: ["server": ResourceFate(takes: .fixed(.seconds(1)))], vanishesAfter: .fixed(.seconds(300)))
            ])
        #expect(story.crashes.first?.moment == .point(.workerCreateAnswered, nth: 2))
        #expect(story.crashes.first?.restartAfter == .uniform(.seconds(2), .seconds(30)))
        let ann = try #require(story.users.first)
        #expect(ann.name == "ann" && !ann.isVerified)
        #expect(ann.roundTrip == .uniform(.milliseconds(10), .milliseconds(20)))
        let creation = Step.Creation(
            label: "vm", name: "web", region: "north", instanceType: "tiny", image: "alpine", storageGiB: 10,
            idempotencyKey: "k", status: 202)
        func active(_ seconds: Int) -> Step.Condition {
            Step.Condition(deployment: "vm", status: "ACTIVE", within: .seconds(seconds))
        }
        #expect(
            ann.script.map(\.action) == [
                .login, .create(creation), .openPage(deployment: "vm", tab: "t", pauseAfterFetch: active(300)),
                .wait(active(90)), .dropSocket(tab: "t"), .sleep(.uniform(.seconds(1), .seconds(2))),
                .closePage(tab: "t"), .delete(deployment: "vm"), .logout,
            ])
        #expect(ann.script[1].place.description == "s.yaml:28:9")
        let socket = try #require(story.expectations.sockets.first)
        let array = Pattern.array([.exactly("x"), .isNull])
        #expect(
            socket.sequence == [
                .frame(.object(["type": .exactly("subscribed"), "deploymentId": .exactly("${vm}")])),
                .until(
                    .object([
                        "data": .object(["a": .exactly(1), "b": .exactly(true), "c": array, "d": .isAny])
                    ]), between: [.object(["type": .exactly("x")])]),
                .rest(only: [.object(["data": .object(["status": .any([.exactly("A"), .exactly("B")])])])]),
            ])
        #expect(socket.tab == "t" && socket.isExact)
        #expect(
            story.expectations.counts.map(\.subject) == [
                .operation("heat.stack.create", region: nil, status: nil),
                .http(method: "GET", path: "/deployments/${vm}", user: "ann"),
                .sent(type: "subscribe", user: "ann"),
            ])
        #expect(story.expectations.counts.map(\.range) == [1...1, 0...2, 2...2])
        #expect(
            story.expectations.final.map(\.fact) == [
                .cloud(region: "north", liveStacks: 1),
                .deployment("vm", status: "ERROR", lastError: "NO_CAPACITY", event: "gone"),
            ])
    }

    /// The smallest story, with more lines after its users' script or its expectations.
    private static func story(_ more: String = "", step: String = "login", expect: String = "{}") -> String {
        "scenario: s\nabout: a\n\(more)users:\n  ann:\n    script:\n      - \(step)\nexpect: \(expect)\n"
    }

    @Test("the smallest story is enough")
    func smallest() throws {
        #expect(mistakes(Self.story()) == "")
        #expect(try read(Self.story()).cloud == .standard)
    }

    @Test(
        "each kind of mistake is told with its place and what is right",
        arguments: [
            // Keys.
            (story("sed: 1\n"), "3:1: unknown key sed; did you mean seed?"),
            (story("cloud: { region: {} }\n"), "3:10: unknown key region; did you mean regions?"),
            (story("time: { zzzzzz: 1 }\n"), "3:9: unknown key zzzzzz; known are jumps, limit, start"),
            ("about: a\nusers: {}\nexpect: {}\n", "1:1: scenario is missing"),
            ("scenario: s\nabout: a\nexpect: {}\n", "1:1: users is missing: nobody acts"),
            (story("seed: 1\nseed: 2\n"), "3:1: the key seed is written twice; this is the first"),
            (story("? [a]\n: b\n"), "3:3: a key is a word"),
            // Values.
            (story("seed: -1\n"), "3:7: seed is from 0 to 9223372036854775807"),
            (story("seed: ten\n"), "3:7: seed is a whole number, not \"ten\""),
            (story("seed:\n"), "3:6: seed is a whole number, not nothing"),
            (story("time: { limit: 5 }\n"), "3:16: limit is a duration with a unit (250ms, 2s, 5m, 1h), not 5"),
            (story("time: { limit: 5 min }\n"), "3:16: limit is a duration with a unit (250ms, 2s, 5m, 1h), not 5 min"),
            (
                story("time: { start: yesterday }\n"),
                "3:16: start is an instant such as \"2026-01-06T10:00:00Z\", not yesterday"
            ),
            (story("cloud: []\n"), "3:8: expected keys with values, found a list"),
            (story("cloud: { stacks: {} }\n"), "3:18: stacks is a list"),
            (story(step: "sleep: 3s..1s"), "6:16: sleep is a duration (40ms) or a range of them (1s..3s), not 3s..1s"),
            (story(step: "sleep: 3"), "6:16: sleep is a duration (40ms) or a range of them (1s..3s), not 3"),
            (
                story("cloud: { stacks: [{ create: { server: { fails: x, stuck: true } } }] }\n"),
                "3:31: a resource fails or is stuck, not both"
            ),
            (
                story("cloud: { stacks: [{ create: { server: { times: 2 } } }] }\n"),
                "3:31: times says how often it fails: fails is missing"
            ),
            // Words of closed lists.
            (
                story("cloud: { regions: { west: { latency: { heat.stack.crate: 1s } } } }\n"),
                "3:40: unknown operation heat.stack.crate; did you mean heat.stack.create?"
            ),
            (
                story("portal: { crash: { point: worker.create.answer } }\n"),
                "3:27: unknown point worker.create.answer; did you mean worker.create.answered?"
            ),
            (
                story("cloud: { stacks: [{ create: { sever: {} } }] }\n"),
                "3:31: unknown resource sever; did you mean server?"
            ),
            (story(step: "logn"), "6:9: unknown step logn; did you mean login?"),
            (story(step: "{ opn-page: {} }"), "6:11: unknown step opn-page; did you mean open-page?"),
            (story(step: "{ login: {}, logout: {} }"), "6:9: a step is one thing that a user does"),
            (
                story(expect: "{ requests: [{ op: heat.stack.mend, count: 1 }] }"),
                "7:28: unknown op heat.stack.mend; did you mean heat.stack.find?"
            ),
            (story(expect: "{ requests: [{ sent: subscribe }] }"), "7:22: a count says count, atMost or atLeast"),
            (
                story(expect: "{ sockets: [{ tab: t, sequence: [{ then: {} }] }] }"),
                "7:21: no tab is called t\ns.yaml:7:42: a part of a sequence is a frame, an until, a rest or a contains"
            ),
            (
                story(expect: "{ final: [{ status: ACTIVE }] }"),
                "7:19: a final fact is about a deployment, a cloud or a tab"
            ),
            (story("portal: { crash: { restartAfter: 1s } }\n"), "3:18: a crash has a point or an at"),
            (story("portal: { crash: { point: worker.claimed, at: 1s } }\n"), "3:18: a crash has a point or an at"),
            (
                story(expect: "{ requests: [{ user: ann, count: 1 }] }"),
                "7:22: a count is about an op, an http method with its path, or a type sent"
            ),
            // Dead references.
            (story(step: "delete: { deployment: vm }"), "6:9: no deployment is called vm"),
            (story(step: "drop-socket: { tab: t }"), "6:9: no tab is called t"),
            (
                story(step: "create: { as: vm, region: wset }"),
                "6:9: no region is called wset; did you mean west?"
            ),
            (story(expect: "{ final: [{ deployment: vm }] }"), "7:19: no deployment is called vm"),
            (
                story(expect: "{ requests: [{ http: GET, path: \"/deployments/${vm}\", count: 1 }] }"),
                "7:22: no deployment is called vm"
            ),
            (
                story(step: "create: { as: vm }", expect: "{ requests: [{ sent: subscribe, user: bob, count: 1 }] }"),
                "7:22: no user is called bob; known are ann"
            ),
            (
                story(
                    "time: { limit: 1m }\n",
                    step: "create: { as: vm }\n      - wait: { deployment: vm, status: ACTIVE }"),
                "8:9: within is 5m, longer than the time's limit, 1m"
            ),
            (
                story(step: "create: { as: vm }\n      - create: { as: vm }"),
                "7:9: two deployments are called vm"
            ),
        ])
    func mistake(text: String, message: String) {
        let found = mistakes(text)
        #expect(found.hasPrefix("s.yaml:" + message), "\(found)")
    }

    @Test(
        "YAML's traps are refused, or mean what is written",
        arguments: [
            // A mini-language in a flow mapping is another mapping.
            (
                story(step: "create: { as: vm }\n      - wait: { deployment: vm, status: any(ACTIVE, ERROR) }"),
                "7:41: unknown status any(ACTIVE; known are "
            ),
            // Sexagesimal numbers.
            (story("time: { limit: 1:30 }\n"), "3:16: limit is a duration with a unit (250ms, 2s, 5m, 1h), not 1:30"),
            (story("seed: 1:30\n"), "3:7: seed is a whole number, not \"1:30\""),
            // Words that are booleans.
            (story("on: push\n"), "3:1: unknown key on"),
            (
                "scenario: s\nabout: a\nusers: { ann: { verified: yes } }\nexpect: {}\n",
                "3:27: verified is true or false, not \"yes\""
            ),
            // Nulls.
            ("scenario: ~\nabout: a\nusers: {}\nexpect: {}\n", "1:11: scenario is a text, not \"~\""),
            (
                story(expect: "{ sockets: [{ tab: t, sequence: [{ frame: { lastError: null } }] }] }"),
                "7:64: write { is: null } for a value that must be null"
            ),
        ])
    func trap(text: String, message: String) {
        let found = mistakes(text)
        #expect(found.split(separator: "\n").contains { $0.hasPrefix("s.yaml:" + message) }, "\(found)")
    }

    @Test("a null in a pattern is asked to be said")
    func nullInPattern() {
        let found = mistakes(
            Self.story(
                step: "create: { as: vm }\n      - open-page: { deployment: vm, tab: t }",
                expect: "{ sockets: [{ tab: t, sequence: [{ frame: { lastError: null } }] }] }"))
        #expect(found == "s.yaml:8:64: write { is: null } for a value that must be null")
    }

    @Test("what only looks like another type is read as it is written")
    func plainWords() throws {
        let story = try read(
            "scenario: NO\nabout: 1:30\ntime: { start: 2026-01-06T10:00:00Z }\nusers:\n  on: { script: [login] }\nexpect: {}\n"
        )
        #expect(story.name == "NO" && story.about == "1:30" && story.users[0].name == "on")
        #expect(story.start == Timestamp("2026-01-06T10:00:00Z"))
    }

    @Test("all mistakes of a file are told, in the order of its lines")
    func allMistakes() {
        let found = mistakes("scenario: s\nsed: 1\ncloud: { x: 1 }\nusers:\n  ann: { script: [jump] }\nexpect: {}\n")
        #expect(
            found.split(separator: "\n").map { $0.prefix { $0 != " " } } == [
                "s.yaml:1:1:", "s.yaml:2:1:", "s.yaml:3:10:", "s.yaml:5:19:",
            ])
    }

    @Test("anchors and aliases stand for what they name")
    func aliases() throws {
        let story = try read(
            """
            scenario: s
            about: a
            cloud:
              regions:
                west: &slow { latency: { default: 3s } }
                east: *slow
            users:
              ann: { script: &script [login] }
              bob: { script: *script }
            expect: {}
            """)
        #expect(story.cloud.regions.map(\.latency) == [.fixed(.seconds(3)), .fixed(.seconds(3))])
        #expect(story.users.map { $0.script.map(\.action) } == [[.login], [.login]])
    }

    @Test("a small file that stands for a huge one is refused")
    func aliasBomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(mistakes(text) == "s.yaml:1:1: the file has more than 100000 values once its aliases are followed")
    }

    @Test("deep nesting is refused, whichever way it is written")
    func deepNesting() {
        func nested(_ depth: Int) -> String {
            "a: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "\n"
        }
        #expect(mistakes(nested(200)).hasSuffix(": nested more than 100 deep"))
        #expect(mistakes(nested(20_000)).hasSuffix(": nested more than 100 deep"))
        let chained = (1...20).map { "a\($0): &a\($0) [*a\($0 - 1)]\n" }.joined()
        let deep = "a0: &a0 " + String(repeating: "[", count: 90) + String(repeating: "]", count: 90) + "\n" + chained
        #expect(mistakes(deep).hasSuffix(": nested more than 100 deep"))
    }

    @Test(
        "what is no story at all is refused with a place",
        arguments: [
            ("", "1:1: the file is empty"), ("\n# only a comment\n", "1:1: the file is empty"),
            ("just words\n", "1:1: expected keys with values, found \"just words\""),
            ("- a\n- b\n", "1:1: expected keys with values, found a list"),
            ("a: [1, 2\nb: 3\n", "2:2: not YAML: while parsing a flow sequence, did not find expected ',' or ']'"),
            (
                "a: 1\n\tb: 2\n",
                "2:1: not YAML: while scanning a plain scalar, found a tab character that violates indentation"
            ),
            ("a: *nobody\n", "1:4: not YAML: found undefined alias"),
            (
                "scenario: s\n---\nscenario: t\n",
                "2:1: not YAML: expected a single document in the stream, but found another document"
            ),
            ("a: 1\nb: \u{1}\n", "2:4: not YAML: control characters are not allowed"),
        ])
    func noStory(text: String, message: String) {
        let found = mistakes(text)
        #expect(found.split(separator: "\n").first.map(String.init) == "s.yaml:" + message)
    }

    @Test("binary garbage is refused where it begins")
    func garbage() {
        #expect(mistakes([0x61, 0x3A, 0x0A, 0x62, 0xFF, 0xFE]) == "s.yaml:2:2: not UTF-8 text")
        #expect(mistakes([0x7F, 0x45, 0x4C, 0x46, 0x00, 0x80]) == "s.yaml:1:6: not UTF-8 text")
        #expect(
            mistakes(Array(repeating: UInt8(0x20), count: (1 << 20) + 1)) == "s.yaml:1:1: a scenario has at most 1 MiB")
    }
}
