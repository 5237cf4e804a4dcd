import HTTPTypes
import OrderedCollections
import Runtime
import Scenarios

@testable import FakeCloud

/// Plays the exchanges of one file to a fake cloud, in the order of their recording.
struct Replay {
    struct Verdict {
        let exchange: GoldenExchange
        let differences: [String]

        var isMatch: Bool { differences.isEmpty }
    }

    let bench: Bench
    private(set) var likeness = Likeness()
    private var tokens: [String: String] = [:]
    private var secrets: [String: String] = [:]

    /// - Parameter file: whose exchanges are played.
    init(_ file: String) async throws {
        var scenario = CloudScenario.bench
        // Its last part was recorded from a Keystone that forbids application credentials to make trusts.
        scenario.allowsTrusts = file != "outage"
        if ["nova", "neutron"].contains(file) { scenario.quota.limits = Arrangements.recordedLimits }
        bench = try Bench(scenario)
        let engine = bench.engine
        let known: [(String, String)] = [
            ("b7862f2ccedf4d0c933d210c0b5683fa", engine.identity.users[0].assignments[0].project.id),
            ("c3980468dbef4e58916faa7a489ad234", engine.identity.users[1].assignments[0].project.id),
            ("3e38e8afd8af4b8598322430f24fb585", engine.identity.users[2].assignments[0].project.id),
            ("37593bb041c24837aa3f08ba37102bde", engine.identity.users[0].id),
            ("3e83ed397d464489bd0594a05f9b844c", bench.cloud.access.credentialId),
            ("964a1efb-134b-47be-89f8-929460898606", engine.catalog.id(of: "image", "cirros-0.6.2")),
            ("307fbb9a-5830-474d-bad7-807ebe495265", engine.catalog.id(of: "network", "public")),
        ]
        for (recorded, own) in known { likeness.bind(recorded, to: own) }
        secrets["portal"] = bench.cloud.access.credentialSecret
        tokens["demo"] = try await bench.token()
        tokens["other"] = try await bench.token("other")
        tokens["admin"] = try await bench.token("admin")
        for name in ["portal", "cached", "not-yet-seen-by-heat", "portal-strict", "demo-password"] {
            tokens[name] = try await bench.token()
        }
    }

    static func verdicts(for file: String, skipping unmatched: Set<String>) async throws -> [Verdict] {
        var replay = try await Replay(file)
        var verdicts: [Verdict] = []
        for exchange in try GoldenExchange.all(in: file) {
            replay.bench.time.advance(exchange.waited)
            do {
                for step in Arrangements.before(exchange) { try await replay.arrange(step) }
            } catch let error as NotArranged {
                verdicts.append(Verdict(exchange: exchange, differences: ["\(error)"]))
                continue
            }
            let before = replay
            let engine = replay.bench.engine
            let differences = try await replay.play(exchange)
            if !differences.isEmpty || unmatched.contains("\(exchange)") {
                // As if it had not been sent, so that it disturbs no other.
                replay = before
                replay.bench.engine = engine
            }
            verdicts.append(Verdict(exchange: exchange, differences: differences))
        }
        return verdicts
    }

    // What comes before.

    mutating func arrange(_ step: Arrangements.Step) async throws {
        switch step {
        case .wait(let duration): bench.time.advance(duration)
        case .send(let method, let service, let path, let body, let token, let recordedId):
            var headers: HTTPFields = [:]
            headers[HTTPField.Name("X-Auth-Token")!] = tokens[token]
            headers[HTTPField.Name("X-Subject-Token")!] = tokens[token]
            let answer = try await bench.send(
                method, Self.prefix(of: service) + likeness.translated(path), headers: headers,
                body: body.map { Array(likeness.translated($0.description).utf8) } ?? [])
            let json = try? JSONValue(parsing: answer.body)
            guard answer.status < 400 else { throw NotArranged(step: "\(step)", answer: "\(json ?? .null)") }
            // All of them wrap what they made in its name.
            let made = json?.object?.first?.value
            if let recordedId, let id = made?["id"]?.string { likeness.bind(recordedId, to: id) }
            if let name = made?["name"]?.string, let secret = made?["secret"]?.string {
                secrets[Self.word(name)] = secret
            }
        case .keystone(let isDown):
            try arm("id: keystone-down, op: \"keystone.*\", answer: { refuse: true }", if: isDown)
        case .engine(let isDown):
            let operations = "[heat.stack.*, heat.event.*, heat.resource.*, heat.template.*, heat.other]"
            try arm(
                "id: engine-down, op: \(operations), delay: 60s, answer: { status: 500, error: MessagingTimeout }",
                if: isDown)
        case .signIn(let token, let credential):
            let id = likeness.translated(credential)
            let secret = bench.engine.identity.credentials[id]?.secret
            let identity: JSONValue = [
                "methods": ["application_credential"],
                "application_credential": ["id": .string(id), "secret": JSONValue(secret)],
            ]
            let answer = try await bench.send(
                "POST", "/identity/v3/auth/tokens", body: JSONValue.object(["auth": ["identity": identity]]).utf8)
            tokens[token] = answer.headers[HTTPField.Name("X-Subject-Token")!]
        }
    }

    private func arm(_ text: String, if isWanted: Bool) throws {
        let rule = try FaultRule(parsing: "{ \(text) }", file: "arrangement", regions: [], others: [])
        if isWanted { bench.cloud.arm(rule) } else { bench.cloud.disarm(rule.id) }
    }

