import Deployments
import NIOHTTP1
import Runtime
import Scenarios
import Testing

/// The calls on deployments that exist (design.md section 5, semantics.md S3.4 and section 10).
@Suite(.timeLimit(.minutes(3))) struct DeploymentRouteTests {
    private static var atRest: Site.Options {
        var options = Site.Options()
        options.works = false
        return options
    }

    @Test("the list has pages, newest first or oldest first, and says what it counts")
    func pages() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            var ids: [JSONValue] = []
            for number in 1...5 { ids.append(.string(try await ada.deploy("web \(number)"))) }
            func list(_ query: String) async throws -> (ids: [JSONValue], rest: JSONValue) {
                let json = try await ada.call(.GET, "/deployments" + query).json
                var rest = json.object ?? [:]
                rest["items"] = nil
                #expect(rest.removeValue(forKey: "asOf")?.string.flatMap { Timestamp($0) } != nil)
                return ((json["items"]?.array ?? []).compactMap { $0["id"] }, .object(rest))
            }
            let newestFirst = Array(ids.reversed())
            #expect(try await list("") == (newestFirst, ["page": 1, "pageSize": 20, "total": 5]))
            #expect(
                try await list("?pageSize=2") == (Array(newestFirst[..<2]), ["page": 1, "pageSize": 2, "total": 5]))
            #expect(
                try await list("?pageSize=2&page=3") == (
                    Array(newestFirst[4...]), ["page": 3, "pageSize": 2, "total": 5]
                ))
            #expect(try await list("?page=9&pageSize=100") == ([], ["page": 9, "pageSize": 100, "total": 5]))
            #expect(try await list("?sort=createdAt").ids == ids)
            #expect(try await list("?sort=-createdAt&page=1000000000").ids == [])

            // The items are what the single call shows.
            let items = try await ada.call(.GET, "/deployments").json["items"]
            #expect(try await ada.deployment(ids[4].string ?? "") == items?[0])
        }
    }

    @Test("a deleted one is listed only when asked for, by status or by includeDeleted")
    func statusFilter() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let kept = try await ada.deploy()
            let gone = try await ada.deploy()
            #expect(
                try await ada.call(.DELETE, "/deployments/" + gone).json
                    == ["deploymentId": .string(gone), "status": "DELETED"])
            func ids(_ query: String) async throws -> [String?] {
                let json = try await ada.call(.GET, "/deployments" + query).json
                #expect(json["total"]?.integer == json["items"]?.array?.count)
                return (json["items"]?.array ?? []).map { $0["id"]?.string }
            }
            #expect(try await ids("") == [kept])
            #expect(try await ids("?includeDeleted=true") == [gone, kept])
            #expect(try await ids("?includeDeleted=false") == [kept])
            #expect(try await ids("?status=DELETED") == [gone])
            #expect(try await ids("?status=REQUESTED") == [kept])
            #expect(try await ids("?status=ERROR") == [])
        }
    }

    @Test("a walk over pages with asOf neither skips nor repeats while others insert and delete")
    func walk() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            var ids: [String] = []
            for number in 1...7 { ids.append(try await ada.deploy("web \(number)")) }
            var page = try await ada.call(.GET, "/deployments?pageSize=3").json
            let asOf = try #require(page["asOf"]?.string)
            var seen: [String] = []
            for number in 2...4 {
                seen += (page["items"]?.array ?? []).compactMap { $0["id"]?.string }
                #expect(page["total"] == 7)
                #expect(page["asOf"] == .string(asOf))
                site.time.advance(by: .milliseconds(5))
                _ = try await ada.deploy("later \(number)")
                _ = try await ada.call(.DELETE, "/deployments/" + ids[9 - 2 * number])
                page = try await ada.call(.GET, "/deployments?pageSize=3&page=\(number)&asOf=\(asOf)").json
            }
            #expect(page["items"] == [])
            #expect(seen == ids.reversed())
        }
    }

    @Test("customers see their own only: another's is not found by any call")
    func foreign() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let bob = try await site.user("bob")
            let id = try await ada.deploy()
            #expect(try await bob.call(.GET, "/deployments").json["total"] == 0)
            for unknown in [id, "dep_00000000000000000000000000", "%00", "%FF", "..%2F..", "a'b"] {
                #expect(try await bob.call(.GET, "/deployments/" + unknown).problem == "404 NOT_FOUND")
                #expect(try await bob.call(.DELETE, "/deployments/" + unknown).problem == "404 NOT_FOUND")
                #expect(try await bob.call(.GET, "/deployments/\(unknown)/events").problem == "404 NOT_FOUND")
                #expect(try await bob.call(.POST, "/deployments/\(unknown)/retry").problem == "404 NOT_FOUND")
            }
            #expect(try await ada.deployment(id)["status"] == "REQUESTED")
        }
    }

    @Test("a deployment's ETag changes with its revision and spares its body")
    func entityTag() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let id = try await ada.deploy()
            let first = try await ada.call(.GET, "/deployments/" + id)
            let tag = try #require(first.header("ETag"))
            #expect(tag.wholeMatch(of: /"[A-Za-z0-9_-]+\.1"/) != nil)
            #expect(first.header("Cache-Control") == "private, no-cache")
            for value in [tag, "W/" + tag, "\"x\" , " + tag + " ", "*"] {
                let answer = try await ada.call(.GET, "/deployments/" + id, headers: [("If-None-Match", value)])
                #expect(answer.status == 304, "\(value)")
                #expect(answer.body == [])
                #expect(answer.header("ETag") == tag)
            }
            _ = try await ada.call(.DELETE, "/deployments/" + id)
            let second = try await ada.call(.GET, "/deployments/" + id, headers: [("If-None-Match", tag)])
            #expect(second.status == 200)
            // REQUESTED, DELETING, DELETED: two revisions more.
            #expect(second.header("ETag") == tag.replacing(".1\"", with: ".3\""))
            #expect(second.json["revision"] == 3)
            let head = try await ada.call(.HEAD, "/deployments/" + id)
            #expect(head.status == 200)
            #expect(head.header("ETag") == second.header("ETag"))
            #expect(head.header("Content-Length") == String(second.body.count))
            #expect(head.body == [])
        }
    }

    @Test("a deletion is accepted in every state, and again; only one that changes something is a revision")
    func deletion() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let keyId = try await ada.keyId().string ?? ""
            let customer = try await ada.customerId
            for status in Deployment.Status.allCases {
                let isGone = status == .deleting || status == .deleted
                let id = "dep_" + status.rawValue
                try await site.insert(
                    id, of: customer, keyId: keyId, status: status, desired: isGone ? .absent : .present)
                let expected = status == .requested || status == .deleted ? "DELETED" : "DELETING"
                for _ in 1...2 {
                    let answer = try await ada.call(.DELETE, "/deployments/" + id)
                    #expect(answer.status == 202)
                    #expect(answer.json == ["deploymentId": .string(id), "status": .string(expected)])
                }
                let shown = try await ada.deployment(id)
                #expect(shown["revision"]?.integer == 1 + (isGone ? 0 : status == .requested ? 2 : 1), "\(status)")
                #expect(shown["lastError"] == .null)
            }
        }
    }

    @Test("a retry is for a deployment in ERROR that is still wanted")
    func retry() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let keyId = try await ada.keyId().string ?? ""
            let customer = try await ada.customerId
            for status in Deployment.Status.allCases {
                for desired in [DeploymentRecord.DesiredState.present, .absent] {
                    let id = "dep_\(status)_\(desired)"
                    try await site.insert(id, of: customer, keyId: keyId, status: status, desired: desired)
                    let answer = try await ada.call(.POST, "/deployments/\(id)/retry")
                    guard status == .error, desired == .present else {
                        #expect(answer.problem == "409 CONFLICT", "\(id)")
                        #expect(try await ada.deployment(id)["revision"] == 1)
                        continue
                    }
                    #expect(answer.status == 202)
                    #expect(answer.json == ["deploymentId": .string(id), "status": "PROVISIONING"])
                    let shown = try await ada.deployment(id)
                    #expect(shown["status"] == "PROVISIONING")
                    #expect(shown["lastError"] == .null)
                    #expect(shown["revision"] == 2)
                }
            }
        }
    }

    @Test("a deployment that the cloud could not make says why, and comes up at the next try")
    func failureAndRetry() async throws {
        var options = Site.Options()
        options.stackRules = [
            StackRule(
                nth: 1,
                create: ["server": ResourceFate(outcome: .fails(reason: "No valid host was found.", times: nil))])
        ]
        try await Site.serve(options) { site in
            let ada = try await site.user()
            let id = try await ada.deploy()
            try await ada.waitFor("ERROR", of: id)
            let error = try #require(try await ada.deployment(id)["lastError"])
            #expect(error["code"] == "NO_CAPACITY")
            #expect(error["message"]?.string?.contains("host") == false)
            #expect(error.object?.count == 2)
            #expect(try await ada.call(.POST, "/deployments/\(id)/retry").status == 202)
            try await ada.waitFor("ACTIVE", of: id)
            #expect(try await ada.deployment(id)["lastError"] == .null)
        }
    }

    @Test("events have pages in either order, after a number, and say where they begin and end")
    func events() async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            let keyId = try await ada.keyId().string ?? ""
            try await site.insert("dep_1", of: try await ada.customerId, keyId: keyId, status: .active, events: 5)
            func seqs(_ query: String, _ expected: JSONValue) async throws -> [Int?] {
                let json = try await ada.call(.GET, "/deployments/dep_1/events" + query).json
                var rest = json.object ?? [:]
                rest["items"] = nil
                #expect(JSONValue.object(rest) == expected)
                return (json["items"]?.array ?? []).map { $0["seq"]?.integer }
            }
            #expect(
                try await seqs("", ["page": 1, "pageSize": 20, "total": 5, "firstSeq": 1, "lastSeq": 5])
                    == [1, 2, 3, 4, 5])
            #expect(
                try await seqs(
                    "?order=desc&pageSize=2", ["page": 1, "pageSize": 2, "total": 5, "firstSeq": 1, "lastSeq": 5])
                    == [5, 4])
            #expect(
                try await seqs(
                    "?order=asc&pageSize=2&page=3",
                    ["page": 3, "pageSize": 2, "total": 5, "firstSeq": 1, "lastSeq": 5]) == [5])
            #expect(
                try await seqs("?afterSeq=3", ["page": 1, "pageSize": 20, "total": 2, "firstSeq": 1, "lastSeq": 5])
                    == [4, 5])
            #expect(
                try await seqs("?afterSeq=9", ["page": 1, "pageSize": 20, "total": 0, "firstSeq": 1, "lastSeq": 5])
                    == [])

            let event = try #require(try await ada.call(.GET, "/deployments/dep_1/events").json["items"]?[0])
            #expect(event["id"]?.string?.hasPrefix("evt_") == true)
            #expect(event["ts"]?.string.flatMap { Timestamp($0) } != nil)
            #expect(
                event == [
                    "id": event["id"] ?? .null, "deploymentId": "dep_1", "seq": 1, "ts": event["ts"] ?? .null,
                    "level": "INFO", "message": "Event 1",
                ])
        }
    }

    @Test(
        "a parameter that is wrong, or there twice, is refused",
        arguments: [
            ("?page=0", "INVALID_PAGE"), ("?page=-1", "INVALID_PAGE"), ("?page=1.5", "INVALID_PAGE"),
            ("?page=%2B1", "INVALID_PAGE"), ("?page=", "INVALID_PAGE"), ("?page=one", "INVALID_PAGE"),
            ("?page=99999999999999999999", "INVALID_PAGE"), ("?page=1000000001", "INVALID_PAGE"),
            ("?page=%D9%A3", "INVALID_PAGE"), ("?pageSize=0", "INVALID_PAGE"), ("?pageSize=101", "INVALID_PAGE"),
            ("?pageSize=20&pageSize=20", "BAD_REQUEST"), ("?page=1&page=2", "BAD_REQUEST"),
            ("?asOf=yesterday", "INVALID_PAGE"), ("?asOf=2026-02-30T00:00:00Z", "INVALID_PAGE"),
            ("?status=active", "BAD_REQUEST"), ("?status=", "BAD_REQUEST"), ("?sort=name", "BAD_REQUEST"),
            ("?includeDeleted=yes", "BAD_REQUEST"), ("/dep_1/events?order=up", "BAD_REQUEST"),
            ("/dep_1/events?afterSeq=-1", "INVALID_PAGE"), ("/dep_1/events?afterSeq=x", "INVALID_PAGE"),
            ("/dep_1/events?afterSeq=%2B1", "INVALID_PAGE"), ("/dep_1/events?page=0", "INVALID_PAGE"),
        ])
    func badParameters(path: String, code: String) async throws {
        try await Site.serve(Self.atRest) { site in
            let ada = try await site.user()
            #expect(try await ada.call(.GET, "/deployments" + path).problem == "400 " + code)
        }
    }
}

extension Site {
    /// Puts a deployment into the store as a worker may have left it.
    func insert(
        _ id: String, of customerId: String, keyId: String = "key_1", status: Deployment.Status,
        desired: DeploymentRecord.DesiredState = .present, events: Int = 1
    ) async throws {
        let now = time.now
        try await store.write { tx in
            var work = DeploymentRecord.Work(stackName: "vm-" + id.lowercased(), sshPublicKey: Visitor.publicKey)
            if status != .requested { work.create = .confirmed }
            try tx.insert(
                DeploymentRecord(
                    deployment: Deployment(
                        id: id, customerId: customerId, name: "web", regionId: "west",
                        spec: .init(instanceTypeId: "small", imageId: "debian-12", storageGiB: 20, sshKeyId: keyId),
                        status: status, lastError: status == .error ? Failure(.createFailed) : nil, createdAt: now,
                        updatedAt: now),
                    desired: desired, work: work),
                events: (1...events).map { EventDraft(.info, "Event \($0)") })
        }
    }
}
