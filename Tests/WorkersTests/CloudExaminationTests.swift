import Deployments
import HTTPTypes
import Logging
import OpenStack
import Runtime
import Synchronization
import Testing

@testable import Workers

/// A cloud in which all is well, but for what a test changes: answers by method and the end of the path.
private final class WellCloud: CloudTransport {
    static let url = "http://cloud.test"
    private let changed: [String: CloudResponse]
    private let silent: Set<String>
    private let asked = Mutex<[String]>([])

    init(_ changed: [String: CloudResponse] = [:], silent: Set<String> = []) {
        self.changed = changed
        self.silent = silent
    }

    var calls: [String] { asked.withLock { $0 } }

    func send(_ request: CloudRequest) async throws -> CloudResponse {
        let path = request.url.dropFirst(Self.url.count).prefix { $0 != "?" }
        let call = request.method.rawValue + " " + path
        asked.withLock { $0.append(call) }
        if silent.contains(call) { throw TransportFailure(effect: .impossible, reason: "connection refused") }
        return changed[call] ?? Self.well[call] ?? CloudResponse(status: 404)
    }

    static func json(_ status: Int, _ body: JSONValue, _ headers: HTTPFields = [:]) -> CloudResponse {
        CloudResponse(status: status, headers: headers, body: body.utf8)
    }

    static func token(roles: [String] = ["member"], without: String? = nil) -> CloudResponse {
        let all: [String] = ["orchestration", "compute", "image", "network", "volumev3"]
        let versions = ["orchestration": "/v1", "compute": "/v2.1"]
        let services = all.filter { $0 != without }
        let catalog = services.map { service -> JSONValue in
            let endpoint: JSONValue = [
                "interface": "public", "region_id": "r",
                "url": .string(url + "/" + service + (versions[service] ?? "")),
            ]
            return ["type": .string(service), "endpoints": [endpoint]]
        }
        let roles = roles.map { role -> JSONValue in ["name": .string(role)] }
        let token: JSONValue = [
            "issued_at": "2026-01-06T10:00:00.000000Z", "expires_at": "2026-01-06T11:00:00.000000Z",
            "user": ["id": "u", "name": "portal"], "project": ["id": "p", "name": "vms"], "roles": .array(roles),
            "catalog": .array(catalog),
        ]
        return json(201, ["token": token], [HTTPField.Name("X-Subject-Token")!: "t"])
    }

    static let networks = "GET /network/v2.0/networks"
    static let validate = "POST /orchestration/v1/validate"
    static let tokens = "POST /v3/auth/tokens"
    static let trusts = "POST /v3/OS-TRUST/trusts"
    static let credential = "GET /v3/users/u/application_credentials/ac"

    private static let well: [String: CloudResponse] = [
        tokens: token(), "GET /orchestration/v1/stacks": json(200, ["stacks": []]),
        "GET /compute/v2.1/flavors/detail": json(
            200, ["flavors": [["id": "f", "name": "small", "vcpus": 1, "ram": 512, "disk": 1]]]),
        "GET /image/v2/images": json(200, ["images": [["id": "i", "name": "debian", "os_admin_user": "debian"]]]),
        networks: json(
            200,
            [
                "networks": [
                    ["id": "n1", "name": "private", "router:external": false],
                    ["id": "n2", "name": "public", "router:external": true],
                ]
            ]),
        validate: json(200, [:]), trusts: json(201, ["trust": ["id": "t1"]]),
        "DELETE /v3/OS-TRUST/trusts/t1": CloudResponse(status: 204),
        credential: json(200, ["application_credential": ["expires_at": .null]]),
        "GET /compute/v2.1/limits": json(
            200,
            [
                "limits": [
                    "absolute": [
                        "totalInstancesUsed": 1, "maxTotalInstances": 10, "totalCoresUsed": 1, "maxTotalCores": 20,
                        "totalRAMUsed": 1, "maxTotalRAMSize": -1,
                    ]
                ]
            ]),
        "GET /network/v2.0/quotas/p/details.json": json(
            200, ["quota": ["floatingip": ["used": 50, "limit": 50, "reserved": 0]]]),
    ]
}

@Suite struct CloudExaminationTests {
    private func findings(
        _ cloud: WellCloud, _ depth: CloudExamination.Depth = .start, settings: WorkerSettings = WorkerSettings()
    ) async throws -> [Finding] {
        let surroundings = Surroundings(time: SystemTime(), random: RandomSource(seed: 1))
        let credential = CloudCredential(identityURL: WellCloud.url, applicationCredentialId: "ac", secret: "hush")
        let access = RegionAccess(region: "r", credential: credential, transport: cloud)
        let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let connection = CloudConnection.all([access], surroundings: surroundings, logger: silent)[0]
        let region = CloudRegion(Region(id: "west", name: "West"), connection: connection)
        return try await CloudExamination(of: region, credential: credential, settings: settings).findings(depth)
    }

