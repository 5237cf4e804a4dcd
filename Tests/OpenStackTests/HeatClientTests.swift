import HTTPTypes
import OpenStack
import Runtime
import Synchronization
import Testing

@Suite struct HeatClientTests {
    let time = ManualTime()

    @Test("a look-up by name follows Heat's redirect to the id, at the address of the catalog")
    func findFollowsRedirect() async throws {
        let cloud = ScriptedCloud(time) { request in
            request.url.hasSuffix("/stacks/vm-1")
                ? CloudResponse(status: 302, headers: [.location: "http://10.0.0.9/v1/p1/stacks/vm-1/s1?x=1"]) : .vm1
        }
        let stack = try await cloud.client().find("vm-1")
        #expect(stack == .ok(Stack(id: "s1", name: "vm-1", status: "CREATE_COMPLETE", tags: ["a"])))
        #expect(cloud.calls == ["GET /stacks/vm-1", "GET /stacks/vm-1/s1"])
    }

    @Test(
        "a body of another shape is no information",
        arguments: [
            CloudResponse.html, .json(200, ["stack": nil]), .json(200, ["stack": ["id": "s1"]]), .json(200, []),
            CloudResponse(status: 200, body: Array(#"{"stack": {"id": "s1""#.utf8)),
        ])
    func malformed(response: CloudResponse) async throws {
        let cloud = ScriptedCloud(time) { _ in response }
        guard case .unknown = try await cloud.client().show("vm-1", id: "s1") else {
            Issue.record("it was believed")
            return
        }
    }

    @Test("a list is read page by page to its end")
    func paging() async throws {
        let cloud = ScriptedCloud(time) { request in
            let start = request.url.contains("marker=s199") ? 200 : 0
            let count = start == 0 ? 200 : 3
            return .json(
                200,
                [
                    "stacks": .array(
                        (start..<start + count).map {
                            ["id": "s\($0)", "stack_name": "vm-\($0)", "stack_status": "CREATE_COMPLETE"]
                        })
                ])
        }
        guard case .ok(let stacks) = try await cloud.client().list(tag: "portal:hh_1") else {
            Issue.record("no list")
            return
        }
        #expect(stacks.count == 203)
        #expect(
            cloud.calls == [
                "GET /stacks?tags=portal%3Ahh_1&limit=200", "GET /stacks?tags=portal%3Ahh_1&limit=200&marker=s199",
            ])
    }

    @Test("the newest stacks are one page, with the deleted ones where they are asked for")
    func newest() async throws {
        let cloud = ScriptedCloud(time) { _ in
            .json(
                200, ["stacks": [["id": "s1", "stack_name": "vm-1", "stack_status": "DELETE_COMPLETE", "tags": nil]]])
        }
        let gone = Stack(id: "s1", name: "vm-1", status: "DELETE_COMPLETE")
        #expect(try await cloud.client().newest(5) == .ok([gone]))
        #expect(try await cloud.client().newest(5, withDeleted: true) == .ok([gone]))
        #expect(cloud.calls == ["GET /stacks?limit=5", "GET /stacks?limit=5&show_deleted=true"])
    }

    @Test("resources have their types, and events their times in whole seconds, with a Z or without")
    func resourcesAndTimes() async throws {
        let cloud = ScriptedCloud(time) { request in
            guard request.url.contains("/events") else {
                return .json(200, ["resources": [["resource_name": "server", "resource_type": "OS::Nova::Server"]]])
            }
            let times: [JSONValue] = ["2026-11-23T19:39:47Z", "2026-11-23T19:39:48", "yesterday"]
            return .json(
                200,
                [
                    "events": .array(
                        times.map {
                            [
                                "id": "e", "resource_name": "server", "resource_status": "CREATE_COMPLETE",
                                "event_time": $0,
                            ]
                        })
                ])
        }
        let client = cloud.client()
        let resources = try await client.resources("vm-1", id: "s1")
        #expect(resources == .ok([StackResource(name: "server", type: "OS::Nova::Server")]))
        guard case .ok(let events) = try await client.events("vm-1", id: "s1", after: nil) else {
            Issue.record("no events")
            return
        }
        #expect(events.map(\.time) == [Timestamp("2026-11-23T19:39:47Z"), Timestamp("2026-11-23T19:39:48Z"), nil])
        #expect(cloud.calls.first == "GET /stacks/vm-1/s1/resources")
    }

    @Test("many who need a token at once ask for one together")
    func singleFlight() async throws {
        let cloud = ScriptedCloud(time) { _ in .vm1 }
        let client = cloud.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = try await client.show("vm-1", id: "s1") } }
            try await group.waitForAll()
        }
        #expect(cloud.tokensAsked == 1)
        #expect(cloud.calls.count == 20)
    }

    @Test("a 401 brings one new token and one repetition; another 401 puts the call off")
    func reauthenticates() async throws {
        let cloud = ScriptedCloud(time) { request in
            request.headers[HTTPField.Name("X-Auth-Token")!] == "token-1" ? CloudResponse(status: 401) : .vm1
        }
        guard case .ok = try await cloud.client().show("vm-1", id: "s1") else {
            Issue.record("not repeated")
            return
        }
        #expect(cloud.tokensUsed == ["token-1", "token-2"])

        let refusing = ScriptedCloud(time) { _ in CloudResponse(status: 401) }
        guard case .later = try await refusing.client().show("vm-1", id: "s1") else {
            Issue.record("not put off")
            return
        }
        #expect(refusing.tokensUsed == ["token-1", "token-2"])
    }

    @Test("a region that goes on refusing new tokens opens the circuit, and Keystone is left alone (S4)")
    func refusedTokens() async throws {
        let isRefusing = Mutex(true)
        let cloud = ScriptedCloud(time) { _ in isRefusing.withLock { $0 } ? CloudResponse(status: 401) : .vm1 }
        let client = cloud.client()
        for _ in 0..<20 { _ = try await client.show("vm-1", id: "s1") }
        #expect(cloud.calls.count == 10)
        #expect(cloud.tokensAsked <= 11)
        #expect(!client.connection.isHealthy && client.connection.isOpen)
        isRefusing.withLock { $0 = false }
        time.advance(by: .seconds(15))
        guard case .ok = try await client.show("vm-1", id: "s1") else {
            Issue.record("no probe")
            return
        }
        #expect(client.connection.isHealthy)
    }

    @Test("many who are told that their token is no good ask for one new token together (S4.4)")
    func refreshesTogether() async throws {
        let cloud = ScriptedCloud(time) { request in
            for _ in 0..<20 { await Task.yield() }
            return request.headers[HTTPField.Name("X-Auth-Token")!] == "token-1" ? CloudResponse(status: 401) : .vm1
        }
        let client = cloud.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    guard case .ok = try await client.show("vm-1", id: "s1") else {
                        Issue.record("not repeated")
                        return
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(cloud.tokensAsked == 2)
    }

    @Test("an answer larger than any that is sensible is not believed, and the region counts as answering")
    func hugeAnswer() async throws {
        let pad = String(repeating: "x", count: 10 << 20)
        let cloud = ScriptedCloud(time) { request in
            request.method == .post
                ? .json(201, ["stack": ["id": "s1", "pad": .string(pad)]])
                : .json(200, ["stack": ["id": "s1", "stack_name": "vm-1", "stack_status": .string(pad)]])
        }
        let client = cloud.client()
        guard case .unknown(let failure) = try await client.show("vm-1", id: "s1") else {
            Issue.record("it was believed")
            return
        }
        #expect(failure.message.contains("bytes"))
        let request = StackRequest(name: "vm-1", template: "", parameters: [:], tags: [], timeoutMinutes: 1)
        guard case .unknown = try await client.create(request) else {
            Issue.record("it was believed")
            return
        }
        #expect(client.connection.isHealthy)
    }

    @Test("while a probe is out, others wait for the next one, not a second")
    func probing() async throws {
        let cloud = ScriptedCloud(time) { [time] _ in
            if time.uptime >= .seconds(15) { try await time.sleep(for: .seconds(1000)) }
            throw TransportFailure(effect: .possible, reason: "reset")
        }
        let client = cloud.client()
        for _ in 0..<5 { _ = try await client.show("vm-1", id: "s1") }
        time.advance(by: .seconds(15))
        async let probe = client.show("vm-1", id: "s1")
        while cloud.calls.count < 6 { await Task.yield() }
        let other = try await client.show("vm-1", id: "s1")
        #expect(other == .later(Later(retryAfter: .seconds(15), reason: "the region does not answer")))
        while time.nextWake != .seconds(80) { await Task.yield() }
        time.advance(by: .seconds(65))
        _ = try await probe
    }

    @Test("a token is renewed at 80% of its life, and serves to its end while Keystone refuses")
    func refresh() async throws {
        let cloud = ScriptedCloud(time) { _ in .vm1 }
        let client = cloud.client()
        func show() async throws -> String {
            guard case .ok = try await client.show("vm-1", id: "s1") else { return "put off" }
            return try #require(cloud.tokensUsed.last)
        }
        #expect(try await show() == "token-1")
        time.advance(by: .seconds(799))
        #expect(try await show() == "token-1")
        time.advance(by: .seconds(1))
        cloud.refusesTokens.withLock { $0 = true }
        #expect(try await show() == "token-1")
        time.advance(by: .seconds(100))
        cloud.refusesTokens.withLock { $0 = false }
        #expect(try await show() == "token-3")
        time.advance(by: .seconds(2000))
        cloud.refusesTokens.withLock { $0 = true }
        #expect(try await show() == "put off")
    }

    @Test("five failures open the circuit; after that one probe each 15 s goes out")
    func circuit() async throws {
        let isDown = Mutex(true)
        let cloud = ScriptedCloud(time) { _ in
            if isDown.withLock({ $0 }) { throw TransportFailure(effect: .possible, reason: "reset") }
            return .vm1
        }
        let client = cloud.client()
        for _ in 0..<9 { _ = try await client.show("vm-1", id: "s1") }
        #expect(cloud.calls.count == 5)
        #expect(client.connection.isOpen)
        time.advance(by: .seconds(15))
        for _ in 0..<3 { _ = try await client.show("vm-1", id: "s1") }
        #expect(cloud.calls.count == 6)
        isDown.withLock { $0 = false }
        time.advance(by: .seconds(15))
        for _ in 0..<3 { _ = try await client.show("vm-1", id: "s1") }
        #expect(cloud.calls.count == 9)
        #expect(client.connection.isHealthy)
    }

    @Test("after a 429 nothing is sent before its Retry-After has passed")
    func retryAfterPausesRegion() async throws {
        let isBusy = Mutex(true)
        let cloud = ScriptedCloud(time) { _ in
            isBusy.withLock { $0 } ? CloudResponse(status: 429, headers: [.retryAfter: "30"]) : .vm1
        }
        let client = cloud.client()
        let first = try await client.show("vm-1", id: "s1")
        #expect(first == .later(Later(retryAfter: .seconds(30), reason: "HTTP 429")))
        isBusy.withLock { $0 = false }
        time.advance(by: .seconds(29))
        guard case .later(let later) = try await client.show("vm-1", id: "s1") else {
            Issue.record("it was sent")
            return
        }
        #expect(later.retryAfter == .seconds(1))
        time.advance(by: .seconds(1))
        _ = try await client.show("vm-1", id: "s1")
        #expect(cloud.calls.count == 2)
    }

    @Test("a burst passes, then requests go out at the bounded rate")
    func rate() async throws {
        let cloud = ScriptedCloud(time) { _ in .vm1 }
        let client = cloud.client()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<52 { group.addTask { _ = try await client.show("vm-1", id: "s1") } }
            while cloud.calls.count < 50 || time.nextWake != .milliseconds(100) { await Task.yield() }
            #expect(cloud.calls.count == 50)
            time.advance(by: .milliseconds(100))
            while cloud.calls.count < 51 || time.nextWake != .milliseconds(200) { await Task.yield() }
            #expect(cloud.calls.count == 51)
            time.advance(by: .milliseconds(100))
            try await group.waitForAll()
        }
    }

    @Test("a call that hangs ends as unknown after 65 s; a refused connection is put off")
    func transportFailures() async throws {
        let cloud = ScriptedCloud(time) { [time] request in
            if request.method == .post { throw TransportFailure(effect: .impossible, reason: "refused") }
            try await time.sleep(for: .seconds(1000))
            return .vm1
        }
        let client = cloud.client()
        async let shown = client.show("vm-1", id: "s1")
        while cloud.calls.isEmpty || time.nextWake != .seconds(65) { await Task.yield() }
        time.advance(by: .seconds(65))
        guard case .unknown = try await shown else {
            Issue.record("it was answered")
            return
        }
        let request = StackRequest(name: "vm-2", template: "", parameters: [:], tags: [], timeoutMinutes: 1)
        #expect(try await client.create(request) == .later(Later(reason: "refused")))
    }

    @Test("flavors and images are read over their pages, closed flavors left out")
    func offers() async throws {
        let cloud = ScriptedCloud(time) { request in
            switch request.url {
            case "http://nova/v2.1/flavors/detail":
                .json(
                    200,
                    [
                        "flavors": [["id": "f1", "name": "m1.small", "vcpus": 1, "ram": 512, "disk": 1]],
                        "flavors_links": [["rel": "next", "href": "http://inside/flavors/detail?marker=f1"]],
                    ])
            case "http://nova/v2.1/flavors/detail?marker=f1":
                .json(
                    200,
                    [
                        "flavors": [
                            [
                                "id": "f2", "name": "old", "vcpus": 1, "ram": 1, "disk": 1,
                                "OS-FLV-DISABLED:disabled": true,
                            ]
                        ]
                    ])
            case "http://glance/v2/images?limit=100&status=active":
                .json(
                    200,
                    [
                        "images": [["id": "i1", "name": "debian-12", "os_admin_user": "debian", "min_disk": 2]],
                        "next": "/v2/images?marker=i1",
                    ])
            default: .json(200, ["images": []])
            }
        }
        let offers = OfferClient(cloud.connection())
        guard case .ok(let flavors) = try await offers.flavors(), case .ok(let images) = try await offers.images()
        else {
            Issue.record("no offers")
            return
        }
        #expect(flavors.map(\.name) == ["m1.small"])
        #expect(images.map(\.adminUser) == ["debian"])
        #expect(cloud.calls.last == "GET http://glance/v2/images?marker=i1")
    }
}