    /// A name without the number that makes it unique.
    private static func word(_ name: String) -> String { String(name.prefix { !$0.isNumber }) }

    struct NotArranged: Error {
        let step: String
        let answer: String
    }

    private static func prefix(of service: String) -> String {
        switch service {
        case "keystone": "/identity"
        case "heat": "/heat/" + Bench.region
        case "nova": "/compute/" + Bench.region
        case "glance": "/image/" + Bench.region
        default: "/network/" + Bench.region
        }
    }

    // The exchange.

    private mutating func play(_ exchange: GoldenExchange) async throws -> [String] {
        var headers: HTTPFields = [:]
        for (name, value) in exchange.requestHeaders {
            headers[HTTPField.Name(name)!] = filledIn(value)
        }
        let body = Arrangements.body(of: exchange) ?? filledIn(likeness.translated(exchange.requestBody))
        let answer = try await bench.send(
            exchange.method, Self.prefix(of: exchange.service) + likeness.translated(exchange.path),
            headers: headers, body: Array(body.utf8))
        likeness.allowsOtherNumbers = Arrangements.allowsOtherNumbers(exchange)
        if answer.status != exchange.status { likeness.differs("status", exchange.status, answer.status) }
        compareHeaders(exchange, answer.headers)
        compareBody(exchange, answer.body)
        if let name = exchange.header("X-Subject-Token").first?.dropFirst("<token:".count).dropLast() {
            tokens[String(name)] = answer.headers[HTTPField.Name("X-Subject-Token")!]
        }
        return likeness.differences
    }

    /// A masked text with what stood there.
    private func filledIn(_ text: String) -> String {
        var text = text.replacing("<password>", with: "hothouse-demo")
        for match in text.matches(of: /<(token|secret):([^>]*)>/).reversed() {
            let known = (match.1 == "token" ? tokens : secrets)[String(match.2)]
            text.replaceSubrange(match.range, with: known ?? "unknown")
        }
        return text
    }

    private mutating func compareHeaders(_ exchange: GoldenExchange, _ headers: HTTPFields) {
        func own(_ name: String) -> [String] { headers[values: HTTPField.Name(name)!] }
        for name in [
            "Location", "Content-Type", "WWW-Authenticate", "OpenStack-API-Version", "X-OpenStack-Nova-API-Version",
        ] {
            let (recorded, own) = (exchange.header(name).first, own(name).first)
            guard let recorded, let own else {
                if recorded != nil || own != nil { likeness.differs(name, recorded ?? "absent", own ?? "absent") }
                continue
            }
            likeness.compare(Self.placeless(recorded), Self.placeless(own), at: name)
        }
        for name in ["X-Subject-Token", "x-openstack-request-id", "x-compute-request-id", "Content-Length"] {
            if exchange.header(name).isEmpty != own(name).isEmpty {
                likeness.differs(name, exchange.header(name), own(name))
            }
        }
        for name in ["Vary", "Allow"] {
            func words(_ values: [String]) -> [String] {
                values.flatMap { $0.split(separator: ",") }.map { $0.trimmingPrefix(" ").lowercased() }.sorted()
            }
            if words(exchange.header(name)) != words(own(name)) {
                likeness.differs(name, exchange.header(name), own(name))
            }
        }
    }

    private mutating func compareBody(_ exchange: GoldenExchange, _ body: [UInt8]) {
        let own = Self.placeless(String(decoding: body, as: UTF8.self))
        let recorded = Self.placeless(exchange.body)
        guard let left = try? JSONValue(parsing: recorded.utf8), let right = try? JSONValue(parsing: own.utf8) else {
            likeness.compare(recorded, own, at: "body")
            return
        }
        likeness.compare(left, Self.recordable(right), at: "")
    }

    /// Without the services that the recorded cloud did not have: one of them under both of its names.
    private static func recordable(_ body: JSONValue) -> JSONValue {
        switch body {
        case .object(let members):
            .object(
                members.map { key, value in
                    guard key == "catalog", let services = value.array else { return (key, recordable(value)) }
                    return (
                        key,
                        .array(
                            services.filter { service in
                                !["cinder", "cinderv3", "heat-cfn"].contains(service["name"]?.string)
                            })
                    )
                }.reduce(into: [:]) { $0[$1.0] = $1.1 })
        default: body
        }
    }

    /// A text in which both clouds call their services alike.
    private static func placeless(_ text: String) -> String {
        let places = [
            ("http://127.0.0.1:25000", "http://cloud.test/identity", "keystone"),
            ("http://127.0.0.1:28004", "http://cloud.test/heat/" + Bench.region, "heat"),
            ("http://127.0.0.1:28000", "http://cloud.test" + CloudFormation.path(in: Bench.region), "cfn"),
            ("http://127.0.0.1:28774", "http://cloud.test/compute/" + Bench.region, "nova"),
            ("http://127.0.0.1:29292", "http://cloud.test/image/" + Bench.region, "glance"),
            ("http://127.0.0.1:29696", "http://cloud.test/network/" + Bench.region, "neutron"),
            ("http://127.0.0.1:28778", "http://cloud.test/placement/" + Bench.region, "placement"),
        ]
        let placeless = places.reduce(text) { text, place in
            text.replacing(place.0, with: "{\(place.2)}").replacing(place.1, with: "{\(place.2)}")
        }
        // What stands encoded in an address is compared as it is meant, and a signature not at all.
        return placeless.replacing("%3A", with: ":").replacing(/&Signature=[A-Za-z0-9%]+/, with: "&Signature=")
    }
}
