import HTTPTypes
import Logging
import Runtime

/// How to sign in to a cloud: Keystone's application credential.
public struct CloudCredential: Sendable {
    /// With its version: `https://cloud.example/identity/v3`.
    public let identityURL: String
    public let id: String
    let secret: String

    public init(identityURL: String, id: String, secret: String) {
        self.identityURL = identityURL
        self.id = id
        self.secret = secret
    }
}

/// A token with the endpoints that came with it.
struct CloudToken: Sendable {
    let value: String
    let expiresAt: Timestamp
    /// When to ask for the next one: at 80% of its life.
    let renewAt: Timestamp
    let endpoints: [CloudEndpoint]

    /// The public endpoint of a service, by its type in the catalog.
    func url(of service: String, region: String) -> String? {
        endpoints.first { $0.service == service && $0.region == region }?.url
    }
}

struct CloudEndpoint: Sendable {
    let service: String
    let region: String
    let url: String
}

/// Why there is no token.
enum SignInFailure: Error {
    /// Keystone refused the credential.
    case refused
    /// Keystone did not answer, or not as Keystone does.
    case unavailable(String)
}

/// Signs in to a cloud and keeps the token, which is asked for once however many calls wait for it
/// (semantics.md S4.4).
public actor CloudSession {
    private let credential: CloudCredential
    private let transport: any CloudTransport
    private let surroundings: Surroundings
    private let logger: Logger

    private var token: CloudToken?
    private var isSigningIn = false
    private var signInsEnded = 0
    private var lastFailure: SignInFailure?
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public init(
        _ credential: CloudCredential, transport: any CloudTransport, surroundings: Surroundings, logger: Logger
    ) {
        self.credential = credential
        self.transport = transport
        self.surroundings = surroundings
        self.logger = logger
    }

    /// A token that is good now.
    ///
    /// - Parameter refused: the value of one that a service did not accept.
    /// - Throws: ``SignInFailure``, `CancellationError`.
    func token(insteadOf refused: String? = nil) async throws -> CloudToken {
        let signInsBefore = signInsEnded
        while true {
            if let token, token.value != refused, surroundings.time.now < token.renewAt { return token }
            // While another call renews it, the old one is good to its end.
            if isSigningIn, let token, token.value != refused, surroundings.time.now < token.expiresAt { return token }
            guard isSigningIn else { break }
            await withCheckedContinuation { waiting.append($0) }
            try Task.checkCancellation()
            if signInsEnded > signInsBefore, let lastFailure { throw lastFailure }
        }
        isSigningIn = true
        defer {
            isSigningIn = false
            signInsEnded += 1
            for waiter in waiting { waiter.resume() }
            waiting = []
        }
        do {
            let token = try await signIn()
            self.token = token
            lastFailure = nil
            return token
        } catch let failure as SignInFailure {
            logger.warning("no token from \(credential.identityURL): \(failure)")
            lastFailure = failure
            throw failure
        }
    }

    private func signIn() async throws -> CloudToken {
        let body: JSONValue = [
            "auth": [
                "identity": [
                    "methods": ["application_credential"],
                    "application_credential": ["id": .string(credential.id), "secret": .string(credential.secret)],
                ]
            ]
        ]
        let request = CloudRequest(
            method: .post, url: credential.identityURL + "/auth/tokens",
            headers: [.contentType: "application/json", .accept: "application/json"], body: body.utf8)
        let response: CloudResponse
        do {
            response = try await surroundings.time.withTimeout(CloudRegion.callLimit) { [transport] in
                try await transport.send(request)
            }
        } catch let failure as TransportFailure {
            throw SignInFailure.unavailable(failure.reason)
        } catch let timeout as TimedOut {
            throw SignInFailure.unavailable(timeout.description)
        }
        guard response.status == 201 else {
            // A deleted credential is 404, an expired one or a wrong secret 401 (golden keystone).
            if [401, 403, 404].contains(response.status), (try? JSONValue(parsing: response.body))?["error"] != nil {
                throw SignInFailure.refused
            }
            throw SignInFailure.unavailable("Keystone answered \(response.status)")
        }
        guard let token = CloudToken(response, at: surroundings.time.now) else {
            throw SignInFailure.unavailable("Keystone's token could not be read")
        }
        return token
    }
}

extension CloudToken {
    fileprivate init?(_ response: CloudResponse, at now: Timestamp) {
        guard let value = response.headers[.subjectToken], let body = try? JSONValue(parsing: response.body),
            let token = body["token"], let expiresAt = token["expires_at"]?.string.flatMap({ Timestamp($0) })
        else { return nil }
        self.value = value
        self.expiresAt = expiresAt
        renewAt = now + (expiresAt - now) * 0.8
        endpoints = (token["catalog"]?.array ?? []).flatMap { service in
            (service["endpoints"]?.array ?? []).compactMap { endpoint in
                guard endpoint["interface"]?.string == "public", let type = service["type"]?.string,
                    let region = endpoint["region_id"]?.string ?? endpoint["region"]?.string,
                    let url = endpoint["url"]?.string
                else { return nil }
                return CloudEndpoint(
                    service: type, region: region, url: url.hasSuffix("/") ? String(url.dropLast()) : url)
            }
        }
    }
}

extension HTTPField.Name {
    static let subjectToken = HTTPField.Name("X-Subject-Token")!
    static let authToken = HTTPField.Name("X-Auth-Token")!
}
