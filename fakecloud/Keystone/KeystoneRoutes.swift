import HTTPTypes
import Runtime

/// Keystone's Identity API v3, as far as a client with an application credential goes.
extension FakeCloud {
    func addKeystone(to routes: inout ServiceRoutes) {
        let version: @Sendable (ServiceCall) -> JSONValue = { call in
            [
                "id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
                "links": [["rel": "self", "href": .string(call.baseURL + "/identity/v3/")]],
                "media-types": [
                    ["base": "application/json", "type": "application/vnd.openstack.identity-v3+json"]
                ],
            ]
        }
        routes.on(.get, "/identity", .keystoneDiscover, needsToken: false) { _, call in
            .json(300, ["versions": ["values": [version(call)]]], headers: [.location: call.baseURL + "/identity/v3/"])
        }
        routes.on(.get, "/identity/v3", .keystoneDiscover, needsToken: false) { _, call in
            .json(200, ["version": version(call)])
        }
        let secret = secret
        let random = tokenRandom
        routes.on(.post, "/identity/v3/auth/tokens", .keystoneTokenIssue, needsToken: false) { engine, call in
            let token = try engine.issueToken(call.json ?? .null, secret: secret, random: random)
            let body = engine.tokenJSON(
                token, baseURL: call.baseURL, withCatalog: !call.query.contains { $0.name == "nocatalog" })
            return .json(201, body, headers: [.subjectToken: token.value])
        }
        for method in [HTTPRequest.Method.get, .head] {
            routes.on(method, "/identity/v3/auth/tokens", .keystoneTokenValidate) { engine, call in
                guard let subject = call.headers[.subjectToken] else {
                    throw KeystoneFault(
                        status: 403, title: "Forbidden",
                        message: "You are not authorized to perform the requested action: identity:validate_token.")
                }
                guard let token = engine.token(subject) else {
                    throw KeystoneFault(status: 404, title: "Not Found", message: "Failed to validate token")
                }
                let body = engine.tokenJSON(token, baseURL: call.baseURL, withCatalog: true)
                var answer = ServiceAnswer.json(200, body, headers: [.subjectToken: token.value])
                if method == .head { answer.body = [] }
                return answer
            }
        }
        routes.on(.delete, "/identity/v3/auth/tokens") { engine, call in
            guard let subject = call.headers[.subjectToken], engine.token(subject) != nil else {
                throw KeystoneFault(status: 404, title: "Not Found", message: "Failed to validate token")
            }
            engine.tokens[subject] = nil
            return ServiceAnswer(status: 204)
        }
        routes.on(.get, "/identity/v3/auth/catalog", .keystoneCatalog) { engine, call in
            .json(
                200,
                [
                    "catalog": engine.serviceCatalog(baseURL: call.baseURL),
                    "links": [
                        "self": .string(call.baseURL + "/identity/v3/auth/catalog"), "next": .null, "previous": .null,
                    ],
                ])
        }
    }
}