    @Test("a cloud in which all is well blocks nothing; a start changes nothing in it, a full examination cleans up")
    func well() async throws {
        let cloud = WellCloud()
        #expect(try await findings(cloud).allSatisfy { $0.verdict == .fine })
        #expect(!cloud.calls.contains(WellCloud.trusts))
        let all = try await findings(cloud, .full)
        #expect(all.filter { $0.verdict != .fine }.map(\.check) == [.quotas])
        #expect(all.contains { $0.check == .quotas && $0.words.contains("50 of 50 floating IPs") })
        #expect(cloud.calls.suffix(2) == [WellCloud.trusts, "DELETE /v3/OS-TRUST/trusts/t1"])
    }

    struct Trouble: Sendable {
        let call: String
        let answer: CloudResponse?
        let check: Finding.Check
        let verdict: Finding.Verdict
        let words: String
        let isBlocking: Bool
    }

    @Test(
        "what is wrong is told in words, and blocks the region where no VM could be made",
        arguments: [
            Trouble(
                call: WellCloud.tokens, answer: nil, check: .signIn, verdict: .unreachable, words: "refused",
                isBlocking: true),
            Trouble(
                call: WellCloud.tokens, answer: WellCloud.json(401, ["error": ["message": "wrong secret"]]),
                check: .signIn, verdict: .wrong, words: "wrong secret", isBlocking: true),
            Trouble(
                call: WellCloud.tokens, answer: CloudResponse(status: 404, body: Array("<html>".utf8)), check: .signIn,
                verdict: .wrong, words: "not Keystone", isBlocking: true),
            Trouble(
                call: WellCloud.tokens, answer: WellCloud.token(roles: ["reader"]), check: .roles, verdict: .wrong,
                words: "make nothing", isBlocking: false),
            Trouble(
                call: WellCloud.tokens, answer: WellCloud.token(without: "orchestration"), check: .services,
                verdict: .wrong, words: "no public endpoint of orchestration in the region r", isBlocking: true),
            Trouble(
                call: "GET /orchestration/v1/stacks", answer: nil, check: .services, verdict: .unreachable,
                words: "refused", isBlocking: false),
            Trouble(
                call: WellCloud.networks, answer: WellCloud.json(200, ["networks": [["id": "n", "name": "private"]]]),
                check: .networks, verdict: .wrong, words: "no network public", isBlocking: true),
            Trouble(
                call: WellCloud.validate,
                answer: WellCloud.json(400, ["error": ["type": "StackValidationFailed", "message": "no such type"]]),
                check: .template, verdict: .wrong, words: "no such type", isBlocking: true),
            Trouble(
                call: WellCloud.trusts, answer: WellCloud.json(403, ["error": ["message": "not authorized"]]),
                check: .trusts, verdict: .wrong,
                words: "allow_insecure_application_credential_trust_escalation = true", isBlocking: false),
            Trouble(
                call: WellCloud.credential,
                answer: WellCloud.json(200, ["application_credential": ["expires_at": "2026-01-07T00:00:00.000000"]]),
                check: .credential, verdict: .advice, words: "2026-01-07", isBlocking: false),
            Trouble(
                call: "GET /image/v2/images", answer: WellCloud.json(200, ["images": []]), check: .offer,
                verdict: .wrong, words: "no active image", isBlocking: false),
        ])
    func trouble(_ trouble: Trouble) async throws {
        let cloud =
            trouble.answer.map { WellCloud([trouble.call: $0]) } ?? WellCloud(silent: [trouble.call])
        let found = try await findings(cloud, .full)
        let finding = try #require(found.first { $0.check == trouble.check && $0.verdict != .fine }, "\(found)")
        #expect(finding.verdict == trouble.verdict && finding.isBlocking == trouble.isBlocking, "\(finding)")
        #expect(finding.words.contains(trouble.words), "\(finding.words)")
    }

    @Test("a network that two have the name of, one that is not external, and none for public addresses")
    func networks() async throws {
        var settings = WorkerSettings()
        settings.publicNetwork = "private"
        var found = try await findings(WellCloud(), settings: settings)
        #expect(found.contains { $0.check == .networks && $0.words.contains("not external") && $0.isBlocking })
        settings.publicNetwork = ""
        found = try await findings(WellCloud(), settings: settings)
        #expect(found.contains { $0.check == .networks && $0.verdict == .fine })
        let twins = WellCloud.json(
            200,
            [
                "networks": [
                    ["id": "a", "name": "private"], ["id": "b", "name": "private"],
                    ["id": "c", "name": "public", "router:external": true],
                ]
            ])
        found = try await findings(WellCloud([WellCloud.networks: twins]))
        #expect(found.contains { $0.words.contains("2 networks are called private") && $0.isBlocking })
    }
}
