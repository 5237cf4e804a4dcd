import HTTPTypes
import Runtime
import Scenarios

@testable import FakeCloud

/// Calls that tests of faults, Keystone and the control API make.
extension Bench {
    struct Answer {
        let status: Int
        let headers: HTTPFields
        let body: [UInt8]

        var json: JSONValue? { try? JSONValue(parsing: body) }
        var text: String { String(decoding: body, as: UTF8.self) }
    }

    func call(
        _ method: String, _ path: String, token: String? = nil, subject: String? = nil, _ body: JSONValue? = nil
    ) async throws -> Answer {
        var headers: HTTPFields = [:]
        headers[.authToken] = token
        headers[.subjectToken] = subject
        if body != nil { headers[.contentType] = "application/json" }
        let answer = try await send(method, path, headers: headers, body: body?.utf8 ?? [])
        return Answer(status: answer.status, headers: answer.headers, body: answer.body)
    }

    func signIn(_ identity: JSONValue, scope: JSONValue? = nil) async throws -> Answer {
        var auth: [String: JSONValue] = ["identity": identity]
        auth["scope"] = scope
        return try await call("POST", "/identity/v3/auth/tokens", ["auth": .object(auth)])
    }

    func signIn(credential id: String, secret: String) async throws -> Answer {
        try await signIn([
            "methods": ["application_credential"],
            "application_credential": ["id": .string(id), "secret": .string(secret)],
        ])
    }

    /// A token of the portal's application credential.
    func portalToken() async throws -> String {
        let access = cloud.access
        let answer = try await signIn(credential: access.credentialId, secret: access.credentialSecret)
        return answer.headers[.subjectToken] ?? ""
    }

    func project(_ name: String) -> String { engine.catalog.hexId(of: "project", name) }
    func user(_ name: String) -> String { engine.catalog.hexId(of: "user", name) }

    /// The path of a project's stacks.
    func stacks(_ project: String = "demo") -> String { "/heat/\(Self.region)/v1/\(self.project(project))/stacks" }

    func create(_ name: String, token: String) async throws -> Answer {
        let template: JSONValue = [
            "heat_template_version": "2018-08-31", "resources": ["r": ["type": "OS::Heat::RandomString"]],
        ]
        return try await call("POST", stacks(), token: token, ["stack_name": .string(name), "template": template])
    }

    /// The names of the stacks that there really are.
    var stackNames: [String] { cloud.stacks(in: Self.region).map(\.name) }
}

extension CloudScenario {
    /// The bench's cloud with rules for faults, each a text as the control API takes it.
    static func bench(_ rules: String...) throws -> CloudScenario {
        var scenario = CloudScenario.bench
        for rule in rules {
            let taken = scenario.faults.map(\.id)
            scenario.faults.append(
                try FaultRule(parsing: rule, file: "rule", regions: [Bench.region], others: taken))
        }
        return scenario
    }
}
