import Deployments
import Foundation
import NIOHTTP1
import Runtime
import Storage
import Synchronization
import Testing

/// `POST /deployments` and its `Idempotency-Key` (semantics.md section 2).
@Suite(.timeLimit(.minutes(3))) struct DeploymentCreateTests {
    @Test("a request is accepted with its place and its id, and nothing else")
    func accepted() async throws {
        var options = Site.Options()
        options.works = false
        try await Site.serve(options) { site in
            let ada = try await site.user()
            let order = try await ada.order()
            let answer = try await ada.call(.POST, "/deployments", order)
            #expect(answer.status == 202)
            let id = try #require(answer.json["deploymentId"]?.string)
            #expect(id.wholeMatch(of: /dep_[0-9A-HJKMNP-TV-Z]{26}/) != nil)
            #expect(answer.json == ["deploymentId": .string(id)])
            #expect(answer.header("Location") == "/deployments/" + id)
            #expect(answer.header("Idempotent-Replayed") == nil)

            let shown = try await ada.deployment(id)
            let created = shown["createdAt"] ?? .null
            #expect(
                shown == [
                    "id": .string(id), "name": "web", "regionId": "west",
                    "spec": order["spec"] ?? .null, "status": "REQUESTED",
                    "runtime": ["publicIp": nil, "privateIp": nil, "sshUser": "debian"], "lastError": nil,
                    "revision": 1, "createdAt": created, "updatedAt": created,
                ])
        }
    }

    @Test("a deployment becomes ACTIVE with its addresses, and is deleted; its log tells of it")
    func life() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let id = try await ada.deploy()
            try await ada.waitFor("ACTIVE", of: id)
            let active = try await ada.deployment(id)
            #expect(active["runtime"]?["publicIp"]?.string?.isEmpty == false)
            #expect(active["runtime"]?["privateIp"]?.string?.isEmpty == false)
            #expect(active["runtime"]?["sshUser"] == "debian")
            let answer = try await ada.call(.DELETE, "/deployments/" + id)
            #expect(answer.status == 202)
            #expect(answer.json == ["deploymentId": .string(id), "status": "DELETING"])
            try await ada.waitFor("DELETED", of: id)
            let deleted = try await ada.deployment(id)
            #expect(deleted["runtime"] == ["publicIp": nil, "privateIp": nil, "sshUser": "debian"])
            let events = try await ada.call(.GET, "/deployments/\(id)/events?pageSize=100").json
            #expect(events["items"]?[0]?["message"] == "Deployment requested")
            #expect(events["items"]?.array?.last?["message"] == "Deleted")
        }
    }

    @Test("storage may be the bare number")
    func bareStorage() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            var order = try await ada.order().object ?? [:]
            var spec = order["spec"]?.object ?? [:]
            spec["storage"] = 20
            order["spec"] = .object(spec)
            let answer = try await ada.call(.POST, "/deployments", .object(order))
            let shown = try await ada.deployment(answer.json["deploymentId"]?.string ?? "none")
            #expect(shown["spec"]?["storage"] == ["sizeGiB": 20])
        }
    }

    @Test("the same key and body give the first answer again, byte for byte, also when the deployment is gone")
    func replay() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let order = try await ada.order()
            let first = try await ada.call(.POST, "/deployments", order, headers: [("Idempotency-Key", "k 1")])
            let id = try #require(first.json["deploymentId"]?.string)
            let reordered = """
                {"spec": {"storage": {"sizeGiB": 20.0}, "sshKeyId": \(order["spec"]?["sshKeyId"] ?? .null),
                 "imageId": "debian-12", "instanceTypeId": "small"}, "regionId": "west", "name": "web"}
                """
            for (key, body) in [("k 1", order.description), ("\"k 1\"", reordered)] {
                let again = try await ada.post(
                    "/deployments", text: body,
                    headers: [("Idempotency-Key", key), ("Content-Type", "application/json")])
                #expect(again.status == 202)
                #expect(again.body == first.body)
                #expect(again.header("Location") == first.header("Location"))
                #expect(again.header("Idempotent-Replayed") == "true")
            }
            try await ada.waitFor("ACTIVE", of: id)
            _ = try await ada.call(.DELETE, "/deployments/" + id)
            try await ada.waitFor("DELETED", of: id)
            let late = try await ada.call(.POST, "/deployments", order, headers: [("Idempotency-Key", "k 1")])
            #expect(late.body == first.body)
            #expect(try await ada.call(.GET, "/deployments?includeDeleted=true").json["total"] == 1)
        }
    }

    @Test("a key is one customer's, works for one body, and expires after 24 hours")
    func keyScope() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let bob = try await site.user("bob")
            let key = [("Idempotency-Key", "k-1")]
            let first = try await ada.call(.POST, "/deployments", try await ada.order(), headers: key)
            let other = try await ada.call(.POST, "/deployments", try await ada.order("db"), headers: key)
            #expect(other.problem == "422 IDEMPOTENCY_KEY_REUSED")
            // Another body that would be refused is the reuse of a key all the same.
            #expect(
                try await ada.call(.POST, "/deployments", [:], headers: key).problem == "422 IDEMPOTENCY_KEY_REUSED")
            let bobs = try await bob.call(.POST, "/deployments", try await bob.order(), headers: key)
            #expect(bobs.status == 202)
            #expect(bobs.header("Idempotent-Replayed") == nil)
            #expect(bobs.body != first.body)

            site.time.advance(by: .seconds(24 * 3600))
            let next = try await site.signIn()
            let late = try await next.call(.POST, "/deployments", try await next.order(), headers: key)
            #expect(late.status == 202)
            #expect(late.body != first.body)
            #expect(late.header("Idempotent-Replayed") == nil)
        }
    }

    @Test("a refused request does not use up its key")
    func refusalKeepsKey() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let key = [("Idempotency-Key", "k-1")]
            #expect(try await ada.call(.POST, "/deployments", [:], headers: key).status == 422)
            let answer = try await ada.call(.POST, "/deployments", try await ada.order(), headers: key)
            #expect(answer.status == 202)
            #expect(answer.header("Idempotent-Replayed") == nil)
        }
    }

    @Test("twins at once make one deployment")
    func twins() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let order = try await ada.order()
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<10 {
                    group.addTask {
                        try await ada.call(.POST, "/deployments", order, headers: [("Idempotency-Key", "twin")])
                    }
                }
                return try await group.reduce(into: [Answer]()) { $0.append($1) }
            }
            #expect(Set(answers.map(\.body)).count == 1)
            #expect(answers.filter { $0.header("Idempotent-Replayed") == nil }.count == 1)
            #expect(try await ada.call(.GET, "/deployments").json["total"] == 1)
        }
    }

    @Test("while another writer holds the database: 409 with a key, 503 without, and nothing is lost or doubled")
    func busyStore() async throws {
        try await withDatabasePath { path in
            var options = Site.Options()
            options.databasePath = path
            options.busyTimeout = .milliseconds(100)
            options.works = false
            try await Site.serve(options) { site in
                let ada = try await site.user()
                let order = try await ada.order()
                let key = [("Idempotency-Key", "k-1")]
                try await Self.holdingWriteLock(on: path) {
                    let withKey = try await ada.call(.POST, "/deployments", order, headers: key)
                    #expect(withKey.problem == "409 IDEMPOTENCY_IN_PROGRESS")
                    #expect(withKey.header("Retry-After") == "1")
                    let without = try await ada.call(.POST, "/deployments", order)
                    #expect(without.problem == "503 OVERLOADED")
                    #expect(without.header("Retry-After") == "1")
                    #expect(try await ada.call(.GET, "/deployments").json["total"] == 0)
                }
                #expect(try await ada.call(.POST, "/deployments", order, headers: key).status == 202)
                #expect(try await ada.call(.GET, "/deployments").json["total"] == 1)
            }
        }
    }

    /// Runs a body while another connection to a database is amid a transaction.
    private static func holdingWriteLock(on path: String, _ body: () async throws -> Void) async throws {
        let surroundings = Surroundings(time: TickingTime(), random: .secure)
        let other = SQLiteDeploymentStore(
            try SQLiteDatabase(
                .file(path), surroundings: surroundings,
                executors: (QueueExecutor(label: "other"), QueueExecutor(label: "other"))),
            surroundings: surroundings)
        let isHeld = Mutex(false)
        let isDone = Mutex(false)
        async let holding: Void = other.write { tx in
            try tx.forgetIdempotencyRecords(before: Timestamp(milliseconds: 0))
            isHeld.withLock { $0 = true }
            // A transaction is synchronous: its thread waits.
            while !isDone.withLock({ $0 }) { sched_yield() }
        }
        defer { isDone.withLock { $0 = true } }
        try await eventually("the lock is held") { isHeld.withLock { $0 } }
        try await body()
        isDone.withLock { $0 = true }
        try await holding
    }

    @Test(
        "a key has 1 to 255 printable ASCII characters, quoted or bare",
        arguments: [
            ("", false), ("\"\"", false), ("\"open", false), ("k\u{e9}", false),
            (String(repeating: "k", count: 256), false),
            (String(repeating: "k", count: 255), true), ("\"" + String(repeating: "k", count: 255) + "\"", true),
            ("a\tb", false), ("8e03978e-40d5-43dd-bc93-6894a57f9324", true),
        ])
    func keySyntax(key: String, isValid: Bool) async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let order = try await ada.order().description
            let authorization = try #require(ada.headers.first).1
            // Past the HTTP client, which would not send some of these.
            try await RawConnection.open(site) { connection in
                try await connection.send(
                    [
                        "POST /deployments HTTP/1.1", "Host: portal", "Authorization: \(authorization)",
                        "Content-Type: application/json", "Content-Length: \(order.utf8.count)",
                        "Idempotency-Key: \(key)",
                    ], body: order)
                let answer = try #require(try await connection.response())
                #expect(answer.status == (isValid ? 202 : 400))
                #expect(answer.body.contains("IDEMPOTENCY_KEY_INVALID") == !isValid)
            }
        }
    }

    @Test("checks are made in the order of semantics.md section 2")
    func order() async throws {
        try await Site.serve { site in
            let ada = try await site.user(isVerified: false)
            let good = try await ada.order()
            let foreign = [("Origin", "https://evil.example")]
            let badKey = [("Idempotency-Key", "")]
            let json = [("Content-Type", "application/json")]
            func post(
                _ who: Visitor, _ body: String, _ headers: [(String, String)]...
            ) async throws -> String {
                try await who.post("/deployments", text: body, headers: headers.flatMap { $0 }).problem
            }
            #expect(try await post(site.visitor, "{", foreign) == "401 UNAUTHENTICATED")
            let page = try await site.signInWithCookie()
            let tricked = Visitor(site: site, headers: [page.headers[0]])
            #expect(try await post(tricked, "{", foreign) == "403 CSRF_REJECTED")
            #expect(try await post(ada, "{", badKey) == "415 UNSUPPORTED_MEDIA_TYPE")
            #expect(try await post(ada, "{", badKey, json) == "400 BAD_REQUEST")
            #expect(try await post(ada, "{}", badKey, json) == "400 IDEMPOTENCY_KEY_INVALID")
            #expect(
                try await post(ada, #"{"name":"web","regionId":"west","spec":{}}"#, json)
                    == "422 VALIDATION_FAILED /spec/instanceTypeId REQUIRED /spec/imageId REQUIRED "
                    + "/spec/storage REQUIRED /spec/sshKeyId REQUIRED")
            #expect(try await post(ada, good.description, json) == "403 EMAIL_NOT_VERIFIED")

            let token = try #require(site.mailedToken())
            _ = try await site.visitor.call(.POST, "/auth/verify-email", ["token": .string(token)])
            for number in 1...20 { _ = try await ada.deploy("web \(number)") }
            #expect(try await post(ada, good.description, json) == "403 QUOTA_EXCEEDED")
        }
    }

    @Test("everything that is wrong with a body is named at once, and nothing is made")
    func validation() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let answer = try await ada.call(
                .POST, "/deployments",
                [
                    "name": "-", "regionId": 7, "colour/~": "red",
                    "spec": ["instanceTypeId": "", "imageId": nil, "storage": ["sizeGiB": 0, "unit": "TiB"]],
                ])
            #expect(
                answer.problem
                    == "422 VALIDATION_FAILED /name INVALID_NAME /regionId WRONG_TYPE /spec/instanceTypeId REQUIRED "
                    + "/spec/imageId REQUIRED /spec/storage/sizeGiB OUT_OF_RANGE /spec/storage/unit UNKNOWN_FIELD "
                    + "/spec/sshKeyId REQUIRED /colour~1~0 UNKNOWN_FIELD")
            var order = try await ada.order().object ?? [:]
            order["spec"] = [
                "instanceTypeId": "huge", "imageId": "beos", "storage": 20, "sshKeyId": "key_of_nobody",
            ]
            #expect(
                try await ada.call(.POST, "/deployments", .object(order)).problem
                    == "422 VALIDATION_FAILED /spec/instanceTypeId UNKNOWN_INSTANCE_TYPE /spec/imageId UNKNOWN_IMAGE "
                    + "/spec/sshKeyId UNKNOWN_SSH_KEY")
            order["regionId"] = "north"
            #expect(
                try await ada.call(.POST, "/deployments", .object(order)).problem
                    == "422 VALIDATION_FAILED /regionId UNKNOWN_REGION")
            #expect(try await ada.call(.GET, "/deployments?includeDeleted=true").json["total"] == 0)
        }
    }

    @Test("another customer's SSH key is as unknown as none")
    func foreignKey() async throws {
        try await Site.serve { site in
            let ada = try await site.user()
            let bob = try await site.user("bob")
            #expect(
                try await bob.call(.POST, "/deployments", try await ada.order()).problem
                    == "422 VALIDATION_FAILED /spec/sshKeyId UNKNOWN_SSH_KEY")
        }
    }
}
